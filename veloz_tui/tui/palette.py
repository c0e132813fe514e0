"""Ctrl+O: every action and command word by its name; Enter does what its key would, with the same guard."""

from functools import partial
from typing import Final, NamedTuple

from veloz_tui.control.grammar_verbs import VERBS
from veloz_tui.tui import command_line, texts
from veloz_tui.tui.keymap import ANY_PANE, GO, Action, key_text
from veloz_tui.tui.lineedit import LineEdit
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.session import Session

SHOWN: Final = 6
_NOT_HERE: Final = frozenset({"q", "wq"})
"""Words which this console can't do, or has a key for."""
_WORDS: Final = tuple(word for word in VERBS if word not in _NOT_HERE)


class Entry(NamedTuple):
    """A line of the palette: an action of the table, or a word that begins a command."""

    name: str
    keys: str
    help: str
    action: Action | None = None


def install(session: Session) -> None:
    """Give the session its palette."""
    session.router.on_action["palette"] = partial(open_palette, session)
    session.router.on_key[Keys.PALETTE] = partial(palette_key, session)
    session.router.on_paste[Keys.PALETTE] = partial(_from_top, session)


def open_palette(session: Session) -> None:
    """Start typing a name; only from the panes, so that no ticket or question is lost to it."""
    if session.mode is Keys.PANES:
        session.edit, session.palette_at = LineEdit(), 0
        session.mode = Keys.PALETTE


def entries(session: Session) -> list[Entry]:
    """What fits the typed letters here, best first."""
    keymap = session.keymap
    actions = [*keymap.in_context(session.focus, ANY_PANE), *keymap.in_only(GO)]
    known = [
        Entry(
            texts.screens.palette_name(action.id),
            (key_text(keymap.get("go")) + " " if action.context == GO else "") + key_text(action),
            action.help,
            action,
        )
        for action in actions
        if action.id != "palette" and action.chords
    ]
    known += [Entry(f":{word}", "", texts.screens.PALETTE_WORD) for word in _WORDS]
    typed = "".join(session.edit.text.lower().split())
    scored = [
        (score, at, entry) for at, entry in enumerate(known) if (score := _score(typed, entry)) is not None
    ]
    return [entry for _, _, entry in sorted(scored, key=lambda each: each[:2])]


def _score(typed: str, entry: Entry) -> int | None:
    """Lower is better: the name's start, in the name, its letters in order; None: no match."""
    name = "".join(entry.name.split())
    if name.startswith(typed):
        return 0
    if typed in name:
        return 1
    letters = iter(name)
    return 2 if all(letter in letters for letter in typed) else None


def palette_key(session: Session, key: str, character: str | None) -> None:
    """Up and Down choose, Enter does, Esc leaves, everything else is typed."""
    found = entries(session)
    if key == "escape":
        session.mode = Keys.PANES
    elif key in {"up", "down"}:
        step = 1 if key == "down" else -1
        session.palette_at = min(max(session.palette_at + step, 0), max(0, len(found) - 1))
    elif key == "enter":
        _enter(session, found)
    elif session.edit.key(key, character):
        _from_top(session)
        if character is not None and character.isprintable():
            session.typing.typed(session.clock())


def _from_top(session: Session) -> None:
    session.palette_at = 0


def _enter(session: Session, found: list[Entry]) -> None:
    if session.typing.is_burst(session.clock()):
        session.typing.rest()
        session.say(texts.guards.TYPED_TOO_FAST, "warn")
        return
    session.mode = Keys.PANES
    if not found:
        session.say(texts.screens.PALETTE_NONE, "muted")
        return
    entry = found[min(session.palette_at, len(found) - 1)]
    if entry.action is None:
        command_line.open_line(session, entry.name.removeprefix(":") + " ")
    else:
        session.router.choose(entry.action)
