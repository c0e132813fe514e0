"""Placing and canceling: from a wish to OrderCreated + Submit, or to OrderDenied; cancels at once, always.

A Submit is parked by the loop until its OrderCreated is durable. A cancel removes a parked submit, and is
sent all the same to whatever may have left; it is sticky: sent again when the venue says that it has it.
"""

from typing import Final

from veloz_tui.domain.events import AmendDropped, CancelRequested, OrderCreated, OrderDenied
from veloz_tui.domain.ids import client_order_id
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.reports import Endpoint
from veloz_tui.domain.types import (
    MILLISECOND,
    SECOND,
    ClientOrderId,
    Nanos,
    OrderStatus,
    OrderType,
    StrategyId,
)
from veloz_tui.engine.actions import Cancel, QueryOrder, Submit, Unpark
from veloz_tui.engine.denials import tell_later
from veloz_tui.engine.live import Denied
from veloz_tui.engine.risk.check import check
from veloz_tui.engine.risk.denial import Denial
from veloz_tui.engine.risk.measures import decision
from veloz_tui.engine.risk_inputs import risk_inputs
from veloz_tui.engine.turn import Turn

COALESCE_CANCELS: Final = SECOND
LONGEST_CANCEL_PAUSE: Final = 10 * SECOND
REPEAT_DENIAL_AFTER: Final = SECOND


def place(
    turn: Turn,
    request: OrderRequest,
    *,
    ref: int = 0,
    is_exit: bool = False,
    replaces: Order | None = None,
) -> tuple[ClientOrderId, Denial | None]:
    """Create an order or deny it; returns its id and, if denied, why. `replaces` has ended."""
    state = turn.state
    inputs = risk_inputs(turn, request, is_exit=is_exit, instead_of=replaces)
    denial = check(request, inputs)
    new_id = client_order_id(account=state.account_tag, epoch=state.epoch, counter=state.counter + 1)
    if denial is not None:
        if _deny(turn, new_id, request, denial, ref):
            turn.live.decisions.append(decision(new_id, request, inputs, denial))
        return new_id, denial
    old = replaces.client_order_id if replaces is not None else None
    seq = turn.emit(OrderCreated(turn.now, new_id, request, ref, old))
    venue = state.venue_of(request.instrument_id)
    if replaces is None:  # else its amendment was counted
        turn.live.order_rate.record(request.strategy_id, turn.now)
    turn.live.venues[venue].breaker.allows(turn.now)  # half-open: this order is the probe
    turn.act(
        Submit(
            client_order_id=new_id,
            venue=venue,
            request=request,
            seq=seq,
            deadline=Nanos(turn.now + turn.settings.submit_deadline_ms * MILLISECOND),
            is_exit=is_exit or request.strategy_id == "manual",
        )
    )
    turn.live.decisions.append(decision(new_id, request, inputs, None))
    return new_id, None


def _deny(turn: Turn, new_id: ClientOrderId, request: OrderRequest, denial: Denial, ref: int) -> bool:
    """Say no; False if that was said a moment ago, and is only counted."""
    key = (request.strategy_id, request.instrument_id, denial.code)
    last = turn.live.denied.get(key)
    is_manual = request.strategy_id == "manual"
    is_repeat = last is not None and not is_manual and turn.now - last.at < REPEAT_DENIAL_AFTER
    denied = OrderDenied(
        turn.now,
        ClientOrderId("") if is_repeat else new_id,  # the next order gets that id
        request,
        denial.code,
        denial.text,
        denial.limit,
        denial.value,
        suppressed=last.suppressed if last is not None and not is_repeat else 0,
        ref=ref,
    )
    if is_repeat:
        turn.live.denied[key].suppressed += 1
        if ref:
            tell_later(turn, denied)
        return False
    turn.emit(denied)
    turn.live.denied[key] = Denied(turn.now, text=denial.text)
    return True


def cancel(turn: Turn, order: Order, *, by: str) -> bool:
    """Want an order gone, and nothing in its stead; False if it already is."""
    if order.amendment is not None:
        drop_amendment(turn, order, f"canceled by {by}")
    return want_gone(turn, order, by=by)


def drop_amendment(turn: Turn, order: Order, why: str) -> None:
    """Whatever becomes of the order, nothing will be placed in its stead."""
    turn.emit(AmendDropped(turn.now, order.client_order_id, why))


def want_gone(turn: Turn, order: Order, *, by: str) -> bool:
    """As `cancel`, but what may be wanted in its stead still is."""
    if order.is_terminal:
        return False
    if order.cancel_requested_at is None:
        turn.emit(CancelRequested(turn.now, order.client_order_id, by))
    if order.status is OrderStatus.CREATED:
        turn.act(Unpark((order.client_order_id,), f"canceled before it was sent, by {by}"))
    send_cancel(turn, order)
    return True


def send_cancel(turn: Turn, order: Order, *, even_if_in_flight: bool = False) -> None:
    """Put a cancel on the wire; one in flight an order, repeats coalesce for a second."""
    sent = turn.live.cancels_in_flight.get(order.client_order_id)
    if sent is not None and turn.now - sent < COALESCE_CANCELS and not even_if_in_flight:
        return
    turn.live.cancels_in_flight[order.client_order_id] = turn.now
    turn.act(
        Cancel(
            client_order_id=order.client_order_id,
            venue=turn.state.venue_of(order.instrument_id),
            instrument_id=order.instrument_id,
            venue_order_id=order.venue_order_id,
            venue_client_id=order.venue_client_id or order.client_order_id,
        )
    )
    waited = turn.now - (order.cancel_requested_at or turn.now)
    turn.timer(
        f"cancel:{order.client_order_id}", after_ns=min(max(SECOND, waited // 2), LONGEST_CANCEL_PAUSE)
    )


def on_cancel_timer(turn: Turn, client_order_id_: str) -> None:
    """Still open a while after its cancel: ask, and cancel again."""
    order = turn.state.order_of(client_order_id_)
    if order is None or order.is_terminal or order.cancel_requested_at is None:
        return
    query(turn, order, Endpoint.ORDER)
    send_cancel(turn, order, even_if_in_flight=True)


def chase(turn: Turn, order: Order) -> None:
    """The venue has an order that must go: one whose cancel was asked for, or any of ours while HALTED."""
    if order.is_terminal:
        return
    if turn.state.is_halted and not order.is_external:
        cancel(turn, order, by="kill switch")
    elif order.cancel_requested_at is not None:
        send_cancel(turn, order)


def query(turn: Turn, order: Order, endpoint: Endpoint) -> None:
    """Ask the venue for one order."""
    turn.act(
        QueryOrder(
            client_order_id=order.client_order_id,
            venue=turn.state.venue_of(order.instrument_id),
            instrument_id=order.instrument_id,
            endpoint=endpoint,
            venue_order_id=order.venue_order_id,
        )
    )


def open_orders(turn: Turn) -> list[Order]:
    """All orders that rest or may get to rest, in the order of their creation."""
    return [turn.state.orders[i] for i in turn.state.open_orders]


def own_orders(turn: Turn, strategy_id: StrategyId) -> list[Order]:
    """A strategy's open orders, in the order of their creation."""
    return [turn.state.orders[i] for i in turn.live.working.of_strategy(strategy_id)]


def is_protective_stop(order: Order) -> bool:
    return order.request.order_type is OrderType.STOP_LIMIT
