"""An order's own events as steps of its chain. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from veloz_tui.domain import events as e
from veloz_tui.domain.event import Event
from veloz_tui.domain.events import Recorded
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.queries import Step
from veloz_tui.domain.types import MANUAL, SECOND, Nanos, OrderType, Severity
from veloz_tui.engine import words
from veloz_tui.engine.postings import Held
from veloz_tui.engine.risk.measures import measures_of
from veloz_tui.engine.why import risk_lines
from veloz_tui.engine.why.event_words import command_name
from veloz_tui.engine.why.evidence import Evidence

FORMER: Final = "of a former run"
BALANCE_WITHIN: Final = 5 * SECOND


def steps_of(recorded: Recorded, evidence: Evidence) -> Iterator[Step]:
    """What one event of the order says, in one step or a few."""
    make = _STEPS.get(type(recorded.event))
    if make is not None:
        yield from make(recorded, recorded.event, evidence)


def describe(request: OrderRequest, evidence: Evidence) -> str:
    """`BUY 0.05 BTC-USDT @64,120 LIMIT GTC post-only`"""
    kind = "" if request.order_type is OrderType.MARKET else f" {request.order_type} {request.time_in_force}"
    post = " post-only" if request.post_only else ""
    reduce = " reduce-only" if request.reduce_only else ""
    return f"{words.request_text(request, evidence.instrument)}{kind}{post}{reduce}"


# --- before it was sent -----------------------------------------------------------------------------------


def _asked(recorded: Recorded, request: OrderRequest, ref: int, evidence: Evidence) -> Step:
    at = recorded.event.at
    text = f"ASKED {describe(request, evidence)} by {_asker(recorded, request, ref, evidence)}"
    replaces = getattr(recorded.event, "replaces", None)
    text += f", in place of {words.short_id(replaces)}" if replaces else ""
    return Step(at, "asked", text)


def _asker(recorded: Recorded, request: OrderRequest, ref: int, evidence: Evidence) -> str:
    if request.strategy_id == MANUAL:
        for other in reversed(evidence.around):
            event = other.event
            is_same_turn = event.at == recorded.event.at and other.seq < recorded.seq
            if is_same_turn and isinstance(event, e.CommandTaken):
                return f"{event.by or '-'} ({command_name(event.text)})"
        return "the operator, in an earlier command (close, flatten or amend)"
    if request.strategy_id == "risk":
        return "the risk watch (stop loss or take profit)"
    number = f", its number {ref}" if ref else ""
    return f"strategy {request.strategy_id}{number}"


def _risk(recorded: Recorded, evidence: Evidence, *, denied: e.OrderDenied | None) -> Step:
    at, known = recorded.event.at, evidence.decision
    severity = Severity.INFO if denied is None else Severity.WARN
    verdict = "RISK passed" if denied is None else f"RISK {denied.text}"
    if known is not None:
        measures = measures_of(known)
        summary = f"{verdict} - {risk_lines.count(measures)}" if denied is None else verdict
        return Step(at, "risk", summary, severity, risk_lines.lines(measures))
    why = FORMER if evidence.is_of_former_run(at) else "no longer kept"
    more = [f"each rule's numbers: - ({why})"]
    if denied is not None and denied.limit is not None and denied.value is not None:
        more.insert(
            0, f"{denied.code}: value {words.number(denied.value)}, limit {words.number(denied.limit)}"
        )
    return Step(at, "risk", verdict, severity, tuple(more))


def _created(recorded: Recorded, event: e.OrderCreated, evidence: Evidence) -> Iterator[Step]:
    yield _asked(recorded, event.request, event.ref, evidence)
    yield _risk(recorded, evidence, denied=None)
    left = _left_at(evidence)
    took = "-" if left is None else _ms(left - event.at)
    text = f"INTENT journaled as event {recorded.seq:,}; durable and handed over {took} later"
    if left is None:
        text = f"INTENT journaled as event {recorded.seq:,}; it did not leave"
    yield Step(event.at, "intent", text)


def _left_at(evidence: Evidence) -> Nanos | None:
    """When it left the journal's parking: the first word of the transport about it."""
    times = [each.at for each in evidence.wire if each.is_sent]
    times += [each.event.at for each in evidence.events if isinstance(each.event, e.OrderSubmitted)]
    return min(times, default=None)


def _denied(recorded: Recorded, event: e.OrderDenied, evidence: Evidence) -> Iterator[Step]:
    yield _asked(recorded, event.request, event.ref, evidence)
    yield _risk(recorded, evidence, denied=event)
    if event.suppressed:
        text = f"the same was asked and denied {event.suppressed} times more just before; only counted"
        yield Step(event.at, "note", text)


def _not_sent(recorded: Recorded, event: e.OrderNotSent, evidence: Evidence) -> Iterator[Step]:
    text = f"NOT SENT: {event.reason}. The venue has nothing of it"
    yield Step(event.at, "intent", text, Severity.WARN)


def _external(recorded: Recorded, event: e.ExternalOrderSeen, evidence: Evidence) -> Iterator[Step]:
    orphan = "; its id is of our making, but not in this journal" if event.is_orphan else ""
    text = f"SEEN at the venue: {describe(event.request, evidence)}; not of this engine{orphan}"
    yield Step(event.at, "asked", text, Severity.CRIT if event.is_orphan else Severity.INFO)


# --- at the venue -----------------------------------------------------------------------------------------


def _submitted(recorded: Recorded, event: e.OrderSubmitted, evidence: Evidence) -> Iterator[Step]:
    if not any(each.is_sent for each in evidence.wire):
        why = (
            f"wire times and words are {FORMER}" if evidence.is_of_former_run(event.at) else "no longer kept"
        )
        yield Step(event.at, "wire", f"SENT to the venue: - ({why})")


def _accepted(recorded: Recorded, event: e.OrderAccepted, evidence: Evidence) -> Iterator[Step]:
    doubt = _doubt_before(recorded, evidence)
    late = "" if doubt is None else f"; it was in doubt for {words.seconds(event.at - doubt)}"
    venue_at = "" if event.venue_at is None else f", its time {_clock(event.venue_at)}"
    yield Step(event.at, "venue", f"ACCEPTED as {event.venue_order_id} at the venue{venue_at}{late}")


def _doubt_before(recorded: Recorded, evidence: Evidence) -> Nanos | None:
    """Since when it was in doubt, if no evidence came between."""
    since: Nanos | None = None
    for each in evidence.events:
        if each.seq >= recorded.seq:
            break
        if isinstance(each.event, e.OrderInDoubt):
            since = each.event.at
        elif isinstance(each.event, e.OrderAccepted | e.OrderFilled):
            since = None
    return since


def _rejected(recorded: Recorded, event: e.OrderRejected, evidence: Evidence) -> Iterator[Step]:
    code = "" if event.code is None else f" [{event.code}]"
    yield Step(event.at, "venue", f"REJECTED by the venue: {event.text}{code}. Not in book", Severity.WARN)


def _in_doubt(recorded: Recorded, event: e.OrderInDoubt, evidence: Evidence) -> Iterator[Step]:
    why = event.reason.rstrip(".")
    text = f"IN DOUBT: {why}. May be live; counted in limits; asked for by its id until told"
    yield Step(event.at, "doubt", text, Severity.WARN)


def _amend(recorded: Recorded, event: e.AmendRequested, evidence: Evidence) -> Iterator[Step]:
    stop = "" if event.stop_price is None else f" stop {words.number(event.stop_price)}"
    text = (
        f"AMEND to {words.number(event.quantity)} @{words.number(event.price)}{stop} wanted by "
        f"{event.by or '-'}: it is canceled, another one takes its place"
    )
    yield Step(event.at, "cancel", text)


def _amend_dropped(recorded: Recorded, event: e.AmendDropped, evidence: Evidence) -> Iterator[Step]:
    yield Step(event.at, "cancel", f"AMEND dropped: {event.reason}", Severity.WARN)


def _never(recorded: Recorded, event: e.OrderNeverArrived, evidence: Evidence) -> Iterator[Step]:
    text = "NEVER ARRIVED: proven absent; its exposure is held for 30 minutes more"
    yield Step(event.at, "doubt", text, Severity.WARN)


def _cancel(recorded: Recorded, event: e.CancelRequested, evidence: Evidence) -> Iterator[Step]:
    yield Step(event.at, "cancel", f"CANCEL wanted by {event.by or '-'}")


def _cancel_rejected(recorded: Recorded, event: e.CancelRejected, evidence: Evidence) -> Iterator[Step]:
    code = "" if event.code is None else f" [{event.code}]"
    text = f"CANCEL refused by the venue: {event.text}{code}. The order is asked for"
    yield Step(event.at, "cancel", text, Severity.WARN)


def _canceled(recorded: Recorded, event: e.OrderCanceled, evidence: Evidence) -> Iterator[Step]:
    yield Step(event.at, "venue", f"CANCELED at the venue{words.because(event.reason)}")


def _expired(recorded: Recorded, event: e.OrderExpired, evidence: Evidence) -> Iterator[Step]:
    yield Step(event.at, "venue", f"EXPIRED at the venue{words.because(event.reason)}")


def _progressed(recorded: Recorded, event: e.OrderProgressed, evidence: Evidence) -> Iterator[Step]:
    text = f"the venue says {words.number(event.cumulative)} are filled; its trades are fetched"
    yield Step(event.at, "venue", text)


def _anomaly(recorded: Recorded, event: e.AnomalyNoted, evidence: Evidence) -> Iterator[Step]:
    yield Step(event.at, "note", f"ANOMALY: {event.text}", Severity.WARN)


# --- fills ------------------------------------------------------------------------------------------------


def _filled(recorded: Recorded, event: e.OrderFilled, evidence: Evidence) -> Iterator[Step]:
    side = "maker" if event.is_maker else "taker"
    text = (
        f"FILL {words.number(event.quantity)} @{words.number(event.price)} {side}, "
        f"fee {words.number(event.fee)} {event.fee_asset}, trade {event.trade_id}"
    )
    more = [_posting(event, evidence), *_balances(recorded, event, evidence)]
    if event.moved_from is not None:
        more.append(f"it was booked before, as of {event.moved_from}: it only moved")
    yield Step(event.at, "fill", text, Severity.INFO, tuple(more))


def _posting(event: e.OrderFilled, evidence: Evidence) -> str:
    known = next((each for each in evidence.postings if each.trade_id == event.trade_id), None)
    if known is None:
        why = FORMER if evidence.is_of_former_run(event.at) else "no longer kept"
        return f"position before and after: - ({why})"
    realized = round(known.after.realized - known.before.realized, 8).normalize()
    return (
        f"position {_signed(known.before)} -> {_signed(known.after)}, "
        f"entry {_entry(known.before)} -> {_entry(known.after)}, realized {realized:+,f}"
    )


def _signed(held: Held) -> str:
    return f"{held.quantity.normalize():+,f}" if held.quantity else "0"


def _entry(held: Held) -> str:
    return "-" if held.entry is None else f"{round(held.entry, 8).normalize():,f}"


def _balances(recorded: Recorded, event: e.OrderFilled, evidence: Evidence) -> Iterator[str]:
    """What the venue said of both assets next; an other order's doing may be in it."""
    instrument = evidence.instrument
    if instrument is None:
        return
    for asset in dict.fromkeys((instrument.base, instrument.quote, event.fee_asset)):
        for other in evidence.around:
            said = other.event
            is_next = other.seq > recorded.seq and said.at - event.at < BALANCE_WITHIN
            if is_next and isinstance(said, e.BalanceChanged) and said.asset == asset:
                free, locked = words.number(said.free), words.number(said.locked)
                yield f"then the venue's balance of {asset}: free {free}, locked {locked}"
                break


# --- small words ------------------------------------------------------------------------------------------


def _ms(nanos: int) -> str:
    return f"{nanos / 1e6:,.1f} ms"


def _clock(at: Nanos) -> str:
    return f"{words.utc(at)[:-1]}.{at // 1_000_000 % 1000:03d}Z"


_STEPS: Final[dict[type[Event], Callable[[Recorded, Any, Evidence], Iterator[Step]]]] = {
    e.OrderCreated: _created,
    e.OrderDenied: _denied,
    e.OrderNotSent: _not_sent,
    e.ExternalOrderSeen: _external,
    e.OrderSubmitted: _submitted,
    e.OrderAccepted: _accepted,
    e.OrderRejected: _rejected,
    e.OrderInDoubt: _in_doubt,
    e.OrderNeverArrived: _never,
    e.CancelRequested: _cancel,
    e.AmendRequested: _amend,
    e.AmendDropped: _amend_dropped,
    e.CancelRejected: _cancel_rejected,
    e.OrderCanceled: _canceled,
    e.OrderExpired: _expired,
    e.OrderProgressed: _progressed,
    e.OrderFilled: _filled,
    e.AnomalyNoted: _anomaly,
}
