"""g and a letter: whole screens; what the letters mean is shown when nobody types for 400 ms."""

from collections.abc import Callable
from functools import partial
from typing import Final

from veloz_tui.tui import actions, texts, why_page
from veloz_tui.tui.keymap import GO
from veloz_tui.tui.keys import binding_key
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.session import Session

POPUP_S: Final = 0.400
_PAGES: Final[dict[str, tuple[str, ...]]] = {
    "go_trade": (),
    "go_strategies": ("strategies",),
    "go_orders": ("orders", "history"),
    "go_risk": ("risk",),
    "go_health": ("health",),
    "go_performance": ("performance",),
    "go_fills": ("fills",),
    "go_wire": ("wire",),
    "go_settings": ("settings",),
}


def install(session: Session) -> None:
    """Give the session its screens."""
    pages: dict[str, Callable[[], None]] = {
        name: partial(show, session, page) for name, page in _PAGES.items()
    }
    session.router.on_action |= pages
    session.router.on_action["go"] = partial(begin, session)
    session.router.on_action["go_top"] = partial(actions.end, session, 0)
    session.router.on_key[Keys.GO] = partial(go_key, session)
    why_page.install(session)


def begin(session: Session) -> None:
    """g: the next key is a letter of the table."""
    session.mode, session.go_at = Keys.GO, session.clock()
    session.shell.after(POPUP_S, lambda: None)  # paints, and by then the popup is due


def is_popup_due(session: Session) -> bool:
    """True once somebody hesitates."""
    return session.mode is Keys.GO and session.clock() - session.go_at >= POPUP_S


def go_key(session: Session, key: str, character: str | None) -> None:
    """The letter; any other key only ends the waiting."""
    session.mode = Keys.PANES
    action = session.keymap.find(binding_key(key, character), GO)
    if session.router.is_burst(key, character):
        return
    if action is not None:
        session.router.run(action)
    elif key != "escape":
        session.say(texts.screens.NO_SCREEN, "muted")


def show(session: Session, page: tuple[str, ...]) -> None:
    """Put panes over the whole body; none: back to trading."""
    session.page, session.is_zoomed = page, False
    session.focus = page[0] if page else "ladder"
