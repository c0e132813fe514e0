"""Moving about, losing the engine, and the console's edges."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from rich.segment import Segments

from tests.tui import factories as f
from tests.tui.harness import Clock, RecordingEngine, console, live_view, open_ticket
from veloz_tui.control.client import KillOutcome
from veloz_tui.domain.commands import (
    Reduce,
)
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import history, texts
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.ordering import presets_of
from veloz_tui.tui.tour import Tour


async def test_numbers_focus_panes_even_hidden_ones() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for key, pane in zip("12345678", c.session.cursors, strict=False):
            clock.now += 1
            await c.press(key)
            assert c.session.focus == pane
            assert pane in c.app.painter.plan


async def test_a_zoomed_pane_says_how_to_get_back_and_esc_does_it() -> None:
    async with console() as c:
        await c.press("5", "z")
        assert texts.screens.ZOOMED in "\n".join(c.text)
        await c.press("escape")
        assert len(c.app.painter.plan) > 6 and texts.screens.ZOOMED not in "\n".join(c.text)


async def test_tab_and_h_l_move_the_focus() -> None:
    async with console() as c:
        await c.press("tab")
        assert c.session.focus == "orders"
        await c.press("shift+tab")
        assert c.session.focus == "ladder"
        await c.press("l")
        assert c.session.focus == "orders"
        await c.press("h")
        assert c.session.focus == "ladder"


async def test_zoom_gives_the_body_to_one_pane_and_back() -> None:
    async with console() as c:
        await c.press("5", "z")
        assert c.app.painter.grids["orders"].region == (0, 2, 80, 20) and "ladder" not in c.app.painter.plan
        assert c.text[2].startswith(" 5 Orders")
        await c.press("z")
        assert c.app.painter.grids["orders"].region.x == 33 and "ladder" in c.app.painter.plan
        assert c.text[2].startswith(" 4 BTC-USDT.BIN")


async def test_help_shows_the_table_and_closes() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("question_mark")
        assert "Kill switch, pressed twice within 3 s" in "\n".join(c.text)
        await c.press("escape")
        assert c.session.mode is Keys.PANES


async def test_cyrillic_keys_work_by_position() -> None:
    from textual import events

    async with console() as c:
        c.app.post_message(events.Key("К", "К"))  # the key of R
        await c.until(lambda: c.engine.real)
        assert isinstance(c.engine.real[-1], Reduce)


async def test_a_silent_engine_dims_the_panes_and_says_how_old_the_data_is() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        clock.now += 3
        await c.until(lambda: any("UI link lost 3 s: data OLD" in line for line in c.text))


async def test_a_command_without_an_answer_is_unconfirmed() -> None:
    clock = Clock()
    async with console(RecordingEngine(answers=False), clock=clock) as c:
        await c.press("R")
        clock.now += 0.3
        await c.until(lambda: any("UNCONFIRMED reduce" in line for line in c.text))


async def test_a_command_that_found_no_link_says_that_nothing_was_sent() -> None:
    async with console() as c:
        c.engine.is_up = False
        await c.press("R")
        assert "NOT SENT reduce" in c.message


async def test_the_tour_advances_on_the_real_actions_and_can_be_turned_off() -> None:
    async with console(RecordingEngine(f.view(positions=()))) as c:
        assert c.session.tour.line.startswith("Tour 1/6")
        await c.press("ctrl+k", "escape")
        assert c.session.tour.line.startswith("Tour 2/6")
        await c.press("colon", *"tour off", "enter")
        assert c.session.tour.line == ""


async def test_a_review_line_nobody_can_have_seen_is_not_sent() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        c.session.review_frame = c.session.frame_acknowledged + 10
        await c.press("enter")
        assert c.engine.real == [] and c.message == texts.guards.TOO_FAST


async def test_a_click_focuses_the_pane_and_selects_the_row_that_was_shown() -> None:
    async with console() as c:
        shown = c.session.contents["orders"].rows[2].key
        box = c.app.painter.plan["orders"]
        await c.pilot.click(offset=(box.x + 5, box.y + 2 + 2))
        await c.settle()
        assert c.session.focus == "orders"
        assert c.session.cursors["orders"].key == shown


async def test_leaving_right_after_a_kill_waits_until_it_is_taken_up() -> None:
    class SlowKill(RecordingEngine):
        taken_up = False

        async def kill(self, *, reason: str = "kill", kill_id: str = "") -> KillOutcome:
            await asyncio.sleep(0.2)
            self.taken_up = True
            return await super().kill(reason=reason, kill_id=kill_id)

    engine = SlowKill()
    async with console(engine) as c:
        await c.press("ctrl+k", "ctrl+k", "q")
    assert engine.taken_up


async def test_a_kill_nobody_takes_up_is_shouted_about() -> None:
    class DeafKill(RecordingEngine):
        async def kill(self, *, reason: str = "kill", kill_id: str = "") -> KillOutcome:
            return KillOutcome("k1", failures=("no engine is running", "no guardian is running"))

    async with console(DeafKill()) as c:
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: "KILL NOT CONFIRMED by anyone" in c.message)
        assert "veloz kill" in c.message


async def test_grouping_keys_widen_and_narrow_the_rows() -> None:
    async with console() as c:
        await c.press("4", "plus")
        assert c.session.scroll.step == f.D("0.2")
        await c.press("minus", "minus")
        assert c.session.scroll.step == f.D("0.05")


async def test_a_storm_of_sizes_ends_in_the_right_picture() -> None:
    async with console(size=(200, 55)) as c:
        for size in [(20, 5), (80, 24), (1, 1), (45, 12), (120, 40), (39, 9), (20, 5), (80, 24)]:
            await c.pilot.resize_terminal(*size)
        await c.settle()
        await c.until(lambda: c.app.size == (80, 24) and len(c.text) == 24)
        await c.press("c")
        assert c.text[2].startswith(" 4 BTC-USDT.BIN") and "5 Orders" in c.text[2]
        assert c.text[-1].startswith(" ^K^K KILL")
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_an_open_ticket_asks_risk_again_each_second_as_the_market_moves() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        asked = len(c.engine.sent)
        c.engine.show(f.moving_view(1))
        assert len(c.engine.sent) == asked
        clock.now += 1
        c.engine.show(f.moving_view(2))
        assert len(c.engine.sent) == asked + 1
        assert c.engine.real == []


async def test_a_moving_market_repaints_only_the_lines_that_changed() -> None:
    async with console(size=(200, 55)) as c:
        await c.press("c")
        grids = c.app.painter.grids
        before = {name: grid.changed_lines for name, grid in grids.items()}
        best = msgspec.structs.replace(f.ladder().bids[0], size=f.D("3.3"))
        c.engine.show(f.view(books=(f.ladder(bids=(best, *f.ladder().bids[1:])),)))
        await c.press("escape")  # a key paints at once
        changed = {name: grid.changed_lines - before[name] for name, grid in grids.items()}
        assert changed["ladder"] == 1
        assert sum(changed.values()) <= 3


async def test_a_crash_prints_no_local_variables() -> None:
    engine = RecordingEngine()
    shown = ""
    with pytest.raises(ZeroDivisionError):
        async with console(engine) as c:

            def crash() -> None:
                api_secret = "hunter2" * 2
                assert api_secret
                raise ZeroDivisionError

            c.app.call_later(crash)
            await c.until(lambda: c.app._exit_renderables)
            printed = [each for each in c.app._exit_renderables if isinstance(each, Segments)]
            shown = "".join(segment.text for each in printed for segment in each.segments)
    assert "ZeroDivisionError" in shown
    assert "hunter2hunter2" not in shown and "╭─ locals" not in shown


async def test_the_tour_ends_with_a_re_armed_engine() -> None:
    async with console() as c:
        c.session.tour = Tour(is_on=True, step=5)
        await c.press("ctrl+k", "ctrl+k")
        assert c.session.tour.line.startswith("Tour 6/6")
        entry = LogEntry(seq=99, at=f.NOON, kind="kill", text="RE-ARMED full by pid 812")
        c.app.on_entries((entry,))
        assert c.session.tour.is_over


async def test_the_next_console_goes_on_where_the_tour_stood(tmp_path: Path) -> None:
    options = ConsoleOptions(reads_tmux=False, tour_file=tmp_path / "tour")
    async with console(options=options) as c:
        await c.press("ctrl+k", "escape")
    async with console(options=options) as c:
        assert c.session.tour.line.startswith("Tour 2/6")
        await c.press("colon", *"tour off", "enter")
    async with console(options=options) as c:
        assert c.session.tour.is_over


def test_a_broken_mark_begins_the_tour_anew(tmp_path: Path) -> None:
    path = tmp_path / "tour"
    for text in ("", "x", "-1", "9" * 5000):
        path.write_text(text)
        assert history.number(path) == 0


async def test_a_real_account_is_no_place_for_a_tour() -> None:
    async with console(live_view()) as c:
        assert c.session.tour.line == ""


async def test_sizes_belong_to_their_instrument() -> None:
    sizes = {f.BTC: (f.D("0.01"), f.D("0.02")), f.ETH: (f.D(1), f.D(2))}
    async with console(options=ConsoleOptions(reads_tmux=False, sizes=sizes)) as c:
        c.session.show_instrument(f.ETH)
        assert list(presets_of(c.session, f.ETH)) == [1, 2]
        await c.press("colon", *"size 7", "enter")
        assert c.session.chosen_sizes == {f.ETH: 7}
        assert list(presets_of(c.session, f.BTC)) == [f.D("0.01"), f.D("0.02")]


async def test_a_switched_off_bell_stays_silent() -> None:
    async with console(options=ConsoleOptions(reads_tmux=False, has_bell=False)) as c:
        rings: list[bool] = []
        c.app.bell = lambda: rings.append(True)  # type: ignore[method-assign]
        c.session.ring(is_critical=True)
        assert rings == []
