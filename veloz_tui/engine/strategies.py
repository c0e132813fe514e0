"""Running strategies: start, stop, pause, faults, and their intents.

Intents of an ended run, or of a strategy that isn't RUNNING, are dropped and counted. A fault pulls that
strategy's orders; the others go on. Only what failed restarts by itself, and only where its settings say so.
"""

import math
from typing import Final

from veloz_tui.domain.events import (
    AlertRaised,
    OrderDenied,
)
from veloz_tui.domain.intents import (
    CancelIntent,
    LogIntent,
    PlaceIntent,
    QuoteIntent,
    StrategyHostChanged,
    StrategyReported,
    TimerIntent,
)
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.strategy_events import StrategyChanged
from veloz_tui.domain.types import ClientOrderId, Severity, StrategyId, StrategyState
from veloz_tui.engine import restarts
from veloz_tui.engine.actions import StartHost, StopHost
from veloz_tui.engine.denials import MAX_DENIED_PER_S, has_too_many, tell_later
from veloz_tui.engine.orders import cancel, own_orders, place
from veloz_tui.engine.quotes import pull, wish
from veloz_tui.engine.settings import StrategySettings
from veloz_tui.engine.state import StrategyRecord
from veloz_tui.engine.turn import Turn

MAX_REFS: Final = 10_000
_ALIVE = frozenset({StrategyState.STARTING, StrategyState.RUNNING, StrategyState.PAUSED})


def settings_of(turn: Turn, strategy_id: StrategyId) -> StrategySettings | None:
    return next((s for s in turn.settings.strategies if s.strategy_id == strategy_id), None)


def record_of(turn: Turn, strategy_id: StrategyId) -> StrategyRecord:
    return turn.state.strategies.get(strategy_id) or StrategyRecord()


def start(turn: Turn, strategy_id: StrategyId) -> tuple[bool, str]:
    """Start, or resume a paused one; returns whether, and what to tell."""
    if settings_of(turn, strategy_id) is None:
        known = ", ".join(s.strategy_id for s in turn.settings.strategies) or "none"
        return False, f"no strategy {strategy_id}: configured are {known}"
    record = record_of(turn, strategy_id)
    if turn.state.is_halted:
        return False, f"HALTED: {strategy_id} stays stopped. :rearm full first"
    if record.state is StrategyState.PAUSED:
        turn.emit(StrategyChanged(turn.now, strategy_id, StrategyState.RUNNING, record.run, "resumed"))
        return True, f"{strategy_id} resumed"
    if record.state in _ALIVE:
        return True, f"{strategy_id} is {record.state} already"
    restarts.forget(turn, strategy_id)
    _begin(turn, strategy_id, reason="")
    turn.live.strategy(strategy_id).pinned_code = None
    return True, f"{strategy_id} starting"


def on_restart_timer(turn: Turn, name: str) -> None:
    """A planned restart is due, or its orders were still open a moment ago."""
    strategy_id = StrategyId(name)
    if restarts.is_due(turn, strategy_id):
        _begin(turn, strategy_id, reason=f"restarted after: {record_of(turn, strategy_id).reason}"[:300])


def _begin(turn: Turn, strategy_id: StrategyId, *, reason: str) -> None:
    run = record_of(turn, strategy_id).run + 1
    turn.emit(StrategyChanged(turn.now, strategy_id, StrategyState.STARTING, run, reason))
    live = turn.live.strategy(strategy_id)
    live.doing = "starting"
    live.refs.clear()
    live.untold.clear()
    live.denied = 0
    turn.act(StartHost(strategy_id, run))


def stop(turn: Turn, strategy_id: StrategyId, *, by: str, keeps_orders: bool = False) -> tuple[bool, str]:
    """Stop at once; its orders are canceled unless kept, its position stays."""
    record = turn.state.strategies.get(strategy_id)
    if record is None and settings_of(turn, strategy_id) is None:
        return False, f"no strategy {strategy_id}"
    if record is not None and record.state in _ALIVE:
        turn.act(StopHost(strategy_id, record.run, f"stopped by {by}"))
        turn.emit(
            StrategyChanged(turn.now, strategy_id, StrategyState.STOPPED, record.run, f"stopped by {by}")
        )
    was_planned = restarts.forget(turn, strategy_id)
    turn.live.strategy(strategy_id).doing = ""
    if keeps_orders:
        kept = sum(turn.state.orders[i].strategy_id == strategy_id for i in turn.state.open_orders)
        orders = f"keeps {kept} orders resting"
    else:
        orders = f"{pull(turn, strategy_id, by=by)} canceled"
    turn.live.strategy(strategy_id).quotes.clear()
    return (
        True,
        f"{strategy_id} stopped, {orders}, position {position_text(turn, strategy_id)} stays"
        + ("; it will not be restarted" if was_planned else ""),
    )


def position_text(turn: Turn, strategy_id: StrategyId) -> str:
    positions = turn.state.strategy_positions.get(strategy_id, {})
    texts = [f"{position.quantity:+f}" for position in positions.values() if position.quantity]
    return ", ".join(texts) or "0"


def pause(turn: Turn, strategy_id: StrategyId, *, by: str) -> tuple[bool, str]:
    """It pulls its quotes and keeps running; its intents are dropped until it is started again."""
    record = record_of(turn, strategy_id)
    if record.state is not StrategyState.RUNNING:
        return False, f"{strategy_id} is {record.state}, not running"
    turn.emit(StrategyChanged(turn.now, strategy_id, StrategyState.PAUSED, record.run, f"paused by {by}"))
    canceled = pull(turn, strategy_id, by=by)
    return True, f"{strategy_id} paused, {canceled} canceled"


def pause_all(turn: Turn, *, by: str) -> int:
    """Pull every strategy's orders; returns how many were canceled."""
    return sum(pull(turn, strategy_id, by=by) for strategy_id in list(turn.state.strategies))


def on_host_changed(turn: Turn, report: StrategyHostChanged) -> None:
    record = turn.state.strategies.get(report.strategy_id)
    if record is None or record.run != report.run:
        return  # a run that was ended already
    if report.is_running:
        _on_hello(turn, report, record)
    elif record.state in _ALIVE:
        _on_end(turn, report.strategy_id, report.run, report.error)


def _on_hello(turn: Turn, report: StrategyHostChanged, record: StrategyRecord) -> None:
    live = turn.live.strategy(report.strategy_id)
    live.parameters = report.parameters
    if record.state is not StrategyState.STARTING:
        return
    change = f"{record.code or 'none'} -> {report.code or 'none'}" if record.code != report.code else ""
    if change and live.pinned_code is not None:  # a restart, of what nobody has said that it shall trade
        error = f"its code was changed while it ran ({change}): it isn't restarted by itself"
        turn.act(StopHost(report.strategy_id, report.run, error))
        _on_end(turn, report.strategy_id, report.run, error, may_restart=False)
        return
    live.pinned_code = report.code
    reason = f"its code has changed since it last ran ({change})" if change and record.code else ""
    running = StrategyState.RUNNING
    turn.emit(StrategyChanged(turn.now, report.strategy_id, running, report.run, reason, report.code))


def _on_end(turn: Turn, strategy_id: StrategyId, run: int, error: str, *, may_restart: bool = True) -> None:
    reason = error or "ended by itself"
    state = StrategyState.FAULTED if error else StrategyState.STOPPED
    turn.emit(StrategyChanged(turn.now, strategy_id, state, run, reason))
    canceled = pull(turn, strategy_id, by=strategy_id)
    turn.live.strategy(strategy_id).doing = reason
    if error:
        then = restarts.after_fault(turn, strategy_id) if may_restart else ""
        text = (
            f"FAULTED {strategy_id}: {error}. {canceled} orders canceled, position "
            f"{position_text(turn, strategy_id)} stays. {then or 'Mend it, then Space starts it'}"
        )
        # Each one, also soon after the last: what follows differs.
        key = f"strategy:{strategy_id}"
        turn.emit(AlertRaised(turn.now, key, Severity.CRIT, text, "STRATEGY_FAULTED"))


def on_reported(turn: Turn, report: StrategyReported) -> None:
    """Take one callback's intents, in their order."""
    live = turn.live.strategy(report.strategy_id)
    record = turn.state.strategies.get(report.strategy_id)
    if record is None or record.run != report.run or record.state not in _ALIVE:
        live.stale_intents += len(report.intents)
        return
    if report.callback_us:
        settings = settings_of(turn, report.strategy_id)
        live.note_callback(report.callback_us, limit_s=settings.callback_limit_s if settings else math.inf)
    if report.doing or report.callback_us:
        live.doing = report.doing
    is_muted = record.state is not StrategyState.RUNNING or turn.state.is_paused
    why = "all are paused" if turn.state.is_paused else f"{report.strategy_id} is {record.state}"
    for intent in report.intents:
        if is_muted and not isinstance(intent, CancelIntent):
            live.stale_intents += 1
            if isinstance(intent, PlaceIntent):
                _refuse(turn, report.strategy_id, intent, code="PAUSED", text=why)
            continue
        _take(turn, report.strategy_id, intent)
    if has_too_many(turn, report.strategy_id):
        _fault(turn, report, f"over {MAX_DENIED_PER_S} of its orders were denied within a second")


def _fault(turn: Turn, report: StrategyReported, error: str) -> None:
    turn.act(StopHost(report.strategy_id, report.run, error))
    _on_end(turn, report.strategy_id, report.run, error)


def _take(
    turn: Turn,
    strategy_id: StrategyId,
    intent: PlaceIntent | CancelIntent | QuoteIntent | TimerIntent | LogIntent,
) -> None:
    match intent:
        case QuoteIntent():
            wish(turn, strategy_id, intent)
        case PlaceIntent():
            _place(turn, strategy_id, intent)
        case CancelIntent():
            _cancel(turn, strategy_id, intent)
        case TimerIntent() | LogIntent():
            pass  # the host keeps its timers and writes its log


def _place(turn: Turn, strategy_id: StrategyId, intent: PlaceIntent) -> None:
    if intent.request.instrument_id not in turn.state.instruments:
        text = f"{strategy_id} wants {intent.request.instrument_id}, which isn't configured"
        turn.alert(f"strategy:{strategy_id}:instrument", Severity.WARN, text, code="UNKNOWN_INSTRUMENT")
        _refuse(turn, strategy_id, intent, code="UNKNOWN_INSTRUMENT", text=text)
        return
    request = _own(intent.request, strategy_id)
    refs = turn.live.strategy(strategy_id).refs
    client_order_id, denial = place(turn, request, ref=intent.ref)
    if denial is not None:  # its id may go to the next order
        refs.pop(intent.ref, None)
        return
    refs[intent.ref] = client_order_id
    while len(refs) > MAX_REFS:
        del refs[next(iter(refs))]


def _own(wanted: OrderRequest, strategy_id: StrategyId) -> OrderRequest:
    """In its own name, whatever name it gave."""
    return OrderRequest(
        **{field: getattr(wanted, field) for field in wanted.__struct_fields__ if field != "strategy_id"},
        strategy_id=strategy_id,
    )


def _refuse(turn: Turn, strategy_id: StrategyId, intent: PlaceIntent, *, code: str, text: str) -> None:
    """Nothing is looked at and nothing journaled, but the strategy must know."""
    request = _own(intent.request, strategy_id)
    tell_later(turn, OrderDenied(turn.now, ClientOrderId(""), request, code, text, ref=intent.ref))


def _cancel(turn: Turn, strategy_id: StrategyId, intent: CancelIntent) -> None:
    named = intent.client_order_id or turn.live.strategy(strategy_id).refs.get(intent.ref, "")
    if intent.ref and not named:
        return  # a number this run never used
    for order in own_orders(turn, strategy_id):
        if not named or order.client_order_id == named:
            cancel(turn, order, by=strategy_id)
