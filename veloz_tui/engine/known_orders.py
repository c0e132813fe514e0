"""Whose order a report is about: ours by our id or the venue's, or one that isn't ours and is adopted."""

from veloz_tui.domain import events as e
from veloz_tui.domain.ids import is_ours
from veloz_tui.domain.order import REOPENABLE, Order, OrderRequest
from veloz_tui.domain.reports import Fill, OrderReport
from veloz_tui.domain.types import (
    EXTERNAL,
    ClientOrderId,
    InstrumentId,
    Nanos,
    OrderStatus,
    OrderType,
    Severity,
    VenueOrderId,
)
from veloz_tui.engine import amending, closing, words
from veloz_tui.engine.quotes import requote_after
from veloz_tui.engine.state import venue_key
from veloz_tui.engine.turn import Turn

_BEFORE_ACCEPTANCE = REOPENABLE | {OrderStatus.CREATED, OrderStatus.SUBMITTED}


def find(turn: Turn, instrument_id: InstrumentId, client_id: str, venue_order_id: str) -> Order | None:
    """Ours by its id, else by the venue's.

    Binance lets a client id be used again once its order has ended: another venue id under ours is another
    order (a copy that some proxy sent twice), and must not hide behind the first.
    """
    order = turn.state.order_of(client_id)
    if (
        order is not None
        and order.instrument_id == instrument_id
        and order.venue_order_id in (None, venue_order_id)
    ):
        return order
    known = turn.state.by_venue_id.get(venue_key(instrument_id, venue_order_id))
    return turn.state.orders.get(known) if known else None


def external_id(instrument_id: InstrumentId, venue_order_id: str) -> ClientOrderId:
    """What we call an order that isn't ours."""
    return ClientOrderId(f"x-{instrument_id}-{venue_order_id}")


def adopt(turn: Turn, report: OrderReport) -> Order:
    """An order that isn't in our journal: EXTERNAL; with our prefix it is an orphan, and an alarm."""
    is_orphan = is_ours(report.client_order_id)
    key = external_id(report.instrument_id, report.venue_order_id)
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


def adopt_filler(turn: Turn, fill: Fill) -> Order:
    """The order of a trade that none of ours made; all that is known of it is the trade."""
    key = external_id(fill.instrument_id, fill.venue_order_id)
    request = OrderRequest(
        instrument_id=fill.instrument_id,
        side=fill.side,
        quantity=fill.quantity,
        order_type=OrderType.MARKET,
        strategy_id=EXTERNAL,
    )
    turn.emit(e.ExternalOrderSeen(turn.now, key, request, fill.venue_order_id, fill.client_order_id))
    return turn.state.orders[key]


def accept(
    turn: Turn, order: Order, *, venue_order_id: VenueOrderId, venue_at: Nanos | None, says: str
) -> None:
    """The venue has it: say so if that is news, and cry out if we held it for dead."""
    is_news = order.status in _BEFORE_ACCEPTANCE or (order.is_in_doubt and not order.is_terminal)
    if not is_news and order.venue_order_id is not None:
        return
    if order.status in REOPENABLE:
        turn.alert(
            f"reopened:{order.client_order_id}",
            Severity.CRIT,
            f"REOPENED {words.order_text(turn.state, order)}: held {order.status}, the venue says {says}",
            code="REOPENED",
        )
    turn.emit(e.OrderAccepted(turn.now, order.client_order_id, venue_order_id, venue_at))


def after_end(turn: Turn, order: Order) -> None:
    """An order ended: nothing of it is under way, and who waited for it may go on."""
    turn.live.cancels_in_flight.pop(order.client_order_id, None)
    closing.on_end(turn, order)  # before a quote takes the place of the one that ended
    amending.on_end(turn, order)
    if order.status in (OrderStatus.REJECTED, OrderStatus.NOT_SENT):
        amending.on_refused(turn, order)
    requote_after(turn, order)


def anomaly(turn: Turn, order: Order, text: str) -> None:
    """Something an order of ours should not do."""
    if order.is_external:
        return  # what we know of others' orders is pieced together; their sizes may be guesses
    turn.emit(e.AnomalyNoted(turn.now, order.client_order_id, text))
    turn.alert(
        f"anomaly:{order.client_order_id}",
        Severity.WARN,
        f"ANOMALY {words.order_text(turn.state, order)}: {text}",
        code="ANOMALY",
    )
