"""Every guard of the console, through the running application: kill, x, X X, C, P P, Space, bursts."""

import asyncio

import msgspec
import pytest
from rich.segment import Segments

from tests.tui import factories as f
from tests.tui.harness import Console, RecordingEngine, console
from veloz_tui.control.client import KillOutcome
from veloz_tui.domain.commands import (
    AcknowledgeAlert,
    CancelOrders,
    ClosePosition,
    KillPrepare,
    MuteAlert,
    Pause,
    PlaceOrder,
    Reduce,
    StartStrategy,
    StopStrategy,
)
from veloz_tui.domain.types import MANUAL, Mode, OrderStatus, Side, StrategyState
from veloz_tui.tui import texts
from veloz_tui.tui.session import Mode as Keys


class Clock:
    """Monotonic seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def live_view() -> RecordingEngine:
    return RecordingEngine(f.view(status=f.status(mode=Mode.LIVE)))


async def test_two_strokes_kill_and_the_first_prepares() -> None:
    async with console() as c:
        await c.press("ctrl+k")
        assert any(isinstance(command, KillPrepare) for command in c.engine.sent)
        assert c.engine.kills == []
        await c.press("ctrl+k")
        await c.until(lambda: c.engine.kills)
        assert c.engine.kills == ["kill key"]


async def test_kill_strokes_may_be_mixed() -> None:
    async with console() as c:
        await c.press("f12", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_the_first_stroke_says_exactly_what_will_happen() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("ctrl+k")
        banner = " ".join(" ".join(c.text[:2]).split())
        assert "KILL? ^K again: stop 1 strategy, cancel 7 orders on 1 venue INCLUDING 1 STOP" in banner
        assert "-> 0.45 BTC (28,856 USDT) unprotected" in banner


async def test_at_80_columns_no_consequence_of_a_kill_is_lost() -> None:
    view = f.view(kill=f.kill(would_stop=4, would_cancel=50, would_cancel_stops=2, venues=3))
    async with console(RecordingEngine(view), size=(80, 24)) as c:
        await c.press("ctrl+k")
        banner = " ".join(" ".join(c.text[:2]).split())
        assert "INCLUDING 2 STOPS -> 0.45 BTC (28,856 USDT) unprotected" in banner


async def test_the_second_stroke_must_come_within_three_seconds() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("ctrl+k")
        clock.now += 3.01
        await c.press("ctrl+k")
        assert c.engine.kills == []
        assert c.session.kill_key.is_armed(clock.now)


async def test_any_other_key_stands_down_and_is_swallowed_in_a_pane() -> None:
    async with console() as c:
        await c.press("5", "j", "ctrl+k", "x")
        assert not c.session.kill_key.is_armed(c.session.clock())
        assert c.engine.real == []
        assert c.message == texts.KILL_STOOD_DOWN


async def test_in_a_text_standing_down_passes_the_character() -> None:
    async with console() as c:
        await c.press("colon", "6", "ctrl+k", "4")
        assert c.session.edit.text == "64"
        assert not c.session.kill_key.is_armed(c.session.clock())


@pytest.mark.parametrize("key", ["enter", "tab", "escape"])
async def test_in_a_text_enter_tab_and_esc_only_stand_down(key: str) -> None:
    async with console() as c:
        await c.press("colon", "q", "ctrl+k", key)
        assert c.session.mode is Keys.COMMAND
        assert c.session.edit.text == "q"


@pytest.mark.parametrize("lone", ["left_control", "right_shift", "caps_lock", "num_lock", "iso_level3_shift"])
async def test_a_lone_modifier_does_not_stand_the_kill_down(lone: str) -> None:
    async with console() as c:
        await c.press("ctrl+k", lone, "ctrl+k")
        await c.until(lambda: c.engine.kills)


@pytest.mark.parametrize("opening", [("colon",), ("b",), ("question_mark",), ("C",), ("z",), ("5",)])
async def test_kill_works_in_every_mode(opening: tuple[str, ...]) -> None:
    async with console() as c:
        await c.press(*opening)
        await asyncio.sleep(0.08)
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


@pytest.mark.parametrize("size", [(200, 55), (80, 24), (45, 12), (30, 8), (20, 5)])
async def test_kill_works_at_every_size(size: tuple[int, int]) -> None:
    async with console(size=size) as c:
        await c.press("ctrl+k")
        assert any("KILL?" in line for line in c.text)
        await c.press("ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_kill_works_without_a_link() -> None:
    async with console(RecordingEngine(is_up=False)) as c:
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_kill_works_while_trading_keys_are_locked_by_a_burst() -> None:
    async with console(clock=Clock()) as c:
        await c.press(*"hello")
        assert c.message == texts.BURST
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_typed_kill_asks_nothing_more() -> None:
    async with console() as c:
        await c.press("colon", *"kill", "enter")
        await c.until(lambda: c.engine.kills)
        assert c.engine.kills == ["typed"]


async def test_the_status_says_untested_until_a_kill_chord_arrived() -> None:
    async with console() as c:
        assert any(texts.KILL_UNTESTED in line for line in c.text)
        await c.press("ctrl+k", "escape")
        assert any(texts.KILL_OK in line for line in c.text)


# -- cancel -------------------------------------------------------------------------------------------


async def select_order(c: Console, key: str) -> None:
    await c.press("5")
    c.session.cursors["orders"].key = key


async def test_x_cancels_the_selected_order_at_once() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        await c.press("x")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert command.client_order_ids == ("vz00000000000003",)


@pytest.mark.parametrize("key", ["vz00000000000002", "vz00000000000006"])
async def test_a_stop_or_an_external_order_needs_x_twice(key: str) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await select_order(c, key)
        await c.press("x")
        assert c.engine.real == []
        clock.now += 0.2
        await c.press("x")
        assert isinstance(c.engine.real[-1], CancelOrders)


async def test_x_on_a_strategys_order_says_that_it_will_quote_again() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000004")
        await c.press("x")
        assert "mm-1 will quote again; Space stops it" in c.message


async def test_x_on_an_order_which_ended_says_how_and_cancels_nothing_else() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        done = f.order(3, status=OrderStatus.FILLED, filled=f.D("0.0500"), leaves=f.D(0))
        c.engine.show(f.view(orders=(done, *f.orders()[1:])))
        await c.press("x")
        assert c.message == "0003 is gone: FILLED 0.0500"
        assert c.engine.real == []


async def test_the_cursor_follows_its_order_and_never_another_one() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        c.engine.show(f.view(orders=f.orders()[1:]))
        await c.press("x")
        assert c.engine.real == []
        assert "0003 is gone" in c.message


async def test_marked_orders_are_canceled_together() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        await c.press("space")
        c.session.cursors["orders"].key = "vz00000000000005"
        await c.press("space", "x")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert set(command.client_order_ids) == {"vz00000000000003", "vz00000000000005"}


async def test_cancel_all_in_the_ladder_takes_manual_orders_and_spares_stops_and_external() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "X")
        assert c.message == "XX: cancel 2 (BTC-USDT.BIN, manual 2), keeps 1 stop, 1 external"
        clock.now += 0.2
        await c.press("X")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert set(command.client_order_ids) == {"vz00000000000001", "vz00000000000003"}
        assert not command.includes_stops and not command.includes_external


@pytest.mark.parametrize("wait", [0.1, 2.1])
async def test_the_second_x_counts_only_between_150_ms_and_2_s(wait: float) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "X")
        clock.now += wait
        await c.press("X")
        assert c.engine.real == []


async def test_moving_to_another_scope_starts_the_count_again() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "X")
        clock.now += 0.3
        await c.press("5", "X")
        assert c.engine.real == []


# -- positions, strategies, states --------------------------------------------------------------------


async def test_c_closes_the_selected_position_with_one_enter_even_in_live() -> None:
    async with console(live_view()) as c:
        await c.press("6", "j", "C")
        assert "CLOSE: SELL 0.4500 BTC-USDT.BIN" in "\n".join(c.text)
        await c.press("enter")
        command = c.engine.real[-1]
        assert isinstance(command, ClosePosition)
        assert command.instrument_id == f.BTC


async def test_another_key_drops_the_close() -> None:
    async with console() as c:
        await c.press("C", "j", "enter")
        assert c.engine.real == []


async def test_space_stops_a_running_strategy_at_once() -> None:
    async with console() as c:
        await c.press("2", "j", "space")
        await c.until(lambda: c.engine.real)
        assert isinstance(c.engine.real[-1], StopStrategy)


async def test_space_starts_a_stopped_strategy_in_demo() -> None:
    view = f.view(strategies=(f.strategy(state=StrategyState.STOPPED),))
    async with console(RecordingEngine(view)) as c:
        await c.press("2", "j", "space")
        await c.until(lambda: c.engine.real)
        assert isinstance(c.engine.real[-1], StartStrategy)


async def start_in_live(c: Console, answer: str) -> None:
    await c.press("2", "j", "space")
    await c.until(lambda: c.session.mode is Keys.CONFIRM)
    await c.press(answer)


async def test_starting_in_live_asks_and_only_y_starts() -> None:
    stopped = (f.strategy(state=StrategyState.STOPPED),)
    view = f.view(status=f.status(mode=Mode.LIVE), strategies=stopped)
    clock = Clock()
    async with console(RecordingEngine(view), clock=clock) as c:
        await start_in_live(c, "enter")
        assert c.engine.real == []
        clock.now += 1
        await start_in_live(c, "y")
        assert isinstance(c.engine.real[-1], StartStrategy)


async def test_pause_needs_two_presses_and_reduce_one() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("P")
        assert c.engine.real == []
        clock.now += 0.3
        await c.press("P", "R")
        assert [type(command) for command in c.engine.real] == [Pause, Reduce]


async def test_alerts_are_acknowledged_one_by_one_or_all() -> None:
    async with console() as c:
        await c.press("a", "A", "m")
        kinds = [type(command) for command in c.engine.real]
        assert kinds == [AcknowledgeAlert, AcknowledgeAlert, MuteAlert]
        assert [command.key for command in c.engine.real if isinstance(command, AcknowledgeAlert)] == [
            "doubt",
            "*",
        ]


# -- typing into the wrong pane -----------------------------------------------------------------------


async def test_a_burst_is_dropped_and_locks_trading_keys() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("2", "j")
        clock.now += 1
        await c.press("space", "b", "s", "x", "X", "R")
        await asyncio.sleep(0.1)
        assert c.engine.real == []
        assert c.session.mode is Keys.PANES
        clock.now += 1
        await c.press("R")
        assert c.message == texts.LOCKED
        clock.now += 2
        await c.press("R")
        assert isinstance(c.engine.real[-1], Reduce)


async def test_three_unbound_keys_within_a_second_lock_trading_keys() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for key in "wyn":
            clock.now += 0.3
            await c.press(key)
        clock.now += 0.3
        await c.press("R")
        assert c.engine.real == []


async def test_holding_a_cursor_key_down_is_no_burst() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("5", *"jjjjjjjj", "R")
        assert isinstance(c.engine.real[-1], Reduce)


async def test_a_paste_never_submits_and_does_nothing_in_a_pane() -> None:
    from textual import events

    async with console() as c:
        c.app.post_message(events.Paste("kill\n"))
        await c.settle()
        assert c.engine.kills == [] and c.engine.real == []
        await c.press("colon")
        c.app.post_message(events.Paste("cancel all\x1b[2J\nkill\n"))
        await c.settle()
        assert c.session.edit.text == "cancel all[2J"
        assert c.session.mode is Keys.COMMAND and c.engine.real == []


# -- ticket -------------------------------------------------------------------------------------------


async def open_ticket(c: Console, key: str = "b") -> None:
    await c.press(key)
    await c.until(lambda: c.session.mode is Keys.TICKET)


async def test_b_enter_enter_buys_at_the_own_side_touch_post_only() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        await c.press("enter")
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder) and not command.is_dry
        assert command.request.side is Side.BUY
        assert command.request.price == f.D("64123.60")
        assert command.request.quantity == f.D("0.05")
        assert command.request.post_only and command.request.strategy_id == MANUAL


async def test_enter_on_a_review_too_young_to_be_read_does_not_send() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.2
        await c.press("enter")
        assert c.engine.real == []
        assert c.message == texts.TOO_FAST


async def test_a_pasted_b_and_two_enters_send_nothing() -> None:
    async with console() as c:
        await c.press("b", "enter", "enter")
        await asyncio.sleep(0.1)
        assert c.engine.real == []


async def test_review_is_repeated_when_the_market_changed_sides() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        c.engine.show(f.view(books=(f.ladder(asks=f.levels("64123.50", "0.10")),)))
        await c.press("enter")
        assert c.engine.real == []
        assert c.message == texts.MARKET_MOVED


async def test_a_crossing_price_takes_post_only_off_and_says_taker() -> None:
    async with console() as c:
        await open_ticket(c, "s")
        ticket = c.session.ticket
        assert ticket is not None
        for _ in range(11):
            await c.press("down")
        request = ticket.request(c.session.store.book(f.BTC))
        assert not isinstance(request, str) and not request.post_only
        assert "TAKER: fills 0.05 down to 64,123.59" in "\n".join(c.text)


async def test_live_without_presets_starts_with_an_empty_quantity() -> None:
    async with console(live_view()) as c:
        await open_ticket(c)
        await c.press("enter")
        assert "quantity: missing" in c.message


async def test_an_unusual_size_needs_a_typed_yes() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        c.session.recent_quantities.extend([f.D("0.01")] * 3)
        clock.now += 5
        await open_ticket(c)
        await c.press("tab", "up", "up", "enter")
        clock.now += 0.3
        await c.press("enter")
        assert c.engine.real == [] and c.message == texts.TYPE_YES
        await c.press(*"yes", "enter")
        assert isinstance(c.engine.real[-1], PlaceOrder)


async def test_the_ladder_cursor_gives_the_price_but_a_stale_one_does_not() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "j", "j", "j")
        await open_ticket(c)
        clock.now += 1
        assert c.session.ticket is not None
        assert c.session.ticket.text_of_price == "64,123.40"
        await c.press("escape")
        c.engine.show(f.view(books=(f.ladder(stale_reason="gap at u=88213, fetching snapshot"),)))
        await open_ticket(c)
        assert c.session.ticket.text_of_price == "64,123.60"


async def test_the_ticket_never_covers_the_ladder() -> None:
    async with console() as c:
        await open_ticket(c)
        ladder, strip = c.app.painter.plan["ladder"], c.app.painter.plan["strip"]
        assert strip.y >= ladder.y + ladder.height


# -- commands and leaving -----------------------------------------------------------------------------


async def test_a_typed_command_is_sent_as_the_grammar_reads_it() -> None:
    async with console() as c:
        await c.press("colon", *"buy 0.05 btc @bid post", "enter")
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder)
        assert (command.request.quantity, command.request.price) == (f.D("0.05"), f.D("64123.60"))


async def test_in_live_a_typed_order_asks_once_more() -> None:
    async with console(live_view()) as c:
        await c.press("colon", *"buy 0.05 btc @bid post", "enter")
        assert c.engine.real == [] and c.session.mode is Keys.CONFIRM
        await c.press("y")
        assert isinstance(c.engine.real[-1], PlaceOrder)


async def test_nonsense_stays_on_the_line_with_its_reason() -> None:
    async with console() as c:
        await c.press("colon", *"frobnicate", "enter")
        assert c.session.mode is Keys.COMMAND
        assert "no command frobnicate" in "\n".join(c.text)


async def test_a_recalled_order_needs_a_keystroke_before_enter() -> None:
    async with console() as c:
        await c.press("colon", *"cancel all", "enter")
        sent = len(c.engine.real)
        await c.press("colon", "up", "enter")
        assert c.session.edit.text == "cancel all" and len(c.engine.real) == sent
        await c.press("end", "enter")
        assert len(c.engine.real) == sent + 1


async def test_rearm_asks_for_the_profiles_name() -> None:
    async with console() as c:
        await c.press("colon", *"rearm full", "enter")
        assert c.session.edit.text == "rearm full "
        assert c.engine.real == []
        await c.press(*"demo", "enter")
        assert len(c.engine.real) == 1


@pytest.mark.parametrize("keys", [("q",), ("ctrl+q",), ("colon", "ctrl+q"), ("colon", "q", "enter")])
async def test_leaving_says_that_the_engine_goes_on_and_with_what(keys: tuple[str, ...]) -> None:
    async with console() as c:
        await c.press(*keys)
        await c.until(lambda: c.app.return_value is not None)
        assert c.app.return_value == (
            "Detached. Engine goes on (DEMO): 7 orders, 1 position, 1 strategy. veloz attach | veloz kill"
        )


async def test_ctrl_c_only_hints() -> None:
    async with console() as c:
        await c.press("ctrl+c", "ctrl+c")
        assert c.message == texts.HINT
        assert c.app.is_running and c.engine.real == []


# -- moving -------------------------------------------------------------------------------------------


async def test_numbers_focus_panes_even_hidden_ones() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for key, pane in zip("12345678", c.session.cursors, strict=False):
            clock.now += 1
            await c.press(key)
            assert c.session.focus == pane
            assert pane in c.app.painter.plan


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
        await c.settle()
        assert isinstance(c.engine.real[-1], Reduce)


# -- link ---------------------------------------------------------------------------------------------


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


# -- review frames, mouse, leaving in the middle of a kill --------------------------------------------


async def test_a_review_line_nobody_can_have_seen_is_not_sent() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        c.session.review_frame = c.session.frame_acknowledged + 10
        await c.press("enter")
        assert c.engine.real == [] and c.message == texts.TOO_FAST


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
