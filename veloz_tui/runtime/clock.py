"""The engine's clock: UTC anchored at start, advanced by a clock that counts sleep and never steps."""

import time

from veloz_tui.domain.types import Nanos

# Linux counts suspended time in CLOCK_BOOTTIME only; elsewhere the monotonic clock has to do.
_SOURCE = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class EngineClock:
    """`now()` never goes back, whatever NTP or an operator does to the wall clock."""

    def __init__(self) -> None:
        self._anchor = time.time_ns() - time.clock_gettime_ns(_SOURCE)

    def now(self) -> Nanos:
        return Nanos(self._anchor + time.clock_gettime_ns(_SOURCE))
