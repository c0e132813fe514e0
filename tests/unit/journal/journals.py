"""Small factories for journals: events, a journal in a directory, a writer that runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.events import AnyEvent, CommandTaken, OrderCreated, OrderFilled, Recorded
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import Asset, ClientOrderId, InstrumentId, Nanos, Side, TradeId
from veloz_tui.journal.anchor import AnchorKeeper
from veloz_tui.journal.ballast import Ballast
from veloz_tui.journal.connections import Durability
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.health import WriterSettings
from veloz_tui.journal.load import load
from veloz_tui.journal.store import AiosqliteStore, Hook, InlineStore, Store
from veloz_tui.journal.writer import JournalWriter

BTCUSDT = InstrumentId("BTCUSDT.BINANCE")


def order_id(number: int) -> ClientOrderId:
    return ClientOrderId(f"vzAA00001{number:06d}X")


def created(number: int) -> OrderCreated:
    request = OrderRequest(BTCUSDT, Side.BUY, Decimal("0.01"), price=Decimal("61234.50"))
    return OrderCreated(Nanos(number), order_id(number), request)


def filled(number: int, *, trade_id: str = "") -> OrderFilled:
    return OrderFilled(
        Nanos(number),
        client_order_id=order_id(number),
        instrument_id=BTCUSDT,
        trade_id=TradeId(trade_id or str(number)),
        price=Decimal("61234.50"),
        quantity=Decimal("0.01"),
        fee=Decimal("0.00001"),
        fee_asset=Asset("BNB"),
        is_maker=True,
    )


def said(number: int, text: str = "hello") -> CommandTaken:
    return CommandTaken(Nanos(number), by="op", text=text)


def record(seq: int, event: AnyEvent | None = None) -> Recorded:
    return Recorded(seq, event or said(seq))


def records(first: int, last: int) -> list[Recorded]:
    """A mix of kinds: an intent, its fill, a word of the operator, and again."""
    kinds: list[Callable[[int], AnyEvent]] = [created, filled, said]
    return [Recorded(seq, kinds[seq % 3](seq)) for seq in range(first, last + 1)]


def make(directory: Path, *, journal_id: str = "test") -> JournalFiles:
    files = JournalFiles(directory / "journal")
    prepare(files, now=Nanos(1), journal_id=journal_id)
    return files


class Desk:
    """A running writer and what its callbacks have said."""

    def __init__(
        self, files: JournalFiles, store: Store, settings: WriterSettings, ballast_bytes: int
    ) -> None:
        self.files = files
        self.store = store
        self.durable: list[int] = []
        self.states: list[tuple[JournalState, str]] = []
        self.overflows = 0
        loaded = load(files, accept_tail_loss=True)
        ballast = Ballast(files.ballast, size=ballast_bytes) if ballast_bytes else None
        if ballast is not None:
            ballast.make()
        self.writer = JournalWriter(
            store,
            end=loaded.end,
            on_durable=self.durable.append,
            on_state=lambda state, reason: self.states.append((state, reason)),
            on_overflow=self._count_overflow,
            anchor=AnchorKeeper(files.anchor, journal_id=loaded.journal_id, every_s=0.02),
            ballast=ballast,
            settings=settings,
        )

    def _count_overflow(self) -> None:
        self.overflows += 1

    @property
    def state_names(self) -> list[JournalState]:
        return [state for state, _ in self.states]


@asynccontextmanager
async def desk(
    files: JournalFiles,
    *,
    hook: Hook | None = None,
    inline: bool = False,
    settings: WriterSettings | None = None,
    ballast_bytes: int = 0,
    close: bool = True,
) -> AsyncIterator[Desk]:
    """Run a writer; afterwards close it in order, or leave it as a death of the process would."""
    store: Store
    if inline:
        store = InlineStore(files.database, hook=hook)
    else:
        store = await AiosqliteStore.open(
            files.database, durability=Durability.PROCESS, wal_bytes=0, hook=hook
        )
    fast = WriterSettings(retry_every_s=0.01)
    made = Desk(files, store, settings or fast, ballast_bytes)
    running = asyncio.create_task(made.writer.run())
    try:
        yield made
        if close:
            await made.writer.close(timeout_s=5.0)
    finally:
        if close:
            await asyncio.wait([running], timeout=5.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], bool], *, timeout_s: float = 5.0) -> None:
    """Wait for a condition, with a bound."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.001)


def read_all(files: JournalFiles) -> list[Recorded]:
    """Everything that a start would fold, without a snapshot's help."""
    loaded = load(files, accept_tail_loss=True)
    if loaded.snapshot is not None:
        raise JournalError("this journal has a snapshot")
    return [found for part in loaded.slices() for found in part]


def write_all(directory: Path, count: int) -> JournalFiles:
    """A closed journal of `count` events."""
    files = make(directory)

    async def fill() -> None:
        async with desk(files, inline=True) as made:
            made.writer.append(records(1, count))

    asyncio.run(fill())
    return files
