"""Amending: the old order is canceled, and what is left is placed anew once the venue has confirmed its end.

Never both at work: until the end is known, limits count the larger of the two. An end that isn't a confirmed
cancel, a kill, a pause, REDUCE, a stop of the engine or a restart drop the wish, and nothing is placed. Risk
is asked before anything is canceled, as if the old order weren't there, and once more for the successor.

A smaller quantity goes the same way. Binance could keep its place in the queue (`order.amend.keepPriority`),
at the price of a second kind of order in doubt; so every amendment loses its place, and says so.
"""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain import commands as c
from veloz_tui.domain import events as e
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import SECOND, OrderStatus, Severity, Side, StrategyState
from veloz_tui.domain.views import Ack, Verdict
from veloz_tui.engine import words
from veloz_tui.engine.orders import drop_amendment, open_orders, place, want_gone
from veloz_tui.engine.queues import would_be_ahead
from veloz_tui.engine.risk.check import verdict
from veloz_tui.engine.risk_inputs import risk_inputs
from veloz_tui.engine.turn import Turn

STANDS_FOR: Final = 30 * SECOND
"""A cancel that takes longer than this to confirm: the market is another one by then."""


def amend(turn: Turn, command: c.AmendOrder) -> Ack:
    """Check it all, then cancel; nothing changes unless everything passes."""
    order = turn.state.orders.get(command.client_order_id)
    if order is None:
        return _no(command, f"no order {command.client_order_id}: nothing amended", "UNKNOWN_ORDER")
    numbers = (command.price, command.quantity, command.stop_price)
    if not all(number is None or number.is_finite() for number in numbers):
        return _no(command, "price, quantity and stop must be numbers: nothing changed", "NOT_A_NUMBER")
    why_not, code = _unamendable(turn, order)
    if why_not:
        return _no(command, f"{words.short_id(order.client_order_id)} {why_not}", code)
    wanted = _wanted(order, command)
    said = _judge(turn, order, wanted)
    if command.is_dry or not said.is_ok:
        return Ack(command.command_id, is_ok=said.is_ok, text=said.text, code=said.code, verdict=said)
    text = f"AMENDING {words.order_text(turn.state, order)} -> {_change(wanted)}"
    quantity = order.done + wanted.quantity
    assert wanted.price is not None
    if order.amendment is None:  # its successor's slot: whoever comes in between must not cost the order
        turn.live.order_rate.record(order.strategy_id, turn.now)
    turn.emit(
        e.AmendRequested(
            turn.now, order.client_order_id, quantity, wanted.price, wanted.stop_price, command.by
        )
    )
    want_gone(turn, order, by=command.by or "amend")
    return Ack(
        command.command_id,
        is_ok=True,
        text=f"{text}: canceled first, then placed anew, last in its queue{_notes(turn, order)}",
        client_order_ids=(order.client_order_id,),
        verdict=said,
    )


def _no(command: c.AmendOrder, text: str, code: str) -> Ack:
    return Ack(command.command_id, is_ok=False, text=text, code=code)


def _unamendable(turn: Turn, order: Order) -> tuple[str, str]:
    """Why an order can't be amended, and the code; both empty if it can."""
    filled = words.number(order.filled)
    record = turn.state.strategies.get(order.strategy_id)
    is_run = record is not None and record.state is StrategyState.RUNNING
    reasons = (
        (order.is_terminal, f"is gone: {order.status} {filled}", "GONE"),
        (
            order.is_external,
            "isn't ours: amending would put one of ours in its place. x x cancels it",
            "EXTERNAL",
        ),
        (
            order.status is not OrderStatus.ACCEPTED or order.is_in_doubt,
            "isn't confirmed by the venue yet: nothing changed. Wait for its answer",
            "UNCONFIRMED",
        ),
        (
            order.cancel_requested_at is not None and order.amendment is None,
            "is being canceled already: nothing changed",
            "CANCELING",
        ),
        (order.request.price is None, "has no price to amend: cancel it", "NO_PRICE"),
        (
            is_run and bool(order.ref),
            f"belongs to {order.strategy_id}, which would not know the new one. Stop it first (Space)",
            "STRATEGY_RUNS",
        ),
    )
    return next(((text, code) for is_so, text, code in reasons if is_so), ("", ""))


def _wanted(order: Order, command: c.AmendOrder) -> OrderRequest:
    """The order that would take its place, for what of it is left now."""
    now = order.amendment
    quantity = command.quantity
    if quantity is None:
        quantity = order.quantity if now is None else now.quantity
    price = command.price or (order.request.price if now is None else now.price)
    stop = command.stop_price or (order.request.stop_price if now is None else now.stop_price)
    return msgspec.structs.replace(
        order.request, quantity=quantity - order.done, price=price, stop_price=stop
    )


def _judge(turn: Turn, order: Order, wanted: OrderRequest) -> Verdict:
    is_same = wanted == msgspec.structs.replace(order.request, quantity=order.leaves)
    if is_same and order.amendment is None:
        return Verdict(is_ok=False, code="UNCHANGED", text="that is what it is already: nothing changed")
    if wanted.quantity.is_finite() and wanted.quantity <= 0:
        filled = words.number(order.done)
        text = f"{filled} of it has filled: a total of {filled} or less leaves nothing. x cancels the rest"
        return Verdict(is_ok=False, code="NOTHING_LEFT", text=text)
    entry = turn.state.position(order.instrument_id).entry
    said = verdict(wanted, risk_inputs(turn, wanted, instead_of=order), average_entry=entry)
    said = msgspec.structs.replace(said, ahead=would_be_ahead(turn.state, turn.live, wanted))
    code, text = _refused_there(turn, wanted) if said.is_ok else ("", "")
    return msgspec.structs.replace(said, is_ok=False, code=code, text=text) if code else said


def _refused_there(turn: Turn, wanted: OrderRequest) -> tuple[str, str]:
    """A successor that the venue would refuse must not cost the order that rests: code and text."""
    market = turn.live.books.get(wanted.instrument_id)
    if wanted.price is None or market is None or not market.is_fresh:
        return "", ""
    best = market.book.best_ask if wanted.side is Side.BUY else market.book.best_bid
    instrument = turn.state.instruments[wanted.instrument_id]
    sign = wanted.side.sign
    if best is not None and wanted.post_only:
        touch = instrument.price_from_level(best[0])
        if sign * (wanted.price - touch) >= 0:
            return "POST_ONLY_CROSSES", f"post-only would take at {words.number(touch)}: nothing changed"
    last = market.last_price or (best[0] if best is not None else None)
    if last is not None and wanted.stop_price is not None:
        price = instrument.price_from_level(last)
        if sign * (price - wanted.stop_price) >= 0:
            text = f"its stop would trigger at once, the market is at {words.number(price)}: nothing changed"
            return "STOP_TRIGGERS", text
    return "", ""


def _change(wanted: OrderRequest) -> str:
    stop = f" stop {words.number(wanted.stop_price)}" if wanted.stop_price is not None else ""
    return f"{words.number(wanted.quantity)} @{words.number(wanted.price or Decimal(0))}{stop}"


def _notes(turn: Turn, order: Order) -> str:
    record = turn.state.strategies.get(order.strategy_id)
    if record is not None and record.state is StrategyState.RUNNING:
        return f"; {order.strategy_id} will move it again; Space stops it"
    return "; no stop between the two" if order.is_stop else ""


# --- Afterwards -------------------------------------------------------------------------------------------


def on_end(turn: Turn, order: Order) -> None:
    """The old order ended: place the rest if that was our cancel, else say why nothing is placed."""
    wish = order.amendment
    if wish is None:
        return
    rest = wish.quantity - order.done
    why = _why_not(turn, order, rest)
    if why:
        severity = Severity.INFO if order.status is OrderStatus.FILLED else Severity.WARN
        _drop(turn, order, why, severity)
        return
    request = msgspec.structs.replace(
        order.request, quantity=rest, price=wish.price, stop_price=wish.stop_price
    )
    _, denial = place(turn, request, replaces=order)
    if denial is not None:
        _drop(turn, order, f"it is canceled, and the new one was refused: {denial.text}", Severity.WARN)


def _why_not(turn: Turn, order: Order, rest: Decimal) -> str:
    done = words.number(order.done)
    if order.status is OrderStatus.FILLED:
        return f"it filled {done} before the cancel was there"
    if order.status is not OrderStatus.CANCELED:
        return f"it ended {order.status}"
    if rest <= 0:
        return f"it filled {done} before the cancel was there, all that was wanted"
    return _overdue(turn, order)


def _overdue(turn: Turn, order: Order) -> str:
    is_late = order.amendment is not None and turn.now - order.amendment.at > STANDS_FOR
    return f"the cancel took longer than {STANDS_FOR // SECOND} s" if is_late else ""


def on_refused(turn: Turn, order: Order) -> None:
    """A successor didn't get to the venue: if it was a stop, nothing protects any more."""
    by_us = order.cancel_requested_at is not None or turn.state.is_halted
    if order.replaces is not None and order.is_stop and not by_us:
        text = f"NO STOP any more: {words.order_text(turn.state, order)} was to replace one. {order.reason}"
        turn.alert(f"amend:{order.replaces}", Severity.CRIT, text, code="AMEND_DROPPED")


def _drop(turn: Turn, order: Order, why: str, severity: Severity) -> None:
    drop_amendment(turn, order, why)
    is_naked = order.is_stop and severity is not Severity.INFO
    turn.alert(
        f"amend:{order.client_order_id}",
        Severity.CRIT if is_naked else severity,
        f"NOT REPLACED {words.order_text(turn.state, order)}: {why}. Nothing was placed"
        + (": NO STOP any more" if is_naked else ""),
        code="AMEND_DROPPED",
    )


def drop_all(turn: Turn, why: str, *, keeps_exits: bool = False) -> None:
    """Nothing that is still to come may come; `keeps_exits`: but what only shrinks a position."""
    for order in open_orders(turn):
        if order.amendment is not None and not (keeps_exits and order.request.reduce_only):
            _drop(turn, order, why, Severity.WARN)


def expire(turn: Turn) -> None:
    """Once a second: a cancel that nobody confirms keeps no wish alive."""
    for order in open_orders(turn):
        if order.amendment is not None and (why := _overdue(turn, order)):
            _drop(turn, order, why, Severity.WARN)


def forget_at_start(turn: Turn) -> None:
    """What a run that is gone had wanted is never placed: nobody is there who wants it."""
    for order in list(turn.state.orders.values()):
        if order.amendment is not None:
            _drop(turn, order, "the engine restarted before the cancel was confirmed", Severity.WARN)
