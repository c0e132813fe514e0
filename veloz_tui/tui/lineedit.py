"""One line of text being typed. Synchronous: Enter always sees every character typed before it."""

from collections.abc import Sequence

from veloz_tui.tui import fmt

MAX_LENGTH = 512


class LineEdit:
    """Text, cursor and history of an input line; no widget, no queue."""

    def __init__(self, text: str = "", history: Sequence[str] = ()) -> None:
        self.text = text
        self.cursor = len(text)
        self.recalled = False
        """True while the text is an untouched line from the history: Enter must not send it."""
        self._history = list(history)
        self._at = len(self._history)

    def insert(self, text: str) -> None:
        """Put cleaned text at the cursor, up to the length limit."""
        room = MAX_LENGTH - len(self.text)
        piece = fmt.clean(text)[: max(0, room)]
        self.text = self.text[: self.cursor] + piece + self.text[self.cursor :]
        self.cursor += len(piece)
        self.recalled = False

    def key(self, key: str, character: str | None) -> bool:
        """Apply one key; False if it means nothing here."""
        if key in _MOVES:
            self._move(_MOVES[key])
        elif key in _CUTS:
            self._cut(_CUTS[key])
        elif key in {"up", "ctrl+p"}:
            self._recall(-1)
        elif key in {"down", "ctrl+n"}:
            self._recall(1)
        elif character is not None and len(character) == 1 and character.isprintable():
            self.insert(character)
        else:
            return False
        return True

    def _move(self, where: str) -> None:
        targets = {
            "left": self.cursor - 1,
            "right": self.cursor + 1,
            "home": 0,
            "end": len(self.text),
            "word_left": self._word_start(),
        }
        self.cursor = min(max(targets[where], 0), len(self.text))
        self.recalled = False

    def _cut(self, what: str) -> None:
        start, end = {
            "before": (max(0, self.cursor - 1), self.cursor),
            "after": (self.cursor, self.cursor + 1),
            "word": (self._word_start(), self.cursor),
            "head": (0, self.cursor),
        }[what]
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start
        self.recalled = False

    def _word_start(self) -> int:
        head = self.text[: self.cursor].rstrip()
        return head.rfind(" ") + 1

    def _recall(self, step: int) -> None:
        at = self._at + step
        if not 0 <= at <= len(self._history):
            return
        self._at = at
        self.text = self._history[at] if at < len(self._history) else ""
        self.cursor = len(self.text)
        self.recalled = bool(self.text)


_MOVES = {
    "left": "left", "right": "right", "home": "home", "end": "end", "ctrl+a": "home", "ctrl+e": "end",
    "ctrl+b": "left", "ctrl+f": "right", "ctrl+left": "word_left",
}  # fmt: skip
_CUTS = {"backspace": "before", "delete": "after", "ctrl+d": "after", "ctrl+w": "word", "ctrl+u": "head"}
