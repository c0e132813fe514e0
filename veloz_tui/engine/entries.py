"""Log entries: what happened, a line each, for consoles and `watch`; from an event and its state."""

from veloz_tui.domain import events as e
from veloz_tui.domain.strategy_events import StrategyChanged, StrategyParametersSet
from veloz_tui.domain.types import Severity
from veloz_tui.domain.views import FillView, LogEntry
from veloz_tui.engine import words
from veloz_tui.engine.state import State


def entry_of(state: State, recorded: e.Recorded) -> LogEntry | None:
    """Return the entry of an event, None for those nobody needs to read."""
    event = recorded.event
    match event:
        case e.OrderFilled():
            return _fill(state, recorded.seq, event)
        case e.OrderDenied():
            return LogEntry(
                recorded.seq,
                event.at,
                "denied",
                event.text,
                Severity.WARN,
                event.client_order_id,
                event.request.instrument_id,
                event.request.strategy_id,
            )
        case e.AlertRaised():
            return LogEntry(recorded.seq, event.at, "alert", event.text, event.severity)
        case e.Halted() | e.KillStamped() | e.Rearmed():
            return _kill(recorded.seq, event)
        case StrategyChanged():
            text = f"{event.strategy_id} {event.state}{words.because(event.reason)}"
            return LogEntry(recorded.seq, event.at, "strategy", text, strategy_id=event.strategy_id)
        case StrategyParametersSet():
            text = f"{event.strategy_id} {words.parameter_changes(event)} by {event.by or 'operator'}"
            return LogEntry(recorded.seq, event.at, "strategy", text, strategy_id=event.strategy_id)
        case e.VenueStateChanged():
            text = f"{words.code(event.venue)} {event.state}{words.because(event.reason)}"
            return LogEntry(recorded.seq, event.at, "state", text)
        case e.PausedSet():
            text = "PAUSED" if event.is_on else "resumed"
            return LogEntry(recorded.seq, event.at, "state", f"{text} by {event.by}")
        case e.ReduceOnlySet():
            text = "REDUCE" if event.is_on else "REDUCE off"
            return LogEntry(recorded.seq, event.at, "state", f"{text} by {event.by}")
        case e.ControlTaken():
            return LogEntry(recorded.seq, event.at, "control", f"control taken by {event.by}")
        case _:
            return _order(state, recorded.seq, event) if isinstance(event, _OrderEvent) else None


_OrderEvent = (
    e.OrderCreated
    | e.OrderNotSent
    | e.OrderAccepted
    | e.OrderRejected
    | e.OrderInDoubt
    | e.CancelRequested
    | e.OrderCanceled
    | e.OrderExpired
    | e.OrderNeverArrived
    | e.ExternalOrderSeen
    | e.AmendRequested
    | e.AmendDropped
)
_WORDS = {
    e.OrderCreated: "NEW",
    e.OrderNotSent: "NOT SENT",
    e.OrderAccepted: "OPEN",
    e.OrderRejected: "REJECTED",
    e.OrderInDoubt: "IN DOUBT",
    e.CancelRequested: "CANCELING",
    e.OrderCanceled: "CANCELED",
    e.OrderExpired: "EXPIRED",
    e.OrderNeverArrived: "NEVER ARRIVED",
    e.ExternalOrderSeen: "EXTERNAL",
    e.AmendRequested: "AMENDING",
    e.AmendDropped: "NOT REPLACED",
}
_LOUD = (e.OrderNotSent, e.OrderRejected, e.OrderInDoubt, e.AmendDropped)


def _order(state: State, seq: int, event: _OrderEvent) -> LogEntry | None:
    order = state.orders.get(event.client_order_id)
    if order is None:
        return None
    replaces = event.replaces if isinstance(event, e.OrderCreated) else None
    detail = _detail(event)
    text = f"{_WORDS[type(event)]} {words.order_text(state, order)}" + (f": {detail}" if detail else "")
    severity = Severity.WARN if isinstance(event, _LOUD) else Severity.INFO
    return LogEntry(
        seq,
        event.at,
        "order",
        text,
        severity,
        order.client_order_id,
        order.instrument_id,
        order.strategy_id,
        replaces=replaces or "",
    )


def _detail(event: _OrderEvent) -> str:
    if isinstance(event, e.AmendRequested):
        stop = f" stop {words.number(event.stop_price)}" if event.stop_price is not None else ""
        return f"to {words.number(event.quantity)} in all @{words.number(event.price)}{stop}"
    if isinstance(event, e.OrderCreated) and event.replaces is not None:
        return f"instead of {words.short_id(event.replaces)}"
    return getattr(event, "reason", "") or getattr(event, "text", "")


def _fill(state: State, seq: int, event: e.OrderFilled) -> LogEntry | None:
    order = state.orders.get(event.client_order_id)
    if order is None:
        return None
    instrument = state.instruments.get(event.instrument_id)
    name = instrument.display.partition(".")[0] if instrument else event.instrument_id
    side = "maker" if event.is_maker else "taker"
    position = state.position(event.instrument_id).quantity
    text = (
        f"FILL {order.side} {words.number(event.quantity)} {name} @{words.number(event.price)} {side} "
        f"fee {words.number(event.fee)} {event.fee_asset} -> pos {position.normalize():+,f}"
    )
    return LogEntry(
        seq,
        event.at,
        "fill",
        text,
        Severity.INFO,
        event.client_order_id,
        event.instrument_id,
        order.strategy_id,
        fill=FillView(order.side, event.price, event.quantity, event.fee, event.fee_asset, event.is_maker),
    )


def _kill(seq: int, event: e.Halted | e.KillStamped | e.Rearmed) -> LogEntry:
    match event:
        case e.Halted():
            text = f"HALTED by {event.by}: {event.reason}"
        case e.KillStamped():
            text = f"KILL {event.stage.replace('_', ' ')} after {event.elapsed_ms:,.1f} ms"
        case e.Rearmed():
            text = f"RE-ARMED {event.level} by {event.by}"
    return LogEntry(seq, event.at, "kill", text, Severity.CRIT)
