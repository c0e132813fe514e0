"""Key names: layouts that aren't Latin, keys that mean nothing alone, bursts that nobody typed."""

import re
import unicodedata
from collections import deque
from typing import ClassVar, Final

from veloz_tui.tui.keymap import Danger

_LATIN: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN: Final = "йцукенгшщзхъфывапролджэячсмитьбюё"
_UKRAINIAN: Final = {"і": "s", "ї": "]", "є": "'", "ґ": "\\", "ў": "o"}
_GREEK: Final = dict(zip("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm", strict=True))
_SHIFTED: Final = str.maketrans("[];',.`\\", '{}:"<>~|')
# Textual's names of the punctuation which can stand for a key in the table.
_NAMES: Final = {
    ":": "colon", ";": "semicolon", "/": "slash", "?": "question_mark", ",": "comma", ".": "full_stop",
    "+": "plus", "-": "minus", "[": "left_square_bracket", "]": "right_square_bracket", " ": "space",
    "'": "apostrophe", '"': "quotation_mark", "`": "grave_accent", "~": "tilde", "{": "left_curly_bracket",
    "}": "right_curly_bracket", "<": "less_than_sign", ">": "greater_than_sign", "\\": "backslash",
    "|": "vertical_line",
}  # fmt: skip
_LONE: Final = re.compile(
    r"(left_|right_)?(shift|ctrl|control|alt|super|hyper|meta)|iso_level\w*|(caps|num|scroll)_lock|ignore|<ignore>"
)


def _positions() -> dict[str, str]:
    lower = {**dict(zip(_RUSSIAN, _LATIN, strict=True)), **_UKRAINIAN, **_GREEK}
    upper = {char.upper(): key.upper().translate(_SHIFTED) for char, key in lower.items() if char != "ς"}
    return {**lower, **upper}


_POSITIONS: Final = _positions()


def latin(character: str) -> str:
    """The character on the same key of a QWERTY keyboard (Russian, Ukrainian, Greek), or its narrow form."""
    plain = _POSITIONS.get(character)
    if plain is not None:
        return plain
    narrow = unicodedata.normalize("NFKC", character)
    return narrow if len(narrow) == 1 and narrow.isascii() else character


def binding_key(key: str, character: str | None) -> str:
    """The name under which a key stands in the keymap, whatever layout it was typed with."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    if {"ctrl", "shift"} <= set(modifiers):
        modifiers.remove("shift")  # a plain terminal can't tell Ctrl+Shift+K from Ctrl+K either
    if modifiers:
        key = "+".join([*modifiers, last])
        return "+".join([*modifiers, latin(last)]) if len(last) == 1 else key
    if character is None or character.isascii():
        return key
    translated = latin(character)
    return _NAMES.get(translated, translated) if translated != character else key


def is_lone_modifier(key: str) -> bool:
    """Shift, Ctrl, locks and their like, which some terminals report as keys of their own."""
    return _LONE.fullmatch(key.rsplit("+", 1)[-1]) is not None


class BurstGuard:
    """Recognizes text that was pasted or typed into the wrong pane: nobody means those keys as commands.

    Four printable keys within 150 ms, or three unbound ones within 1 s, lock dangerous keys for 2 s.
    """

    BURST_KEYS, BURST_S = 4, 0.150
    STRAY_KEYS, STRAY_S = 3, 1.0
    HELD_KEYS = 3
    """So many within the hold are no person's either."""
    LOCK_S = 2.0
    HOLD_S: ClassVar[dict[Danger, float]] = {Danger.INCREASES: 0.060, Danger.REDUCES: 0.002}
    """So long keys wait, to catch the head of a burst too: of any but the fastest that takes risk on; of one
    that takes risk off, only where the rest of a paste arrives with it."""

    def __init__(self) -> None:
        self._printable: deque[float] = deque(maxlen=self.BURST_KEYS)
        self._stray: deque[float] = deque(maxlen=self.STRAY_KEYS)
        self._locked_until = float("-inf")
        self._last = ""

    def press(self, key: str, now: float, *, printable: bool, bound: bool, harmless: bool) -> bool:
        """Count one key; True if it makes (or prolongs) a burst. A harmless key held down isn't one."""
        repeats = harmless and key == self._last
        self._last = key
        if repeats:
            return False
        if printable:
            self._printable.append(now)
        if printable and not bound:
            self._stray.append(now)
        if _full_within(self._printable, self.BURST_S, now) or _full_within(self._stray, self.STRAY_S, now):
            self.lock(now)
            return True
        return False

    def lock(self, now: float) -> None:
        """Dangerous keys do nothing for a while."""
        self._locked_until = now + self.LOCK_S

    def is_word(self, now: float) -> bool:
        """True right behind a key that means nothing: whoever pressed it is writing something."""
        return bool(self._stray) and now - self._stray[-1] <= self.BURST_S

    def is_locked(self, now: float) -> bool:
        """True while dangerous keys do nothing."""
        return now < self._locked_until


class FastTyping:
    """Four characters within 150 ms were pasted as live keys: Enter behind them isn't anybody's decision."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=BurstGuard.BURST_KEYS)

    def typed(self, now: float) -> None:
        """A character went into a text."""
        self._times.append(now)

    def rest(self) -> None:
        """The hand rested: what was typed counts as typed."""
        self._times.clear()

    def is_burst(self, now: float) -> bool:
        """True if the last characters came faster than people type."""
        return _full_within(self._times, BurstGuard.BURST_S, now)


def _full_within(times: deque[float], span_s: float, now: float) -> bool:
    return len(times) == times.maxlen and now - times[0] <= span_s
