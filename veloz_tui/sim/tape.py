"""The public tape of one instrument: trades, aggregated trades, candles and the day's statistics."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import takewhile

import msgspec

from veloz_tui.sim.numbers import ZERO, text

TRADES_MAX = 1000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
# Two days of minutes: enough for every statistic of 24 hours.
MINUTES_MAX = 2880
SECONDS_MAX = 1000
INTERVALS_MS = {
    "1s": 1000,
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 30 * DAY_MS,
}


class PublicTrade(msgspec.Struct, frozen=True):
    """`taker_id` groups the trades of one taker into an aggregated trade."""

    trade_id: int
    taker_id: int
    price: Decimal
    quantity: Decimal
    time: int
    buyer_is_maker: bool


class AggregatedTrade(msgspec.Struct, frozen=True):
    aggregate_id: int
    price: Decimal
    quantity: Decimal
    first_id: int
    last_id: int
    time: int
    buyer_is_maker: bool


class Candle(msgspec.Struct):
    """Mutable while its interval lasts."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    taker_volume: Decimal = ZERO
    taker_quote_volume: Decimal = ZERO
    count: int = 0
    first_id: int = -1
    last_id: int = -1

    def add(self, trade: PublicTrade) -> None:
        quote = trade.price * trade.quantity
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price)
        self.close = trade.price
        self.volume += trade.quantity
        self.quote_volume += quote
        if not trade.buyer_is_maker:
            self.taker_volume += trade.quantity
            self.taker_quote_volume += quote
        self.count += 1
        self.first_id = trade.trade_id if self.first_id < 0 else self.first_id
        self.last_id = trade.trade_id

    def merge(self, later: Candle) -> None:
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.taker_volume += later.taker_volume
        self.taker_quote_volume += later.taker_quote_volume
        self.count += later.count
        self.first_id = later.first_id if self.first_id < 0 else self.first_id
        self.last_id = max(self.last_id, later.last_id)


class Tape:
    """Remembers a bounded stretch of the past."""

    def __init__(self) -> None:
        self.trades: deque[PublicTrade] = deque(maxlen=TRADES_MAX)
        self.aggregated: deque[AggregatedTrade] = deque(maxlen=TRADES_MAX)
        self._minutes: deque[Candle] = deque(maxlen=MINUTES_MAX)
        self._seconds: deque[Candle] = deque(maxlen=SECONDS_MAX)
        self._next_aggregate = 1
        self._first_price: Decimal | None = None
        self._make_past: Callable[[], list[Candle]] | None = None
        self._day: tuple[int, Candle | None] | None = None

    def record(self, trades: list[PublicTrade]) -> list[AggregatedTrade]:
        """Take the trades of one step and return them aggregated by taker and price."""
        for trade in trades:
            self.trades.append(trade)
            _grow(self._minutes, trade, MINUTE_MS)
            _grow(self._seconds, trade, 1000)
        aggregated = [self._aggregate(run) for run in _runs(trades)]
        self.aggregated.extend(aggregated)
        return aggregated

    def backfill(self, price: Decimal, make: Callable[[], list[Candle]]) -> None:
        """Give the instrument a past that ends at `price`; `make` is called when somebody looks at it."""
        self._first_price = price
        self._make_past = make

    def last_price(self) -> Decimal | None:
        return self._minutes[-1].close if self._minutes else self._first_price

    def average_price(self, now: int, minutes: int = 5) -> Decimal | None:
        """The volume-weighted price of the last minutes, or the last price when nothing traded."""
        recent = _since(self._minutes, now - (minutes + 1) * MINUTE_MS)
        volume = sum((candle.volume for candle in recent), ZERO)
        if not volume:
            return self.last_price()
        return sum((candle.quote_volume for candle in recent), ZERO) / volume

    def day(self, now: int) -> Candle | None:
        """The last 24 hours as one candle."""
        minutes = self._all_minutes()
        if not minutes:
            return None
        # Complete minutes are folded once a minute, not at each question.
        current = minutes[-1]
        if self._day is None or self._day[0] != current.open_time:
            complete = list(minutes)[:-1]
            self._day = (
                current.open_time,
                _fold(one for one in complete if one.open_time > now - DAY_MS),
            )
        return _fold(one for one in (self._day[1], current) if one is not None)

    def candles(self, interval: str) -> list[Candle]:
        """All candles of an interval still known, oldest first."""
        width = INTERVALS_MS[interval]
        groups: dict[int, list[Candle]] = {}
        for candle in self._seconds if interval == "1s" else self._all_minutes():
            groups.setdefault(candle.open_time // width * width, []).append(candle)
        folded = [(start, _fold(group)) for start, group in groups.items()]
        return [msgspec.structs.replace(candle, open_time=start) for start, candle in folded if candle]

    def current(self, interval: str) -> Candle | None:
        """The candle that is still growing."""
        source = self._seconds if interval == "1s" else self._all_minutes()
        if not source:
            return None
        width = INTERVALS_MS[interval]
        start = source[-1].open_time // width * width
        whole = _fold(_since(source, start - 1))
        return None if whole is None else msgspec.structs.replace(whole, open_time=start)

    def _all_minutes(self) -> deque[Candle]:
        if self._make_past is not None:
            past, self._make_past = self._make_past(), None
            self._minutes = deque((*past, *self._minutes), maxlen=MINUTES_MAX)
        return self._minutes

    def _aggregate(self, run: list[PublicTrade]) -> AggregatedTrade:
        self._next_aggregate = max(self._next_aggregate + 1, run[0].trade_id)
        return AggregatedTrade(
            self._next_aggregate,
            run[0].price,
            sum((trade.quantity for trade in run), ZERO),
            run[0].trade_id,
            run[-1].trade_id,
            run[0].time,
            run[0].buyer_is_maker,
        )


def candle_row(candle: Candle, width: int) -> list[object]:
    """The twelve columns of a kline."""
    return [
        candle.open_time,
        text(candle.open),
        text(candle.high),
        text(candle.low),
        text(candle.close),
        text(candle.volume),
        candle.open_time + width - 1,
        text(candle.quote_volume),
        candle.count,
        text(candle.taker_volume),
        text(candle.taker_quote_volume),
        "0",
    ]


def _grow(candles: deque[Candle], trade: PublicTrade, width: int) -> None:
    start = trade.time // width * width
    if not candles or candles[-1].open_time < start:
        price = trade.price
        candles.append(Candle(start, price, price, price, price))
    candles[-1].add(trade)


def _since(candles: deque[Candle], moment: int) -> list[Candle]:
    # The candles opened after a moment, oldest first, without walking the whole past.
    recent = list(takewhile(lambda candle: candle.open_time > moment, reversed(candles)))
    return recent[::-1]


def _runs(trades: list[PublicTrade]) -> list[list[PublicTrade]]:
    runs: list[list[PublicTrade]] = []
    for trade in trades:
        last = runs[-1][-1] if runs else None
        if last is not None and (last.taker_id, last.price) == (trade.taker_id, trade.price):
            runs[-1].append(trade)
        else:
            runs.append([trade])
    return runs


def _fold(candles: Iterable[Candle]) -> Candle | None:
    whole: Candle | None = None
    for candle in candles:
        if whole is None:
            whole = msgspec.structs.replace(candle)
        else:
            whole.merge(candle)
    return whole
