"""y f: copying a row out of the console, and panes that stand still for it."""

from functools import partial

from veloz_tui.tui import texts
from veloz_tui.tui.session import Session


def install(session: Session) -> None:
    """Give the session both keys."""
    session.router.on_action |= {"copy": partial(copy, session), "freeze": partial(freeze, session)}


def copy(session: Session) -> None:
    """y: the selected row in full, else the message; shown too, for terminals which don't copy."""
    text = session.selected_text()
    if not text and session.message is not None:
        text = session.message.text
    if not text:
        session.say(texts.guards.NOTHING_SELECTED, "muted")
        return
    is_in_tmux = session.shell.copy(text)
    session.say(texts.screens.copied(text, is_in_tmux=is_in_tmux))


def freeze(session: Session) -> None:
    """f: the panes stand still until f again; the status goes on."""
    if session.frozen is not None:
        session.thaw()
        session.say(texts.screens.THAWED, "muted")
        return
    shown = session.picture
    if shown is not None:
        session.frozen = shown._replace(fills=tuple(shown.fills), log=tuple(shown.log))
        session.frozen = session.frozen._replace(frozen_at=session.clock())
        session.say(texts.screens.FREEZE, "warn")
