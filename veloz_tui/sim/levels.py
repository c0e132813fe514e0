"""One side of a book: price levels, each a queue of orders in the order they came."""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal

from veloz_tui.sim.match_messages import NewOrder, Side
from veloz_tui.sim.numbers import ZERO


class BookOrder:
    __slots__ = ("leaves", "order_id", "owner", "price", "side")

    def __init__(self, order: NewOrder, *, price: Decimal, leaves: Decimal) -> None:
        self.order_id = order.order_id
        self.owner = order.owner
        self.side = order.side
        self.price = price
        self.leaves = leaves


class Level:
    __slots__ = ("queue", "total")

    def __init__(self) -> None:
        self.total = ZERO
        # A dict keeps arrival order and removes from the middle in constant time.
        self.queue: dict[int, BookOrder] = {}


class BookSide:
    """The levels of one side; `prices` ascends, so the best bid is its last, the best ask its first."""

    __slots__ = ("_best", "levels", "prices")

    def __init__(self, side: Side) -> None:
        self.prices: list[Decimal] = []
        self.levels: dict[Decimal, Level] = {}
        self._best = -1 if side == "BUY" else 0

    @property
    def best_price(self) -> Decimal | None:
        return self.prices[self._best] if self.prices else None

    def level_at(self, price: Decimal) -> Level:
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level()
            insort(self.prices, price)
        return level

    def drop_if_empty(self, price: Decimal) -> None:
        if not self.levels[price].queue:
            del self.levels[price]
            del self.prices[bisect_left(self.prices, price)]

    def best_first(self, limit: int) -> list[tuple[Decimal, Decimal]]:
        prices = self.prices[: -limit - 1 : -1] if self._best else self.prices[:limit]
        return [(price, self.levels[price].total) for price in prices]
