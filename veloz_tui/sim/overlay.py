"""The book of a recorded market with the traders' own orders laid over it. Pure.

The recording is the truth and never changes: depth diffs set displayed levels, a newer bookTicker corrects
the top. A taker eats displayed quantity (remembered per level until the recording next changes that level). A
resting order stands behind what was displayed at its price when it came; recorded trades and shrinking levels
use that queue up, then fill it; so does an opposite best that reaches its price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from veloz_tui.sim.levels import BookOrder, BookSide
from veloz_tui.sim.match_messages import (
    BACKGROUND,
    Expired,
    Match,
    MatchEvent,
    NewOrder,
    Rested,
    Side,
    Triggered,
)
from veloz_tui.sim.matching import Book, LevelChanges, WouldMatch, WouldTrigger, is_triggered
from veloz_tui.sim.numbers import ZERO

LEVELS_TAKEN_MAX = 2000
Levels = list[tuple[Decimal, Decimal]]


class Resting(msgspec.Struct):
    """One of the traders' orders; `ahead` is the displayed quantity still before it."""

    order: NewOrder
    book_order: BookOrder
    ahead: Decimal


class OverlayBook:
    """`take_id` names the anonymous counterparties."""

    def __init__(self, *, lot_size: Decimal, take_id: Callable[[], int]) -> None:
        self.orders: dict[int, BookOrder] = {}
        self.stops: dict[int, NewOrder] = {}
        self.last_price: Decimal | None = None
        self.update_id = 0
        self._lot_size = lot_size
        self._take_id = take_id
        self._sides: dict[Side, dict[Decimal, Decimal]] = {"BUY": {}, "SELL": {}}
        self._prices: dict[Side, BookSide] = {"BUY": BookSide("BUY"), "SELL": BookSide("SELL")}
        self._eaten: dict[tuple[Side, Decimal], Decimal] = {}
        self._top: dict[Side, tuple[Decimal, Decimal]] = {}
        self._top_id = 0
        self._resting: dict[int, Resting] = {}

    # What the recording says

    def load(self, update_id: int, bids: Levels, asks: Levels) -> None:
        """Start from a snapshot."""
        self.update_id = update_id
        for side, levels in (("BUY", bids), ("SELL", asks)):
            for price, quantity in levels:
                self._set("BUY" if side == "BUY" else "SELL", price, quantity)

    def apply_diff(self, update_id: int, bids: Levels, asks: Levels) -> list[MatchEvent]:
        """Take a depth diff unless the snapshot contains it already."""
        if update_id <= self.update_id:
            return []
        self.update_id = update_id
        for price, quantity in bids:
            self._set("BUY", price, quantity)
        for price, quantity in asks:
            self._set("SELL", price, quantity)
        self._shorten_queues()
        return self._fill_crossed()

    def apply_top(
        self, update_id: int, bid: tuple[Decimal, Decimal], ask: tuple[Decimal, Decimal]
    ) -> list[MatchEvent]:
        """Take a bookTicker, which is often newer than the last diff."""
        self._top_id = update_id
        for side, level in (("BUY", bid), ("SELL", ask)):
            name: Side = "BUY" if side == "BUY" else "SELL"
            if self._top.get(name) != level:
                self._top[name] = level
                self._eaten.pop((name, level[0]), None)
        return self._fill_crossed()

    def apply_trade(self, price: Decimal, quantity: Decimal, taker: Side) -> list[MatchEvent]:
        """Take a public trade: it may reach the traders' orders on the other side."""
        self.last_price = price
        maker_side: Side = "SELL" if taker == "BUY" else "BUY"
        events: list[MatchEvent] = []
        left = quantity
        for resting in self._by_priority(maker_side):
            limit = resting.book_order.price
            if left <= ZERO or (limit < price if maker_side == "BUY" else limit > price):
                break
            if limit == price:
                waited = min(resting.ahead, left)
                resting.ahead -= waited
                left -= waited
            filled = min(left, resting.book_order.leaves)
            if filled > ZERO:
                left -= filled
                events.append(self._fill(resting, filled))
        self._run_triggers(events)
        return events

    # What a book does

    def submit(self, order: NewOrder) -> list[MatchEvent]:
        """As `Book.submit`."""
        if order.stop_price is not None:
            if is_triggered(order, self.last_price):
                raise WouldTrigger
            self.stops[order.order_id] = order
            return [Rested(order.order_id)]
        events = self._execute(order)
        self._run_triggers(events)
        return events

    def cancel(self, order_id: int) -> bool:
        self.orders.pop(order_id, None)
        return self.stops.pop(order_id, None) is not None or self._resting.pop(order_id, None) is not None

    def reduce(self, order_id: int, leaves: Decimal) -> None:
        self.orders[order_id].leaves = leaves

    def force_fill(self, order_id: int, quantity: Decimal, *, taker_id: int) -> list[MatchEvent]:
        del taker_id
        resting = self._resting[order_id]
        return [self._fill(resting, min(quantity, resting.book_order.leaves))]

    def best(self, side: Side) -> tuple[Decimal, Decimal] | None:
        return next(self._available(side), None)

    def depth(self, side: Side, limit: int) -> list[tuple[Decimal, Decimal]]:
        """The recorded book as of `update_id`, without the traders' orders."""
        levels = self._sides[side]
        return [(price, levels[price]) for price, _ in self._prices[side].best_first(limit)]

    def cost_of(self, order: NewOrder) -> Decimal:
        return self._scratch(order).cost_of(order)

    def take_changes(self) -> LevelChanges:
        return {}, {}

    def has_changes(self) -> bool:
        return False

    # Inside

    def _set(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        self._eaten.pop((side, price), None)
        levels, prices = self._sides[side], self._prices[side]
        if quantity > ZERO:
            levels[price] = quantity
            prices.level_at(price)
        elif levels.pop(price, None) is not None:
            prices.drop_if_empty(price)

    def _available(self, side: Side) -> Iterator[tuple[Decimal, Decimal]]:
        # Displayed levels, best first, less what the traders took from them.
        top = self._top.get(side) if self._top_id > self.update_id else None
        if top is not None and self._left(side, *top) > ZERO:
            yield top[0], self._left(side, *top)
        for price, displayed in self.depth(side, LEVELS_TAKEN_MAX):
            if top is not None and (price >= top[0] if side == "BUY" else price <= top[0]):
                continue
            left = self._left(side, price, displayed)
            if left > ZERO:
                yield price, left

    def _left(self, side: Side, price: Decimal, displayed: Decimal) -> Decimal:
        return displayed - self._eaten.get((side, price), ZERO)

    def _execute(self, order: NewOrder) -> list[MatchEvent]:
        scratch = self._scratch(order)
        makers = dict(scratch.orders)
        events = scratch.submit(order)
        opposite: Side = "SELL" if order.side == "BUY" else "BUY"
        for event in events:
            match event:
                case Match(maker_owner=owner, price=price, quantity=quantity) if owner == BACKGROUND:
                    key = (opposite, price)
                    self._eaten[key] = self._eaten.get(key, ZERO) + quantity
                    self.last_price = price
                case Match(price=price):
                    self.last_price = price
                case Rested(order_id=order_id):
                    self._rest(order, scratch.orders[order_id])
                case _:
                    pass
        for order_id in [one for one in self._resting if one in makers and one not in scratch.orders]:
            self.cancel(order_id)
        return events

    def _scratch(self, order: NewOrder) -> Book:
        # A small real book of what the order can reach; makers of our own are shared, so their leaves move.
        book = Book(lot_size=self._lot_size)
        opposite: Side = "SELL" if order.side == "BUY" else "BUY"
        for price, quantity in self._available(opposite):
            if order.price is not None and (
                price > order.price if order.side == "BUY" else price < order.price
            ):
                break
            background = NewOrder(order_id=self._take_id(), side=opposite, price=price, quantity=quantity)
            book.insert(BookOrder(background, price=price, leaves=quantity))
        for resting in self._by_priority(opposite):
            book.insert(resting.book_order)
        return book

    def _rest(self, order: NewOrder, book_order: BookOrder) -> None:
        displayed = dict(self._available(order.side)).get(book_order.price, ZERO)
        self._resting[order.order_id] = Resting(order, book_order, displayed)
        self.orders[order.order_id] = book_order

    def _by_priority(self, side: Side) -> list[Resting]:
        found = [one for one in self._resting.values() if one.book_order.side == side]
        return sorted(found, key=lambda one: one.book_order.price, reverse=side == "BUY")

    def _shorten_queues(self) -> None:
        for resting in self._resting.values():
            displayed = self._sides[resting.book_order.side].get(resting.book_order.price, ZERO)
            resting.ahead = min(resting.ahead, displayed)

    def _fill_crossed(self) -> list[MatchEvent]:
        events: list[MatchEvent] = []
        for side in ("BUY", "SELL") if self._resting else ():
            own: Side = "BUY" if side == "BUY" else "SELL"
            other: Side = "SELL" if own == "BUY" else "BUY"
            for resting in self._by_priority(own):
                best = self.best(other)
                limit = resting.book_order.price
                if best is None or (best[0] > limit if own == "BUY" else best[0] < limit):
                    break
                filled = min(best[1], resting.book_order.leaves)
                key = (other, best[0])
                self._eaten[key] = self._eaten.get(key, ZERO) + filled
                events.append(self._fill(resting, filled))
        return events

    def _fill(self, resting: Resting, quantity: Decimal) -> Match:
        maker = resting.book_order
        maker.leaves -= quantity
        if not maker.leaves:
            self.cancel(maker.order_id)
        taker_side: Side = "SELL" if maker.side == "BUY" else "BUY"
        return Match(
            maker.order_id, maker.owner, self._take_id(), BACKGROUND, taker_side, maker.price, quantity
        )

    def _run_triggers(self, events: list[MatchEvent]) -> None:
        for order in list(self.stops.values()):
            if not is_triggered(order, self.last_price) or self.stops.pop(order.order_id, None) is None:
                continue
            events.append(Triggered(order.order_id))
            kind = "MARKET" if order.price is None else "LIMIT"
            plain = msgspec.structs.replace(order, type=kind, stop_price=None)
            try:
                events += self._execute(plain)
            except WouldMatch:
                events.append(Expired(order.order_id, ""))
