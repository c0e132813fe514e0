"""How many orders left in the second before now. Placements and amendments only: cancels are never counted.

Times are passed in. Memory is bounded by the largest rate that a limit may be set to.
"""

from collections import deque

from veloz_tui.domain.types import SECOND, Nanos, StrategyId
from veloz_tui.engine.risk.limits import MAX_RATE


class SlidingSecond:
    """Counts what happened in (now - 1 s, now]. It never counts past MAX_RATE, which no limit exceeds."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: deque[Nanos] = deque(maxlen=MAX_RATE)

    def record(self, now: Nanos) -> None:
        self._times.append(now)

    def count(self, now: Nanos) -> int:
        times = self._times
        while times and times[0] <= now - SECOND:
            times.popleft()
        return len(times)


class OrderRate:
    """The account's counter and each strategy's."""

    __slots__ = ("_account", "_strategies")

    def __init__(self) -> None:
        self._account = SlidingSecond()
        self._strategies: dict[StrategyId, SlidingSecond] = {}

    def record(self, strategy_id: StrategyId, now: Nanos) -> None:
        """Count one placement or amendment that leaves now."""
        self._account.record(now)
        counter = self._strategies.get(strategy_id)
        if counter is None:
            self._forget_idle(now)
            counter = self._strategies[strategy_id] = SlidingSecond()
        counter.record(now)

    def of_account(self, now: Nanos) -> int:
        return self._account.count(now)

    def of_strategy(self, strategy_id: StrategyId, now: Nanos) -> int:
        counter = self._strategies.get(strategy_id)
        return 0 if counter is None else counter.count(now)

    def _forget_idle(self, now: Nanos) -> None:
        # Only when a new one comes, so that at most a second's worth of names is ever kept.
        idle = [name for name, counter in self._strategies.items() if not counter.count(now)]
        for name in idle:
            del self._strategies[name]
