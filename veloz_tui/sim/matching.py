"""Price-time matching of one instrument. Pure: values in, events out.

Theory of operation. A `Book` keeps two sides of levels, each a first-in-first-out queue of `BookOrder`.
`submit` executes a taker against the opposite side, best price first, oldest order first, then rests, expires
or completes the rest. Every trade sets `last_price`, which may release stop orders, which execute in turn.
The caller books the returned events in order:

- `Match`: a trade at the maker's price. The taker is the order just submitted or triggered.
- `Prevented`: two orders of one owner met; followed by `Expired` for each order that ends by it.
- `Rested`: what is left of the order now stands in the book (or waits as a stop).
- `Expired`: the order has ended unfilled to that extent. An order with none of both at the end is filled.
- `Triggered`: a stop became active.

Each change of a level's total takes the next `update_id`; `take_changes` hands over the totals since then.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from veloz_tui.sim.levels import BookOrder, BookSide
from veloz_tui.sim.match_messages import (
    BACKGROUND,
    FOK_EXPIRED,
    IOC_EXPIRED,
    NO_LIQUIDITY,
    Expired,
    Match,
    MatchEvent,
    NewOrder,
    OrderType,
    Prevented,
    Rested,
    Side,
    Triggered,
)
from veloz_tui.sim.numbers import ZERO, floor_to

# More chained stop orders than this in one step can only be a bug.
MAX_TRIGGERS = 10_000


class WouldMatch(Exception):
    """A post-only order would take liquidity."""


class WouldTrigger(Exception):
    """A stop order's condition holds already."""


LevelChanges = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]


class _Taker:
    # What an order still wants: a quantity, an amount of money to spend, or both as caps.
    __slots__ = ("budget", "ended", "leaves", "order")

    def __init__(self, order: NewOrder) -> None:
        self.order = order
        self.leaves = order.quantity
        self.budget = order.quote_quantity
        self.ended = False

    @property
    def is_done(self) -> bool:
        return self.ended or self.leaves == ZERO

    def wants(self, available: Decimal, *, price: Decimal, step: Decimal) -> Decimal:
        wanted = available if self.leaves is None else min(available, self.leaves)
        if self.budget is not None:
            wanted = min(wanted, floor_to(self.budget / price, step))
        return wanted

    def take(self, quantity: Decimal, price: Decimal) -> None:
        if self.leaves is not None:
            self.leaves -= quantity
        if self.budget is not None:
            self.budget -= quantity * price


class Book:
    """One instrument's order book and waiting stops. `lot_size` is the step of quantities bought by money."""

    def __init__(self, *, lot_size: Decimal, update_id: int = 0) -> None:
        self.bids = BookSide("BUY")
        self.asks = BookSide("SELL")
        self.orders: dict[int, BookOrder] = {}
        self.stops: dict[int, NewOrder] = {}
        self.last_price: Decimal | None = None
        self.update_id = update_id
        self._lot_size = lot_size
        self._changes: LevelChanges = ({}, {})

    # Reading

    def side(self, side: Side) -> BookSide:
        return self.bids if side == "BUY" else self.asks

    def opposite(self, side: Side) -> BookSide:
        return self.asks if side == "BUY" else self.bids

    def crosses(self, side: Side, price: Decimal) -> bool:
        """Whether an order at `price` would trade at once."""
        best = self.opposite(side).best_price
        return best is not None and (price >= best if side == "BUY" else price <= best)

    def best(self, side: Side) -> tuple[Decimal, Decimal] | None:
        """The best price of a side and the quantity there."""
        levels = self.side(side)
        price = levels.best_price
        return None if price is None else (price, levels.levels[price].total)

    def depth(self, side: Side, limit: int) -> list[tuple[Decimal, Decimal]]:
        """Levels of a side, best first."""
        return self.side(side).best_first(limit)

    def cost_of(self, order: NewOrder) -> Decimal:
        """The money a market order moves, as far as the opposite side reaches; own orders don't count."""
        cost, left = ZERO, order.quantity or ZERO
        opposite = self.opposite(order.side)
        for price, _ in opposite.best_first(len(opposite.prices)):
            for maker in opposite.levels[price].queue.values():
                taken = ZERO if _is_same_owner(order, maker) else min(left, maker.leaves)
                cost += taken * price
                left -= taken
            if not left:
                break
        return cost

    def take_changes(self) -> LevelChanges:
        """Totals of the levels (bids, asks) changed since the last call; zero means the level is gone."""
        changes, self._changes = self._changes, ({}, {})
        return changes

    def has_changes(self) -> bool:
        return bool(self._changes[0] or self._changes[1])

    # Changing

    def submit(self, order: NewOrder) -> list[MatchEvent]:
        """Execute, rest or park an order. Raises WouldMatch or WouldTrigger without any effect."""
        if order.stop_price is not None:
            return self._park(order)
        if order.type == "LIMIT_MAKER" and order.price is not None and self.crosses(order.side, order.price):
            raise WouldMatch
        events: list[MatchEvent] = []
        self._execute(order, events)
        self._run_triggers(events)
        return events

    def cancel(self, order_id: int) -> bool:
        """Remove an order or a stop; False when there is none of that id."""
        if self.stops.pop(order_id, None) is not None:
            return True
        order = self.orders.get(order_id)
        if order is None:
            return False
        self._remove(order)
        return True

    def reduce(self, order_id: int, leaves: Decimal) -> None:
        """Lower what is left of a resting order; it keeps its place."""
        order = self.orders[order_id]
        assert ZERO < leaves < order.leaves
        self._shrink(order, order.leaves - leaves)

    def cancel_level(self, side: Side, price: Decimal, *, owner: int) -> None:
        """Remove all orders of one owner at a price."""
        level = self.side(side).levels.get(price)
        for order in list(level.queue.values()) if level is not None else []:
            if order.owner == owner:
                self._remove(order)

    def force_fill(self, order_id: int, quantity: Decimal, *, taker_id: int) -> list[MatchEvent]:
        """Trade a resting order with nobody in particular, out of turn (for scripted scenarios)."""
        maker = self.orders[order_id]
        side: Side = "SELL" if maker.side == "BUY" else "BUY"
        taker = _Taker(NewOrder(order_id=taker_id, side=side))
        events: list[MatchEvent] = []
        self._trade(taker, maker, min(quantity, maker.leaves), events)
        self._run_triggers(events)
        return events

    def _park(self, order: NewOrder) -> list[MatchEvent]:
        if is_triggered(order, self.last_price):
            raise WouldTrigger
        self.stops[order.order_id] = order
        return [Rested(order.order_id)]

    def _run_triggers(self, events: list[MatchEvent]) -> None:
        for _ in range(MAX_TRIGGERS if self.stops else 0):
            order = next((stop for stop in self.stops.values() if is_triggered(stop, self.last_price)), None)
            if order is None:
                return
            del self.stops[order.order_id]
            events.append(Triggered(order.order_id))
            plain: OrderType = "MARKET" if order.price is None else "LIMIT"
            self._execute(msgspec.structs.replace(order, type=plain, stop_price=None), events)

    def _execute(self, order: NewOrder, events: list[MatchEvent]) -> None:
        if order.time_in_force == "FOK" and not self._can_fill(order):
            events.append(Expired(order.order_id, FOK_EXPIRED))
            return
        taker = _Taker(order)
        self._take(taker, events)
        if taker.is_done:
            return
        if order.price is None:
            # Money left that doesn't buy a lot is dust; the order counts as filled.
            if taker.leaves is not None or self.opposite(order.side).best_price is None:
                events.append(Expired(order.order_id, NO_LIQUIDITY))
        elif order.time_in_force != "GTC":
            events.append(Expired(order.order_id, IOC_EXPIRED))
        else:
            assert taker.leaves is not None
            self.insert(BookOrder(order, price=order.price, leaves=taker.leaves))
            events.append(Rested(order.order_id))

    def _can_fill(self, order: NewOrder) -> bool:
        left = order.quantity or ZERO
        opposite = self.opposite(order.side)
        for price, _ in opposite.best_first(len(opposite.prices)):
            if left <= ZERO or (order.price is not None and not _reaches(order.side, order.price, price)):
                break
            for maker in opposite.levels[price].queue.values():
                if not _is_same_owner(order, maker):
                    left -= maker.leaves
        return left <= ZERO

    def _take(self, taker: _Taker, events: list[MatchEvent]) -> None:
        order = taker.order
        opposite = self.opposite(order.side)
        while not taker.is_done:
            price = opposite.best_price
            if price is None or (order.price is not None and not _reaches(order.side, order.price, price)):
                return
            maker = next(iter(opposite.levels[price].queue.values()))
            if _is_same_owner(order, maker):
                self._prevent(taker, maker, events)
                continue
            quantity = taker.wants(maker.leaves, price=price, step=self._lot_size)
            if quantity <= ZERO:
                return
            self._trade(taker, maker, quantity, events)

    def _trade(self, taker: _Taker, maker: BookOrder, quantity: Decimal, events: list[MatchEvent]) -> None:
        order = taker.order
        price = maker.price
        taker.take(quantity, price)
        self._shrink(maker, quantity)
        self.last_price = price
        events.append(
            Match(maker.order_id, maker.owner, order.order_id, order.owner, order.side, price, quantity)
        )

    def _prevent(self, taker: _Taker, maker: BookOrder, events: list[MatchEvent]) -> None:
        # The taker's mode decides. Within one account TRANSFER moves nothing, so it acts as DECREMENT.
        order, mode = taker.order, taker.order.self_trade
        wanted = taker.wants(maker.leaves, price=maker.price, step=self._lot_size)
        if mode in ("DECREMENT", "TRANSFER") and wanted > ZERO:
            maker_loses = taker_loses = wanted
        else:
            maker_loses = maker.leaves if mode in ("EXPIRE_MAKER", "EXPIRE_BOTH") else ZERO
            taker_loses = ZERO if mode == "EXPIRE_MAKER" else taker.leaves or ZERO
            taker.ended = mode != "EXPIRE_MAKER"
        events.append(Prevented(maker.order_id, order.order_id, maker.price, maker_loses, taker_loses))
        taker.take(taker_loses, maker.price)
        if maker_loses:
            self._shrink(maker, maker_loses)
        if maker.order_id not in self.orders:
            events.append(Expired(maker.order_id, ""))
        if taker.is_done:
            taker.ended = True
            events.append(Expired(order.order_id, ""))

    def insert(self, order: BookOrder) -> None:
        """Rest an order without executing it."""
        level = self.side(order.side).level_at(order.price)
        level.queue[order.order_id] = order
        level.total += order.leaves
        self.orders[order.order_id] = order
        self._note_change(order.side, order.price, level.total)

    def _shrink(self, order: BookOrder, quantity: Decimal) -> None:
        order.leaves -= quantity
        level = self.side(order.side).levels[order.price]
        level.total -= quantity
        if not order.leaves:
            del level.queue[order.order_id]
            del self.orders[order.order_id]
            self.side(order.side).drop_if_empty(order.price)
        self._note_change(order.side, order.price, level.total)

    def _remove(self, order: BookOrder) -> None:
        self._shrink(order, order.leaves)

    def _note_change(self, side: Side, price: Decimal, total: Decimal) -> None:
        self.update_id += 1
        self._changes[0 if side == "BUY" else 1][price] = total


def is_triggered(order: NewOrder, last_price: Decimal | None) -> bool:
    """Whether a stop order's condition holds at the last trade's price."""
    if last_price is None or order.stop_price is None:
        return False
    waits_above = order.type.startswith("STOP_LOSS") == (order.side == "BUY")
    return last_price >= order.stop_price if waits_above else last_price <= order.stop_price


def _reaches(side: Side, limit: Decimal, price: Decimal) -> bool:
    return price <= limit if side == "BUY" else price >= limit


def _is_same_owner(order: NewOrder, maker: BookOrder) -> bool:
    return order.self_trade != "NONE" and maker.owner == order.owner and order.owner != BACKGROUND
