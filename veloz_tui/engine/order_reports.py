"""What a venue says of orders, turned into what we hold true.

Reports come from answers, the user stream, queries and lists, in any order, repeated and late. Fills are
booked once by trade id; a cumulative amount ahead of our fills moves exposure and fetches the fills; the
venue's word ends an order, silence never does.
"""

from veloz_tui.domain import events as e
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.ids import is_ours
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.reports import (
    CancelFailed,
    CancelSucceeded,
    CancelUnknown,
    Endpoint,
    Fill,
    FillsListed,
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
from veloz_tui.domain.types import (
    EXTERNAL,
    ClientOrderId,
    InstrumentId,
    OrderStatus,
    OrderType,
    Severity,
    TradeId,
    VenueOrderId,
)
from veloz_tui.engine import doubts, pnl, words
from veloz_tui.engine.actions import FetchFills
from veloz_tui.engine.orders import query, send_cancel
from veloz_tui.engine.quotes import requote_after
from veloz_tui.engine.state import venue_key
from veloz_tui.engine.turn import Turn

_BEFORE_ACCEPTANCE = frozenset(
    {
        OrderStatus.CREATED,
        OrderStatus.SUBMITTED,
        OrderStatus.NOT_SENT,
        OrderStatus.REJECTED,
        OrderStatus.NEVER_ARRIVED,
    }
)
_REOPENED = frozenset({OrderStatus.NOT_SENT, OrderStatus.REJECTED, OrderStatus.NEVER_ARRIVED})


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
        _anomaly(turn, order, f"refused after it was {order.status}: {report.text}")
        return
    turn.emit(e.OrderRejected(turn.now, order.client_order_id, report.code, report.text))
    venue = words.code(turn.state.venue_of(order.instrument_id))
    code = "" if report.code is None else f" [{report.code}]"
    turn.alert(
        f"rejected:{order.strategy_id}:{order.instrument_id}:{report.code}",
        Severity.WARN,
        f"REJECTED by {venue}: {words.order_text(turn.state, order)}: {report.text}. Not in book{code}",
        code="REJECTED",
    )
    _after_end(turn, order)


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
    _after_end(turn, order)


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
    query(turn, order, Endpoint.ORDER)


def on_cancel_unknown(turn: Turn, report: CancelUnknown) -> None:
    """The retry timer set with the cancel sends it again: canceling is idempotent."""
    turn.live.cancels_in_flight.pop(report.client_order_id, None)


# --- Queries ----------------------------------------------------------------------------------------------


def on_query_answered(turn: Turn, answer: QueryAnswered) -> None:
    order = turn.state.order_of(answer.client_order_id)
    if order is None:
        return
    if answer.report is not None:
        absorb(turn, order, answer.report)
    else:
        doubts.on_absent(turn, order, answer)


def on_query_failed(turn: Turn, answer: QueryFailed) -> None:
    """Says nothing about the order; its timer asks again."""


# --- Reports ----------------------------------------------------------------------------------------------


def on_order_report(turn: Turn, report: OrderReport) -> None:
    order = find(turn, report.instrument_id, report.client_order_id, report.venue_order_id)
    if order is None:
        if report.status is not ReportedStatus.OPEN and not report.fill and not report.fills:
            return  # something that ended before we knew of it
        order = adopt(turn, report)
    absorb(turn, order, report)


def find(turn: Turn, instrument_id: InstrumentId, client_id: str, venue_order_id: str) -> Order | None:
    """Ours by its id, else by the venue's."""
    order = turn.state.order_of(client_id)
    if order is not None and order.instrument_id == instrument_id:
        return order
    known = turn.state.by_venue_id.get(venue_key(instrument_id, venue_order_id))
    return turn.state.orders.get(known) if known else None


def adopt(turn: Turn, report: OrderReport) -> Order:
    """An order that isn't in our journal: EXTERNAL; with our prefix it is an orphan, and an alarm."""
    is_orphan = is_ours(report.client_order_id)
    key = ClientOrderId(f"x-{report.instrument_id}-{report.venue_order_id}")
    request = OrderRequest(
        instrument_id=report.instrument_id,
        side=report.side,
        quantity=report.quantity,
        order_type=report.order_type,
        price=report.price,
        stop_price=report.stop_price,
        time_in_force=report.time_in_force,
        post_only=report.post_only,
        strategy_id=EXTERNAL,
    )
    turn.emit(
        e.ExternalOrderSeen(
            turn.now, key, request, report.venue_order_id, report.client_order_id, is_orphan=is_orphan
        )
    )
    order = turn.state.orders[key]
    if is_orphan:
        turn.alert(
            f"orphan:{report.client_order_id}",
            Severity.CRIT,
            f"ORPHAN {words.order_text(turn.state, order)}: our id {report.client_order_id}, not in this "
            "journal. Another engine on this account? x x cancels it",
            code="ORPHAN",
        )
    return order


def absorb(turn: Turn, order: Order, report: OrderReport) -> None:
    """Take in one report of a known order; older or repeated ones change nothing."""
    if report.status is ReportedStatus.UNKNOWN:
        turn.alert(
            f"status:{report.raw_status}",
            Severity.WARN,
            f"UNKNOWN STATUS {report.raw_status!r} of {words.order_text(turn.state, order)}: kept as it was",
            code="UNKNOWN_STATUS",
        )
        return
    _accept(turn, order, report)
    for fill in (*report.fills, *((report.fill,) if report.fill else ())):
        book_fill(turn, order, fill)
    if report.cumulative > order.done:
        turn.emit(e.OrderProgressed(turn.now, order.client_order_id, report.cumulative))
    if order.progressed > order.filled:
        _fetch_fills(turn, order)
    _end(turn, order, report)
    doubts.resolved(turn, order)
    if not order.is_terminal and order.cancel_requested_at is not None:
        send_cancel(turn, order)


def _accept(turn: Turn, order: Order, report: OrderReport) -> None:
    if report.status is ReportedStatus.REJECTED:
        return
    is_new = order.status in _BEFORE_ACCEPTANCE
    if not is_new and not (order.is_in_doubt and not order.is_terminal):
        return
    if order.status in _REOPENED:
        turn.alert(
            f"reopened:{order.client_order_id}",
            Severity.CRIT,
            f"REOPENED {words.order_text(turn.state, order)}: held {order.status}, "
            f"the venue says {report.status}",
            code="REOPENED",
        )
    turn.emit(e.OrderAccepted(turn.now, order.client_order_id, report.venue_order_id, report.venue_at))


def _end(turn: Turn, order: Order, report: OrderReport) -> None:
    if order.is_terminal:
        if order.status is OrderStatus.FILLED and report.status is ReportedStatus.FILLED:
            _after_end(turn, order)
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
    _after_end(turn, order)


def _after_end(turn: Turn, order: Order) -> None:
    turn.live.cancels_in_flight.pop(order.client_order_id, None)
    requote_after(turn, order)


def _fetch_fills(turn: Turn, order: Order) -> None:
    turn.act(
        FetchFills(
            venue=turn.state.venue_of(order.instrument_id),
            instrument_id=order.instrument_id,
            venue_order_id=order.venue_order_id,
        )
    )


# --- Fills ------------------------------------------------------------------------------------------------


def book_fill(turn: Turn, order: Order, fill: Fill) -> None:
    """Book a trade once; after an end of the order it counts all the same, with an alarm."""
    if fill.trade_id in order.trade_ids:
        return
    was_ended = order.is_terminal
    was_expected = order.progressed > order.filled
    instrument = turn.state.instruments[order.instrument_id]
    turn.emit(
        e.OrderFilled(
            turn.now,
            order.client_order_id,
            fill.instrument_id,
            fill.trade_id,
            fill.price,
            fill.quantity,
            fill.fee,
            fill.fee_asset,
            fill.is_maker,
            pnl.fee_value(turn.state, turn.live, instrument, fill),
            fill.venue_at,
        )
    )
    if was_ended and not was_expected:
        _anomaly(turn, order, f"a fill of {words.number(fill.quantity)} came after its end; booked")
    if order.filled > order.quantity:
        _anomaly(turn, order, f"filled {words.number(order.filled)} of {words.number(order.quantity)}")
    if order.is_terminal and not was_ended:
        doubts.resolved(turn, order)
        _after_end(turn, order)


def on_fill(turn: Turn, fill: Fill) -> None:
    """A trade by itself: ours if we know its order, else of an order that isn't ours."""
    order = find(turn, fill.instrument_id, fill.client_order_id, fill.venue_order_id)
    if order is None:
        order = _order_of_foreign_fill(turn, fill)
    book_fill(turn, order, fill)


def _order_of_foreign_fill(turn: Turn, fill: Fill) -> Order:
    key = ClientOrderId(f"x-{fill.instrument_id}-{fill.venue_order_id}")
    request = OrderRequest(
        instrument_id=fill.instrument_id,
        side=fill.side,
        quantity=fill.quantity,
        order_type=OrderType.MARKET,
        strategy_id=EXTERNAL,
    )
    venue_order_id = VenueOrderId(fill.venue_order_id)
    turn.emit(e.ExternalOrderSeen(turn.now, key, request, venue_order_id, fill.client_order_id))
    return turn.state.orders[key]


def on_fills_listed(turn: Turn, listed: FillsListed) -> None:
    """Trades fetched for one order or since a trade; without a known start only our orders' count."""
    since = turn.state.last_trade.get(listed.instrument_id)
    for fill in listed.fills:
        known = find(turn, fill.instrument_id, fill.client_order_id, fill.venue_order_id)
        if known is not None:
            book_fill(turn, known, fill)
        elif since is not None and int(fill.trade_id) > int(since):
            on_fill(turn, fill)
    if listed.since is not None:
        fetched_up_to(turn, listed.instrument_id, listed.fills)


def fetched_up_to(turn: Turn, instrument_id: InstrumentId, fills: tuple[Fill, ...]) -> None:
    """Note that every trade up to the newest of these is booked."""
    ids = [int(fill.trade_id) for fill in fills if fill.instrument_id == instrument_id]
    known = turn.state.last_trade.get(instrument_id)
    newest = TradeId(str(max((*ids, int(known or 0)))))
    if newest != known:
        turn.emit(e.TradesFetched(turn.now, instrument_id, newest))


def _known(turn: Turn, client_order_id: ClientOrderId) -> Order:
    order = turn.state.order_of(client_order_id)
    if order is None:
        raise InvariantBroken(f"a transport reports on {client_order_id}, which was never created")
    return order


def _anomaly(turn: Turn, order: Order, text: str) -> None:
    if order.is_external:
        return  # what we know of others' orders is pieced together; their sizes may be guesses
    turn.emit(e.AnomalyNoted(turn.now, order.client_order_id, text))
    turn.alert(
        f"anomaly:{order.client_order_id}",
        Severity.WARN,
        f"ANOMALY {words.order_text(turn.state, order)}: {text}",
        code="ANOMALY",
    )
