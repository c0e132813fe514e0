"""Two-stroke guards: the kill key, and keys like X X. Pure: the caller brings the time."""

from enum import Enum
from typing import Final


class Stroke(Enum):
    """What one press of a guarded key means."""

    FIRST = "first"
    SECOND = "second"
    TOO_EARLY = "too early"


class KillKey:
    """Two strokes within 3 s; strokes of different chords count together."""

    WINDOW_S: Final = 3.0

    def __init__(self) -> None:
        self._until = float("-inf")
        self.tested = False
        """True once a chord reached us in this terminal: nothing on the way eats the key."""

    def press(self, now: float) -> Stroke:
        """Count one stroke."""
        self.tested = True
        if self.is_armed(now):
            self._until = float("-inf")
            return Stroke.SECOND
        self._until = now + self.WINDOW_S
        return Stroke.FIRST

    def stand_down(self) -> None:
        """Any other key does this."""
        self._until = float("-inf")

    def is_armed(self, now: float) -> bool:
        """True between the first stroke and the end of its window."""
        return now < self._until

    def remaining_s(self, now: float) -> float:
        """Seconds left of the window."""
        return max(0.0, self._until - now)


class DoublePress:
    """A key that acts on its second press: 150 ms to 2 s after the first, and after its banner was painted.

    The second press must also mean the same target, or it counts as a first one.
    """

    MIN_S: Final = 0.150
    MAX_S: Final = 2.0

    def __init__(self) -> None:
        self._at = float("-inf")
        self._target: object = None
        self._painted = False

    def press(self, now: float, target: object) -> Stroke:
        """Count one press for a target."""
        waited = now - self._at
        if self._target != target or waited > self.MAX_S:
            self._at, self._target, self._painted = now, target, False
            return Stroke.FIRST
        if waited < self.MIN_S or not self._painted:
            return Stroke.TOO_EARLY
        self.reset()
        return Stroke.SECOND

    def painted(self) -> None:
        """The banner of the first press is on the screen."""
        self._painted = True

    def reset(self) -> None:
        """Forget the first press."""
        self._at, self._target, self._painted = float("-inf"), None, False
