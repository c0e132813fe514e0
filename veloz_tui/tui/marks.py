"""Space v u in Orders: marks, which x and X X are then about. Only what is shown can be marked."""

from functools import partial

from veloz_tui.tui import fmt, texts
from veloz_tui.tui.session import Session


def install(session: Session) -> None:
    """Give the session its marks."""
    session.router.on_action |= {
        "mark": partial(mark, session),
        "mark_range": partial(mark_range, session),
        "unmark": partial(unmark, session),
    }


def _selected(session: Session) -> str | None:
    key = session.cursors["orders"].key
    if key is None or session.store.order(key) is None or key not in session.shown_keys("orders"):
        session.say(texts.guards.NOTHING_SELECTED, "muted")
        return None
    return key


def mark(session: Session) -> None:
    """Space: mark or unmark, and go on to the next."""
    key = _selected(session)
    if key is not None:
        session.marked ^= {key}
        session.cursors["orders"].move(session.contents["orders"].rows, 1)


def mark_range(session: Session) -> None:
    """v: one end of a range; v again: everything between the two."""
    key = _selected(session)
    if key is None:
        return
    keys = session.shown_keys("orders")
    start = session.mark_from
    if start not in keys:
        session.mark_from = key
        session.marked |= {key}
        session.say(texts.orders.RANGE_STARTED)
        return
    session.mark_from = None
    first, last = sorted((keys.index(start), keys.index(key)))
    session.marked |= set(keys[first : last + 1])
    session.say(texts.orders.marked(sum(1 for each in keys if each in session.marked)))


def unmark(session: Session) -> None:
    """u: no marks any more."""
    session.marked.clear()
    session.mark_from = None


def note(session: Session) -> str:
    """How many are marked, for the title; marks which a filter hides are kept, and not acted upon."""
    live = [key for key in session.marked if session.store.order(key) is not None]
    shown = set(session.shown_keys("orders"))
    hidden = sum(1 for key in live if key not in shown)
    return fmt.clean(texts.orders.marks(len(live) - hidden, hidden)) if live else ""
