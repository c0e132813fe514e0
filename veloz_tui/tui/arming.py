"""t: the armed ladder, in which a key or a click is an order. What disarms it, and what it does then."""

from decimal import Decimal
from functools import partial
from typing import Final

from veloz_tui.control.client import LinkState, new_command_id
from veloz_tui.domain.commands import CancelOrders
from veloz_tui.domain.types import InstrumentId, Mode, OrderStatus, Side
from veloz_tui.domain.views import InstrumentView
from veloz_tui.tui import fmt, ordering, texts
from veloz_tui.tui.cancels import is_external
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.panes import ladder
from veloz_tui.tui.panes.orders import is_stop
from veloz_tui.tui.session import Session
from veloz_tui.tui.ticket import Ticket, parse_number

UNLOCKED_S: Final = 600.0
TWICE_S: Final = 0.3


def install(session: Session) -> None:
    """Give the session its armed ladder."""
    session.router.on_action |= {
        "arm": partial(toggle, session),
        "armed_buy": partial(at_cursor, session, Side.BUY),
        "armed_sell": partial(at_cursor, session, Side.SELL),
    }
    session.after_view.append(partial(settle, session))


# -- on and off ---------------------------------------------------------------------------------------


def toggle(session: Session) -> None:
    """t: arms, or disarms at once; LIVE wants `:arm` typed first."""
    if session.armed.is_on:
        disarm(session, texts.arming.BY_KEY)
        return
    view, instrument = session.store.view, _instrument(session)
    if view is None or instrument is None:
        session.say(texts.guards.NO_INSTRUMENT, "warn")
    elif view.status.mode is Mode.LIVE and not session.armed.is_unlocked(
        instrument.instrument_id, session.clock()
    ):
        session.say(texts.arming.type_it(fmt.clean(instrument.display)), "warn")
    else:
        arm(session, instrument)


def arm_typed(session: Session, instrument_id: InstrumentId) -> None:
    """:arm INST: shows the instrument, arms, and lets t do it for 10 minutes."""
    if session.instrument_id != instrument_id:
        session.show_instrument(instrument_id)
    session.focus = "ladder"
    instrument = _instrument(session)
    if instrument is None:
        session.say(texts.guards.NO_INSTRUMENT, "warn")
    elif arm(session, instrument):
        session.armed.unlock(instrument_id, session.clock() + UNLOCKED_S)


def arm(session: Session, instrument: InstrumentView) -> bool:
    """Arm if nothing speaks against it; says what does."""
    size = size_of(session, instrument.instrument_id)
    book = session.store.book(instrument.instrument_id)
    view = session.store.view
    if not session.store.has_control:
        session.say_no_control()
    elif view is not None and view.kill.is_halted:
        session.say(texts.arming.disarmed(texts.arming.HALTED), "warn")
    elif size is None:
        session.say(texts.arming.NO_SIZE, "warn")
    elif book is None or book.stale_reason:
        session.say(texts.arming.STALE, "warn")
    else:
        session.armed.start(instrument.instrument_id, session.clock())
        session.say(texts.arming.armed(fmt.compact(size), fmt.clean(instrument.display)), "warn")
        return True
    return False


def disarm(session: Session, why: str) -> None:
    """It is over, and that is said."""
    if session.armed.is_on:
        session.armed.stop()
        session.say(texts.arming.disarmed(why), "warn")


def settle(session: Session) -> None:
    """With each view, tick and key: whatever speaks against it disarms it."""
    if not session.armed.is_on:
        return
    view, book = session.store.view, session.store.book(session.armed.instrument_id)
    now = session.clock()
    reasons = (
        (session.armed.instrument_id != session.instrument_id, texts.arming.INSTRUMENT),
        (
            session.store.link.state is not LinkState.UP or session.store.link_lost_s(now) is not None,
            texts.arming.LINK,
        ),
        (not session.store.has_control, texts.arming.CONTROL),
        (view is not None and view.kill.is_halted, texts.arming.HALTED),
        (book is None or bool(book.stale_reason), texts.arming.BOOK),
        (session.armed.is_unfocused(now), texts.arming.UNFOCUSED),
        (session.armed.left_s(now) <= 0, texts.arming.IDLE),
    )
    why = next((text for is_so, text in reasons if is_so), "")
    if why:
        disarm(session, why)


def title(session: Session) -> str:
    """What the ladder's title says while it is armed; else nothing."""
    size = size_of(session, session.armed.instrument_id) if session.armed.is_on else None
    if session.armed.instrument_id is None or size is None:
        return ""
    return texts.arming.title(fmt.compact(size), int(session.armed.left_s(session.clock())))


def size_of(session: Session, instrument_id: InstrumentId | None) -> Decimal | None:
    """The preset that an armed order has."""
    if instrument_id is None:
        return None
    chosen = session.chosen_sizes.get(instrument_id)
    return chosen or ordering.first_preset(ordering.presets_of(session, instrument_id))


# -- trading ------------------------------------------------------------------------------------------


def at_cursor(session: Session, side: Side) -> None:
    """B, S: a limit of the preset size at the cursor."""
    key = session.cursors["ladder"].key
    price = parse_number(key) if key is not None else None
    settle(session)
    if not session.armed.is_on:
        if session.store.has_control:
            session.say(texts.arming.NOT_ARMED, "warn")
        else:
            session.say_no_control()
    elif price is None:
        session.say(texts.arming.NO_CURSOR, "warn")
    else:
        place(session, side, price)


def place(session: Session, side: Side, price: Decimal) -> None:
    """Send it; what would take, or is of unusual size, has to be reviewed as on every ticket."""
    instrument, size = _instrument(session), size_of(session, session.armed.instrument_id)
    if instrument is None or size is None:
        return
    now = session.clock()
    if session.armed.is_twice((side, price), now, TWICE_S):
        session.say(texts.arming.TWICE, "warn")
        return
    book = session.store.book(instrument.instrument_id)
    presets = ordering.presets_of(session, instrument.instrument_id)
    ticket = Ticket(instrument, side=side, price=price, quantity=size, presets=presets)
    if ticket.crosses(book) or ticket.is_unusual(session.usual_sizes.of(instrument.instrument_id)):
        session.ticket, session.mode = ticket, Keys.TICKET
        ordering.review(session, ticket)
        return
    request = ticket.request(book)
    if isinstance(request, str):
        session.say(request, "warn")
    else:
        ordering.send(session, ticket, request)


def click_at(session: Session, line: int, column: int, frame: int) -> None:
    """A click in the ladder: an order while it is armed, else only the cursor's business."""
    now, content = session.clock(), session.contents["ladder"]
    session.armed.active(now)
    session.scroll.touch(now)
    key = session.drawn.key(frame, line)
    box, names, shown = session.parts.get("ladder"), session.store.names, session.instrument_id
    cell = ""
    if box is not None and names is not None and shown is not None:
        prices = [names.price(shown, parse_number(row.key)) for row in content.rows if row.key]
        cell = ladder.cell_at(column, box.width, max(map(len, prices), default=0))
    keys = [row.key for row in content.rows]
    if not click(session, parse_number(key) if key else None, cell) and key in keys:
        session.cursors["ladder"].select(content.rows, keys.index(key))


def click(session: Session, price: Decimal | None, cell: str) -> bool:
    """A click in the ladder; True if it was an order's business and not only the cursor's.

    `price` is of the row that was drawn there when the button went down; None: no drawn picture is known.
    """
    settle(session)
    if session.kill_key.is_armed(session.clock()):
        session.kill_key.stand_down()
        session.say(texts.kill.STOOD_DOWN, "muted")
        return True
    if not session.armed.is_on or cell not in {"bid", "ask", "mine", "mine bid", "mine ask"}:
        return False
    if session.router.burst.is_locked(session.clock()) or session.frozen is not None:
        session.say(texts.guards.LOCKED if session.frozen is None else texts.screens.FROZEN_KEYS, "warn")
    elif price is None:
        session.say(texts.arming.NOT_SEEN, "warn")
    elif cell in {"bid", "ask"}:
        place(session, Side.BUY if cell == "bid" else Side.SELL, price)
    else:
        return _cancel_at(session, price, cell)
    return True


def _cancel_at(session: Session, price: Decimal, cell: str) -> bool:
    """A click on our own size: those orders go; stops and others' orders want x."""
    view = session.store.view
    sides = {"mine bid": {Side.BUY}, "mine ask": {Side.SELL}}.get(cell, {Side.BUY, Side.SELL})
    row = session.scroll.row(price, side=Side.BUY)
    found = [
        order
        for order in (view.orders if view is not None else ())
        if order.instrument_id == session.armed.instrument_id
        and order.side in sides
        and order.status in {OrderStatus.CREATED, OrderStatus.SUBMITTED, OrderStatus.ACCEPTED}
        and not is_stop(order)
        and not is_external(order)
        and order.price is not None
        and session.scroll.row(order.price, side=order.side) == row
    ]
    if not found:
        return False
    names = " ".join(fmt.clean(order.short_id) for order in found)
    command = CancelOrders(
        command_id=new_command_id(), client_order_ids=tuple(order.client_order_id for order in found)
    )
    if session.send(command, f"cancel {names}"):
        session.say(f"CANCEL {names} sent")
    return True


def _instrument(session: Session) -> InstrumentView | None:
    names, instrument_id = session.store.names, session.instrument_id
    return None if names is None or instrument_id is None else names.instrument(instrument_id)
