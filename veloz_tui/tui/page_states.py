"""What the pages that ask the engine have been told so far."""

from collections import deque
from typing import Final

from veloz_tui.domain.queries import AskWhy, Chain, NotKnown, WireEntry, WireLog
from veloz_tui.tui.asking import Repeated

KEPT: Final = 2_000
WHY_EVERY_S: Final = 1.0
"""An order or alert on the page is asked for again so often: it goes on meanwhile."""
WIRE_EVERY_S: Final = 0.3


class WhyPage:
    """The why that is on the page. `query` None: the console knows it by itself, or nothing is open."""

    def __init__(self) -> None:
        self.query: AskWhy | None = None
        self.subject = ""
        self.told: Chain | NotKnown | None = None
        self.repeated = Repeated(WHY_EVERY_S)
        self.back: tuple[tuple[str, ...], str] = ((), "ladder")
        """The page and the focus that Esc goes back to."""


class WirePage:
    """What this console has of the wire log."""

    def __init__(self) -> None:
        self.entries: deque[WireEntry] = deque(maxlen=KEPT)
        self.last: int | None = None
        self.lost = 0
        self.public_a_second: float | None = None
        self.repeated = Repeated(WIRE_EVERY_S)
        self._counted: tuple[int, int] | None = None
        self._run: int | None = None

    def take(self, log: WireLog) -> None:
        """Add what is new; another run's log begins afresh."""
        if self._run not in (None, log.since):
            self.entries.clear()
            self._counted = None
        self._run = log.since
        self.entries.extend(log.entries)
        self.last, self.lost = log.last, log.lost
        if self._counted is not None and log.at > self._counted[0]:
            at, frames = self._counted
            self.public_a_second = (log.public_frames - frames) / ((log.at - at) / 1e9)
        self._counted = (log.at, log.public_frames)
