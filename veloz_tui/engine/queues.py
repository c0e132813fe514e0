"""Keeps the queues of our resting orders up to date: from our orders' events, the books and the tape.

An instrument without resting orders of ours has no entry, and its book path pays one look-up.
"""

from decimal import Decimal
from typing import Final

from veloz_tui.domain import events as e
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.reports import BookDelta, TradePrinted
from veloz_tui.domain.types import (
    MILLISECOND,
    SECOND,
    ZERO,
    ClientOrderId,
    InstrumentId,
    Nanos,
    OrderStatus,
    OrderType,
    Side,
)
from veloz_tui.engine.live import Live, LiveBook
from veloz_tui.engine.queue_ahead import Queues
from veloz_tui.engine.state import State

_MOVES: Final = frozenset(
    {e.OrderAccepted, e.OrderFilled, e.OrderProgressed, e.OrderCanceled, e.OrderExpired, e.ExternalOrderSeen}
)
SNAPSHOT_LAG: Final = 2 * SECOND
"""A snapshot names no time; it may be this old."""


def note(state: State, live: Live, event: e.AnyEvent, now: Nanos) -> None:
    """Follow an event that has just been applied."""
    if type(event) not in _MOVES:
        return
    client_order_id: ClientOrderId = event.client_order_id  # type: ignore[union-attr]
    order = state.orders[client_order_id]
    queues = live.queues.get(order.instrument_id)
    place = queues.place(client_order_id) if queues is not None else None
    if not _rests(order):
        if place is not None:
            _leave(live, order)
    elif place is None:
        heard = Nanos(now + _clock_offset(state, live, order.instrument_id))
        accepted_at = getattr(event, "venue_at", None)
        _join(state, live, order, since=accepted_at or heard, heard=heard)
    elif place.leaves != order.leaves:
        place.filled(order.leaves)


def _rests(order: Order) -> bool:
    request = order.request
    is_limit = request.order_type is OrderType.LIMIT and request.price is not None
    return order.status is OrderStatus.ACCEPTED and is_limit and order.leaves > 0


def _clock_offset(state: State, live: Live, instrument_id: InstrumentId) -> int:
    venue = live.venues.get(state.venue_of(instrument_id))
    return int((venue.health.clock_offset_ms or 0.0) * MILLISECOND) if venue is not None else 0


def _join(state: State, live: Live, order: Order, *, since: Nanos, heard: Nanos) -> None:
    instrument = state.instruments.get(order.instrument_id)
    if instrument is None or order.request.price is None:
        return
    market = live.books.get(order.instrument_id)
    queues = live.queues.setdefault(order.instrument_id, Queues())
    queues.join(
        order.client_order_id,
        side=order.side,
        price=float(order.request.price),
        leaves=order.leaves,
        size=level_size(market, instrument, order.side, order.request.price),
        at=market.venue_at if market is not None else Nanos(0),
        until=(market.venue_at if market is not None else Nanos(0)) or heard,
        since=since,
    )


def _leave(live: Live, order: Order) -> None:
    queues = live.queues[order.instrument_id]
    queues.leave(order.client_order_id)
    if not queues.prices:
        del live.queues[order.instrument_id]


def level_size(market: LiveBook | None, instrument: Instrument, side: Side, price: Decimal) -> Decimal | None:
    """What a fresh book shows at a price; None where it can't be seen."""
    if market is None or not market.is_fresh:
        return None
    level = float(price)
    size = (market.book.bids if side is Side.BUY else market.book.asks).get(level)
    if size is not None:
        return instrument.quantity_from_level(size)
    return ZERO if market.book.reaches(side, level) else None


# --- The public market -----------------------------------------------------------------------------------


def on_snapshot(state: State, live: Live, instrument_id: InstrumentId, now: Nanos) -> None:
    """A whole book: what we know of stays a bound, and what we didn't gets one."""
    instrument = state.instruments.get(instrument_id)
    if instrument is None or instrument_id not in live.working.totals:
        return
    for client_order_id in state.open_orders:
        order = state.orders[client_order_id]
        queues = live.queues.get(instrument_id)
        is_new = queues is None or client_order_id not in queues.prices
        if order.instrument_id == instrument_id and is_new and _rests(order):
            _join(state, live, order, since=order.updated_at, heard=order.updated_at)  # of an earlier run
    queues = live.queues.get(instrument_id)
    market = live.books.get(instrument_id)
    until = Nanos(now + _clock_offset(state, live, instrument_id))
    for side, price, queue in queues.items() if queues is not None else ():
        size = level_size(market, instrument, side, instrument.price_from_level(price))
        if size is not None:
            queue.bound(size, at=Nanos(until - SNAPSHOT_LAG), until=until)


def on_delta(queues: Queues, instrument: Instrument, report: BookDelta) -> None:
    """The levels that changed."""
    for side, levels in ((queues.bids, report.bids), (queues.asks, report.asks)):
        for price, size in levels if side else ():
            queue = side.get(price)
            if queue is not None:
                queue.bound(instrument.quantity_from_level(size), at=report.venue_at, until=report.venue_at)


def on_trade(queues: Queues, instrument: Instrument, report: TradePrinted) -> None:
    quantity = instrument.quantity_from_level(report.quantity)
    queues.trade(report.price, quantity, aggressor=report.aggressor, at=report.venue_at)


# --- What is shown ---------------------------------------------------------------------------------------


def ahead_of(live: Live, order: Order) -> Decimal | None:
    """What rests before an order of ours; None: unknown, as with every stale book."""
    queues = live.queues.get(order.instrument_id)
    place = queues.place(order.client_order_id) if queues is not None else None
    market = live.books.get(order.instrument_id)
    return place.ahead if place is not None and market is not None and market.is_fresh else None


def first_ahead(live: Live, instrument_id: InstrumentId, side: Side, price: Decimal) -> Decimal | None:
    """What rests before our first order at a price."""
    queues, market = live.queues.get(instrument_id), live.books.get(instrument_id)
    if queues is None or market is None or not market.is_fresh:
        return None
    queue = queues.side(side).get(float(price))
    return None if queue is None else queue.first()


def would_be_ahead(state: State, live: Live, request: OrderRequest) -> Decimal | None:
    """What would rest before a new order; None for one that takes, or where nobody knows."""
    market = live.books.get(request.instrument_id)
    if request.order_type is not OrderType.LIMIT or request.price is None or market is None:
        return None
    best = market.book.best_ask if request.side is Side.BUY else market.book.best_bid
    instrument = state.instruments[request.instrument_id]
    if best is not None:
        touch = instrument.price_from_level(best[0])
        if request.price >= touch if request.side is Side.BUY else request.price <= touch:
            return None
    size = level_size(market, instrument, request.side, request.price)
    queues = live.queues.get(request.instrument_id)
    queue = queues.side(request.side).get(float(request.price)) if queues is not None else None
    own = sum((place.leaves for place in queue.places.values()), ZERO) if queue is not None else ZERO
    return None if size is None else max(size - own, ZERO)
