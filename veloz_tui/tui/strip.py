"""The bottom strip: ticket, command line or a question. It never covers the ladder."""

from collections.abc import Sequence

from veloz_tui.tui import amends, command_line, filtering, fmt, going, ordering, palette, table, texts
from veloz_tui.tui.keymap import GO, key_text
from veloz_tui.tui.lineedit import LineEdit
from veloz_tui.tui.modes import Mode
from veloz_tui.tui.panes import facts
from veloz_tui.tui.session import Session
from veloz_tui.tui.table import Line, Span
from veloz_tui.tui.ticket import Field, Step, Ticket
from veloz_tui.tui.wrapping import told, wrapped_lines

_END: Span = ("", "bar")


def strip_lines(session: Session, width: int) -> Sequence[Line]:
    """The lines above the message line; none when nothing is asked or typed."""
    if session.mode is Mode.COMMAND:
        return _command(session, width)
    if session.mode is Mode.PALETTE:
        return _palette(session, width)
    if going.is_popup_due(session):
        return _letters(session, width)
    if session.mode is Mode.FILTER:
        return _filter(session, width)
    if session.mode is Mode.CONFIRM and session.question is not None:
        return _asked(session.question.text, width)
    if session.mode is Mode.TICKET and session.closing is not None:
        answer = session.closing.answer
        return _asked(session.closing.text + (f"  | {answer}" if answer else ""), width)
    if session.mode is Mode.TICKET and session.ticket is not None:
        return _ticket(session, session.ticket, width)
    return []


def _asked(text: str, width: int) -> Sequence[Line]:
    return [((f" {part}", "warn"), ("", "base")) for part in told(text, max(10, width - 2))]


def _command(session: Session, width: int) -> Sequence[Line]:
    text, tone = command_line.review(session)
    meaning = wrapped_lines(text, max(10, width - 3), 2)
    return [
        ((" :", "input/key"), *edit_spans(session.edit, max(4, width - 3), focused=True), ("", "input")),
        *(((f"  {part}", f"bar/{tone}"), _END) for part in meaning),
    ]


def _palette(session: Session, width: int) -> Sequence[Line]:
    found = palette.entries(session)
    at = min(session.palette_at, max(0, len(found) - 1))
    start = max(0, at - palette.SHOWN + 1)
    lines: list[Line] = [
        ((" >", "input/key"), *edit_spans(session.edit, max(4, width - 3), focused=True), ("", "input"))
    ]
    for number, entry in enumerate(found[start : start + palette.SHOWN], start=start):
        text = f" {entry.name:<16.16} {entry.keys:<6.6} {entry.help}"
        tone = "cursor" if number == at else "bar"
        lines.append(((fmt.fit_words(text, width), tone), ("", tone)))
    return lines if found else [*lines, ((f"  {texts.screens.PALETTE_NONE}", "bar/muted"), _END)]


def _letters(session: Session, width: int) -> Sequence[Line]:
    lines: list[Line] = []
    line: Line = ((f" {texts.screens.GO_TO} ", "bar/muted"),)
    for action in session.keymap.in_only(GO):
        entry: Line = ((f" {key_text(action)}", "bar/key"), (f" {action.label} ", "bar"))
        if table.length((*line, *entry)) > width:
            lines.append((*line, _END))
            line = ()
        line = (*line, *entry)
    return [*lines, (*line, _END)]


def _filter(session: Session, width: int) -> Sequence[Line]:
    wrong = filtering.problem(session)
    help_text = (
        texts.filters.HELP if not session.edit.text else texts.filters.keys(facts.FIELDS[session.focus])
    )
    meaning = wrapped_lines(wrong or help_text, max(10, width - 3), 2)
    tone = "warn" if wrong else "muted"
    return [
        ((" /", "input/key"), *edit_spans(session.edit, max(4, width - 3), focused=True), ("", "input")),
        *(((f"  {part}", f"bar/{tone}"), _END) for part in meaning),
    ]


def edit_spans(edit: LineEdit, width: int, *, focused: bool) -> Line:
    """The text around its cursor, as much as fits."""
    if not focused:
        return ((edit.text[:width], "base"),)
    start = max(0, edit.cursor - width + 1)
    shown = edit.text[start : start + width] + " "
    at = edit.cursor - start
    return tuple(
        span
        for span in ((shown[:at], "input"), (shown[at], "input/cursor"), (shown[at + 1 :], "input"))
        if span[0]
    )


def _ticket(session: Session, ticket: Ticket, width: int) -> Sequence[Line]:
    book = session.store.book(ticket.instrument.instrument_id)
    live, tone = ordering.live_line(ticket, book, fmt.clean(ticket.instrument.quote), width - 1)
    taker = ordering.taker_text(ticket, book)
    review = ticket.step is Step.REVIEW
    first = (
        _reviewed(session, ticket, width)
        if review
        else [_fields(ticket, width, is_post=ticket.is_post(book))]
    )
    keys = texts.ticket.TICKET_KEYS
    if review:
        unusual = ticket.is_unusual(session.usual_sizes.of(ticket.instrument.instrument_id))
        keys = (
            texts.ticket.REVIEW_KEYS_UNUSUAL + f" [{ticket.typed}]" if unusual else texts.ticket.REVIEW_KEYS
        )
    second: list[Line] = [((f" {part}", f"bar/{tone}"), _END) for part in told(live, max(10, width - 2))]
    crossing: list[Span] = [(f" {taker} ", "bar/warn")] if taker else []
    keys_span = (f" {keys}", "bar/muted")
    if table.length((*crossing, keys_span)) <= width:
        return [*first, *second, (*crossing, keys_span, _END)]
    return [*first, *second, (*crossing, _END), (keys_span, _END)]


def _fields(ticket: Ticket, width: int, *, is_post: bool) -> Line:
    """All fields; where they don't fit, those whose values speak for themselves lose their names."""
    whole = _named_fields(ticket, is_post=is_post, unnamed=())
    if table.length(whole) <= width:
        return whole
    return _named_fields(ticket, is_post=is_post, unnamed=(Field.KIND, Field.TIME_IN_FORCE))


def _named_fields(ticket: Ticket, *, is_post: bool, unnamed: Sequence[Field]) -> Line:
    side_tone = "up" if ticket.side == "BUY" else "down"
    spans: list[Span] = [(f" {ticket.side} ", f"bar/{side_tone}")]
    spans.append((f"{fmt.clean(ticket.instrument.display)} ", "bar"))
    values = {
        Field.PRICE: ticket.text(Field.PRICE) or "____",
        Field.QUANTITY: ticket.text(Field.QUANTITY) or "____",
        Field.KIND: texts.names.TYPES[ticket.kind],
        Field.TIME_IN_FORCE: ticket.time_in_force.value,
        Field.POST: "yes" if is_post else "no",
        Field.STOP: ticket.text(Field.STOP) or "____",
        Field.REDUCE: "yes" if ticket.reduce_only else "no",
    }
    for field in ticket.fields():
        tone = "input/cursor" if field is ticket.field else "bar"
        edit = ticket.edited(field) if field is ticket.field else None
        value = (
            ((values[field], tone),) if edit is None else edit_spans(edit, len(edit.text) + 1, focused=True)
        )
        label: list[Span] = [] if field in unnamed else [(f"{field.value} ", "bar/muted")]
        spans += [*label, *value, (" ", "bar")]
    return (*spans, _END)


def _reviewed(session: Session, ticket: Ticket, width: int) -> Sequence[Line]:
    if ticket.amends is None:
        return [_review(session, ticket)]
    question = amends.question(session, ticket, ticket.amends)
    return [((f" {part}", "cursor"), ("", "cursor")) for part in told(question, max(10, width - 2))]


def _review(session: Session, ticket: Ticket) -> Line:
    request = ticket.confirmed(session.store.book(ticket.instrument.instrument_id))
    if request is None:
        return ((f" {texts.orders.MARKET_MOVED}", "warn"), ("", "base"))
    mode = "" if session.store.view is None else session.store.view.status.mode.value
    names = session.store.names
    price = "MARKET" if names is None else names.price(request.instrument_id, request.price)
    words = [
        str(request.side),
        fmt.number(request.quantity),
        fmt.clean(ticket.instrument.display),
        price if request.price is not None else "MARKET",
        f"{texts.names.TYPES[request.order_type]} {request.time_in_force}",
        "POST" if request.post_only else "",
        "REDUCE" if request.reduce_only else "",
        mode,
    ]
    return ((" SEND? " + " ".join(word for word in words if word), "cursor"), ("", "cursor"))
