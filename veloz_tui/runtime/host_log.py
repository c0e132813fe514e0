"""A strategy's lines on their way to the log: at most 200 in ten seconds, what is left out is counted."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from veloz_tui.domain.strategy_views import LogLine
from veloz_tui.domain.types import Nanos, StrategyId

logger = logging.getLogger(__name__)

MAX_LINES: Final = 200
WINDOW_S: Final = 10.0
KEPT: Final = 100
MAX_TEXT: Final = 500


def clean(line: str) -> str:
    """Without what would move a terminal's cursor or change its color, and of bounded length."""
    return "".join(letter if letter.isprintable() else " " for letter in line[:MAX_TEXT]).rstrip()


class StrategyLog:
    """One strategy's log over its runs, and its last lines to be shown. `write`: any clock's seconds."""

    def __init__(self, strategy_id: StrategyId, now: Callable[[], Nanos]) -> None:
        self.kept: deque[LogLine] = deque(maxlen=KEPT)
        self._strategy_id = strategy_id
        self._now = now
        self._since_s = 0.0
        self._lines = 0
        self._left_out = 0

    def write(self, lines: Iterable[str], now_s: float) -> None:
        """Log the lines, as far as the window has room."""
        if now_s - self._since_s >= WINDOW_S:
            if self._left_out:
                logger.warning("%s: %d lines left out", self._strategy_id, self._left_out)
            self._since_s, self._lines, self._left_out = now_s, 0, 0
        for line in lines:
            if self._lines < MAX_LINES:
                self._lines += 1
                cleaned = clean(line)
                self.kept.append(LogLine(self._now(), cleaned))
                logger.info("%s: %s", self._strategy_id, cleaned)
            else:
                self._left_out += 1
