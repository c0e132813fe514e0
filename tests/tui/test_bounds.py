"""A console that runs for weeks: nothing it keeps grows with time."""

import gc
from decimal import Decimal

import msgspec
from textual.strip import Strip

from tests.tui import factories as f
from tests.tui.harness import Clock, RecordingEngine, console
from tests.tui.headless import headless
from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import Pause
from veloz_tui.domain.types import OrderStatus
from veloz_tui.domain.views import LevelView, LogEntry, View

SIZE = (200, 55)


def _another(number: int) -> View:
    """A market in which every row of the ladder and most figures differ each time."""
    size = Decimal(1000 + number) / 10_000
    bids = tuple(LevelView(Decimal("64123.60") - Decimal(at) / 10, size + at, Decimal(0)) for at in range(60))
    asks = tuple(LevelView(Decimal("64123.70") + Decimal(at) / 10, size + at, Decimal(0)) for at in range(60))
    return f.view(
        books=(f.ladder(bids=bids, asks=asks),),
        account=f.account(equity=Decimal(100_000 + number), day_pnl=Decimal(number)),
        orders=tuple(msgspec.structs.replace(order, leaves=size) for order in f.orders()),
    )


def _strips_alive() -> int:
    gc.collect()
    return sum(1 for each in gc.get_objects() if isinstance(each, Strip))


async def test_drawn_lines_are_kept_for_the_screen_only_however_often_they_change() -> None:
    clock = Clock()
    async with console(RecordingEngine(_another(0)), size=SIZE, clock=clock) as c:
        alive = []
        for number in range(1, 91):
            clock.now += 1
            c.engine.show(_another(number))
            await c.settle()
            if number % 30 == 0:
                alive.append(_strips_alive())
        drawn = sum(grid.changed_lines for grid in c.app.painter.grids.values())
        assert drawn > 10 * SIZE[1], "the market didn't move enough for this test"
        assert max(alive) - alive[0] < SIZE[1]
        for grid in c.app.painter.grids.values():
            assert len(grid._strips) <= len(grid.lines)


def test_what_a_session_remembers_is_bounded() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    for number in range(1500):
        clock.now += 1
        session.on_entries((LogEntry(seq=number, at=f.NOON, kind="fill", text="FILL"),))
        ended = f.order(number, status=OrderStatus.CANCELED)
        session.on_view(f.view(orders=(ended, f.order(number + 1))))
        session.send(Pause(command_id=new_command_id()), "pause")
        session.store.unconfirmed(clock.now)
    store = session.store
    assert len(store.log) == 1000
    assert len(store._ended) <= 500
    assert len(store.pending) <= 31  # those of the last 30 s
