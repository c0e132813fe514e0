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

    def ask(self, query: Query, on_told: OnTold) -> bool:
        """Ask; False: there is no link, or too much is open already."""
        if len(self._open) >= MAX_OPEN:
            return False
        self._last += 1
        if not self._ask(self._last, query):
            return False
        self._open[self._last] = on_told
        return True

    def on_reply(self, reply: Reply) -> None:
        """The answer goes to who asked for it."""
        on_told = self._open.pop(reply.question_id, None)
        if on_told is not None:
            on_told(reply.told)

    def forget(self) -> None:
        """The link is lost: these answers never come."""
        self._open.clear()
