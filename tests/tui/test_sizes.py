"""[ ]: stepping through the sizes that tickets start with."""

import msgspec

from tests.tui import factories as f
from tests.tui.harness import Clock, console, live_view, open_ticket, slowly
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.ticket import Field

SIZES = (f.D("0.01"), f.D("0.05"), f.D("0.1"))
OPTIONS = msgspec.structs.replace(ConsoleOptions(reads_tmux=False), sizes={f.BTC: SIZES})


async def test_brackets_step_through_the_sizes_and_stop_at_the_ends() -> None:
    clock = Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        await slowly(c, clock, "4", "]", "]", "]")
        assert c.message == "size 0.1 for BTC-USDT.BIN"
        await slowly(c, clock, "[", "[", "[", "[")
        assert c.message == "size 0.01 for BTC-USDT.BIN"
        assert c.session.sizes[f.BTC] == SIZES
        assert c.engine.sent == []


async def test_the_next_ticket_starts_with_the_chosen_size() -> None:
    clock = Clock()
    async with console(options=OPTIONS, clock=clock) as c:
        await slowly(c, clock, "4", "[", "[")
        await open_ticket(c)
        assert c.session.ticket is not None
        assert c.session.ticket.text(Field.QUANTITY) == "0.01"


async def test_live_without_sizes_has_nothing_to_step_through() -> None:
    clock = Clock()
    async with console(live_view(), clock=clock) as c:
        await slowly(c, clock, "4", "]")
        assert c.message == "No sizes here: :size 0.05 sets one"
        assert c.session.chosen_sizes == {}
