"""Orders in doubt: asked for by id until the venue gives evidence. A timeout is not a failure.

Absence is weak evidence: venues lag and forget. An order is NEVER_ARRIVED only when, on the venue's clock,
recvWindow + 10 s have passed (an unprocessed copy would now be refused), and after that three answers on two
endpoints did not know it. Its exposure is held half an hour more (State.held).
"""

from typing import Final

from veloz_tui.domain.events import OrderInDoubt, OrderNeverArrived
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import Endpoint, QueryAnswered
from veloz_tui.domain.types import MILLISECOND, SECOND, Severity
from veloz_tui.engine import words
from veloz_tui.engine.known_orders import after_end
from veloz_tui.engine.live import Doubt
from veloz_tui.engine.orders import query
from veloz_tui.engine.turn import Turn

PAUSES_MS: Final = (250, 500, 1_000, 2_000, 4_000)
LAST_PAUSE_MS: Final = 5_000
CLOCK_ERROR_MS: Final = 100
"""How far off our estimate of the venue's clock may be."""
VENUE_TIMEOUT: Final = 10 * SECOND
"""The venue's own limit on working at a request (protocol sheet section 5.3)."""
ENDPOINTS: Final = (Endpoint.ORDER, Endpoint.OPEN_ORDERS, Endpoint.ORDER, Endpoint.TRADES)
ENDPOINTS_BY_OUR_ID: Final = (Endpoint.ORDER, Endpoint.OPEN_ORDERS)
"""Trades can't be searched without the venue's id."""
ABSENT_TIMES: Final = 3
ABSENT_ENDPOINTS: Final = 2


def doubt(turn: Turn, order: Order, reason: str) -> None:
    """Put an order in doubt, say so, and begin to ask."""
    if order.is_terminal or order.client_order_id in turn.live.doubts:
        return
    if order.in_doubt_since is None:
        turn.emit(OrderInDoubt(turn.now, order.client_order_id, reason))
    turn.live.doubts[order.client_order_id] = Doubt(turn.now, reason)
    venue = words.code(turn.state.venue_of(order.instrument_id))
    silence = words.seconds(turn.now - (order.submitted_at or order.created_at))
    why = f"no answer {silence}" if reason == "timeout" else reason
    turn.alert(
        f"doubt:{order.client_order_id}",
        Severity.WARN,
        f"IN DOUBT {words.order_text(turn.state, order)}: {why}, may be live. "
        f"Counted in limits; asking {venue}. Do not resend",
        code="IN_DOUBT",
    )
    turn.timer(f"doubt:{order.client_order_id}", after_ns=PAUSES_MS[0] * MILLISECOND)


def on_doubt_timer(turn: Turn, client_order_id: str) -> None:
    """Ask again, at growing pauses, as long as it takes."""
    order = turn.state.order_of(client_order_id)
    tracked = turn.live.doubts.get(order.client_order_id) if order else None
    if order is None or tracked is None:
        return
    if not order.is_in_doubt:
        del turn.live.doubts[order.client_order_id]
        return
    endpoints = ENDPOINTS if order.venue_order_id else ENDPOINTS_BY_OUR_ID
    query(turn, order, endpoints[tracked.asked % len(endpoints)])
    tracked.asked += 1
    pause = PAUSES_MS[tracked.asked] if tracked.asked < len(PAUSES_MS) else LAST_PAUSE_MS
    until_it_counts = (_late_copy_refused_at(turn, order) - _venue_now(turn, order)) // MILLISECOND
    if until_it_counts > 0:  # from then on absence is evidence: ask right after
        pause = min(pause, until_it_counts + CLOCK_ERROR_MS)
    turn.timer(f"doubt:{client_order_id}", after_ns=pause * MILLISECOND)


def on_absent(turn: Turn, order: Order, answer: QueryAnswered) -> None:
    """An endpoint doesn't know the order: count it, if it counts yet."""
    tracked = turn.live.doubts.get(order.client_order_id)
    if tracked is None or not order.is_in_doubt or answer.venue_at <= _late_copy_refused_at(turn, order):
        return
    tracked.absent_times += 1
    tracked.absent_on.add(answer.endpoint)
    if tracked.absent_times < ABSENT_TIMES or len(tracked.absent_on) < ABSENT_ENDPOINTS:
        turn.timer(f"doubt:{order.client_order_id}", after_ns=PAUSES_MS[0] * MILLISECOND)
        return
    del turn.live.doubts[order.client_order_id]
    turn.emit(OrderNeverArrived(turn.now, order.client_order_id))
    turn.alert(
        f"doubt:{order.client_order_id}",
        Severity.INFO,
        f"RESOLVED {words.order_text(turn.state, order)}: it never arrived. "
        "Its exposure is held for 30 minutes more",
        code="NEVER_ARRIVED",
    )
    after_end(turn, order)


def _late_copy_refused_at(turn: Turn, order: Order) -> int:
    """When, on the venue's clock, a copy of the request still under way would be refused."""
    sent = order.submitted_at or order.created_at + turn.settings.submit_deadline_ms * MILLISECOND
    window = turn.settings.recv_window_ms * MILLISECOND
    return sent + _clock_offset(turn, order) + window + VENUE_TIMEOUT


def _venue_now(turn: Turn, order: Order) -> int:
    return turn.now + _clock_offset(turn, order)


def _clock_offset(turn: Turn, order: Order) -> int:
    health = turn.live.venues[turn.state.venue_of(order.instrument_id)].health
    return int((health.clock_offset_ms or 0.0) * MILLISECOND)


def seen(turn: Turn, order: Order) -> None:
    """It was seen, in a state we can't read: the not-founds so far count for nothing."""
    tracked = turn.live.doubts.get(order.client_order_id)
    if tracked is not None:
        tracked.absent_times = 0
        tracked.absent_on.clear()


def resolved(turn: Turn, order: Order) -> None:
    """Evidence came: say what it showed and stop asking."""
    tracked = turn.live.doubts.pop(order.client_order_id, None)
    if tracked is None:
        return
    venue = words.code(turn.state.venue_of(order.instrument_id))
    turn.alert(
        f"doubt:{order.client_order_id}",
        Severity.INFO,
        f"RESOLVED {words.order_text(turn.state, order)}: {words.status(order.status)} at {venue}, "
        f"in doubt {words.seconds(turn.now - tracked.since)}",
        code="RESOLVED",
    )
