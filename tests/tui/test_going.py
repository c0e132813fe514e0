"""g and a letter: whole screens, the popup of letters, and what keys mean there."""

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, console, slowly
from veloz_tui.domain.commands import CancelOrders
from veloz_tui.domain.types import Severity
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import table
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.panes import pages

SIZES = [(80, 24), (200, 55)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("letter", "shown"),
    [
        ("s", "mm-1"),
        ("o", "History"),
        ("r", "drawdown           0.8%"),
        ("h", "pid 8123"),
        ("f", "no fills yet"),
        ("comma", "10 Hz"),
    ],
)
async def test_a_letter_opens_its_screen_over_the_whole_body(
    letter: str, shown: str, size: tuple[int, int]
) -> None:
    clock = Clock()
    async with console(size=size, clock=clock) as c:
        await slowly(c, clock, "g", letter)
        text = "\n".join(c.text)
        assert shown in text
        assert "spr 1" not in text
        assert not [line for line in c.text[2:-2] if "#" in line]
        await slowly(c, clock, "g", "t")
        assert "spr 1" in "\n".join(c.text)


async def test_the_letters_are_shown_only_after_400_ms() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("g")
        assert not any("go to:" in line for line in c.text)
        clock.now += 0.41
        c.app.painter.now()
        await c.settle()
        assert any("go to:" in line and "s strategies" in line for line in c.text)
        await c.press("escape")
        assert not any("go to:" in line for line in c.text)


async def test_gg_is_the_first_row() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "5", "j", "j", "j", "g", "g")
        assert c.session.cursors["orders"].key == c.session.shown_keys("orders")[0]


async def test_an_unknown_letter_does_nothing_at_all() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "5", "j", "g", "x")
        assert c.engine.sent == [] and c.session.mode is Keys.PANES
        assert "No such screen" in c.message


async def test_kill_works_while_a_letter_is_awaited() -> None:
    async with console() as c:
        await c.press("g", "ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_typing_that_goes_through_g_still_counts_as_a_burst() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press(*"jgzgj")
        await c.press("R")
        assert c.engine.sent == []


async def test_x_works_on_the_screen_of_orders_and_esc_leaves_it() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "g", "o", "j", "x")
        assert isinstance(c.engine.real[-1], CancelOrders)
        await slowly(c, clock, "escape")
        assert "spr 1" in "\n".join(c.text)


async def test_a_pane_number_leaves_a_screen() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "g", "h", "6")
        assert c.session.page == () and c.session.focus == "positions"


async def test_xx_on_the_screen_of_risk_says_its_scope_and_needs_both() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "g", "r", "X")
        assert c.message.startswith("XX: cancel 2 (BTC-USDT.BIN")
        assert c.engine.real == []


async def test_history_lists_what_became_of_orders_newest_first() -> None:
    async with console() as c:
        entries = (
            LogEntry(11, f.NOON, "order", "CANCELED 0003 BUY 0.05"),
            LogEntry(12, f.NOON, "strategy", "mm-1 started"),
            LogEntry(13, f.NOON, "fill", "FILL BUY 0.0100 @64,123.40", Severity.INFO),
        )
        c.session.on_entries(entries)
        await c.press("g", "o")
        text = "\n".join(c.text)
        assert text.index("FILL BUY 0.0100") < text.index("CANCELED 0003")
        assert "History 2" in text and "mm-1 started" not in "\n".join(c.text[12:-2])


def test_only_keys_that_differ_from_the_table_are_called_changed() -> None:
    def shown(**keymap: tuple[str, ...]) -> str:
        content = pages.settings(ConsoleOptions(keymap=keymap), width=100)
        return "\n".join(table.plain(row.line) for row in content.rows)

    assert "kill:" not in shown(kill=("ctrl+k", "f12"))
    assert "kill: f9" in shown(kill=("f9",))
