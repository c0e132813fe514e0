"""The parts of docs/console.md that come from the program's own tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from veloz_tui.cli import SECTIONS
from veloz_tui.control.grammar_completion import MEANINGS
from veloz_tui.tui.keymap import (
    ANY_PANE,
    COMMAND,
    EVERYWHERE,
    GO,
    HELP,
    PANES,
    TICKET,
    Danger,
    Keymap,
    display,
)
from veloz_tui.tui.texts.names import TITLES

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "console.md"
_KEY_HEAD: Final = "| key | action | does | guard |\n|---|---|---|---|\n"
_GUARDS: Final = {
    Danger.NONE: "",
    Danger.REDUCES: "locked after a burst, held 2 ms",
    Danger.INCREASES: "locked after a burst, held 60 ms",
    Danger.KILL: "twice within 3 s",
}
_WHERE: Final = {
    EVERYWHERE: "Everywhere",
    ANY_PANE: "In every pane",
    GO: "After `g`",
    TICKET: "In the ticket",
    COMMAND: "In the command line",
    HELP: "In the help",
}


def page(text: str) -> str:
    """The page with its generated parts made anew; raises ValueError where a mark is missing."""
    for name, make in (("keys", keys), ("verbs", verbs), ("commands", commands)):
        before, begin, rest = text.partition(f"<!-- {name}: python -m tests.docs -->\n")
        old, end, after = rest.partition(f"<!-- end of {name} -->\n")
        if not begin or not end:
            raise ValueError(f"{PAGE}: the marks of {name} are missing")
        del old
        text = f"{before}{begin}{make()}{end}{after}"
    return text


def keys() -> str:
    """The table of keys, by where they work."""
    actions = Keymap().actions
    contexts = [
        EVERYWHERE,
        ANY_PANE,
        *PANES,
        *(each for each in _WHERE if each not in {EVERYWHERE, ANY_PANE}),
    ]
    parts = []
    for context in contexts:
        rows = [
            f"| {_chords(each.chords)} | `{each.id}` | {_cell(each.help)} | {_GUARDS[each.danger]} |"
            for each in actions
            if each.context == context
        ]
        if rows:
            title = _WHERE.get(context) or f"In {TITLES[context]}"
            parts.append(
                f"**{title}**\n\n| key | action | does | guard |\n|---|---|---|---|\n" + _lines(rows)
            )
    return "\n".join(parts)


def commands() -> str:
    """What can follow `veloz`."""
    rows = [
        f"| `veloz {name}` | {_cell(entry.help)} |"
        for entries in SECTIONS.values()
        for name, entry in entries.items()
        if entry.help
    ]
    return "| command | does |\n|---|---|\n" + _lines(rows)


def verbs() -> str:
    """The verbs of the command line."""
    rows = [f"| `{verb}` | {_cell(meaning)} |" for verb, meaning in MEANINGS.items()]
    return "| verb | what follows |\n|---|---|\n" + _lines(rows)


def _chords(chords: Iterable[str]) -> str:
    # A shifted letter comes as `X` or as `shift+x`, by terminal: one key for people.
    shown = dict.fromkeys(display(each) for each in chords if not each.startswith("shift+") or len(each) > 7)
    return " ".join(f"`` {each} ``" if "`" in each else f"`{each}`" for each in shown)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)
