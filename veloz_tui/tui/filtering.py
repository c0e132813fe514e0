"""/ n N o O: filtering the focused pane, going through what matches, sorting."""

from functools import partial

from veloz_tui.tui import fmt, texts
from veloz_tui.tui.arrange import Arrangement
from veloz_tui.tui.filters import FilterError, parse
from veloz_tui.tui.lineedit import LineEdit
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.panes import facts
from veloz_tui.tui.session import Session


def install(session: Session) -> None:
    """Give the session its filters."""
    session.router.on_action |= {
        "filter": partial(open_filter, session),
        "next_match": partial(step, session, 1),
        "previous_match": partial(step, session, -1),
        "sort": partial(sort, session),
        "reverse": partial(reverse, session),
    }
    session.router.on_key[Keys.FILTER] = partial(filter_key, session)
    session.router.on_paste[Keys.FILTER] = partial(_apply_line, session)


def arrangement(session: Session) -> Arrangement | None:
    """The focused pane's; says so where rows can't be filtered."""
    if session.focus in facts.FIELDS:
        return session.arrangements[session.focus]
    session.say(texts.filters.no_filter(texts.names.TITLES[session.focus]), "muted")
    return None


def open_filter(session: Session) -> None:
    """Start typing; the filter in force is there to be changed."""
    here = arrangement(session)
    if here is None:
        return
    session.edit = LineEdit("" if here.filter is None else here.filter.text)
    session.mode = Keys.FILTER


def filter_key(session: Session, key: str, character: str | None) -> None:
    """Keys while a filter is typed: every character works at once, Esc drops the filter."""
    if key == "escape" or (key == "backspace" and not session.edit.text):
        apply_filter(session, "")
        session.mode = Keys.PANES
    elif key == "enter":
        _end(session)
    elif key not in {"up", "down"} and session.edit.key(key, character):
        session.typing.typed(session.clock())
        _apply_line(session)


def _apply_line(session: Session) -> None:
    apply_filter(session, session.edit.text)


def _end(session: Session) -> None:
    if session.typing.is_burst(session.clock()):
        # The next line of a paste stays in the filter as well: it belongs into no pane.
        session.typing.rest()
        session.say(texts.filters.TYPED_TOO_FAST, "warn")
    elif not problem(session):
        session.mode = Keys.PANES


def apply_filter(session: Session, text: str) -> str:
    """Filter the focused pane; returns why the text is no filter, which then changes nothing."""
    here = session.arrangements[session.focus]
    found = parse(fmt.clean(text), facts.FIELDS[session.focus])
    if isinstance(found, FilterError):
        return found.text
    here.filter = found if found.terms else None
    return ""


def problem(session: Session) -> str:
    """Why the text that is being typed isn't a filter yet."""
    found = parse(fmt.clean(session.edit.text), facts.FIELDS[session.focus])
    return found.text if isinstance(found, FilterError) else ""


def step(session: Session, direction: int) -> None:
    """n N: the next or previous matching row, around the end."""
    here = arrangement(session)
    content = session.contents.get(session.focus)
    if here is None or content is None:
        return
    if here.filter is None:
        session.say(texts.filters.NONE_YET, "muted")
        return
    cursor = session.cursors[session.focus]
    rows = [at for at, row in enumerate(content.rows) if row.key]
    if not rows:
        session.say(texts.filters.NO_MATCH, "muted")
        return
    keys = [content.rows[at].key for at in rows]
    if cursor.key not in keys:
        to = 0 if direction > 0 else len(rows) - 1
    else:
        to = keys.index(cursor.key) + direction
        if not 0 <= to < len(rows):
            session.say(texts.filters.AROUND, "muted")
    cursor.select(content.rows, rows[to % len(rows)])


def sort(session: Session) -> None:
    """o: by the next column."""
    here = arrangement(session)
    if here is not None:
        here.next_sort(facts.SORTS[session.focus])
        session.say(texts.filters.sorted_by(here.sort), "muted")


def reverse(session: Session) -> None:
    """O: the other way round."""
    here = arrangement(session)
    if here is not None:
        here.reverse()


def clear(session: Session) -> None:
    """Esc in a pane: its filter ends."""
    here = session.arrangements.get(session.focus)
    if here is not None and here.filter is not None:
        here.filter = None
        session.say(texts.filters.OFF, "muted")
