"""Keep one instrument's numbered book changes in step with its snapshot. Pure.

Theory of operation (Binance spot API docs, "How to manage a local order book correctly", 2025-11-12; the same
scheme with another continuity rule serves other venues):

    WAITING    changes are buffered until a snapshot comes that reaches the first of them
    LIVE       each change must begin where the last one ended; older ones are ignored

A change that leaves a gap, a lost connection or a full buffer throws the book away: it is reported stale at
once, a new snapshot is asked for after a growing, jittered delay, and buffering starts again. Every restart
is a new epoch: a snapshot asked for in an older epoch is dropped, so nothing of a broken connection's book
survives into the next. The book itself is kept by whoever takes the reports.
"""

from collections import deque

import msgspec

from veloz_tui.domain.book import Level
from veloz_tui.domain.reports import BookDelta, BookSnapshot, BookStale
from veloz_tui.domain.types import InstrumentId, Nanos
from veloz_tui.net.backoff import Backoff, Jitter

BookUpdate = BookSnapshot | BookDelta | BookStale

_NOTHING: tuple[BookUpdate, ...] = ()
_MAX_AHEAD = 20  # two seconds at ten changes a second; a book that waits longer is not fresh
_MAX_BUFFERED = 6_000  # ten minutes at ten changes a second: a snapshot that takes longer won't come


class Change(msgspec.Struct, gc=False):
    """One message of changes: covers the update ids first_id to last_id, both included."""

    first_id: int
    last_id: int
    bids: list[Level]
    asks: list[Level]
    venue_at: Nanos


class BookSync:
    """After each call look at `snapshot_after_s`: if not None, fetch a snapshot in that many seconds."""

    __slots__ = (
        "_ahead",
        "_backoff",
        "_buffer",
        "_instrument_id",
        "_is_overlapping",
        "_max_buffered",
        "_was_live",
        "epoch",
        "gaps",
        "is_live",
        "last_id",
        "snapshot_after_s",
    )

    def __init__(
        self, instrument_id: InstrumentId, *, jitter: Jitter, max_buffered: int = _MAX_BUFFERED
    ) -> None:
        self._instrument_id = instrument_id
        self._buffer: deque[Change] = deque()
        self._ahead: deque[Change] = deque()
        self._is_overlapping = False
        self._max_buffered = max_buffered
        self._backoff = Backoff(base_s=0.5, cap_s=30, jitter=jitter)
        self._was_live = False
        self.epoch = 0
        self.gaps = 0
        self.is_live = False
        self.last_id = 0
        self.snapshot_after_s: float | None = None

    def restart(self, reason: str) -> tuple[BookUpdate, ...]:
        """The connection is new: whatever is known belongs to the old one."""
        self._backoff.reset()
        return self._discard(reason, after_s=0.0)

    def stop(self, reason: str) -> tuple[BookUpdate, ...]:
        """The connection is gone: nothing to fetch until `restart`."""
        updates = self._discard(reason, after_s=0.0)
        self._is_overlapping = False
        self.snapshot_after_s = None
        return updates

    @property
    def is_stopped(self) -> bool:
        """Neither live nor waiting for a snapshot."""
        return not self.is_live and self.snapshot_after_s is None

    def on_change(self, change: Change) -> tuple[BookUpdate, ...]:
        """Take one message of changes, in the order of arrival."""
        if not self.is_live:
            return self._hold(change)
        if change.first_id > self.last_id + 1:
            return self._skip_to(change)
        if change.last_id <= self.last_id:
            return _NOTHING  # a repeat, e.g. from the second socket of an overlap
        self.last_id = change.last_id
        if self._ahead:
            return (self._delta(change), *self._catch_up())
        return (self._delta(change),)

    def set_overlap(self, *, is_on: bool) -> tuple[BookUpdate, ...]:
        """Two connections deliver the same changes from now on, or only one again."""
        self._is_overlapping = is_on
        if is_on or not self._ahead:
            return _NOTHING
        return self._skip_to(self._ahead.popleft())

    def _skip_to(self, change: Change) -> tuple[BookUpdate, ...]:
        """A change that doesn't continue the book: too early while connections overlap, else a gap."""
        if self._is_overlapping and len(self._ahead) < _MAX_AHEAD:
            if not self._ahead or change.last_id > self._ahead[-1].last_id:
                self._ahead.append(change)
            return _NOTHING
        self.gaps += 1
        early = sorted([*self._ahead, change], key=lambda one: one.first_id)
        reason = f"gap: {self.last_id} to {early[0].first_id}"
        updates = self._discard(reason, after_s=self._backoff.next_delay_s())
        for one in early:
            updates += self._hold(one)
        return updates

    def _catch_up(self) -> tuple[BookUpdate, ...]:
        updates: list[BookUpdate] = []
        while self._ahead and self._ahead[0].first_id <= self.last_id + 1:
            change = self._ahead.popleft()
            if change.last_id > self.last_id:
                self.last_id = change.last_id
                updates.append(self._delta(change))
        return tuple(updates)

    def on_snapshot(
        self, *, epoch: int, last_id: int, bids: list[Level], asks: list[Level]
    ) -> tuple[BookUpdate, ...]:
        """Take the snapshot that was asked for in `epoch`."""
        if epoch != self.epoch or self.is_live:
            return _NOTHING
        if self._buffer and last_id + 1 < self._buffer[0].first_id:
            # Older than the first change: the changes between the two are lost to us.
            self.snapshot_after_s = self._backoff.next_delay_s()
            return _NOTHING
        self.is_live = self._was_live = True
        self.last_id = last_id
        self.snapshot_after_s = None
        updates: tuple[BookUpdate, ...] = (BookSnapshot(self._instrument_id, last_id, bids, asks),)
        buffered, self._buffer = self._buffer, deque()
        for change in buffered:
            updates += self.on_change(change)
        if buffered and self.is_live:
            self._backoff.reset()
        return updates

    def on_snapshot_failed(self, *, epoch: int) -> None:
        """The fetch gave nothing: ask again later."""
        if epoch == self.epoch and not self.is_live:
            self.snapshot_after_s = self._backoff.next_delay_s()

    def _hold(self, change: Change) -> tuple[BookUpdate, ...]:
        buffer = self._buffer
        if buffer and change.last_id <= buffer[-1].last_id:
            return _NOTHING
        has_gap = bool(buffer) and change.first_id > buffer[-1].last_id + 1
        if has_gap or len(buffer) >= self._max_buffered:
            buffer.clear()
        buffer.append(change)
        return _NOTHING

    def _discard(self, reason: str, *, after_s: float) -> tuple[BookUpdate, ...]:
        self.epoch += 1
        self._buffer.clear()
        self._ahead.clear()
        self.is_live = False
        self.last_id = 0
        self.snapshot_after_s = after_s
        was_live, self._was_live = self._was_live, False
        return (BookStale(self._instrument_id, reason),) if was_live else _NOTHING

    def _delta(self, change: Change) -> BookDelta:
        return BookDelta(self._instrument_id, change.last_id, change.bids, change.asks, change.venue_at)
