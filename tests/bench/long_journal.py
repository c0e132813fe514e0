"""A journal of many days of trading, written fast: orders, fills, doubts, denials, noted minutes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Final

from veloz_tui.domain import events as e
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.strategy_events import CallbackTimes
from veloz_tui.domain.types import (
    ZERO,
    Asset,
    ChannelState,
    ClientOrderId,
    InstrumentId,
    Mode,
    Nanos,
    Side,
    StrategyId,
    TradeId,
    VenueId,
    VenueOrderId,
)
from veloz_tui.engine.fold import apply
from veloz_tui.engine.state import State, encode_state
from veloz_tui.journal import schema
from veloz_tui.journal.anchor import Anchor, write_anchor
from veloz_tui.journal.codec import ChainEnd, encode, snapshot_digest
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.reader import JournalReader

VENUE: Final = VenueId("BINANCE")
SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
STRATEGIES: Final = (StrategyId("mm-1"), StrategyId("mm-2"), StrategyId("manual"))
SNAPSHOT_EVERY: Final = 50_000
_CHUNK: Final = 5_000


def instrument(base: str, quote: str) -> Instrument:
    return Instrument(
        id=InstrumentId(f"{base}{quote}.BINANCE"),
        venue=VENUE,
        symbol=f"{base}{quote}",
        base=Asset(base),
        quote=Asset(quote),
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        min_notional=Decimal(5),
    )


INSTRUMENTS: Final = (instrument("BTC", "USDT"), instrument("ETH", "USDT"), instrument("ETH", "BTC"))


class Life:
    """The facts of many days, in order; the same seed gives the same ones."""

    def __init__(self, seed: int, *, begins: Nanos, days: int, orders: int, sim_id: str = "") -> None:
        self._random = Random(seed)
        self._orders = orders
        self._step = days * DAY_NS // (orders or 1)
        self._at = begins
        self._minute = begins // (60 * SECOND_NS)
        self._day = begins // DAY_NS
        self._trades = 0
        self._equity = Decimal(100_000)
        self._prices = [Decimal(67_000), Decimal(3_200), Decimal("0.05")]
        self._sim_id = sim_id

    def facts(self) -> Iterator[e.AnyEvent]:
        yield e.RunStarted(self._at, 1, "00", Mode.DEMO, "1", self._sim_id)
        for one in INSTRUMENTS:
            yield e.InstrumentDefined(self._at, one)
        yield e.VenueStateChanged(self._at, VENUE, ChannelState.READY)
        yield e.DayOpened(self._at, self._equity, {}, since=Nanos(self._day * DAY_NS))
        for number in range(self._orders):
            yield from self._clock()
            yield from self._order(number)

    def _later(self, ns: int) -> Nanos:
        self._at = Nanos(self._at + ns)
        return self._at

    def _clock(self) -> Iterator[e.AnyEvent]:
        self._later(max(1, self._step * self._random.randint(1, 199) // 100 - SECOND_NS // 2))
        if self._at // DAY_NS != self._day:
            self._day = self._at // DAY_NS
            yield e.DayOpened(self._at, self._equity, {}, since=Nanos(self._day * DAY_NS))
        if self._at // (60 * SECOND_NS) != self._minute:
            self._minute = self._at // (60 * SECOND_NS)
            self._equity += Decimal(self._random.randint(-1_000, 1_020)) / 100
            marks = {one.id: price for one, price in zip(INSTRUMENTS, self._prices, strict=True)}
            times = CallbackTimes(self._random.uniform(20, 40), self._random.uniform(80, 300))
            yield e.MinuteNoted(self._at, self._equity, marks, {STRATEGIES[0]: times})

    def _order(self, number: int) -> Iterator[e.AnyEvent]:
        draw = self._random
        which = draw.choices((0, 1, 2), (60, 30, 10))[0]
        self._prices[which] *= Decimal(1) + Decimal(draw.randint(-20, 20)) / 100_000
        tick = Decimal("0.01") if which < 2 else Decimal("0.00001")
        request = OrderRequest(
            INSTRUMENTS[which].id,
            draw.choice((Side.BUY, Side.SELL)),
            Decimal(draw.randint(1, 50)) / 1000,
            price=self._prices[which].quantize(tick),
            strategy_id=draw.choices(STRATEGIES, (60, 30, 10))[0],
        )
        order_id = ClientOrderId(f"vzL01{number:011d}")
        if number % 500 == 7:
            yield e.OrderDenied(self._at, order_id, request, "ORDER_RATE", "too many", suppressed=3)
            return
        yield e.OrderCreated(self._at, order_id, request)
        yield e.OrderSubmitted(self._later(draw.randint(50_000, 400_000)), order_id)
        if number % 1000 == 13:
            yield e.OrderInDoubt(self._later(SECOND_NS), order_id, "timeout")
        acceptance = self._later(draw.randint(1_000_000, 9_000_000))
        yield e.OrderAccepted(acceptance, order_id, VenueOrderId(str(number + 1)))
        yield from self._end(order_id, request, which, is_fill=draw.random() < 0.33)

    def _end(
        self, order_id: ClientOrderId, request: OrderRequest, which: int, *, is_fill: bool
    ) -> Iterator[e.AnyEvent]:
        if not is_fill:
            yield e.CancelRequested(self._later(400_000_000), order_id, request.strategy_id)
            yield e.OrderCanceled(self._later(self._random.randint(1_000_000, 9_000_000)), order_id)
            return
        assert request.price is not None
        self._trades += 1
        fee = request.quantity * request.price / 1000
        quote = INSTRUMENTS[which].quote
        yield e.OrderFilled(
            self._later(self._random.randint(1_000_000, 400_000_000)), order_id, request.instrument_id,
            TradeId(str(self._trades)), request.price, request.quantity, fee, quote,
            self._random.random() < 0.8, fee, self._at, None, ZERO,
        )  # fmt: skip


def write(files: JournalFiles, facts: Iterator[e.AnyEvent], *, snapshots: bool = True) -> int:
    """Write a whole journal, with the engine's snapshots; return how many events it has."""
    prepare(files, now=Nanos(1))
    with JournalReader(files.database) as reader:
        end, journal_id = reader.start(), reader.meta()["journal_id"]
    records = (e.Recorded(seq, fact) for seq, fact in enumerate(facts, start=1))
    state = State()
    with closing(sqlite3.connect(files.database, isolation_level=None)) as database:
        while chunk := list(islice(records, _CHUNK)):
            end = _write_chunk(database, chunk, end)
            for record in chunk if snapshots else ():
                apply(state, record)
            if snapshots and end.seq // SNAPSHOT_EVERY > (end.seq - len(chunk)) // SNAPSHOT_EVERY:
                blob = encode_state(state)
                values = (end.seq, blob, snapshot_digest(end.hash, blob))
                database.execute(schema.INSERT_SNAPSHOT, values)
                database.execute(schema.DELETE_OLD_SNAPSHOTS)
    write_anchor(files.anchor, Anchor(journal_id=journal_id, seq=end.seq, hash=end.hash.hex()))
    return end.seq


def _write_chunk(database: sqlite3.Connection, chunk: list[e.Recorded], end: ChainEnd) -> ChainEnd:
    rows, end = encode(chunk, end=end)
    database.execute("BEGIN")
    database.executemany(schema.insert_events(1), rows)
    database.execute("COMMIT")
    return end
