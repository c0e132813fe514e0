"""When to write: at once where somebody waits, a moment later where nobody does.

Only an intent holds an order back, and only fills, ends and decisions are news to anyone. That an order was
sent, or rests, is remembered with whatever comes next: half of the commits, and so half of the waiting
behind other commits, are saved.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from veloz_tui.domain.events import (
    BalanceChanged,
    CancelRequested,
    OrderAccepted,
    OrderSubmitted,
    Recorded,
)

LINGER_S: Final = 0.003
_UNHURRIED: Final = frozenset({BalanceChanged, CancelRequested, OrderAccepted, OrderSubmitted})


class Pace:
    """Calls `hurry` for each batch of events, soon."""

    def __init__(self, hurry: Callable[[], None]) -> None:
        self._hurry = hurry
        self._later: asyncio.TimerHandle | None = None

    def follow(self, records: Sequence[Recorded]) -> None:
        if any(type(record.event) not in _UNHURRIED for record in records):
            self._now()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(LINGER_S, self._now)

    def stop(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _now(self) -> None:
        self.stop()
        self._hurry()
