"""The journal as a report reads it: from a snapshot on, in short queries, telling how far it is."""

import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, Self

import msgspec

from veloz_tui.domain.events import Recorded
from veloz_tui.domain.types import ClientOrderId, Nanos
from veloz_tui.engine.state import State, decode_state
from veloz_tui.journal.reader import MAX_ORDERS, JournalReader
from veloz_tui.reports.source import Opening

QUIET_S: Final = 1.0
TELL_EVERY_S: Final = 0.5
MOST_REST_S: Final = 0.1


class Progress:
    """Says on a terminal's stderr how far a report is, once it has taken a second."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next_at = clock() + QUIET_S if sys.stderr.isatty() else float("inf")
        self._has_told = False
        self.total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._has_told:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def at(self, seq: int, what: str) -> None:
        now = self._clock()
        if now < self._next_at:
            return
        self._next_at, self._has_told = now + TELL_EVERY_S, True
        sys.stderr.write(f"\r\x1b[Kevent {seq:,} of {self.total:,}: {what}")
        sys.stderr.flush()


class Pace:
    """Beside an engine it rests as long as it has worked: two processors may be one core."""

    def __init__(
        self,
        *,
        is_gentle: bool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._is_gentle = is_gentle
        self._clock = clock
        self._sleep = sleep
        self._since = clock()

    def step(self) -> None:
        """After each piece of work."""
        if self._is_gentle:
            self._sleep(min(self._clock() - self._since, MOST_REST_S))
            self._since = self._clock()


class JournalSource:
    """Implements reports.source.Source."""

    def __init__(self, reader: JournalReader, progress: Progress, pace: Pace) -> None:
        self._reader = reader
        self._progress = progress
        self._pace = pace
        self._end_seq = progress.total = reader.end().seq

    def opening(self, since: Nanos) -> Opening:
        state = self._state_before(since)
        seq = 0 if state is None else state.seq
        first, latest = self._reader.first_at(since, after_seq=seq)
        times = [at for at in (None if state is None else state.latest_at, latest) if at is not None]
        end_seq = self._end_seq if first is None else first - 1
        return Opening(end_seq, Nanos(max(times)) if times else None, state)

    def some(self, kinds: Collection[str], *, after_seq: int, end_seq: int) -> Iterator[Sequence[Recorded]]:
        for records in self._reader.events(after_seq=after_seq, end_seq=end_seq, kinds=kinds):
            self._progress.at(records[-1].seq, "what was before the period")
            yield records
            self._pace.step()

    def all(self, *, after_seq: int) -> Iterator[Sequence[Recorded]]:
        for records in self._reader.events(after_seq=after_seq, end_seq=self._end_seq):
            self._progress.at(records[-1].seq, "the period")
            yield records
            self._pace.step()

    def of_orders(
        self, orders: Collection[ClientOrderId], *, before_seq: int, kinds: Collection[str] = ()
    ) -> Sequence[Recorded]:
        names, found = list(orders), list[Recorded]()
        for first in range(0, len(names), MAX_ORDERS):
            asked = names[first : first + MAX_ORDERS]
            found += self._reader.events_of_orders(asked, before_seq=before_seq, kinds=kinds)
        return found

    def _state_before(self, since: Nanos) -> State | None:
        """The newest usable snapshot: sound, of this version, and with nothing of the period in it."""
        for seq in self._reader.snapshot_seqs(before=since):
            snapshot = next(self._reader.snapshots(up_to=seq), None)
            if snapshot is None or not snapshot.is_valid:
                continue
            try:
                state = decode_state(snapshot.blob)
            except msgspec.DecodeError:
                continue
            # An older version's has no times and prices; one with a later time lived through a clock's jump.
            if state.seq == snapshot.seq and 0 < state.latest_at < since:
                return state
        return None
