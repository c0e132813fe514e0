"""Questions of this console to the engine: each is answered once, or forgotten when the link is."""

from collections.abc import Callable
from typing import Final

from veloz_tui.control.messages import Reply
from veloz_tui.domain.queries import Query, Told

MAX_OPEN: Final = 8
OnTold = Callable[[Told], None]


class Asking:
    """The open questions, by their numbers."""

    def __init__(self, ask: Callable[[int, Query], bool]) -> None:
        self._ask = ask
        self._open: dict[int, OnTold] = {}
        self._last = 0

    def ask(self, query: Query, on_told: OnTold) -> int | None:
        """Ask, and return the question's number. None: there is no link, or too much is open already."""
        if len(self._open) >= MAX_OPEN:
            return None
        self._last += 1
        if not self._ask(self._last, query):
            return None
        self._open[self._last] = on_told
        return self._last

    def is_open(self, number: int | None) -> bool:
        """True while an answer to this question may still come."""
        return number in self._open

    def on_reply(self, reply: Reply) -> None:
        """The answer goes to who asked for it."""
        on_told = self._open.pop(reply.question_id, None)
        if on_told is not None:
            on_told(reply.told)

    def forget(self) -> None:
        """The link is lost: these answers never come."""
        self._open.clear()


class Repeated:
    """What a page asks anew every `every_s` monotonic seconds while it is open, one question at a time."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._asked_at = float("-inf")
        self._number: int | None = None

    def ask_now(self, asking: Asking, query: Query, on_told: OnTold, *, now: float) -> bool:
        """Ask whatever is open; False: nothing was asked."""
        self._asked_at = now
        self._number = asking.ask(query, on_told)
        return self._number is not None

    def ask_again(self, asking: Asking, query: Query, on_told: OnTold, *, now: float) -> None:
        """Ask if the last time is long enough ago, and answered."""
        if now - self._asked_at >= self._every_s and not asking.is_open(self._number):
            self.ask_now(asking, query, on_told, now=now)
