"""g w: the wire log, fetched while it is open and only then."""

from functools import partial
from typing import Final

from veloz_tui.domain.queries import AskWire, Told, WireEntry, WireLog
from veloz_tui.tui import texts
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.panes import wire
from veloz_tui.tui.session import Session

AT_ONCE: Final = 500


def follow(session: Session) -> None:
    """While the page is open: what came since; one question at a time."""
    page = session.wire
    if session.focus == "wire" and session.frozen is None:
        query = AskWire(after=page.last, limit=AT_ONCE)
        page.repeated.ask_again(session.asking, query, partial(_told, session), now=session.clock())


def _told(session: Session, told: Told) -> None:
    if isinstance(told, WireLog):
        session.wire.take(told)


def selected(session: Session) -> WireEntry | None:
    """The message under the cursor."""
    key = session.cursors["wire"].key
    return next((each for each in session.wire.entries if str(each.number) == key), None)


def content(session: Session, *, width: int) -> PaneContent:
    """The page."""
    page = session.wire
    title = texts.why.wire_title(shown=len(page.entries), numbered=page.last or 0, lost=page.lost)
    return wire.content(
        tuple(page.entries),
        width=width,
        title=f"{title}  {texts.why.public(page.public_a_second)}",
        note=texts.why.WIRE_KEYS,
    )
