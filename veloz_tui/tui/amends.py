"""e and Shift+Up/Down: an order of ours as a ticket of its own, or one tick further."""

from decimal import Decimal
from functools import partial

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import AmendOrder
from veloz_tui.domain.types import MANUAL, Mode, OrderStatus, StrategyState
from veloz_tui.domain.views import InstrumentView, OrderView
from veloz_tui.tui import fmt, ordering, texts
from veloz_tui.tui.cancels import chosen_orders, is_external
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.panes.ladder import price_key
from veloz_tui.tui.session import Session
from veloz_tui.tui.ticket import Field, Ticket


def install(session: Session) -> None:
    """Give the session its amendments."""
    session.router.on_action |= {
        "amend": partial(amend, session),
        "tick_up": partial(nudge, session, 1),
        "tick_down": partial(nudge, session, -1),
    }


def amend(session: Session) -> None:
    """e: a ticket with the selected order's price and quantity."""
    ticket = _ticket(session)
    if ticket is not None:
        session.ticket, session.mode = ticket, Keys.TICKET
        ordering.ask_verdict(session)


def nudge(session: Session, step: int) -> None:
    """The order at the ladder's cursor moves one tick; LIVE shows what that means first."""
    ticket, view = _ticket(session), session.store.view
    if ticket is None or view is None or ticket.amends is None:
        return
    ticket.nudge(step)
    if view.status.mode is Mode.LIVE:
        session.ticket, session.mode = ticket, Keys.TICKET
        ordering.review(session, ticket)
        return
    order = ticket.amends
    command = AmendOrder(
        command_id=new_command_id(),
        client_order_id=order.client_order_id,
        price=ticket.value(Field.PRICE),
        stop_price=ticket.value(Field.STOP),
    )
    if session.send(command, f"amend {fmt.clean(order.short_id)}"):
        session.say(texts.amends.sent(fmt.clean(order.short_id), becomes(ticket)))
        _follow(session, order, ticket)


def _follow(session: Session, order: OrderView, ticket: Ticket) -> None:
    # The cursor goes with the order, so that the next stroke moves it on.
    price = ticket.value(Field.STOP) or ticket.value(Field.PRICE)
    row = None if price is None else session.scroll.row(price, side=order.side)
    at = None if row is None else session.scroll.price(row)
    if at is not None and price_key(at) in session.shown_keys("ladder"):
        rows = session.contents["ladder"].rows
        session.cursors["ladder"].select(rows, [each.key for each in rows].index(price_key(at)))


def _ticket(session: Session) -> Ticket | None:
    """A ticket for the order at the cursor; says why there is none."""
    if not session.store.has_control:
        session.say_no_control()
        return None
    order = _order(session)
    names = session.store.names
    instrument = names.instrument(order.instrument_id) if names is not None and order is not None else None
    if order is None or instrument is None:
        return None
    why = _why_not(order)
    if why:
        session.say(why, "warn")
        return None
    return Ticket(
        instrument,
        side=order.side,
        price=order.price,
        quantity=order.quantity,
        presets=ordering.presets_of(session, order.instrument_id),
        amends=order,
    )


def _order(session: Session) -> OrderView | None:
    key = session.cursors["orders"].key if session.focus == "orders" else None
    found = [each for each in chosen_orders(session) if key in {None, each.client_order_id}]
    if not found:
        gone = session.store.how_ended(key) if key is not None else ""
        nothing = texts.amends.NOTHING_HERE if session.focus == "ladder" else texts.guards.NOTHING_SELECTED
        session.say(gone or nothing, "warn" if gone else "muted")
        return None
    order = min(found, key=lambda each: (each.strategy_id != MANUAL, each.created_at, each.short_id))
    if len(found) > 1:
        session.say(texts.amends.several(len(found), fmt.clean(order.short_id)), "muted")
    return order


def _why_not(order: OrderView) -> str:
    name = fmt.clean(order.short_id)
    if is_external(order):
        return texts.amends.external(name)
    if order.status is not OrderStatus.ACCEPTED or order.in_doubt_since is not None:
        return texts.amends.busy(name)
    if order.cancel_requested_at is not None:
        return texts.amends.busy(name)
    return texts.amends.MARKET_ORDER if order.price is None else ""


def question(session: Session, ticket: Ticket, order: OrderView) -> str:
    """The review line of an amendment, with what it costs."""
    return (
        texts.amends.question(
            fmt.clean(order.short_id),
            _text(ticket.instrument, order.quantity, order.price, order.stop_price),
            becomes(ticket),
        )
        + (texts.amends.GAP if order.stop_price is not None else "")
        + _strategy(session, order)
    )


def becomes(ticket: Ticket) -> str:
    """`0.1 @64,121.00`"""
    quantity, price = ticket.value(Field.QUANTITY), ticket.value(Field.PRICE)
    return _text(ticket.instrument, quantity, price, ticket.value(Field.STOP))


def _text(
    instrument: InstrumentView, quantity: Decimal | None, price: Decimal | None, stop: Decimal | None
) -> str:
    decimals = fmt.decimals_of(instrument.tick_size)
    trigger = f" stop {fmt.number(stop, decimals)}" if stop is not None else ""
    return f"{fmt.compact(quantity)} @{fmt.number(price, decimals)}{trigger}"


def _strategy(session: Session, order: OrderView) -> str:
    view = session.store.view
    running = {
        each.strategy_id
        for each in (view.strategies if view is not None else ())
        if each.state is StrategyState.RUNNING
    }
    return texts.amends.moves_again(fmt.clean(order.strategy_id)) if order.strategy_id in running else ""
