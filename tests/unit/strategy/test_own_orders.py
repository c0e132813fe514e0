"""The strategy's own orders and position follow the durable events."""

from decimal import Decimal

import pytest

from tests.unit.strategy.factories import BTC, BTC_ID, MM, request, working
from veloz_tui.domain import events as e
from veloz_tui.domain.types import Asset, ClientOrderId, Nanos, OrderStatus, Side, TradeId, VenueOrderId
from veloz_tui.strategy.base import Context
from veloz_tui.strategy.own_orders import apply_own, update_of
from veloz_tui.strategy.views import FillUpdate, OrderUpdate
from veloz_tui.strategy.wire import Own, OwnEvent

A = ClientOrderId("a")
AT = Nanos(7)


def tell(
    ctx: Context, *events: OwnEvent, side: Side = Side.BUY
) -> tuple[FillUpdate | None, OrderUpdate | None]:
    told: tuple[FillUpdate | None, OrderUpdate | None] = (None, None)
    for event in events:
        told = apply_own(ctx, Own(side, event))
    return told


def context() -> Context:
    return Context(instruments=[BTC], strategy_id=MM)


def created(side: Side = Side.BUY) -> e.OrderCreated:
    return e.OrderCreated(AT, A, request(side), ref=4)


def filled(quantity: str, trade: str = "1") -> e.OrderFilled:
    return e.OrderFilled(
        AT, A, BTC_ID, TradeId(trade), Decimal(100), Decimal(quantity), Decimal("0.1"), Asset("USDT"), False
    )


accepted = e.OrderAccepted(AT, A, VenueOrderId("9"))


def test_an_order_is_followed_from_its_creation_to_its_end() -> None:
    ctx = context()
    _, order = tell(ctx, created(), e.OrderSubmitted(AT, A), accepted)
    assert order is not None
    assert (order.ref, order.status, order.client_order_id, order.at) == (4, OrderStatus.ACCEPTED, "a", AT)
    assert ctx.orders() == [order]
    _, order = tell(ctx, e.OrderCanceled(AT, A, "by user"))
    assert order is not None
    assert (order.status, order.reason) == (OrderStatus.CANCELED, "by user")
    assert ctx.orders() == []


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (e.OrderRejected(AT, A, -2010, "no funds"), OrderStatus.REJECTED),
        (e.OrderNotSent(AT, A, "gate"), OrderStatus.NOT_SENT),
        (e.OrderExpired(AT, A, "ioc"), OrderStatus.EXPIRED),
        (e.OrderNeverArrived(AT, A), OrderStatus.NEVER_ARRIVED),
    ],
)
def test_every_end_is_an_end(event: OwnEvent, status: OrderStatus) -> None:
    ctx = context()
    _, order = tell(ctx, created(), e.OrderSubmitted(AT, A), event)
    assert order is not None
    assert order.status is status
    assert ctx.orders() == []


def test_fills_move_the_position_by_their_side_and_end_the_order_when_it_is_full() -> None:
    ctx = context()
    fill, order = tell(ctx, created(Side.SELL), accepted, filled("0.4"), side=Side.SELL)
    assert fill is not None
    assert order is not None
    assert (fill.ref, fill.position, fill.side) == (4, Decimal("-0.4"), Side.SELL)
    assert (order.status, order.leaves) == (OrderStatus.ACCEPTED, Decimal("0.6"))
    fill, order = tell(ctx, filled("0.6", "2"), side=Side.SELL)
    assert order is not None
    assert order.status is OrderStatus.FILLED
    assert ctx.position(BTC_ID) == Decimal(-1)
    assert ctx.orders() == []


def test_a_late_fill_of_an_ended_order_still_counts_in_the_position() -> None:
    ctx = context()
    fill, order = tell(ctx, created(), accepted, e.OrderCanceled(AT, A), filled("0.4"))
    assert fill is not None
    assert fill.position == ctx.position(BTC_ID) == Decimal("0.4")
    assert order is None


def test_the_venues_cumulative_word_moves_leaves_and_not_the_position() -> None:
    ctx = context()
    _, order = tell(ctx, created(), accepted, e.OrderProgressed(AT, A, Decimal("0.7")))
    assert order is not None
    assert order.leaves == Decimal("0.3")
    assert ctx.position(BTC_ID) == 0


def test_a_fill_that_the_cumulative_word_announced_is_not_counted_twice() -> None:
    ctx = context()
    _, order = tell(ctx, created(), accepted, e.OrderProgressed(AT, A, Decimal("0.7")), filled("0.7"))
    assert order is not None
    assert (order.status, order.leaves) == (OrderStatus.ACCEPTED, Decimal("0.3"))


def test_doubt_ends_with_the_venues_word_and_not_with_a_cancel_of_ours() -> None:
    ctx = context()
    _, order = tell(ctx, created(), e.OrderInDoubt(AT, A, "timeout"), e.CancelRequested(AT, A, "me"))
    assert order is not None
    assert (order.is_in_doubt, order.is_canceling) == (True, True)
    _, order = tell(ctx, accepted)
    assert order is not None
    assert (order.is_in_doubt, order.is_canceling) == (False, True)
    _, order = tell(ctx, e.CancelRejected(AT, A, None, "too late"))
    assert order is not None
    assert (order.is_canceling, order.reason) == (False, "too late")


def test_events_of_an_unknown_order_are_no_news() -> None:
    assert tell(context(), accepted) == (None, None)


def test_an_order_of_the_engine_is_shown_as_it_stands() -> None:
    order = working("a", Side.SELL, "2", "101")
    order.status = OrderStatus.ACCEPTED
    order.filled = Decimal("0.5")
    order.cancel_requested_at = AT
    update = update_of(order, ref=0)
    assert (update.ref, update.side, update.leaves) == (0, Side.SELL, Decimal("1.5"))
    assert update.is_open
    assert update.is_canceling
    assert not update.is_in_doubt
