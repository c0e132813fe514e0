"""How much rests before our orders at their prices: an upper bound from public data. Pure.

A venue fills a price in the order of arrival, and shows its total only. So: what stood there when our order
came is before it; trades at the price take from the front; of a level that shrinks without a trade nobody
knows whether those before or behind us left, so only what must hold is taken off: what is before an order is
not more than the level's size less that order and ours behind it. Who joins later is behind us: the bound
doesn't grow. Ours in front count like others: they may have been filled, and nobody have told us yet.

Depth, tape and the word on our order come by different ways. A size from before the order is one that it
found there, and is taken over; a trade that isn't later than the size we count from is in that already. The
venue's time decides, and when in doubt the bound is too large rather than too small.
"""

from collections.abc import Iterator
from decimal import Decimal

from veloz_tui.domain.types import ZERO, ClientOrderId, Nanos, Side


class Place:
    """One order of ours in its queue. `ahead` None: not known yet."""

    __slots__ = ("ahead", "has_traded", "leaves", "since", "sized_at")

    def __init__(self, *, leaves: Decimal, since: Nanos) -> None:
        self.leaves = leaves
        self.ahead: Decimal | None = None
        self.since = since
        """When the venue took it in: its later sizes contain it."""
        self.sized_at = since
        """The time of the size that `ahead` comes from; no later than this."""
        self.has_traded = False

    def filled(self, leaves: Decimal) -> None:
        """What fills has come to the front."""
        self.leaves, self.ahead, self.has_traded = leaves, ZERO, True


class Queue:
    """All orders of ours at one price of one side."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        self.places: dict[ClientOrderId, Place] = {}

    def before(self, place: Place, size: Decimal, at: Nanos) -> Decimal:
        """What of the level's size at that time may rest before an order of ours."""
        not_before = sum(
            (
                each.leaves
                for each in self.places.values()
                if each.since < at and (each is place or each.since > place.since)
            ),
            ZERO,
        )
        return max(size - not_before, ZERO)

    def join(
        self, client_order_id: ClientOrderId, place: Place, size: Decimal | None, *, at: Nanos, until: Nanos
    ) -> None:
        """Stand last in the level as it was last seen, between two times; None: it can't be seen."""
        self.places[client_order_id] = place
        if size is not None:
            place.ahead, place.sized_at = self.before(place, size, at), until

    def bound(self, size: Decimal, *, at: Nanos, until: Nanos) -> None:
        """The level's total at a time of the venue's, no earlier than `at` and no later than `until`."""
        for place in self.places.values():
            before = self.before(place, size, at)
            is_found = at <= place.since and not place.has_traded
            if is_found or place.ahead is None or before < place.ahead:
                place.ahead, place.sized_at = before, until

    def take(self, quantity: Decimal, at: Nanos) -> None:
        """A trade at this price, from the front."""
        for place in self.places.values():
            if place.ahead is not None and at > max(place.since, place.sized_at):
                place.ahead = max(place.ahead - quantity, ZERO)

    def sweep(self, at: Nanos) -> None:
        """A trade at a worse price: nothing was left here."""
        for place in self.places.values():
            if at > place.since:
                place.ahead = ZERO

    def first(self) -> Decimal | None:
        """Before our first order; None unless known of all."""
        known = [place.ahead for place in self.places.values() if place.ahead is not None]
        return min(known) if len(known) == len(self.places) and known else None


class Queues:
    """One instrument's queues with orders of ours in them, by side and the level's own price."""

    __slots__ = ("asks", "bids", "prices")

    def __init__(self) -> None:
        self.bids: dict[float, Queue] = {}
        self.asks: dict[float, Queue] = {}
        self.prices: dict[ClientOrderId, tuple[Side, float]] = {}

    def side(self, side: Side) -> dict[float, Queue]:
        return self.bids if side is Side.BUY else self.asks

    def queue(self, side: Side, price: float) -> Queue:
        """The queue of a price, made on first use."""
        queues = self.side(side)
        found = queues.get(price)
        if found is None:
            found = queues[price] = Queue()
        return found

    def place(self, client_order_id: ClientOrderId) -> Place | None:
        """Where an order of ours stands; None: nowhere."""
        at = self.prices.get(client_order_id)
        return None if at is None else self.side(at[0])[at[1]].places[client_order_id]

    def join(
        self,
        client_order_id: ClientOrderId,
        *,
        side: Side,
        price: float,
        leaves: Decimal,
        size: Decimal | None,
        at: Nanos,
        until: Nanos,
        since: Nanos,
    ) -> None:
        """An order of ours rests `since`; the level had this `size` between `at` and `until`."""
        self.prices[client_order_id] = (side, price)
        place = Place(leaves=leaves, since=since)
        self.queue(side, price).join(client_order_id, place, size, at=at, until=until)

    def leave(self, client_order_id: ClientOrderId) -> None:
        """An order of ours ended."""
        side, price = self.prices.pop(client_order_id, (Side.BUY, 0.0))
        queue = self.side(side).get(price)
        if queue is not None:
            queue.places.pop(client_order_id, None)
            if not queue.places:
                del self.side(side)[price]

    def trade(self, price: float, quantity: Decimal, *, aggressor: Side, at: Nanos) -> None:
        """A public trade: it took from the side that stood."""
        stood = aggressor.opposite
        for level, queue in self.side(stood).items():
            if level == price:
                queue.take(quantity, at)
            elif (level > price) if stood is Side.BUY else (level < price):
                queue.sweep(at)

    def items(self) -> Iterator[tuple[Side, float, Queue]]:
        """Every queue."""
        yield from ((Side.BUY, price, queue) for price, queue in self.bids.items())
        yield from ((Side.SELL, price, queue) for price, queue in self.asks.items())
