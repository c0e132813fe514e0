"""How long to wait before the next try: growing, capped, and spread so that many clients don't return at
once.

Pure: the random share is passed in (`random.Random(seed).random` live and in tests alike).
"""

from collections.abc import Callable

Jitter = Callable[[], float]
"""Gives a number in [0, 1)."""


class Backoff:
    """Delays of base, base*factor, … up to cap; each is cut to a random 50-100 % of its nominal length."""

    __slots__ = ("_base_s", "_cap_s", "_factor", "_jitter", "attempts")

    def __init__(self, *, base_s: float, cap_s: float, jitter: Jitter, factor: float = 2.0) -> None:
        if not 0 < base_s <= cap_s or factor < 1:
            raise ValueError(f"backoff needs 0 < base <= cap and factor >= 1: {base_s}, {cap_s}, {factor}")
        self._base_s = base_s
        self._cap_s = cap_s
        self._factor = factor
        self._jitter = jitter
        self.attempts = 0

    def next_delay_s(self) -> float:
        """Count one more failed attempt and say how long to wait after it."""
        nominal_s = self._base_s
        for _ in range(self.attempts):
            nominal_s *= self._factor
            if nominal_s >= self._cap_s:  # stops the loop long before the float overflows
                nominal_s = self._cap_s
                break
        self.attempts += 1
        return nominal_s * (0.5 + 0.5 * self._jitter())

    def reset(self) -> None:
        self.attempts = 0


def spread(nominal_s: float, *, share: float, jitter: Jitter) -> float:
    """Cut a random part of up to `share` off a long interval (a 24 h limit, a polling period)."""
    return nominal_s * (1 - share * jitter())
