"""Keeps the generated markets moving in real time (or faster), and their streams flowing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import count

from veloz_tui.sim.exchange import Exchange
from veloz_tui.sim.instruments import from_settings
from veloz_tui.sim.market import GeneratedMarket
from veloz_tui.sim.match_messages import MatchEvent
from veloz_tui.sim.matching import Book
from veloz_tui.sim.settings import InstrumentSettings, MarketSettings
from veloz_tui.sim.tape import MINUTE_MS, Candle

PRICE_SAVE_S = 5.0
HISTORY_MINUTES = 1500
# More level changes than one run of the venue can make.
UPDATE_IDS_A_RUN = 10_000_000_000


class MarketDriver:
    """One generator for each instrument, stepped by its own task. `speed` scales time, `paused` stops it."""

    def __init__(
        self, exchange: Exchange, settings: MarketSettings, *, seed: int, flush: Callable[[], None]
    ) -> None:
        self.speed = settings.speed
        self.paused = settings.paused
        self.markets: dict[str, GeneratedMarket] = {}
        self._exchange = exchange
        self._flush = flush
        # Nobody remembers these ids, so they begin again with each run.
        self._background = count(-1, -1)
        for instrument in settings.instruments:
            self._list(instrument, settings.levels, seed=seed)

    def populate(self) -> None:
        """Fill the books; before restored orders come back."""
        for symbol, market in self.markets.items():
            self._exchange.apply_market(symbol, market.populate())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for symbol in self.markets:
                tasks.create_task(self._step_forever(symbol))
            tasks.create_task(self._save_prices())

    def refill(self, symbol: str) -> None:
        """After an order took a side away."""
        events = self.markets[symbol].refill_if_thin()
        if events:
            self._exchange.apply_market(symbol, events)

    def step(self, symbol: str, elapsed_s: float) -> None:
        self._apply(symbol, self.markets[symbol].step(elapsed_s))

    async def _step_forever(self, symbol: str) -> None:
        market = self.markets[symbol]
        while True:
            delay = market.delay_s()
            await asyncio.sleep(delay / self.speed)
            if not self.paused:
                self.step(symbol, delay)

    async def _save_prices(self) -> None:
        while True:
            await asyncio.sleep(PRICE_SAVE_S)
            for symbol in self.markets:
                price = self._exchange.last_price(symbol)
                if price is not None:
                    self._exchange.store.save_price(symbol, price)

    def _apply(self, symbol: str, events: list[MatchEvent]) -> None:
        self._exchange.apply_market(symbol, events)
        self._flush()

    def _list(self, settings: InstrumentSettings, levels: int, *, seed: int) -> None:
        exchange, symbol = self._exchange, settings.symbol
        # Update ids go on from a reserved block after a restart, so a client never sees one twice.
        first = exchange.ids.start(f"update:{symbol}", first=1_000_000)
        exchange.ids.advance(f"update:{symbol}", first + UPDATE_IDS_A_RUN)
        book = Book(lot_size=settings.lot_size, update_id=first)
        listing = exchange.list_instrument(from_settings(settings), book)
        price = exchange.store.price(symbol) or settings.price
        rng = random.Random(f"{seed}:{symbol}")  # noqa: S311 - a reproducible market, not a secret
        past = random.Random(f"{seed}:{symbol}:past")  # noqa: S311
        listing.tape.backfill(price, partial(_history, settings, price, past, now=exchange.clock.ms()))
        self.markets[symbol] = GeneratedMarket(
            settings,
            book,
            rng=rng,
            take_id=lambda: next(self._background),
            levels=levels,
            start_price=price,
        )


def _history(settings: InstrumentSettings, price: Decimal, rng: random.Random, *, now: int) -> list[Candle]:
    # A past that ends at today's price: walked backwards, one candle a minute.
    minute_sigma = settings.daily_volatility / 38.0
    start = now // MINUTE_MS * MINUTE_MS
    candles: list[Candle] = []
    close = float(price)
    for index in range(1, HISTORY_MINUTES + 1):
        opened = close * (1.0 + rng.gauss(0.0, minute_sigma))
        wick = abs(rng.gauss(0.0, minute_sigma / 2)) * close
        prices = [opened, max(opened, close) + wick, min(opened, close) - wick, close]
        volume = float(settings.level_quantity) * rng.expovariate(0.1)
        first, high, low, last = (_on_tick(one, settings.tick_size) for one in prices)
        quantity = _on_tick(volume, settings.lot_size)
        quote, half = quantity * last, quantity / 2
        candles.append(
            Candle(start - index * MINUTE_MS, first, high, low, last, quantity, quote, half, quote / 2, 100)
        )
        close = opened
    return candles[::-1]


def _on_tick(value: float, tick: Decimal) -> Decimal:
    return max(1, round(value / float(tick))) * tick
