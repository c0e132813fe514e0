"""The chain of an alert, or of one line of the log: what raised it, since when, what lifts it, what to do."""

from collections.abc import Iterator, Sequence

from veloz_tui.domain import events as e
from veloz_tui.domain.events import Recorded
from veloz_tui.domain.queries import Chain, Step
from veloz_tui.domain.types import Nanos
from veloz_tui.engine import words
from veloz_tui.engine.state import AlertRecord
from veloz_tui.engine.why.event_words import told
from veloz_tui.engine.why.remedies import REMEDIES


def alert_chain(
    key: str, alert: AlertRecord, turns: Sequence[Recorded], *, of_order: Chain | None, now: Nanos
) -> Chain:
    """Say why an alert stands. `turns` are the events of the turns that raised it first and last."""
    times = f", {alert.count} times, last {words.utc(alert.last_at)}" if alert.count > 1 else ""
    code = f" [{alert.code}]" if alert.code else ""
    first = Step(alert.first_at, "asked", f"RAISED first{times}; {words.seconds(now - alert.first_at)} ago")
    steps = [first, *_steps(turns)]
    last = Step(alert.last_at, "caused", f"{alert.severity} {alert.text}", alert.severity)
    steps = [*steps, last, *(of_order.steps if of_order is not None else ())]
    steps.sort(key=lambda step: step.at or 0)
    lifts, do = REMEDIES.get(alert.code, ("-", "read its text"))
    seen = "acknowledged" if alert.is_acknowledged else "not acknowledged (a)"
    return Chain(
        title=f"alert {key}{code}",
        subject=key,
        steps=tuple(steps),
        now=f"{seen}. Lifted by: {lifts}. To do: {do}",
    )


def event_chain(seq: int, turn: Sequence[Recorded]) -> Chain:
    """Say what came true together with one event, and who asked for it."""
    return Chain(title=f"event {seq:,}", subject=str(seq), steps=tuple(_steps(turn, keeps_alerts=True)))


def _steps(turn: Sequence[Recorded], *, keeps_alerts: bool = False) -> Iterator[Step]:
    for recorded in turn:
        event = recorded.event
        if isinstance(event, e.AlertRaised):
            if keeps_alerts:
                yield Step(event.at, "caused", f"ALERT {event.severity} {event.text}", event.severity)
            continue
        found = told(event)
        if found is not None:
            kind = "asked" if isinstance(event, e.CommandTaken) else "caused"
            yield Step(event.at, kind, found[0], found[1])
        elif isinstance(event, e.CancelRequested):
            yield Step(event.at, "cancel", f"cancel of {words.short_id(event.client_order_id)} by {event.by}")
