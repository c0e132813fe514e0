"""The chain of one order: its events, the wire's messages and what followed, merged in the order of time."""

from collections.abc import Iterator

from veloz_tui.domain import events as e
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.queries import Chain, Step, WireEntry
from veloz_tui.domain.types import OrderStatus, Severity
from veloz_tui.engine import words
from veloz_tui.engine.why.event_words import told
from veloz_tui.engine.why.evidence import Evidence
from veloz_tui.engine.why.order_steps import describe, steps_of

_PAYLOAD = 400


def order_chain(evidence: Evidence) -> Chain:
    """Say everything that is known of an order."""
    steps = [step for recorded in evidence.events for step in steps_of(recorded, evidence)]
    steps += [_wire(entry) for entry in evidence.wire]
    steps += _caused(evidence)
    steps.sort(key=lambda step: step.at or 0)  # stable: an event's own steps stay as they were made
    if evidence.is_cut:
        steps.append(
            Step(None, "note", "more happened than is shown here: veloz watch and the journal have it")
        )
    request = _request(evidence)
    what = "" if request is None else f" {describe(request, evidence)}"
    return Chain(
        title=f"{words.short_id(evidence.client_order_id)}{what}",
        subject=evidence.client_order_id,
        steps=tuple(steps),
        now=_now(evidence),
    )


def _request(evidence: Evidence) -> OrderRequest | None:
    for recorded in evidence.events:
        if isinstance(recorded.event, e.OrderCreated | e.OrderDenied | e.ExternalOrderSeen):
            return recorded.event.request
    return None


def _wire(entry: WireEntry) -> Step:
    if entry.is_sent:
        more = (entry.payload[:_PAYLOAD],) if entry.payload else ()
        return Step(entry.at, "wire", f"-> {entry.topic} ({entry.channel})", more=more)
    # What an answer or an event means is an event's step; the whole of it is in the wire log.
    after = "" if entry.ms is None else f" after {entry.ms:,.1f} ms"
    is_bad = entry.reply_to is not None and not entry.outcome.startswith("200")
    severity = Severity.WARN if is_bad else Severity.INFO
    return Step(entry.at, "wire", f"<- {entry.topic}: {entry.outcome}{after} ({entry.channel})", severity)


def _caused(evidence: Evidence) -> Iterator[Step]:
    """What else came true in the very turns of its events."""
    turns = {recorded.event.at for recorded in evidence.events}
    for other in evidence.around:
        if other.event.at not in turns or isinstance(other.event, e.CommandTaken):
            continue
        found = told(other.event)
        if found is not None:
            yield Step(other.event.at, "caused", f"so: {found[0]}", found[1])


def _now(evidence: Evidence) -> str:
    order = evidence.order
    if order is None:
        return "It ended long ago; the journal alone remembers it"
    left = f"{words.number(order.leaves)} of {words.number(order.quantity)} left"
    if order.in_doubt_since is not None:
        since = words.seconds(evidence.now - order.in_doubt_since)
        return f"IN DOUBT for {since}, {left}: the venue is asked. Do not resend"
    if order.is_open and order.cancel_requested_at is not None:
        return f"CANCELING, {left}: its cancel is repeated until the venue confirms"
    match order.status:
        case OrderStatus.CREATED | OrderStatus.SUBMITTED:
            return f"On its way, {left}"
        case OrderStatus.ACCEPTED:
            return f"OPEN at the venue, {left}"
        case OrderStatus.DENIED:
            return "DENIED by our own rules: nothing was sent"
        case OrderStatus.NOT_SENT:
            return "NOT SENT: send it again if it is still right"
        case OrderStatus.REJECTED:
            return "REJECTED: the venue has nothing of it"
        case OrderStatus.NEVER_ARRIVED:
            return "NEVER ARRIVED: should the venue show it all the same, it reopens with an alarm"
        case _:
            return f"{order.status}: filled {words.number(order.filled)} of {words.number(order.quantity)}"
