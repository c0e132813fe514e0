"""What is not yet durable: rows in order, with the time they came. Pure; nothing leaves but by `settle`."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Recorded
from veloz_tui.journal.codec import ChainEnd, Row


class Backlog:
    """A queue whose head stays until it is durable. Times are seconds of any steady clock."""

    def __init__(self, end: ChainEnd) -> None:
        self.durable = end
        self._rows: deque[Row] = deque()
        self._arrivals: deque[tuple[int, float]] = deque()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: Sequence[Row], *, now: float) -> None:
        self._rows.extend(rows)
        self._arrivals.append((rows[-1][0], now))

    def head(self, count: int) -> list[Row]:
        """Return the oldest rows, at most `count`; they stay."""
        return list(islice(self._rows, count))

    def settle(self, count: int) -> None:
        """The oldest `count` rows are durable: forget them."""
        for _ in range(count):
            row = self._rows.popleft()
        self.durable = ChainEnd(row[0], row[6])
        while self._arrivals and self._arrivals[0][0] <= self.durable.seq:
            self._arrivals.popleft()

    def oldest_at(self) -> float | None:
        """Return when the oldest row came, None if everything is durable."""
        return self._arrivals[0][1] if self._arrivals else None


def check_gapless(records: Sequence[Recorded], *, after: int) -> None:
    """Raise InvariantBroken unless they continue event `after` without a gap."""
    for expected, record in enumerate(records, start=after + 1):
        if record.seq != expected:
            raise InvariantBroken(f"event {record.seq} came where {expected} was due")
