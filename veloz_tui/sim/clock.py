"""The venue's clock: wall time plus an offset that scenarios set."""

from __future__ import annotations

import time


class VenueClock:
    __slots__ = ("offset_ms",)

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms

    def ms(self) -> int:
        """Unix milliseconds."""
        return time.time_ns() // 1_000_000 + self.offset_ms
