"""The journal: durable events a second at 64 waiters, CPU an event, one waiter beside a bare fdatasync, and a
cancel's way out while the disk hangs.
"""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from tests.bench.processes import until
from tests.bench.rows import Options, Row, median, quantile
from tests.replay.desk import Desk, desk
from tests.replay.venue import ACCOUNT, RAISED, venue_process
from veloz_tui.domain.commands import CancelOrders, PlaceOrder
from veloz_tui.domain.events import OrderCreated, Recorded
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import CancelSucceeded
from veloz_tui.domain.types import ClientOrderId, CommandId, Nanos, OrderStatus, Side, VenueId
from veloz_tui.journal.connections import Durability
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.opening import open_writer
from veloz_tui.journal.store import Hook
from veloz_tui.journal.writer import JournalWriter
from veloz_tui.sim.settings import MarketSettings, SimSettings
from veloz_tui.venues.base import VenueReport

WAITERS = 64
BATCH = 10
"""Events a waiter appends at a time: an order's turn makes a few."""
GOAL_RATE = 20_000
GOAL_CPU_US = 50.0
GOAL_CANCEL_MS = 5.0
BLOCKED_S = 3.0
_REQUEST = OrderRequest(
    instrument_id(symbol="BTCUSDT", venue=VenueId("BINANCE")),
    Side.BUY,
    Decimal("0.01"),
    price=Decimal("61234.50"),
)


async def run(options: Options) -> list[Row]:
    rounds = options.size(options.rounds, 1)
    events = options.size(60_000, 3_000)
    many = [await _many(events) for _ in range(rounds)]
    one, bare = [], []
    for _ in range(rounds):
        one.append(await _one(options.size(300, 20)))
        bare.append(_bare(options.size(300, 20)))
    rate, cpu = median(r for r, _ in many), median(c for _, c in many)
    normal, blocked = await _cancels_later(BLOCKED_S, options.size(20, 3))
    late = blocked - normal
    own, floor = median(quantile(w, 0.5) for w in one), median(quantile(w, 0.5) for w in bare)
    tail, floor_tail = median(quantile(w, 0.99) for w in one), median(quantile(w, 0.99) for w in bare)
    return [
        Row("journal", f"durable events/s, {WAITERS} waiters, power", f"{rate:,.0f}/s", "20,000/s or more",
            rate >= GOAL_RATE),
        Row("journal", "CPU an event", f"{cpu:.1f} µs", "<= 50 µs", cpu <= GOAL_CPU_US),
        Row("journal", "one waiter, power", f"p50 {own:.0f} p99 {tail:.0f} µs; x{own / floor:.2f}"),
        Row("journal", "floor: write and fdatasync", f"p50 {floor:.0f} p99 {floor_tail:.0f} µs"),
        Row(
            "journal", f"cancels later with the disk blocked {BLOCKED_S:.0f} s",
            f"{late:+.2f} ms (answered in {blocked:.1f} ms)", "<= 5 ms", late <= GOAL_CANCEL_MS,
        ),
    ]  # fmt: skip


def _created(seq: int) -> Recorded:
    return Recorded(seq, OrderCreated(Nanos(seq), ClientOrderId(f"vzAA00001{seq:07d}"), _REQUEST))


@asynccontextmanager
async def _writer(hook: Hook | None = None) -> AsyncIterator[JournalWriter]:
    with tempfile.TemporaryDirectory(prefix="vz-bench-") as folder:
        files = JournalFiles(Path(folder))
        prepare(files, now=Nanos(1))
        writer = await open_writer(
            load(files),
            durability=Durability.POWER,
            on_durable=_ignore,
            on_state=_ignore,
            on_overflow=_ignore,
            hook=hook,
        )
        running = asyncio.create_task(writer.run())
        try:
            yield writer
        finally:
            await writer.close()
            await running


def _ignore(*_: object) -> None: ...


async def _many(count: int) -> tuple[float, float]:
    """Events a second, and microseconds of CPU an event."""
    async with _writer() as writer:
        last = 0

        async def wait() -> None:
            nonlocal last
            while last < count:
                records = [_created(seq) for seq in range(last + 1, last + 1 + BATCH)]
                last += BATCH
                writer.append(records)
                await writer.wait_durable(records[-1].seq)

        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(wait() for _ in range(WAITERS)))
        return last / (time.perf_counter() - began), (time.process_time() - cpu) / last * 1e6


async def _one(count: int) -> list[float]:
    waits = []
    async with _writer() as writer:
        for seq in range(1, count + 1):
            began = time.perf_counter()
            writer.append([_created(seq)])
            await writer.wait_durable(seq)
            waits.append((time.perf_counter() - began) * 1e6)
    return waits


def _bare(count: int) -> list[float]:
    """A log of the same size that is there already, synchronised after each record."""
    waits = []
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(4096 * (count + 1)))
        file.flush()
        os.fsync(file.fileno())
        for number in range(count):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, number * 4096)
            os.fdatasync(file.fileno())
            waits.append((time.perf_counter() - began) * 1e6)
    return waits


class _Cancels:
    """A desk with open orders at the simulated venue, and how long each cancel takes to its answer."""

    def __init__(self, found: Desk) -> None:
        self._desk = found
        self._answered = asyncio.Event()
        self._commands = 0
        found.on_report = self._hear

    def _hear(self, report: VenueReport) -> None:
        if isinstance(report, CancelSucceeded):
            self._answered.set()

    def _command_id(self) -> CommandId:
        self._commands += 1
        return CommandId(f"c{self._commands}")

    async def place(self, count: int) -> None:
        market = self._desk.engine.live.book(_REQUEST.instrument_id).book
        assert market.best_bid is not None
        request = msgspec.structs.replace(_REQUEST, price=Decimal(round(market.best_bid[0] * 0.99)))
        for _ in range(count):
            self._desk.loop.dispatch(PlaceOrder(command_id=self._command_id(), by="bench", request=request))
        await until(lambda: len(self._accepted()) == count)

    async def cancel_one(self) -> float:
        """Milliseconds from the command to the venue's answer."""
        self._answered.clear()
        began = time.perf_counter()
        chosen = CancelOrders(
            command_id=self._command_id(), by="bench", client_order_ids=(self._accepted()[0],)
        )
        self._desk.loop.dispatch(chosen)
        async with asyncio.timeout(10):
            await self._answered.wait()
        return (time.perf_counter() - began) * 1000

    def _accepted(self) -> list[ClientOrderId]:
        state = self._desk.engine.state
        return [i for i in state.open_orders if state.orders[i].status is OrderStatus.ACCEPTED]


async def _cancels_later(blocked_s: float, count: int) -> tuple[float, float]:
    """Median milliseconds of a cancel while the disk works, and while a commit hangs."""
    hangs = False
    released = threading.Event()

    async def hang(_statement: str) -> None:
        if hangs:
            await asyncio.to_thread(released.wait, blocked_s)

    sim = SimSettings(accounts=(ACCOUNT,), limits=RAISED, market=MarketSettings(paused=True))
    with tempfile.TemporaryDirectory(prefix="vz-bench-") as folder:
        async with (
            venue_process(sim) as venue,
            desk(Path(folder), port=venue.port, symbols=["BTCUSDT"], hook=hang) as found,
        ):
            cancels = _Cancels(found)
            await until(lambda: found.are_books_fresh() and found.is_ready())
            await cancels.place(2 * count)
            normal = [await cancels.cancel_one() for _ in range(count)]
            await asyncio.sleep(0.2)
            hangs = True
            blocked = [await cancels.cancel_one() for _ in range(count)]
            hangs = False
            released.set()
    return median(normal), median(blocked)
