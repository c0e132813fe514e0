"""The circuit breaker of one venue: after too many failures in a row nothing new goes there for a while.

CLOSED lets everything pass and counts failures; a success sets the count back. At `max_failures` it is OPEN.
After `reset_timeout_s` one order may pass as a probe (HALF_OPEN): its success closes the breaker, its failure
opens it again. A probe whose outcome never comes is given up after another `reset_timeout_s`. Cancels, kills
and exits never ask it. Pure: `now` is passed in.
"""

from veloz_tui.domain.types import SECOND, BreakerState, Nanos


class CircuitBreaker:
    """Ask `peek` what it would say, `allows` when an order is really about to leave."""

    __slots__ = ("_failures", "_max_failures", "_opened_at", "_probe_at", "_reset_ns", "_what")

    def __init__(self, *, max_failures: int, reset_timeout_s: float) -> None:
        if max_failures < 1 or reset_timeout_s <= 0:
            raise ValueError(
                f"breaker needs at least 1 failure and a time: {max_failures}, {reset_timeout_s}"
            )
        self._max_failures = max_failures
        self._reset_ns = round(reset_timeout_s * SECOND)
        self._failures = 0
        self._what = ""
        self._opened_at: Nanos | None = None
        self._probe_at: Nanos | None = None

    @property
    def state(self) -> BreakerState:
        """Where it stands; HALF_OPEN while a probe is out."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._probe_at is None else BreakerState.HALF_OPEN

    def peek(self, now: Nanos) -> BreakerState:
        """Say what an order would meet now, taking nothing: HALF_OPEN only while the probe is to be had."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        waiting_since = self._opened_at if self._probe_at is None else self._probe_at
        return BreakerState.HALF_OPEN if now - waiting_since >= self._reset_ns else BreakerState.OPEN

    def allows(self, now: Nanos) -> bool:
        """Say whether an order may leave now; HALF_OPEN, this hands out its one probe."""
        match self.peek(now):
            case BreakerState.CLOSED:
                return True
            case BreakerState.HALF_OPEN:
                self._probe_at = now
                return True
            case BreakerState.OPEN:
                return False

    def on_failure(self, now: Nanos, what: str = "failure") -> bool:
        """Count a failure (`timeout`: one word for the status line); True if that opened it.

        Late failures of orders sent before it opened don't make it wait longer.
        """
        word = what if what.isalpha() else "failure"  # a whole sentence has no plural
        self._what = word if self._what in ("", word) else "failure"
        self._failures += 1
        if self._probe_at is not None or (self._opened_at is None and self._failures >= self._max_failures):
            self._opened_at, self._probe_at = now, None
            return True
        return False

    def on_success(self, now: Nanos) -> bool:
        """Note an answer of the venue; True if that closed it.

        OPEN, a late answer to something sent before proves nothing yet: only a probe's time closes it.
        """
        if self._opened_at is not None and self._probe_at is None:
            return False
        was_open = self._opened_at is not None
        self._failures, self._what = 0, ""
        self._opened_at = self._probe_at = None
        return was_open

    def text(self, now: Nanos) -> str:
        """`brk OPEN 12s (5 timeouts)`: how long it has been so, and why; empty when CLOSED."""
        if self._opened_at is None:
            return ""
        state = self.state.value.replace("_", "-")
        plural = "" if self._failures == 1 else "s"
        age_s = (now - self._opened_at) // SECOND
        return f"brk {state} {age_s}s ({self._failures} {self._what}{plural})"
