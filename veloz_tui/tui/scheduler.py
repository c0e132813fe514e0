"""When to paint: on arrival of a snapshot, at most 10 times a second, never into a terminal that lags."""

from collections import deque
from typing import Final

NORMAL_HZ: Final = 10.0
SLOW_HZ: Final = 5.0
SLOW_PAINT_S: Final = 0.025
SLOW_RTT_S: Final = 0.100
_SAMPLES: Final = 40


class FrameScheduler:
    """Decides the moment of the next frame. Pure: times in seconds come from the caller."""

    def __init__(self, *, hz: float = NORMAL_HZ) -> None:
        self._hz = hz
        self._costs: deque[float] = deque(maxlen=_SAMPLES)
        self._paints: deque[float] = deque(maxlen=_SAMPLES)
        self._last = float("-inf")
        self._dirty = False
        self._is_urgent = False
        self.rtt_s: float | None = None

    @property
    def is_urgent(self) -> bool:
        """True if what waits is an answer to the operator: no frame cap holds it."""
        return self._is_urgent

    @property
    def is_slow(self) -> bool:
        """True while frames are too dear or the terminal is too far away."""
        return self._p95() > SLOW_PAINT_S or (self.rtt_s is not None and self.rtt_s > SLOW_RTT_S)

    @property
    def hz(self) -> float:
        """The cap now in force."""
        return min(self._hz, SLOW_HZ) if self.is_slow else self._hz

    def invalidate(self, *, urgent: bool = False) -> None:
        """Something changed that should be seen."""
        self._dirty = True
        self._is_urgent = self._is_urgent or urgent

    def delay(self, now: float) -> float | None:
        """Seconds until a frame is due; None if nothing waits."""
        if not self._dirty:
            return None
        if self._is_urgent:
            return 0.0
        return max(0.0, self._last + 1.0 / self.hz - now)

    def painted(self, now: float) -> None:
        """A frame was drawn."""
        self._dirty = self._is_urgent = False
        interval = 1.0 / self.hz
        # A frame that is a little late doesn't make the next one late as well.
        self._last = self._last + interval if interval <= now - self._last < 1.5 * interval else now
        self._paints.append(now)

    def cost(self, cpu_s: float) -> None:
        """What a frame took, from drawing it to handing it to the terminal."""
        self._costs.append(cpu_s)

    def is_older(self, now: float, seconds: float) -> bool:
        """True if the last frame was painted so long ago."""
        return now - self._last >= seconds

    def frames_per_second(self, now: float) -> float:
        """Frames in the last two seconds, halved."""
        return sum(1 for at in self._paints if now - at <= 2.0) / 2

    def _p95(self) -> float:
        if len(self._costs) < 5:
            return 0.0
        return sorted(self._costs)[int(len(self._costs) * 0.95)]
