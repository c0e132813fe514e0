"""Between the terminal and the parser: a bracketed paste has an end, a bound, and no keys in it.

The parser waits for a paste's end for ever, and nothing gets past it meanwhile, the kill key neither; and
what begins with ESC inside of a paste it takes for keys.
"""

from typing import Final

START: Final = "\x1b[200~"
END: Final = "\x1b[201~"
OPEN_S: Final = 1.0
"""Without more of it for so long, a paste has lost its end. Single characters are a hand's, no more of it."""
MAX_CHARACTERS: Final = 64 * 1024
"""What a paste may have; the rest of it is dropped."""


class Pastes:
    """What the terminal says, made fit for the parser. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._is_open = False
        self._content = ""
        self._tail = ""
        self._heard_at = 0.0

    def take(self, text: str, now: float) -> str:
        """What the parser gets of a text now: a paste only when it is whole."""
        if len(text) > 1 or not self._is_open:
            self._heard_at = now
        out: list[str] = []
        while text:
            piece, text = self._inside(text) if self._is_open else self._outside(text)
            out.append(piece)
        return "".join(out)

    def tick(self, now: float) -> str:
        """What the parser gets when nothing comes: a paste whose end was lost."""
        return self._close() if self._is_open and now - self._heard_at >= OPEN_S else ""

    def _outside(self, text: str) -> tuple[str, str]:
        # The start may have begun in the text before, which the parser has already.
        joined = self._tail + text
        at = joined.find(START)
        if at < 0:
            self._tail = joined[1 - len(START) :]
            return text, ""
        end = at + len(START) - len(self._tail)
        self._is_open, self._content, self._tail = True, "", ""
        return text[:end], text[end:]

    def _inside(self, text: str) -> tuple[str, str]:
        joined = self._content + text
        at = joined.find(END)
        if at >= 0:
            self._content = joined[:at]
            return self._close(), joined[at + len(END) :]
        self._content = _plain(joined[: 1 - len(END)])[:MAX_CHARACTERS] + joined[1 - len(END) :]
        return "", ""

    def _close(self) -> str:
        whole, self._content, self._is_open = _plain(self._content)[:MAX_CHARACTERS], "", False
        return whole + END


def _plain(text: str) -> str:
    return text.replace("\x1b", "")
