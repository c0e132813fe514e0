"""The venue's clock, estimated from time queries.

Each sample is (local time before, the venue's time, local time after). The venue read its clock somewhere
between our two readings, so offset = venue - midpoint is wrong by at most half the round trip: the sample
with the smallest round trip is the most exact one and is used. A sample that can't agree with the estimate,
even at the edge of both errors, proves that one of the clocks jumped (a suspended host, a stepped wall
clock): older samples are dropped. Pure.
"""

from collections import deque

import msgspec


class ClockSample(msgspec.Struct, frozen=True):
    offset_ms: float
    error_ms: float
    taken_at_ms: float


class ClockSkew:
    """Minimum-round-trip offset over the latest samples. All times are Unix milliseconds."""

    __slots__ = ("_drift_ppm", "_jump_ms", "_samples", "jumps")

    def __init__(self, *, keep: int = 8, jump_ms: float = 50.0, drift_ppm: float = 100.0) -> None:
        self._samples: deque[ClockSample] = deque(maxlen=keep)
        self._jump_ms = jump_ms
        self._drift_ppm = drift_ppm
        self.jumps = 0

    def add(self, *, sent_ms: float, server_ms: float, received_ms: float) -> bool:
        """Take one sample. True if it proves that a clock jumped. Impossible samples are ignored."""
        if received_ms < sent_ms:
            return False
        sample = ClockSample(
            offset_ms=server_ms - (sent_ms + received_ms) / 2,
            error_ms=(received_ms - sent_ms) / 2,
            taken_at_ms=received_ms,
        )
        jumped = self._contradicts(sample)
        if jumped:
            self._samples.clear()
            self.jumps += 1
        self._samples.append(sample)
        return jumped

    def _contradicts(self, sample: ClockSample) -> bool:
        best = self.best
        if best is None:
            return False
        drifted_ms = abs(sample.taken_at_ms - best.taken_at_ms) * self._drift_ppm / 1e6
        possible_ms = best.error_ms + sample.error_ms + drifted_ms
        return abs(sample.offset_ms - best.offset_ms) > possible_ms + self._jump_ms

    @property
    def best(self) -> ClockSample | None:
        return min(self._samples, key=lambda sample: sample.error_ms, default=None)

    @property
    def offset_ms(self) -> float:
        """Add to the local time to get the venue's; 0 until the first sample."""
        best = self.best
        return 0.0 if best is None else best.offset_ms

    @property
    def error_ms(self) -> float | None:
        """Half the best round trip, or None while nothing is known."""
        best = self.best
        return None if best is None else best.error_ms

    def forget(self) -> None:
        """Drop every sample: the venue has just refused our time."""
        self._samples.clear()
