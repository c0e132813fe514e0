"""Folds durable events into the strategy's own orders and position.

The status moves by the same table as in the engine (domain.order.TRANSITIONS).
"""

import msgspec

from veloz_tui.domain.events import (
    CancelRejected,
    CancelRequested,
    OrderAccepted,
    OrderCanceled,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInDoubt,
    OrderNeverArrived,
    OrderNotSent,
    OrderProgressed,
    OrderRejected,
    OrderSubmitted,
)
from veloz_tui.domain.order import TERMINAL, TRANSITIONS, Order, OrderEvent
from veloz_tui.domain.types import OrderStatus
from veloz_tui.strategy.base import Context
from veloz_tui.strategy.views import FillUpdate, OrderUpdate
from veloz_tui.strategy.wire import Own, OwnEvent

_MOVES: dict[type[OwnEvent], OrderEvent] = {
    OrderNotSent: OrderEvent.NOT_SENT,
    OrderSubmitted: OrderEvent.SUBMITTED,
    OrderAccepted: OrderEvent.ACCEPTED,
    OrderRejected: OrderEvent.REJECTED,
    OrderInDoubt: OrderEvent.IN_DOUBT,
    CancelRequested: OrderEvent.CANCEL_REQUESTED,
    CancelRejected: OrderEvent.CANCEL_REJECTED,
    OrderCanceled: OrderEvent.CANCELED,
    OrderExpired: OrderEvent.EXPIRED,
    OrderNeverArrived: OrderEvent.NEVER_ARRIVED,
}


def update_of(order: Order, *, ref: int) -> OrderUpdate:
    """Return the engine's order as a strategy sees it."""
    update = OrderUpdate.of(order.request, ref=ref, client_order_id=order.client_order_id)
    return msgspec.structs.replace(
        update,
        status=order.status,
        filled=order.filled,
        progressed=order.progressed,
        is_in_doubt=order.is_in_doubt,
        is_canceling=order.cancel_requested_at is not None,
        reason=order.reason,
        at=order.updated_at,
    )


def apply_own(ctx: Context, own: Own) -> tuple[FillUpdate | None, OrderUpdate | None]:
    """Bring the context up to date and return what the strategy is to be told.

    An order that has already ended is unknown here: a late fill still counts in the position.
    """
    event = own.event
    known = ctx.order(event.client_order_id)
    fill = _fill(ctx, own, event, known) if isinstance(event, OrderFilled) else None
    if isinstance(event, OrderCreated | OrderDenied):
        order = OrderUpdate.of(event.request, ref=event.ref, client_order_id=event.client_order_id)
        if isinstance(event, OrderDenied):
            order = msgspec.structs.replace(order, status=OrderStatus.DENIED, reason=event.text)
    elif known is None:
        return fill, None
    else:
        order = _moved(known, event)
    order = msgspec.structs.replace(order, at=event.at)
    ctx.remember_order(order)
    return fill, order


def _fill(ctx: Context, own: Own, event: OrderFilled, order: OrderUpdate | None) -> FillUpdate:
    return FillUpdate(
        ref=0 if order is None else order.ref,
        client_order_id=event.client_order_id,
        instrument_id=event.instrument_id,
        trade_id=event.trade_id,
        side=own.side,
        price=event.price,
        quantity=event.quantity,
        fee=event.fee,
        fee_asset=event.fee_asset,
        is_maker=event.is_maker,
        position=ctx.move_position(event.instrument_id, event.change(own.side.sign)),
        at=event.at,
    )


def _moved(order: OrderUpdate, event: OwnEvent) -> OrderUpdate:
    filled = order.filled
    if isinstance(event, OrderProgressed):
        return msgspec.structs.replace(order, progressed=max(order.progressed, event.cumulative))
    if isinstance(event, OrderFilled):
        filled += event.quantity
        move = OrderEvent.FILLED if filled >= order.quantity else OrderEvent.PARTLY_FILLED
    else:
        move = _MOVES[type(event)]
    status = TRANSITIONS[order.status, move].status
    return msgspec.structs.replace(
        order,
        status=status,
        filled=filled,
        is_in_doubt=_is_in_doubt(order, move),
        is_canceling=_is_canceling(order, move) and status not in TERMINAL,
        reason=getattr(event, "reason", "") or getattr(event, "text", "") or order.reason,
    )


def _is_in_doubt(order: OrderUpdate, move: OrderEvent) -> bool:
    # What we ask for says nothing about the order; every word of the venue ends the doubt.
    if move in (OrderEvent.CANCEL_REQUESTED, OrderEvent.CANCEL_REJECTED, OrderEvent.SUBMITTED):
        return order.is_in_doubt
    return move is OrderEvent.IN_DOUBT


def _is_canceling(order: OrderUpdate, move: OrderEvent) -> bool:
    if move is OrderEvent.CANCEL_REQUESTED:
        return True
    return order.is_canceling and move is not OrderEvent.CANCEL_REJECTED
