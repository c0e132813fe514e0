"""What a venue says of orders, turned into what we hold true.

Reports come from answers, the user stream, queries and lists, in any order, repeated and late. Fills are
booked once by trade id; a cumulative amount ahead of our fills moves exposure and fetches the fills; the
venue's word ends an order, silence never does.
"""

from veloz_tui.domain import events as e
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import (
    CancelFailed,
    CancelSucceeded,
    CancelUnknown,
    Endpoint,
    OrderReport,
    QueryAnswered,
    QueryFailed,
    ReportedStatus,
    SubmitAccepted,
    SubmitNotSent,
    SubmitRejected,
    SubmitUnknown,
    SubmitWritten,
)
from veloz_tui.domain.types import MANUAL, ClientOrderId, OrderStatus, Severity
from veloz_tui.engine import doubts, words
from veloz_tui.engine.fills import book_fill, fetch_fills
from veloz_tui.engine.known_orders import accept, adopt, after_end, anomaly, find
from veloz_tui.engine.orders import chase, query
from veloz_tui.engine.turn import Turn

# --- The outcome of a submit ------------------------------------------------------------------------------


def on_submit_written(turn: Turn, report: SubmitWritten) -> None:
    order = _known(turn, report.client_order_id)
    if order.submitted_at is None:
        turn.emit(e.OrderSubmitted(turn.now, order.client_order_id))


def on_submit_accepted(turn: Turn, report: SubmitAccepted) -> None:
    order = _known(turn, report.client_order_id)
    _count_for_breaker(turn, order, failed=False, reason="")
    absorb(turn, order, report.report)


def on_submit_rejected(turn: Turn, report: SubmitRejected) -> None:
    order = _known(turn, report.client_order_id)
    _count_for_breaker(turn, order, failed=report.counts_as_failure, reason=report.text)
    if order.status not in (OrderStatus.CREATED, OrderStatus.SUBMITTED):
        anomaly(turn, order, f"refused after it was {order.status}: {report.text}")
        return
    turn.emit(e.OrderRejected(turn.now, order.client_order_id, report.code, report.text))
    venue = words.code(turn.state.venue_of(order.instrument_id))
    text = f"{words.order_text(turn.state, order)}: {report.text.rstrip('.')}. Not in book."
    code = "" if report.code is None else f"[{report.code}]"
    turn.alert(
        f"rejected:{order.strategy_id}:{order.instrument_id}:{report.code}",
        Severity.WARN,
        " ".join(part for part in (f"REJECTED by {venue}:", text, report.remedy, code) if part),
        code="REJECTED",
        is_answer=order.strategy_id == MANUAL,  # who sent it by hand reads each, soon after the last one too
    )
    after_end(turn, order)


def on_submit_unknown(turn: Turn, report: SubmitUnknown) -> None:
    order = _known(turn, report.client_order_id)
    _count_for_breaker(turn, order, failed=True, reason=report.reason)
    if order.status in (OrderStatus.CREATED, OrderStatus.SUBMITTED):
        doubts.doubt(turn, order, report.reason)


def on_submit_not_sent(turn: Turn, report: SubmitNotSent) -> None:
    order = _known(turn, report.client_order_id)
    if order.status not in (OrderStatus.CREATED, OrderStatus.SUBMITTED):
        return
    turn.emit(e.OrderNotSent(turn.now, order.client_order_id, report.reason))
    if order.strategy_id == "manual":
        turn.alert(
            f"not-sent:{order.client_order_id}",
            Severity.WARN,
            f"NOT SENT {words.order_text(turn.state, order)}: {report.reason}",
            code="NOT_SENT",
        )
    after_end(turn, order)


def _count_for_breaker(turn: Turn, order: Order, *, failed: bool, reason: str) -> None:
    venue = turn.state.venue_of(order.instrument_id)
    breaker = turn.live.venues[venue].breaker
    moved = breaker.on_failure(turn.now, reason) if failed else breaker.on_success(turn.now)
    if not moved:
        return
    turn.emit(e.BreakerChanged(turn.now, venue, breaker.state, reason))
    text = f"{words.code(venue)} {breaker.text(turn.now)}: no new orders there; cancels and exits go on"
    if failed:
        turn.alert(f"breaker:{venue}", Severity.WARN, text, code="BREAKER_OPEN")


# --- The outcome of a cancel ------------------------------------------------------------------------------


def on_cancel_succeeded(turn: Turn, report: CancelSucceeded) -> None:
    order = turn.state.order_of(report.client_order_id)
    turn.live.cancels_in_flight.pop(report.client_order_id, None)
    if order is not None and report.report is not None:
        absorb(turn, order, report.report)
    elif order is not None and not order.is_terminal:
        query(turn, order, Endpoint.ORDER)


def on_cancel_failed(turn: Turn, report: CancelFailed) -> None:
    """Filled, ended or not there yet: ask. Never an end by itself."""
    turn.live.cancels_in_flight.pop(report.client_order_id, None)
    order = turn.state.order_of(report.client_order_id)
    if order is None or order.is_terminal:
        return
    turn.emit(e.CancelRejected(turn.now, order.client_order_id, report.code, report.text))
    if not turn.live.venues[turn.state.venue_of(order.instrument_id)].reconciling:  # it asks for every order
        query(turn, order, Endpoint.ORDER)


def on_cancel_unknown(turn: Turn, report: CancelUnknown) -> None:
    """The retry timer set with the cancel sends it again: canceling is idempotent."""
    turn.live.cancels_in_flight.pop(report.client_order_id, None)


# --- Queries ----------------------------------------------------------------------------------------------


def on_query_answered(turn: Turn, answer: QueryAnswered) -> None:
    order = turn.state.order_of(answer.client_order_id)
    if order is None or turn.live.venues[turn.state.venue_of(order.instrument_id)].is_swapped:
        return
    if answer.report is not None:
        absorb(turn, order, answer.report)
    else:
        doubts.on_absent(turn, order, answer)


def on_query_failed(turn: Turn, answer: QueryFailed) -> None:
    """Says nothing about the order; its timer asks again."""


# --- Reports ----------------------------------------------------------------------------------------------


def on_order_report(turn: Turn, report: OrderReport) -> None:
    """A report of any order of the account, from the stream or a list."""
    if turn.live.venues[report.venue].is_swapped:
        return
    order = find(turn, report.instrument_id, report.client_order_id, report.venue_order_id)
    if order is None:
        if report.status is not ReportedStatus.OPEN and not report.fill and not report.fills:
            return  # something that ended before we knew of it
        order = adopt(turn, report)
    elif _was_guessed(order, report):
        order = adopt(turn, report)
    absorb(turn, order, report)


def _was_guessed(order: Order, report: OrderReport) -> bool:
    """An order of somebody else's that we knew by its first trades only, and that is larger than those."""
    is_larger = report.quantity > order.quantity and report.status is ReportedStatus.OPEN
    return order.is_external and order.status is OrderStatus.FILLED and is_larger


def absorb(turn: Turn, order: Order, report: OrderReport) -> None:
    """Take in one report of a known order; older or repeated ones change nothing."""
    is_readable = report.status is not ReportedStatus.UNKNOWN
    if is_readable and report.status is not ReportedStatus.REJECTED:
        accept(
            turn,
            order,
            venue_order_id=report.venue_order_id,
            venue_at=report.venue_at,
            says=report.status.value,
        )
    for fill in (*report.fills, *((report.fill,) if report.fill else ())):
        book_fill(turn, order, fill)
    if report.cumulative > order.done:
        turn.emit(e.OrderProgressed(turn.now, order.client_order_id, report.cumulative))
    if order.progressed > order.filled:
        fetch_fills(turn, order)
    if not is_readable:
        _on_unknown_status(turn, order, report)
        return
    _end(turn, order, report)
    doubts.resolved(turn, order)
    chase(turn, order)


def _on_unknown_status(turn: Turn, order: Order, report: OrderReport) -> None:
    """It exists, and more can't be said: what filled is booked, the rest is asked for."""
    doubts.seen(turn, order)
    turn.alert(
        f"status:{report.raw_status}",
        Severity.WARN,
        f"UNKNOWN STATUS {report.raw_status!r} of {words.order_text(turn.state, order)}: kept as it was",
        code="UNKNOWN_STATUS",
    )


def _end(turn: Turn, order: Order, report: OrderReport) -> None:
    if order.is_terminal:
        if order.status is OrderStatus.FILLED and report.status is ReportedStatus.FILLED:
            after_end(turn, order)
        return
    match report.status:
        case ReportedStatus.CANCELED:
            turn.emit(e.OrderCanceled(turn.now, order.client_order_id, report.reason))
        case ReportedStatus.EXPIRED:
            turn.emit(e.OrderExpired(turn.now, order.client_order_id, report.reason))
        case ReportedStatus.REJECTED:
            turn.emit(e.OrderRejected(turn.now, order.client_order_id, None, report.reason or "rejected"))
        case _:
            return
    after_end(turn, order)


def _known(turn: Turn, client_order_id: ClientOrderId) -> Order:
    order = turn.state.order_of(client_order_id)
    if order is None:
        raise InvariantBroken(f"a transport reports on {client_order_id}, which was never created")
    return order
