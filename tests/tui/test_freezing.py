"""y f Ctrl+L: a row for the clipboard, panes that stand still, and what is refused meanwhile."""

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, console, slowly
from veloz_tui.tui.modes import Mode as Keys


def panes(c: Console) -> list[str]:
    return c.text[2:-2]


async def test_f_keeps_the_panes_and_lets_the_status_go_on() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        before = panes(c)
        await c.press("f")
        c.engine.show(f.view(orders=f.orders()[:2], account=f.account(day_pnl=f.D("-77.00")), books=()))
        clock.now += 12
        c.app.painter.now()
        await c.settle()
        assert panes(c) == before
        assert "FROZEN 12s" in c.text[0] and "-77.00" in c.text[0]


async def test_f_again_shows_the_latest() -> None:
    async with console() as c:
        await c.press("f")
        c.engine.show(f.view(orders=f.orders()[:2]))
        await c.press("f")
        assert "FROZEN" not in c.text[0]
        assert any("5 Orders 2" in line for line in c.text)


@pytest.mark.parametrize("key", ["b", "s", "x", "X", "C", "P", "R", "a", "A", "m"])
async def test_trading_keys_are_off_while_frozen(key: str) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "5", "j", "f", key)
        await c.until(lambda: "FROZEN: the panes are old" in c.message)
        assert c.engine.sent == [] and c.session.mode is Keys.PANES


async def test_starting_a_strategy_is_off_while_frozen() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "2", "j", "f", "space")
        await c.until(lambda: "FROZEN: the panes are old" in c.message)
        assert c.engine.sent == []


async def test_kill_works_while_frozen_and_shows_what_it_does() -> None:
    async with console() as c:
        await c.press("f", "ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)
        assert c.session.frozen is None


async def test_detach_works_while_frozen() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "f", "q")
        await c.until(lambda: c.has_left)


async def test_the_command_line_ends_the_freeze() -> None:
    async with console() as c:
        await c.press("f", "colon")
        assert c.session.frozen is None and c.session.mode is Keys.COMMAND


async def test_filters_work_on_the_frozen_rows() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("5", "f")
        c.engine.show(f.view(orders=()))
        await c.press("slash", *"side:sell", "enter")
        assert len(c.session.shown_keys("orders")) == 2


async def test_y_gives_the_selected_row_to_the_clipboard_and_shows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    async with console(size=(120, 40)) as c:
        await c.press("5", "j", "y")
        row = c.session.selected_text()
        assert "64,120.00" in row
        assert c.app.clipboard == row
        assert c.message == f"COPY {row}   [nothing to paste? tmux set -g set-clipboard on]"


async def test_y_without_a_row_copies_the_message_and_without_both_says_so() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        c.session.hush()
        await slowly(c, clock, "y")
        assert c.message == "Nothing selected: j/k moves the cursor"
        await slowly(c, clock, "y")
        assert c.app.clipboard == "Nothing selected: j/k moves the cursor"


async def test_ctrl_l_paints_every_cell_again() -> None:
    async with console() as c:
        await c.press("ctrl+l")
        assert c.message == "Repainted"
