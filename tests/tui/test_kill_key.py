"""The kill key through the running application: every mode, every size, and what stands it down."""

import asyncio

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, RecordingEngine, console
from veloz_tui.control.client import Link, LinkState
from veloz_tui.control.errors import LinkLost
from veloz_tui.control.guardian import GuardianReply
from veloz_tui.domain.commands import KillPrepare
from veloz_tui.tui import texts
from veloz_tui.tui.modes import Mode as Keys


async def test_two_strokes_kill_and_the_first_prepares() -> None:
    async with console() as c:
        await c.press("ctrl+k")
        assert any(isinstance(command, KillPrepare) for command in c.engine.sent)
        assert c.engine.kills == []
        await c.press("ctrl+k")
        await c.until(lambda: c.engine.kills)
        assert c.engine.kills == ["kill key"]


async def test_the_first_stroke_warms_the_guardian_too() -> None:
    async with console() as c:
        await c.press("ctrl+k")
        await c.until(lambda: c.engine.preparations)
        assert c.engine.kills == []


async def test_a_guardian_that_cannot_be_warmed_is_named_and_stops_no_kill() -> None:
    engine = RecordingEngine()
    engine.guardian_error = LinkLost("no guardian is running")
    async with console(engine) as c:
        await c.press("ctrl+k")
        await c.until(lambda: "no guardian is running" in c.message)
        await c.press("ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_a_guardian_that_does_not_answer_delays_no_stroke() -> None:
    class Silent(RecordingEngine):
        async def prepare_kill(self) -> GuardianReply:
            await asyncio.Event().wait()
            raise AssertionError

    async with console(Silent()) as c:
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


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
        assert c.message == texts.kill.STOOD_DOWN


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
        assert c.message == texts.guards.BURST
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_typed_kill_asks_nothing_more() -> None:
    async with console() as c:
        await c.press("colon", *"kill", "enter")
        await c.until(lambda: c.engine.kills)
        assert c.engine.kills == ["typed"]


async def test_a_lost_link_is_not_called_read_only() -> None:
    async with console() as c:
        c.app.on_link(Link(LinkState.DOWN, text="no engine"))
        await c.settle()
        shown = "\n".join(c.text)
        assert "data OLD" in shown and "READ-ONLY" not in shown


async def test_the_status_says_untested_until_a_kill_chord_arrived() -> None:
    async with console() as c:
        assert any(texts.kill.UNTESTED in line for line in c.text)
        await c.press("ctrl+k", "escape")
        assert any(texts.kill.OK in line for line in c.text)
