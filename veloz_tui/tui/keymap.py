"""The one table of keys. Bindings, footer and help are made from it; a keymap without kill is refused."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec


class Danger(StrEnum):
    """What a key can do to the account; decides which guards stand before it."""

    NONE = "none"
    REDUCES = "reduces"  # cancels, stops, closes: fast, but locked after a burst
    INCREASES = "increases"  # held for 60 ms to see whether it is the head of a burst; so is what leaves
    #                          the console (a shell would get the rest of the text) or silences an alert
    KILL = "kill"  # never locked, never held, everywhere


PANES: Final = (
    "watch", "strategies", "account", "ladder", "orders", "positions", "alerts", "tape",
)  # fmt: skip
ANY_PANE: Final = "pane"
EVERYWHERE: Final = "global"
TICKET: Final = "ticket"
COMMAND: Final = "command"
HELP: Final = "help"
GO: Final = "go"
TWINS: Final = {"tape": "fills"}
"""The pane that a second press of a pane's number shows in its place."""
EXTRA: Final = ("history", "risk", "health", "performance", "settings", "wire", "why", "strategy")
"""Panes which only the screens behind g and w show."""
LISTED: Final = (*PANES, *TWINS.values(), *EXTRA)


class KeymapError(ValueError):
    """A keymap which can't be used; the text says which action and chord."""


class Action(msgspec.Struct, frozen=True):
    """One action: where its keys work, what they are, how the footer and the help name it.

    `footer` is the order in which the footer drops entries (0: not shown, 1: never dropped).
    """

    id: str
    context: str
    chords: tuple[str, ...]
    label: str
    help: str
    short: str = ""
    footer: int = 0
    danger: Danger = Danger.NONE
    keys_shown: str = ""


def _focus_help(pane: str) -> str:
    return f"Focus {pane}." if pane not in TWINS else f"Focus {pane}; again: own {TWINS[pane]}."


_R, _I = Danger.REDUCES, Danger.INCREASES
DEFAULT: Final[tuple[Action, ...]] = (
    Action("kill", EVERYWHERE, ("ctrl+k", "f12"), "KILL",
           "Kill switch, pressed twice within 3 s: stop strategies, cancel every order on every venue. "
           "It never trades: positions stay open.", footer=1, danger=Danger.KILL, keys_shown="^K^K"),
    Action("help", ANY_PANE, ("question_mark",), "help", "Keys of the focused pane.", footer=1),
    Action("command", ANY_PANE, ("colon",), "cmd", "Command line.", footer=2),
    Action("buy", ANY_PANE, ("b",), "ticket", "Buy ticket; price from the ladder cursor or the touch.",
           footer=3, danger=_I, keys_shown="b/s", short=" "),
    Action("sell", ANY_PANE, ("s",), "sell", "Sell ticket.", danger=_I),
    Action("amend", ANY_PANE, ("e",), "amend",
           "Amend the selected order of yours: a ticket with its price and quantity. It is canceled first "
           "and placed anew, last in its queue.", footer=8, danger=_I),
    Action("cancel", ANY_PANE, ("x",), "cancel",
           "Cancel the selected or marked orders; a protective stop or an external order needs x x.",
           short="cxl", footer=3, danger=_R),
    Action("cancel_all", ANY_PANE, ("X", "shift+x"), "cancel all",
           "Twice: cancel all in scope. External orders and stops are kept.",
           short="all", footer=4, danger=_R, keys_shown="XX"),
    Action("close", ANY_PANE, ("C", "shift+c"), "close pos",
           "Close the selected position: a ticket with a limit IOC just through the touch.",
           short="close", footer=5, danger=_R),
    Action("toggle", "strategies", ("space",), "start/stop",
           "Start or stop the strategy; stopping cancels its orders at once.",
           short="run", footer=4, danger=_I, keys_shown="Spc"),
    Action("inspect", "strategies", ("i", "enter"), "look",
           "One strategy in full: parameters, orders, fills, results, times, log, and why it waits.",
           short="look", footer=7),
    Action("mark", "orders", ("space",), "mark", "Mark the order for x.", footer=8, keys_shown="Spc"),
    Action("mark_range", "orders", ("v",), "mark range", "Twice: mark every order between two rows."),
    Action("unmark", "orders", ("u",), "unmark", "Remove all marks."),
    Action("filter", ANY_PANE, ("slash",), "filter",
           "Filter the pane: words AND; side:sell st:dbt by:mm-1 ven:bin age>10m -eth. Esc clears.",
           footer=7),
    Action("next_match", ANY_PANE, ("n",), "next match", "The next row that the filter shows."),
    Action("previous_match", ANY_PANE, ("N", "shift+n"), "previous match", "The one before."),
    Action("sort", ANY_PANE, ("o",), "sort", "Sort by the next column; rows rest 2 s after each key."),
    Action("reverse", ANY_PANE, ("O", "shift+o"), "reverse", "Sort the other way round."),
    Action("copy", ANY_PANE, ("y",), "copy", "Copy the selected row, else the message, to the clipboard."),
    Action("freeze", ANY_PANE, ("f",), "freeze",
           "The panes stand still, to read and copy; status goes on, trading keys are off. f ends."),
    Action("pause", ANY_PANE, ("P", "shift+p"), "pause", "Twice: strategies pull quotes, positions stay.",
           danger=_R, keys_shown="PP"),
    Action("reduce", ANY_PANE, ("R", "shift+r"), "reduce", "Only orders that shrink; off by :resume.",
           danger=_R),
    Action("read", ANY_PANE, ("enter",), "read", "Show the selected row whole on the message line."),
    Action("why", ANY_PANE, ("w",), "why",
           "Why is it so: the chain of the selected order, fill, alert or line; without one, "
           "of your last order. Esc goes back."),
    Action("ack", ANY_PANE, ("a",), "ack", "Acknowledge the selected alert (the newest without a cursor).",
           danger=_I),
    Action("ack_all", ANY_PANE, ("A", "shift+a"), "ack all", "Acknowledge all alerts.", danger=_I),
    Action("mute", ANY_PANE, ("m",), "mute", "Mute the bell for 10 min; critical alerts still ring.",
           danger=_I),
    Action("zoom", ANY_PANE, ("z",), "zoom", "Give the whole body to this pane, and back.", footer=6),
    Action("recentre", "ladder", ("c",), "recentre", "Put the best prices into the middle.", footer=7),
    Action("coarser", "ladder", ("plus", "equals_sign"), "coarser", "Fewer, wider price rows."),
    Action("finer", "ladder", ("minus",), "finer", "More, narrower price rows."),
    Action("smaller", "ladder", ("left_square_bracket",), "smaller", "The next smaller size for tickets."),
    Action("larger", "ladder", ("right_square_bracket",), "larger", "The next larger size for tickets."),
    Action("arm", "ladder", ("t",), "arm",
           "Arm the ladder, or disarm it: B and S at the cursor and clicks then send at once. "
           "LIVE needs :arm INST once; t arms again within 10 min.", footer=6, danger=_I),
    Action("armed_buy", "ladder", ("B", "shift+b"), "buy here",
           "Armed: a buy limit of the preset size at the cursor's price; if it would take, the ticket opens.",
           danger=_I),
    Action("armed_sell", "ladder", ("S", "shift+s"), "sell here",
           "Armed: a sell limit of the preset size at the cursor's price.", danger=_I),
    Action("tick_up", "ladder", ("shift+up",), "tick up",
           "Move your order at the cursor one tick up; in LIVE after a look at the review line.", danger=_I),
    Action("tick_down", "ladder", ("shift+down",), "tick down", "The same, one tick down.", danger=_I),
    Action("focus_next", ANY_PANE, ("tab",), "next pane", "Focus the next pane."),
    Action("focus_previous", ANY_PANE, ("shift+tab",), "previous pane", "Focus the previous pane."),
    *(
        Action(f"focus_{pane}", ANY_PANE, (str(at),), pane, _focus_help(pane))
        for at, pane in enumerate(PANES, start=1)
    ),
    Action("down", ANY_PANE, ("j", "down"), "down", "Cursor down."),
    Action("up", ANY_PANE, ("k", "up"), "up", "Cursor up."),
    Action("left", ANY_PANE, ("h", "left"), "left", "Focus the pane to the left."),
    Action("right", ANY_PANE, ("l", "right"), "right", "Focus the pane to the right."),
    Action("page_down", ANY_PANE, ("pagedown", "ctrl+d"), "page down", "A page down."),
    Action("page_up", ANY_PANE, ("pageup", "ctrl+u"), "page up", "A page up."),
    Action("top", ANY_PANE, ("home",), "first", "First row (gg too)."),
    Action("go", ANY_PANE, ("g",), "go to", "And a letter: a whole screen; wait to see which."),
    Action("go_top", GO, ("g",), "first row", "First row."),
    Action("go_trade", GO, ("t",), "trade", "Back to all panes."),
    Action("go_strategies", GO, ("s",), "strategies", "The screen of strategies."),
    Action("go_orders", GO, ("o",), "orders", "The screen of orders and what became of them."),
    Action("go_risk", GO, ("r",), "risk", "The screen of risk."),
    Action("go_health", GO, ("h",), "health", "The screen of engine and venues."),
    Action("go_performance", GO, ("p",), "performance", "The screen of today's results."),
    Action("go_wire", GO, ("w",), "wire", "The screen of what is sent and received."),
    Action("go_fills", GO, ("f",), "fills", "The screen of fills."),
    Action("go_settings", GO, ("comma",), "settings", "The screen of settings."),
    Action("bottom", ANY_PANE, ("G", "shift+g", "end"), "last", "Last row."),
    Action("clear", ANY_PANE, ("escape",), "clear", "Drop cursor, message, filter or question."),
    Action("palette", EVERYWHERE, ("ctrl+o",), "palette", "Every action and command by its name."),
    Action("leave", EVERYWHERE, ("ctrl+q",), "detach", "Leave from anywhere; the engine goes on."),
    Action("detach", ANY_PANE, ("q",), "detach", "Leave the console; the engine goes on.", footer=5,
           danger=_I, keys_shown="q"),
    Action("hint", EVERYWHERE, ("ctrl+c",), "hint", "Says how to detach and how to kill; does neither."),
    Action("repaint", EVERYWHERE, ("ctrl+l",), "repaint", "Paint the whole screen again."),
)  # fmt: skip

_DISPLAY: Final = {
    "question_mark": "?", "colon": ":", "slash": "/", "comma": ",", "full_stop": ".", "space": "Space",
    "escape": "Esc", "plus": "+", "minus": "-", "equals_sign": "=", "tab": "Tab", "shift+tab": "S-Tab",
    "left_square_bracket": "[", "right_square_bracket": "]", "pagedown": "PgDn", "pageup": "PgUp",
}  # fmt: skip


def display(chord: str) -> str:
    """How a chord is written for people: `^K`, `?`, `F12`."""
    if chord in _DISPLAY:
        return _DISPLAY[chord]
    if chord.startswith("ctrl+"):
        return "^" + chord.removeprefix("ctrl+").upper()
    return chord if len(chord) == 1 else chord.capitalize()


class Keymap:
    """The table with the user's own chords applied, ready for look-up."""

    def __init__(self, overrides: Mapping[str, Sequence[str]] | None = None) -> None:
        self.actions = tuple(_rebind(DEFAULT, overrides or {}))
        self._chords: dict[tuple[str, str], Action] = {}
        for action in self.actions:
            for chord in action.chords:
                self._add(action, chord)
        if not self.get("kill").chords:
            raise KeymapError("kill has no key: a console without a kill key is refused")

    def get(self, action_id: str) -> Action:
        """The action of that id; KeyError if there is none."""
        return next(action for action in self.actions if action.id == action_id)

    def find(self, key: str, *contexts: str) -> Action | None:
        """What a key does: everywhere-keys first, then the contexts in the order given."""
        for context in (EVERYWHERE, *contexts):
            action = self._chords.get((context, key))
            if action is not None:
                return action
        return None

    def in_context(self, *contexts: str) -> list[Action]:
        """All actions that work there, in the order of the table."""
        return [action for action in self.actions if action.context in {EVERYWHERE, *contexts}]

    def in_only(self, context: str) -> list[Action]:
        """The actions of one context alone."""
        return [action for action in self.actions if action.context == context]

    def _add(self, action: Action, chord: str) -> None:
        other = self._chords.get((action.context, chord))
        if other is not None:
            raise KeymapError(f"{display(chord)} is bound to both {other.id} and {action.id}")
        everywhere = self._chords.get((EVERYWHERE, chord))
        if everywhere is not None and action.context != EVERYWHERE:
            raise KeymapError(f"{display(chord)} is {everywhere.id} everywhere; {action.id} can't have it")
        self._chords[action.context, chord] = action


def _rebind(actions: Iterable[Action], overrides: Mapping[str, Sequence[str]]) -> Iterable[Action]:
    table = list(actions)
    unknown = overrides.keys() - {action.id for action in table}
    if unknown:
        raise KeymapError(f"unknown actions: {', '.join(sorted(unknown))}")
    for action in table:
        chords = overrides.get(action.id)
        if chords is None:
            yield action
        else:
            first = display(chords[0]) if chords else ""
            shown = first * 2 if action.keys_shown in {"^K^K", "XX", "PP"} else ""
            yield msgspec.structs.replace(action, chords=tuple(chords), keys_shown=shown)


def key_text(action: Action) -> str:
    """The key as the footer writes it."""
    return action.keys_shown or display(action.chords[0])
