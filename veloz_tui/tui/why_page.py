"""w: the why of what is selected, over the whole body; :why ID for any order."""

from functools import partial

from veloz_tui.domain.queries import About, AskWhy, Chain, NotKnown, Told
from veloz_tui.domain.types import MANUAL
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import texts, wire_page
from veloz_tui.tui.panes import why
from veloz_tui.tui.session import Session


def install(session: Session) -> None:
    """Give the session its whys."""
    session.router.on_action["why"] = partial(open_why, session)


def open_why(session: Session) -> None:
    """w: of the selected row; without one, of the last thing that became of an order of ours."""
    if session.focus == "why":
        return
    if session.focus == "wire":
        unfold(session)
        return
    if session.focus == "strategies":
        _strategy(session)
        return
    query = _selected(session)
    if query is None:
        session.say(texts.why.NOTHING, "muted")
    else:
        show(session, query)


def _selected(session: Session) -> AskWhy | None:
    key = session.cursors[session.focus].key
    if key is None:
        return _of_entry(_last_of_ours(session))
    if session.focus == "orders":
        return AskWhy(key)
    if session.focus == "alerts":
        return AskWhy(key, About.ALERT)
    if session.focus in {"fills", "history"}:
        shown = session.picture
        entries = () if shown is None else (*shown.log, *shown.fills)
        return _of_entry(next((each for each in entries if str(each.seq) == key), None))
    return _of_entry(_last_of_ours(session))


def _last_of_ours(session: Session) -> LogEntry | None:
    """The newest word on an order which this console placed or canceled, or on one that was denied."""
    for entry in reversed(session.store.log):
        is_denial = entry.kind == "denied" and entry.strategy_id == MANUAL
        if entry.client_order_id and (is_denial or entry.client_order_id in session.followed):
            return entry
    return None


def _of_entry(entry: LogEntry | None) -> AskWhy | None:
    if entry is None:
        return None
    if entry.client_order_id:
        return AskWhy(entry.client_order_id)
    return AskWhy(str(entry.seq), About.EVENT)


def ask_order(session: Session, word: str) -> None:
    """:why ID; without one, of the operator's last order."""
    show(session, AskWhy(word))


def show(session: Session, query: AskWhy) -> None:
    """Ask, and put the page over the body."""
    page = session.why
    _open(session)
    page.query, page.told, page.subject = query, None, query.subject
    on_told = partial(_told, session, query)
    if not page.repeated.ask_now(session.asking, query, on_told, now=session.clock()):
        page.told = NotKnown(texts.why.NO_LINK)


def _open(session: Session) -> None:
    if session.focus != "why":
        session.why.back = (session.page, session.focus)
    session.page, session.focus, session.is_zoomed = ("why",), "why", False
    session.cursors["why"].clear()
    session.cursors["why"].top = 0


def _told(session: Session, query: AskWhy, told: Told) -> None:
    page = session.why
    if page.query == query and isinstance(told, Chain | NotKnown):
        page.told = told


def follow(session: Session) -> None:
    """While the page is open: what goes on meanwhile."""
    page = session.why
    if session.focus != "why" or page.query is None or isinstance(page.told, NotKnown):
        return
    on_told = partial(_told, session, page.query)
    page.repeated.ask_again(session.asking, page.query, on_told, now=session.clock())


def leave(session: Session) -> None:
    """Esc: back to where it was opened."""
    session.page, session.focus = session.why.back
    session.why.query = None


def _strategy(session: Session) -> None:
    view, key = session.store.view, session.cursors["strategies"].key
    shown = session.shown_keys("strategies")
    key = key or (shown[0] if len(shown) == 1 else None)
    found = next((s for s in view.strategies if s.strategy_id == key), None) if view is not None else None
    if view is None or found is None:
        session.say(texts.why.NOTHING, "muted")
        return
    _open(session)
    session.why.query, session.why.subject = None, found.strategy_id
    session.why.told = why.of_strategy(view, found, tuple(session.store.log))


def unfold(session: Session) -> None:
    """Enter or w in the wire log: the message whole, with the other half of its exchange."""
    entry = wire_page.selected(session)
    if entry is None:
        session.say(texts.why.NOTHING, "muted")
        return
    _open(session)
    session.why.query, session.why.subject = None, str(entry.number)
    session.why.told = why.of_wire(entry, tuple(session.wire.entries))
