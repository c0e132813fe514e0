"""A seeded market for one instrument. Pure: time arrives as elapsed seconds, randomness as an argument.

Background participants share the trader's book. A fair price walks (volatility, trends, bursts, a pull
towards the anchor so that it stays plausible for days); liquidity follows it: stale levels are swept or
pulled, fresh ones join at the top, sizes breathe, and other people's market orders arrive. Because all of
these are orders in the same book, the trader's resting orders fill in their turn and takers find less.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from veloz_tui.sim.match_messages import BACKGROUND, MatchEvent, NewOrder, Side, TimeInForce
from veloz_tui.sim.matching import Book
from veloz_tui.sim.settings import InstrumentSettings

SECONDS_A_DAY = 86_400.0
# The fair price forgets a deviation from its anchor within about a day.
ANCHOR_PULL_PER_S = 1.0 / SECONDS_A_DAY
HALF_SPREAD = 0.000003
LEVEL_GAP = 0.00001
# How far behind the best price a background taker still buys.
REACH = 0.00012
MAX_ELAPSED_S = 1.0
# A side with fewer levels than this is refilled at once, whatever emptied it.
THIN_LEVELS = 20


class RandomSource(Protocol):
    """The part of `random.Random` the market uses."""

    def random(self) -> float: ...
    def gauss(self, mu: float, sigma: float, /) -> float: ...
    def expovariate(self, rate: float, /) -> float: ...


class GeneratedMarket:
    """Moves one book. `take_id` names each background order."""

    def __init__(
        self,
        settings: InstrumentSettings,
        book: Book,
        *,
        rng: RandomSource,
        take_id: Callable[[], int],
        levels: int = 200,
        start_price: Decimal | None = None,
    ) -> None:
        self._settings = settings
        self._book = book
        self._rng = rng
        self._take_id = take_id
        self._levels = levels
        self._anchor = math.log(float(settings.price))
        self._log_fair = math.log(float(start_price or settings.price))
        self._sigma_per_s = settings.daily_volatility / math.sqrt(SECONDS_A_DAY)
        self._trend = 0.0
        self._burst_left_s = 0.0
        self._events: list[MatchEvent] = []

    @property
    def fair(self) -> float:
        return math.exp(self._log_fair)

    @property
    def is_bursting(self) -> bool:
        return self._burst_left_s > 0.0

    def populate(self) -> list[MatchEvent]:
        """Fill both sides to full depth."""
        self._events = []
        self._follow("BUY")
        self._follow("SELL")
        self._refill("BUY", most=self._levels)
        self._refill("SELL", most=self._levels)
        return self._events

    def step(self, elapsed_s: float) -> list[MatchEvent]:
        """Advance and return what happened in the book."""
        self._events = []
        self.drift(min(elapsed_s, MAX_ELAPSED_S))
        self._follow("SELL")
        self._follow("BUY")
        if self._rng.random() < 0.3:
            self._trade()
        for _ in range(1 + int(self._rng.random() * (6 if self.is_bursting else 3))):
            self._breathe("BUY" if self._rng.random() < 0.5 else "SELL")
        self._refill("BUY", most=8)
        self._refill("SELL", most=8)
        return self._events

    def refill_if_thin(self) -> list[MatchEvent]:
        """Restore a side that a trader emptied."""
        self._events = []
        for side in _SIDES:
            if len(self._book.side(side).prices) < THIN_LEVELS:
                self._follow(side)
                self._refill(side, most=THIN_LEVELS * 2)
        return self._events

    def delay_s(self) -> float:
        """Seconds until the next step at natural speed."""
        rate = self._settings.updates_per_s * (6.0 if self.is_bursting else 1.0)
        return min(self._rng.expovariate(rate), MAX_ELAPSED_S)

    def jump(self, fraction: float) -> None:
        """Move the price for good, e.g. -0.02 for two percent down."""
        self._log_fair += math.log1p(fraction)
        self._anchor += math.log1p(fraction)

    def burst(self, duration_s: float) -> None:
        """Make the market fast, thin and wide for a while."""
        self._burst_left_s = duration_s

    def market_order(self, side: Side, quantity: Decimal) -> list[MatchEvent]:
        """Somebody takes `quantity` at any price."""
        return self._book.submit(
            NewOrder(order_id=self._take_id(), side=side, type="MARKET", quantity=quantity)
        )

    # The fair price

    def drift(self, elapsed_s: float) -> None:
        """Move the fair price only; liquidity follows with the next step."""
        rng = self._rng
        self._burst_left_s = max(0.0, self._burst_left_s - elapsed_s)
        if not self.is_bursting and rng.random() < elapsed_s / 150.0:
            self._burst_left_s = 1.0 + rng.random() * 4.0
        if rng.random() < elapsed_s / 45.0:
            self._trend = rng.gauss(0.0, 0.12)
        sigma = self._sigma_per_s * (4.0 if self.is_bursting else 1.0)
        pull = (self._anchor - self._log_fair) * ANCHOR_PULL_PER_S * elapsed_s
        drift = self._trend * self._sigma_per_s * elapsed_s
        self._log_fair += pull + drift + sigma * math.sqrt(elapsed_s) * rng.gauss(0.0, 1.0)

    def _quote_ticks(self, side: Side) -> int:
        # The best price the background shows on a side, in ticks.
        half = self.fair * HALF_SPREAD * (4.0 if self.is_bursting else 1.0)
        tick = float(self._settings.tick_size)
        if side == "BUY":
            return max(1, math.ceil((self.fair - half) / tick) - 1)
        return max(2, math.floor((self.fair + half) / tick) + 1)

    # Liquidity

    def _follow(self, side: Side) -> None:
        # Levels of this side that the fair price has passed go first, so the background never crosses itself.
        price = self._price(self._quote_ticks(side))
        self._clear_passed(side, price)
        other: Side = "SELL" if side == "BUY" else "BUY"
        self._clear_passed(other, self._price(self._quote_ticks(other)))
        best = self._book.side(side).best_price
        gap = Decimal(self.fair * LEVEL_GAP * self._rng.random())
        if best is None or abs(price - best) > gap or self._book.crosses(side, price):
            self._add(side, price, near=True)

    def _clear_passed(self, side: Side, limit: Decimal) -> None:
        book_side = self._book.side(side)
        near = [price for price, _ in book_side.best_first(60)]
        passed = [price for price in near if (price > limit if side == "BUY" else price < limit)]
        if not passed:
            return
        if len(book_side.prices) - len(passed) < THIN_LEVELS:
            # A jump: new interest stands behind the stale levels before they go, so no side is ever empty.
            self._thicken(side, adds=2 * THIN_LEVELS)
        if self._rng.random() < 0.35:
            self._sweep(side, passed)
        for price in passed:
            self._book.cancel_level(side, price, owner=BACKGROUND)

    def _sweep(self, side: Side, passed: list[Decimal]) -> None:
        # Informed takers reach the stale levels before their owners pull them.
        levels = self._book.side(side).levels
        quantity = sum((levels[price].total for price in passed), Decimal(0))
        taker: Side = "SELL" if side == "BUY" else "BUY"
        self._submit(taker, passed[-1], quantity, time_in_force="IOC")

    def _trade(self) -> None:
        side: Side = "BUY" if self._rng.random() < 0.5 + self._trend else "SELL"
        best = self._book.opposite(side).best_price
        if best is None:
            return
        scale = float(self._settings.level_quantity) * 0.15
        quantity = self._lots(scale * math.exp(self._rng.gauss(-0.7, 1.2)))
        reach = Decimal(self.fair * REACH)
        limit = best + reach if side == "BUY" else best - reach
        self._submit(side, self._round(limit), quantity, time_in_force="IOC")

    def _breathe(self, side: Side) -> None:
        prices = self._book.side(side).prices
        if not prices:
            return
        depth = min(len(prices) - 1, int(self._rng.expovariate(0.12)))
        price = prices[-1 - depth] if side == "BUY" else prices[depth]
        self._book.cancel_level(side, price, owner=BACKGROUND)
        if self._rng.random() < 0.85:
            self._add(side, price, near=depth < 5)

    def _refill(self, side: Side, *, most: int) -> None:
        self._thicken(side, adds=2 if self._is_dense(side) else 30)
        book_side = self._book.side(side)
        for _ in range(most):
            if len(book_side.prices) >= self._levels:
                break
            gap = max(1, round(self._rng.expovariate(1.0 / self._gap_ticks)))
            edge = 0 if side == "BUY" else -1
            worst = book_side.prices[edge] if book_side.prices else self._price(self._quote_ticks(side))
            price = self._away(side, worst, ticks=gap)
            if price <= 0:
                break
            self._add(side, price, near=False)
        while len(book_side.prices) > self._levels + 10:
            before = len(book_side.prices)
            worst = book_side.prices[0 if side == "BUY" else -1]
            self._book.cancel_level(side, worst, owner=BACKGROUND)
            if len(book_side.prices) == before:
                break

    def _thicken(self, side: Side, *, adds: int) -> None:
        # New levels appear mostly near the top, which closes the holes that moving prices leave.
        top = self._price(self._quote_ticks(side))
        levels = self._book.side(side).levels
        for _ in range(adds):
            ticks = int(self._rng.expovariate(1.0 / (25 * self._gap_ticks)))
            price = self._away(side, top, ticks=ticks)
            if price > 0 and price not in levels:
                self._add(side, price, near=ticks < 5 * self._gap_ticks)

    def _is_dense(self, side: Side) -> bool:
        near = self._book.depth(side, 12)
        return len(near) == 12 and abs(near[0][0] - near[-1][0]) < self._settings.tick_size * int(
            40 * self._gap_ticks
        )

    def _away(self, side: Side, price: Decimal, *, ticks: int) -> Decimal:
        step = self._settings.tick_size * ticks
        return price - step if side == "BUY" else price + step

    def _add(self, side: Side, price: Decimal, *, near: bool) -> None:
        scale = float(self._settings.level_quantity) * (0.35 if near else 1.0)
        if self.is_bursting:
            scale *= 0.4
        self._submit(side, price, self._lots(scale * math.exp(self._rng.gauss(-0.3, 0.9))))

    def _submit(
        self, side: Side, price: Decimal, quantity: Decimal, *, time_in_force: TimeInForce = "GTC"
    ) -> None:
        order = NewOrder(
            order_id=self._take_id(), side=side, price=price, quantity=quantity, time_in_force=time_in_force
        )
        self._events += self._book.submit(order)

    # Units

    @property
    def _gap_ticks(self) -> float:
        return max(1.0, self.fair * LEVEL_GAP / float(self._settings.tick_size))

    def _price(self, ticks: int) -> Decimal:
        return ticks * self._settings.tick_size

    def _round(self, price: Decimal) -> Decimal:
        return max(1, round(price / self._settings.tick_size)) * self._settings.tick_size

    def _lots(self, quantity: float) -> Decimal:
        return max(1, round(quantity / float(self._settings.lot_size))) * self._settings.lot_size


_SIDES: tuple[Side, Side] = ("BUY", "SELL")
