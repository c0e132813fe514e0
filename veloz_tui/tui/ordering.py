"""b, s and C: opening a ticket, typing into it, its dry-run verdict, review, and sending."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import AmendOrder, ClosePosition, PlaceOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ZERO, InstrumentId, Mode, OrderType, Side
from veloz_tui.domain.views import Ack, InstrumentView, LadderView, PositionView, Verdict
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.cancels import instrument_in_focus
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.panes.ladder import position_in
from veloz_tui.tui.session import Closing, Session
from veloz_tui.tui.ticket import Step, Ticket, parse_number

ASK_EVERY_S: Final = 1.0
COMPLAINT_S: Final = 3.0
"""The ticket itself says it too, for as long as it is so."""
_PRESETS: Final = tuple(Decimal(text) for text in ("0.01", "0.05", "0.1", "0.5", "1"))
_DEFAULT_PRESET: Final = 1


def install(session: Session) -> None:
    """Give the session its ticket."""
    session.router.on_action |= {
        "buy": partial(open_ticket, session, Side.BUY),
        "sell": partial(open_ticket, session, Side.SELL),
        "close": partial(open_close, session),
        "smaller": partial(step_size, session, -1),
        "larger": partial(step_size, session, 1),
    }
    session.router.on_key[Keys.TICKET] = partial(ticket_key, session)
    session.router.on_paste[Keys.TICKET] = partial(ask_verdict, session)
    session.after_view.append(partial(refresh_ticket, session))


# -- opening ------------------------------------------------------------------------------------------


def open_ticket(session: Session, side: Side) -> None:
    """A ticket for the instrument in focus."""
    instrument = _instrument(session)
    if instrument is None:
        session.say(texts.guards.NO_INSTRUMENT, "warn")
        return
    if not session.store.has_control:
        session.say_no_control()
        return
    presets = presets_of(session, instrument.instrument_id)
    chosen = cursor_price(session, instrument)
    session.ticket = Ticket(
        instrument,
        side=side,
        price=touch(session, instrument, side) if chosen is None else chosen,
        quantity=session.chosen_sizes.get(instrument.instrument_id) or first_preset(presets),
        presets=presets,
        follows=chosen is None,
    )
    session.mode = Keys.TICKET
    ask_verdict(session)


def presets_of(session: Session, instrument_id: InstrumentId | None) -> Sequence[Decimal]:
    """An instrument's configured quantities; built-in ones only where no real money is at stake."""
    configured = session.sizes.get(instrument_id) if instrument_id is not None else None
    if configured:
        return configured
    view = session.store.view
    return () if view is None or view.status.mode is Mode.LIVE else _PRESETS


def step_size(session: Session, step: int) -> None:
    """[ ]: the next smaller or larger quantity for tickets of the ladder's instrument; it sends nothing."""
    instrument_id, names = session.instrument_id, session.store.names
    presets = tuple(presets_of(session, instrument_id))
    if instrument_id is None or names is None or not presets:
        session.say(texts.ticket.NO_SIZES, "muted")
        return
    now = session.chosen_sizes.get(instrument_id) or first_preset(presets)
    at = presets.index(now) if now in presets else 0
    quantity = presets[min(max(at + step, 0), len(presets) - 1)]
    session.sizes[instrument_id] = presets
    session.choose_size(instrument_id, quantity)
    session.say(texts.ticket.size_chosen(fmt.compact(quantity), names.display(instrument_id)), "muted")


def first_preset(presets: Sequence[Decimal]) -> Decimal | None:
    """What tickets start with."""
    return presets[min(_DEFAULT_PRESET, len(presets) - 1)] if presets else None


def cursor_price(session: Session, instrument: InstrumentView) -> Decimal | None:
    """The ladder's cursor, if the ladder has the focus and is fresh."""
    book = session.store.book(instrument.instrument_id)
    key = session.cursors["ladder"].key
    if session.focus != "ladder" or key is None or book is None or book.stale_reason:
        return None
    return parse_number(key)


def touch(session: Session, instrument: InstrumentView, side: Side) -> Decimal | None:
    """The best price of one side."""
    book = session.store.book(instrument.instrument_id)
    if book is not None and (book.bids if side is Side.BUY else book.asks):
        return (book.bids if side is Side.BUY else book.asks)[0].price
    return instrument.bid if side is Side.BUY else instrument.ask


def _instrument(session: Session) -> InstrumentView | None:
    instrument_id = instrument_in_focus(session)
    if instrument_id is None or session.store.names is None:
        return None
    return session.store.names.instrument(instrument_id)


def open_close(session: Session) -> None:
    """C: one Enter closes the selected position, in every mode: exits must be fast."""
    position = _position(session)
    if position is None or session.store.names is None:
        session.say(texts.orders.NOTHING_TO_CLOSE, "muted")
        return
    if not session.store.has_control:
        session.say_no_control()
        return
    side = Side.SELL if position.quantity > ZERO else Side.BUY
    held = session.store.names.quantity(position.instrument_id, abs(position.quantity))
    text = texts.orders.close_question(side, held, session.store.names.display(position.instrument_id))
    session.closing = Closing(position.instrument_id, text)
    session.mode = Keys.TICKET
    _ask_close(session, session.closing)


def _ask_close(session: Session, closing: Closing) -> None:
    session.closing = closing._replace(asked_at=session.clock())
    dry = ClosePosition(command_id=new_command_id(), instrument_id=closing.instrument_id, is_dry=True)
    session.send(dry, "", partial(_close_verdict, session, closing.instrument_id))


def _position(session: Session) -> PositionView | None:
    view, instrument_id = session.store.view, instrument_in_focus(session)
    if view is None or instrument_id is None:
        return None
    return position_in(view, instrument_id)


def _close_verdict(session: Session, instrument_id: InstrumentId, ack: Ack) -> None:
    if session.closing is not None and session.closing.instrument_id == instrument_id:
        session.closing = session.closing._replace(answer=fmt.clean(ack.text))


# -- keys ---------------------------------------------------------------------------------------------


def ticket_key(session: Session, key: str, character: str | None) -> None:
    """Keys while the ticket is open."""
    if session.closing is not None:
        _closing_key(session, key)
        return
    ticket = session.ticket
    if ticket is None or key == "escape":
        _escape(session, ticket)
    elif ticket.step is Step.REVIEW:
        _review_key(session, ticket, key, character)
    elif key == "enter":
        review(session, ticket)
    elif key in {"tab", "shift+tab"}:
        ticket.next_field(1 if key == "tab" else -1)
    elif ticket.type_key(key, character):
        ask_verdict(session)


def _closing_key(session: Session, key: str) -> None:
    closing, session.closing, session.mode = session.closing, None, Keys.PANES
    if key == "enter" and closing is not None:
        command = ClosePosition(command_id=new_command_id(), instrument_id=closing.instrument_id)
        session.send(command, "close position")
    else:
        session.say(texts.orders.CLOSE_DROPPED, "muted")


def _escape(session: Session, ticket: Ticket | None) -> None:
    if ticket is not None and ticket.step is Step.REVIEW:
        ticket.back()
    else:
        session.ticket, session.mode = None, Keys.PANES


def review(session: Session, ticket: Ticket) -> None:
    """Enter on the fields: show exactly what would be sent."""
    missing = ticket.review(session.store.book(ticket.instrument.instrument_id))
    if missing:
        session.say(missing, "warn", for_s=COMPLAINT_S)
        return
    _show_review(session)


def _show_review(session: Session) -> None:
    session.review_frame = session.frame_no + 1
    session.review_at = session.clock()
    ask_verdict(session)


def _has_rejoined(session: Session, ticket: Ticket) -> bool:
    """What stands on the review line has changed: it is shown, and needs a fresh Enter."""
    was = ticket.text_of_price
    if not ticket.rejoin(session.store.book(ticket.instrument.instrument_id)):
        return False
    _show_review(session)
    session.say(texts.orders.price_moved(ticket.text_of_price, was), "warn")
    return True


def _review_key(session: Session, ticket: Ticket, key: str, character: str | None) -> None:
    if key == "enter":
        _submit(session, ticket)
    elif _is_unusual(session, ticket) and character is not None and character.isalpha():
        ticket.typed = (ticket.typed + character.lower())[-3:]
    else:
        ticket.back()


def _is_unusual(session: Session, ticket: Ticket) -> bool:
    return ticket.is_unusual(session.usual_sizes.of(ticket.instrument.instrument_id))


def _submit(session: Session, ticket: Ticket) -> None:
    """Enter on the review line counts only if its frame was seen, and long enough; what it showed is sent."""
    if _has_rejoined(session, ticket):
        return
    request = ticket.confirmed(session.store.book(ticket.instrument.instrument_id))
    if request is None:
        review(session, ticket)
        session.say(texts.orders.MARKET_MOVED, "warn")
    elif session.review_frame is None or not session.was_seen(session.review_frame, session.review_at):
        session.say(texts.guards.TOO_FAST, "muted")
    elif _is_unusual(session, ticket) and ticket.typed != "yes":
        session.say(texts.ticket.TYPE_YES, "warn")
    elif ticket.verdict is not None and not ticket.verdict.is_ok:  # what was typed stays, to be mended
        session.say(fmt.clean(ticket.verdict.text) or ticket.verdict_text, "warn")
    elif send(session, ticket, request):
        session.ticket, session.mode = None, Keys.PANES


def send(session: Session, ticket: Ticket, request: OrderRequest) -> bool:
    """Send what the ticket stands for; False (and said) if it can't leave."""
    if not session.send(_command(ticket, request), _label(request)):
        return False
    if ticket.amends is None:
        session.tour.done("buy")
        session.say(f"{_label(request)} sent")
    else:
        session.say(texts.amends.sent(fmt.clean(ticket.amends.short_id), _label(request)))
    return True


def _command(ticket: Ticket, request: OrderRequest, *, is_dry: bool = False) -> PlaceOrder | AmendOrder:
    """What an order on the ticket is sent as."""
    if ticket.amends is None:
        return PlaceOrder(command_id=new_command_id(), request=request, is_dry=is_dry)
    return AmendOrder(
        command_id=new_command_id(),
        client_order_id=ticket.amends.client_order_id,
        price=request.price,
        quantity=request.quantity,
        stop_price=request.stop_price,
        is_dry=is_dry,
    )


def _label(request: OrderRequest) -> str:
    price = "market" if request.price is None else f"@{fmt.number(request.price)}"
    return f"{request.side} {fmt.number(request.quantity)} {request.instrument_id} {price}"


# -- verdict ------------------------------------------------------------------------------------------


def ask_verdict(session: Session) -> None:
    """Ask the engine what risk would say; the same code that decides when it is sent."""
    ticket = session.ticket
    if ticket is None:
        return
    ticket.verdict, ticket.verdict_text = None, ""
    _ask(session, ticket)


def refresh_ticket(session: Session) -> None:
    """The market moves while a ticket is open: so does an untouched price, and what risk says of it.

    It is asked again each second, and the old answer is kept meanwhile.
    """
    ticket, closing = session.ticket, session.closing
    if closing is not None and session.clock() - closing.asked_at >= ASK_EVERY_S:
        _ask_close(session, closing)
    if ticket is None:
        return
    ticket.follow(session.store.book(ticket.instrument.instrument_id))
    if _has_rejoined(session, ticket):
        return
    if session.clock() - ticket.asked_at >= ASK_EVERY_S:
        _ask(session, ticket)


def _ask(session: Session, ticket: Ticket) -> None:
    ticket.asked_at = session.clock()
    request = ticket.standing(session.store.book(ticket.instrument.instrument_id))
    if isinstance(request, OrderRequest):
        dry = _command(ticket, request, is_dry=True)
        session.send(dry, "", partial(_verdict, session, ticket, request))


def _verdict(session: Session, ticket: Ticket, request: OrderRequest, ack: Ack) -> None:
    """An answer counts only for the order as it still stands; a price that follows may have moved."""
    now = ticket.standing(session.store.book(request.instrument_id))
    if session.ticket is not ticket or isinstance(now, str):
        return
    if ticket.follows and ticket.step is Step.EDIT:
        now = msgspec.structs.replace(now, price=request.price)
    if now == request:
        ticket.verdict, ticket.verdict_text = ack.verdict, fmt.clean(ack.text)


def live_line(ticket: Ticket, book: LadderView | None, quote: str, width: int) -> tuple[str, str]:
    """What the order would do, in numbers from the engine; a denial in its place. Parts are dropped whole."""
    request = ticket.request(book)
    if isinstance(request, str):
        return request, "warn"
    verdict = ticket.verdict
    if verdict is None:
        return ticket.verdict_text or texts.ticket.ASKING_RISK, "muted"
    if not verdict.is_ok:
        return fmt.clean(verdict.text) or ticket.verdict_text, "warn"
    parts = [f"OK = {fmt.number(verdict.notional, 2)} {quote}", *_figures(verdict, ticket.instrument)]
    while len(parts) > 1 and len(" | ".join(parts)) > width:
        parts.pop()
    return " | ".join(parts), "good"


def _figures(verdict: Verdict, instrument: InstrumentView) -> list[str]:
    kind = "taker" if verdict.fee_is_taker else "maker"
    average = fmt.number(verdict.average_after, fmt.decimals_of(instrument.tick_size))
    position = f"pos {fmt.compact(verdict.position_after)}"
    parts = [
        (verdict.fee, f"fee {fmt.number(verdict.fee, 2)} ({kind})"),
        (verdict.free_after, f"free after {fmt.number(verdict.free_after, 0)}"),
        (verdict.position_after, position + (f" avg {average}" if verdict.average_after else "")),
        (verdict.ahead, f"ahead {fmt.compact(verdict.ahead)}"),
        (verdict.size_fraction, f"{fmt.percent((verdict.size_fraction or ZERO) * 100)} of max_order"),
    ]
    return [text for value, text in parts if value is not None]


def taker_text(ticket: Ticket, book: LadderView | None) -> str:
    """`TAKER: fills 0.05 up to 64,123.70`, or nothing; what stays post-only fills nothing at once."""
    if not ticket.crosses(book) or ticket.is_post(book):
        return ""
    quantity = ticket.text_of_quantity
    if ticket.kind is OrderType.MARKET:
        return texts.ticket.taker_market(quantity)
    return texts.ticket.taker(quantity, ticket.text_of_price, ticket.side)
