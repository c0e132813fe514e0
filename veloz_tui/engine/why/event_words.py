"""Any event in a few words, without the state that was: for what happened beside an order."""

from veloz_tui.domain import events as e
from veloz_tui.domain.strategy_events import StrategyChanged
from veloz_tui.domain.types import Severity
from veloz_tui.engine import words


def command_name(text: str) -> str:
    """`PlaceOrder` of a journaled command."""
    return text.partition(" ")[0]


def told(event: e.AnyEvent) -> tuple[str, Severity] | None:  # noqa: PLR0912 - a table, a line an event
    """What an event says by itself; None for those that only go with others."""
    severity = Severity.INFO
    match event:
        case e.AlertRaised():
            code = f" [{event.code}]" if event.code else ""
            text, severity = f"ALERT {event.severity}{code}", event.severity
        case StrategyChanged():
            text = f"strategy {event.strategy_id} {event.state}{words.because(event.reason)}"
        case e.BreakerChanged():
            text = f"breaker of {words.code(event.venue)} {event.state}{words.because(event.reason)}"
        case e.VenueStateChanged():
            text = f"venue {words.code(event.venue)} {event.state}{words.because(event.reason)}"
        case e.ReduceOnlySet():
            text = f"REDUCE {'on' if event.is_on else 'off'} by {event.by or '-'}"
        case e.PausedSet():
            text = f"{'PAUSED' if event.is_on else 'resumed'} by {event.by or '-'}"
        case e.Halted():
            text, severity = f"HALTED by {event.by or '-'}: {event.reason}", Severity.CRIT
        case e.KillStamped():
            text = f"kill: {event.stage.replace('_', ' ')} after {event.elapsed_ms:,.1f} ms"
        case e.Rearmed():
            text = f"RE-ARMED {event.level} by {event.by or '-'}"
        case e.CommandTaken():
            text = f"{command_name(event.text)} by {event.by or '-'}"
        case e.ControlTaken():
            text = f"control taken by {event.by or '-'}"
        case e.AlertAcknowledged():
            text = f"alert {event.key} acknowledged by {event.by or '-'}"
        case e.RunStarted():
            text = f"run started, version {event.version}"
        case e.RunStopped():
            text = f"run stopped: {event.reason}"
        case e.DayOpened():
            text = "the PnL day began"
        case _:
            return None
    return text, severity
