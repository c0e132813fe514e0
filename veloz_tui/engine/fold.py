"""The fold: how each event changes State. The only place where trading state changes.

`apply` uses the event's `at` and nothing else: no clock, no books. So replaying a journal equals having lived
it, and a snapshot equals the fold of the events before it.
"""

from collections.abc import Callable
from typing import Any, Final

from veloz_tui.domain import events as e
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.event import Event
from veloz_tui.domain.order import REOPENABLE, TRANSITIONS, Amendment, Order, OrderEvent
from veloz_tui.domain.reports import Balance
from veloz_tui.domain.strategy_events import StrategyChanged, StrategyParametersSet
from veloz_tui.domain.strategy_views import Fault
from veloz_tui.domain.types import ClientOrderId, Nanos, OrderStatus, StrategyState
from veloz_tui.engine import booking
from veloz_tui.engine.forgetting import forget_old
from veloz_tui.engine.state import (
    MAX_ALERTS,
    MAX_FAULTS,
    AlertRecord,
    KillRecord,
    SetParameter,
    State,
    StrategyRecord,
    venue_key,
)


def apply(state: State, recorded: e.Recorded) -> None:
    """Let one fact be true. Events must come gapless and in order."""
    if recorded.seq != state.seq + 1:
        raise InvariantBroken(f"event {recorded.seq} after {state.seq}: the journal has a gap")
    state.seq = recorded.seq
    state.at = recorded.event.at
    state.latest_at = max(state.latest_at, state.at)
    _APPLY[type(recorded.event)](state, recorded.event)


# --- The run ---------------------------------------------------------------------------------------------


def _run_started(s: State, x: e.RunStarted) -> None:
    s.epoch, s.account_tag, s.mode, s.sim_id = x.epoch, x.account_tag, x.mode, x.sim_id
    s.counter = 0
    s.is_running = True


def _run_stopped(s: State, x: e.RunStopped) -> None:
    s.is_running = False


def _instrument_defined(s: State, x: e.InstrumentDefined) -> None:
    s.instruments[x.instrument.id] = x.instrument


def _limits_set(s: State, x: e.LimitsSet) -> None:
    s.limits = dict(x.limits)


def _venue_state_changed(s: State, x: e.VenueStateChanged) -> None:
    s.venues[x.venue] = x.state


def _breaker_changed(s: State, x: e.BreakerChanged) -> None:
    s.breakers[x.venue] = x.state


def _account_identified(s: State, x: e.AccountIdentified) -> None:
    s.account_uids[x.venue] = x.account_uid


# --- Orders ----------------------------------------------------------------------------------------------


def _order_created(s: State, x: e.OrderCreated) -> None:
    s.counter += 1
    forget_old(s, x.at)
    order = _add_order(s, x)
    order.ref, order.replaces = x.ref, x.replaces
    replaced = s.orders.get(x.replaces) if x.replaces is not None else None
    if replaced is not None:
        replaced.amendment, replaced.replaced_by = None, x.client_order_id
    strategy = s.strategies.get(x.request.strategy_id)
    if strategy is not None:
        strategy.orders_sent += 1


def _add_order(s: State, x: e.OrderCreated | e.OrderDenied | e.ExternalOrderSeen) -> Order:
    order = Order(
        client_order_id=x.client_order_id,
        request=x.request,
        created_at=x.at,
        created_seq=s.seq,
        venue_client_id=x.client_order_id,
        updated_at=x.at,
    )
    s.orders[x.client_order_id] = order
    s.open_orders[x.client_order_id] = True
    return order


def _order_denied(s: State, x: e.OrderDenied) -> None:
    s.counter += 1
    forget_old(s, x.at)
    order = _add_order(s, x)
    order.status = OrderStatus.DENIED
    order.reason = x.text
    _end(s, order, x.at)


def _external_order_seen(s: State, x: e.ExternalOrderSeen) -> None:
    known = s.orders.get(x.client_order_id)
    order = _add_order(s, x)
    if known is not None:  # seen before, by its trades only
        order.trade_ids = known.trade_ids
        order.filled, order.filled_quote = known.filled, known.filled_quote
        s.ended.pop(x.client_order_id, None)
    order.status = OrderStatus.ACCEPTED
    order.venue_client_id = x.venue_client_id
    order.venue_order_id = x.venue_order_id
    s.by_venue_id[venue_key(order.instrument_id, x.venue_order_id)] = x.client_order_id


def _move(s: State, client_order_id: ClientOrderId, event: OrderEvent, at: Nanos) -> Order:
    order = s.orders[client_order_id]
    transition = TRANSITIONS[order.status, event]
    if transition.is_anomaly:
        s.anomalies += 1
    before, was_terminal = order.status, order.is_terminal
    order.status = transition.status
    order.updated_at = at
    if order.is_terminal and order.status is not before:
        _end(s, order, at)
    elif was_terminal and not order.is_terminal:
        _reopen(s, order)
    return order


def _end(s: State, order: Order, at: Nanos) -> None:
    order.ended_at = at
    order.in_doubt_since = None
    if order.status not in REOPENABLE:  # else the wish stands, should it turn out to be alive
        order.cancel_requested_at = None
    s.open_orders.pop(order.client_order_id, None)
    s.ended.pop(order.client_order_id, None)
    s.held.pop(order.client_order_id, None)
    # A held order must not be let go of: it joins the ended ones when its hold is over.
    (s.held if order.status is OrderStatus.NEVER_ARRIVED else s.ended)[order.client_order_id] = at


def _reopen(s: State, order: Order) -> None:
    order.ended_at = None
    s.ended.pop(order.client_order_id, None)
    s.held.pop(order.client_order_id, None)
    s.open_orders[order.client_order_id] = True


def _order_not_sent(s: State, x: e.OrderNotSent) -> None:
    _move(s, x.client_order_id, OrderEvent.NOT_SENT, x.at).reason = x.reason


def _order_submitted(s: State, x: e.OrderSubmitted) -> None:
    order = _move(s, x.client_order_id, OrderEvent.SUBMITTED, x.at)
    order.submitted_at = x.at


def _order_accepted(s: State, x: e.OrderAccepted) -> None:
    order = _move(s, x.client_order_id, OrderEvent.ACCEPTED, x.at)
    order.in_doubt_since = None
    order.venue_order_id = x.venue_order_id
    s.by_venue_id[venue_key(order.instrument_id, x.venue_order_id)] = x.client_order_id


def _order_rejected(s: State, x: e.OrderRejected) -> None:
    order = _move(s, x.client_order_id, OrderEvent.REJECTED, x.at)
    order.reason = x.text if x.code is None else f"{x.text} [{x.code}]"


def _order_in_doubt(s: State, x: e.OrderInDoubt) -> None:
    order = _move(s, x.client_order_id, OrderEvent.IN_DOUBT, x.at)
    if not order.is_terminal and order.in_doubt_since is None:
        order.in_doubt_since = x.at
    order.reason = x.reason


def _cancel_requested(s: State, x: e.CancelRequested) -> None:
    order = _move(s, x.client_order_id, OrderEvent.CANCEL_REQUESTED, x.at)
    if not order.is_terminal and order.cancel_requested_at is None:
        order.cancel_requested_at = x.at


def _cancel_rejected(s: State, x: e.CancelRejected) -> None:
    _move(s, x.client_order_id, OrderEvent.CANCEL_REJECTED, x.at)


def _amend_requested(s: State, x: e.AmendRequested) -> None:
    s.orders[x.client_order_id].amendment = Amendment(x.at, x.quantity, x.price, x.stop_price)


def _amend_dropped(s: State, x: e.AmendDropped) -> None:
    s.orders[x.client_order_id].amendment = None


def _order_canceled(s: State, x: e.OrderCanceled) -> None:
    _move(s, x.client_order_id, OrderEvent.CANCELED, x.at).reason = x.reason


def _order_expired(s: State, x: e.OrderExpired) -> None:
    _move(s, x.client_order_id, OrderEvent.EXPIRED, x.at).reason = x.reason


def _order_never_arrived(s: State, x: e.OrderNeverArrived) -> None:
    _move(s, x.client_order_id, OrderEvent.NEVER_ARRIVED, x.at)


def _order_filled(s: State, x: e.OrderFilled) -> None:
    order = s.orders[x.client_order_id]
    if x.trade_id in order.trade_ids:
        raise InvariantBroken(f"fill {x.trade_id} of {x.client_order_id} would be booked twice")
    order.trade_ids.add(x.trade_id)
    order.filled += x.quantity
    order.filled_quote += x.quantity * x.price
    _note_untold(s, order)
    is_whole = order.filled >= order.quantity
    _move(s, x.client_order_id, OrderEvent.FILLED if is_whole else OrderEvent.PARTLY_FILLED, x.at)
    order.in_doubt_since = None
    booking.book_strategy(s, order.strategy_id, x, side=order.side.sign)
    booking.remember_fill(s, order, x)
    if x.moved_from is None:
        booking.book(s, x, side=order.side.sign)
        return
    guess = s.orders[x.moved_from]
    guess.trade_ids.discard(x.trade_id)
    guess.filled -= x.quantity
    guess.filled_quote -= x.quantity * x.price
    booking.book_strategy(s, guess.strategy_id, x, side=order.side.sign, sign=-1)


def _note_untold(s: State, order: Order) -> None:
    if order.untold:
        s.awaiting_fills[order.client_order_id] = True
    else:
        s.awaiting_fills.pop(order.client_order_id, None)


def _order_progressed(s: State, x: e.OrderProgressed) -> None:
    order = s.orders[x.client_order_id]
    order.progressed = max(order.progressed, x.cumulative)
    _note_untold(s, order)
    order.updated_at = x.at


def _anomaly_noted(s: State, x: e.AnomalyNoted) -> None:
    s.anomalies += 1


# --- Account ---------------------------------------------------------------------------------------------


def _balance_changed(s: State, x: e.BalanceChanged) -> None:
    s.balances.setdefault(x.venue, {})[x.asset] = Balance(x.asset, x.free, x.locked)


def _trades_fetched(s: State, x: e.TradesFetched) -> None:
    s.last_trade[x.instrument_id] = x.trade_id
    s.last_trade_at[x.instrument_id] = x.venue_at


# --- Trading state, strategies, people -------------------------------------------------------------------


def _halted(s: State, x: e.Halted) -> None:
    s.is_halted = True
    total = sum(1 for i in s.open_orders if s.orders[i].status is not OrderStatus.CREATED)
    s.kill = KillRecord(kill_id=x.kill_id, reason=x.reason, by=x.by, at=x.at, total=total)


def _kill_stamped(s: State, x: e.KillStamped) -> None:
    if s.kill is not None and s.kill.kill_id == x.kill_id:
        s.kill.stamps.setdefault(x.stage, x.elapsed_ms)


def _rearmed(s: State, x: e.Rearmed) -> None:
    s.is_halted = False
    s.rearm_level = x.level


def _reduce_only_set(s: State, x: e.ReduceOnlySet) -> None:
    s.is_reduce_only = x.is_on


def _paused_set(s: State, x: e.PausedSet) -> None:
    s.is_paused = x.is_on


def _strategy_changed(s: State, x: StrategyChanged) -> None:
    record = s.strategies.setdefault(x.strategy_id, StrategyRecord())
    if x.state is StrategyState.STARTING:
        record.net_at_start = booking.net_of(s, x.strategy_id)
    if x.run > record.run > 0 and x.state is StrategyState.STARTING:
        record.restarts += 1
    if x.state is StrategyState.RUNNING and record.state is StrategyState.STARTING:
        record.code = x.code
    record.state, record.run, record.reason, record.changed_at = x.state, x.run, x.reason, x.at
    if x.state is StrategyState.FAULTED:
        record.faults = [*record.faults, Fault(x.at, x.run, x.reason)][-MAX_FAULTS:]


def _strategy_parameters_set(s: State, x: StrategyParametersSet) -> None:
    parameters = s.strategies.setdefault(x.strategy_id, StrategyRecord()).parameters
    for name in {**x.old, **x.new}:
        value, configured = x.new.get(name), x.configured.get(name)
        if value is None or value == configured:
            parameters.pop(name, None)
        else:
            parameters[name] = SetParameter(value, configured or "", x.by, x.at)


def _alert_raised(s: State, x: e.AlertRaised) -> None:
    known = s.alerts.pop(x.key, None)
    if known is None:
        known = AlertRecord(severity=x.severity, text=x.text, code=x.code, first_at=x.at, last_at=x.at)
        while len(s.alerts) >= MAX_ALERTS:
            del s.alerts[next(iter(s.alerts))]
    else:
        known.severity, known.text, known.code = x.severity, x.text, x.code
        known.last_at, known.count, known.is_acknowledged = x.at, known.count + 1, False
    s.alerts[x.key] = known  # the latest last


def _alert_acknowledged(s: State, x: e.AlertAcknowledged) -> None:
    for key, alert in s.alerts.items():
        if x.key in ("*", key):
            alert.is_acknowledged = True


def _nothing(s: State, x: e.ControlTaken | e.CommandTaken) -> None:
    """Told for the record; no state follows from it."""


_APPLY: Final[dict[type[Event], Callable[[State, Any], None]]] = {
    e.RunStarted: _run_started,
    e.RunStopped: _run_stopped,
    e.InstrumentDefined: _instrument_defined,
    e.LimitsSet: _limits_set,
    e.VenueStateChanged: _venue_state_changed,
    e.BreakerChanged: _breaker_changed,
    e.AccountIdentified: _account_identified,
    e.OrderCreated: _order_created,
    e.OrderDenied: _order_denied,
    e.OrderNotSent: _order_not_sent,
    e.OrderSubmitted: _order_submitted,
    e.OrderAccepted: _order_accepted,
    e.OrderRejected: _order_rejected,
    e.OrderInDoubt: _order_in_doubt,
    e.CancelRequested: _cancel_requested,
    e.CancelRejected: _cancel_rejected,
    e.AmendRequested: _amend_requested,
    e.AmendDropped: _amend_dropped,
    e.OrderCanceled: _order_canceled,
    e.OrderExpired: _order_expired,
    e.OrderFilled: _order_filled,
    e.OrderProgressed: _order_progressed,
    e.OrderNeverArrived: _order_never_arrived,
    e.ExternalOrderSeen: _external_order_seen,
    e.AnomalyNoted: _anomaly_noted,
    e.BalanceChanged: _balance_changed,
    e.TradesFetched: _trades_fetched,
    e.DayOpened: booking.day_opened,
    e.MinuteNoted: booking.minute_noted,
    e.Halted: _halted,
    e.KillStamped: _kill_stamped,
    e.Rearmed: _rearmed,
    e.ReduceOnlySet: _reduce_only_set,
    e.PausedSet: _paused_set,
    StrategyChanged: _strategy_changed,
    StrategyParametersSet: _strategy_parameters_set,
    e.AlertRaised: _alert_raised,
    e.AlertAcknowledged: _alert_acknowledged,
    e.ControlTaken: _nothing,
    e.CommandTaken: _nothing,
}
