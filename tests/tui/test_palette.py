"""Ctrl+O: actions and commands by name, behind the guards of their keys."""

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, RecordingEngine, console, open_ticket, slowly
from tests.tui.headless import headless
from veloz_tui.domain.commands import CancelOrders, Pause, Reduce
from veloz_tui.domain.types import Mode, StrategyState
from veloz_tui.tui import palette
from veloz_tui.tui.keymap import ANY_PANE, GO
from veloz_tui.tui.modes import Mode as Keys


async def choose(c: Console, clock: Clock, text: str) -> None:
    await slowly(c, clock, "ctrl+o", *text, "enter")


def test_every_action_that_works_here_is_in_the_palette() -> None:
    session, _ = headless(f.view())
    session.focus = "orders"
    offered = {entry.action.id for entry in palette.entries(session) if entry.action is not None}
    expected = {action.id for action in session.keymap.in_context("orders", ANY_PANE, GO)}
    assert offered == expected - {"palette"}


@pytest.mark.parametrize(
    ("typed", "name"), [("redu", "reduce"), ("cancel all", "cancel all"), ("cnclal", "cancel all")]
)
def test_letters_find_a_name_by_start_part_or_order(typed: str, name: str) -> None:
    session, _ = headless(f.view())
    session.edit.insert(typed)
    assert palette.entries(session)[0].name == name


async def test_enter_runs_the_action() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await choose(c, clock, "reduce")
        assert isinstance(c.engine.real[-1], Reduce)
        assert c.session.mode is Keys.PANES


async def test_an_action_that_needs_two_presses_needs_two_here() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await choose(c, clock, "pause")
        assert c.engine.real == []
        await slowly(c, clock, "P")
        assert isinstance(c.engine.real[-1], Pause)


async def test_cancel_all_keeps_its_banner() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await choose(c, clock, "cancel all")
        assert c.message.startswith("XX: cancel 2") and c.engine.real == []
        await slowly(c, clock, "X")
        assert isinstance(c.engine.real[-1], CancelOrders)


async def test_starting_in_live_still_asks() -> None:
    stopped = (f.strategy(state=StrategyState.STOPPED),)
    view = f.view(status=f.status(mode=Mode.LIVE), strategies=stopped)
    clock = Clock()
    async with console(RecordingEngine(view), clock=clock) as c:
        await slowly(c, clock, "2", "j")
        await choose(c, clock, "toggle")
        assert c.session.mode is Keys.CONFIRM and c.engine.real == []


async def test_trading_actions_are_off_while_frozen() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "f")
        await choose(c, clock, "reduce")
        assert c.engine.real == [] and "FROZEN" in c.message


async def test_kill_by_name_is_one_stroke_and_the_chords_work_inside() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await choose(c, clock, "kill")
        assert c.engine.kills == [] and "KILL?" in c.text[0]
        await slowly(c, clock, "escape", "ctrl+o", "ctrl+k")
        assert "KILL?" in c.text[0]
        await slowly(c, clock, "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_a_command_word_opens_the_command_line() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await choose(c, clock, ":buy")
        assert c.session.mode is Keys.COMMAND and c.session.edit.text == "buy "


async def test_arrows_choose_and_the_choice_is_shown() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "ctrl+o", *"go", "down")
        second = palette.entries(c.session)[1].name
        assert any(line.startswith(f" {second}") for line in c.text)
        assert c.session.palette_at == 1


async def test_esc_leaves_and_does_nothing() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "ctrl+o", *"reduce", "escape")
        assert c.engine.sent == [] and c.session.mode is Keys.PANES


async def test_a_name_typed_faster_than_people_type_does_nothing() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("ctrl+o", *"reduce")
        c.session.router.press("enter", "\r")
        assert c.engine.sent == [] and c.session.mode is Keys.PALETTE


async def test_the_palette_does_not_open_over_a_ticket() -> None:
    async with console() as c:
        await open_ticket(c)
        await c.press("ctrl+o")
        assert c.session.mode is Keys.TICKET
