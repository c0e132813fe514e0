"""Who may change things: one console at a time. Pure."""

from typing import Generic, TypeVar

T = TypeVar("T")


class ControlLease(Generic[T]):
    """A line of those who want control; the first one has it.

    Newcomers go to the end and `take` to the front, so when a taker leaves, control returns to whom it was
    taken from. Nobody but `take` gets in front of the holder.
    """

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line: list[T] = []

    @property
    def holder(self) -> T | None:
        return self._line[0] if self._line else None

    @property
    def line(self) -> tuple[T, ...]:
        """Everybody who wants control, the holder first."""
        return tuple(self._line)

    def join(self, who: T) -> None:
        """Want control: get it if it is free, else wait."""
        if who not in self._line:
            self._line.append(who)

    def take(self, who: T) -> None:
        """Get it now, whoever has it."""
        self.leave(who)
        self._line.insert(0, who)

    def leave(self, who: T) -> None:
        if who in self._line:
            self._line.remove(who)
