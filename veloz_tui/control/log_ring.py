"""The last log entries, for consoles that come late or fall behind. Pure."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

import msgspec

from veloz_tui.domain.types import Severity
from veloz_tui.domain.views import LogEntry

CAPACITY = 10_000


class Slice(msgspec.Struct, frozen=True):
    """Entries in their order, and the position to read on from."""

    entries: tuple[LogEntry, ...]
    position: int


class LogRing:
    """A bounded log. Positions count every entry ever added; a reader that lost some is told so."""

    __slots__ = ("_entries", "_start", "lost_seq")

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=capacity)
        self._start = 0
        self.lost_seq: int | None = None
        """The seq of the newest entry that was dropped to make room."""

    @property
    def end(self) -> int:
        """The position after the newest entry."""
        return self._start + len(self._entries)

    @property
    def last_seq(self) -> int:
        return self._entries[-1].seq if self._entries else 0

    def extend(self, entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            if len(self._entries) == self._entries.maxlen:
                self.lost_seq = self._entries[0].seq
                self._start += 1
            self._entries.append(entry)

    def position_after(self, seq: int) -> int:
        """Return the position of the first entry numbered above `seq`; before the start if some are lost."""
        if self.lost_seq is not None and seq < self.lost_seq:
            return self._start - 1
        newer = 0
        for entry in reversed(self._entries):
            if entry.seq <= seq:
                break
            newer += 1
        return self.end - newer

    def read(self, position: int, *, limit: int) -> Slice:
        """Return up to `limit` entries from `position` on, after a notice if some of them are gone."""
        first = max(position, self._start)
        entries = tuple(islice(self._entries, first - self._start, first - self._start + limit))
        after = first + len(entries)
        if position < self._start and entries:
            entries = (_gap_notice(entries[0]), *entries)
        return Slice(entries, after)


def _gap_notice(next_entry: LogEntry) -> LogEntry:
    return LogEntry(
        seq=next_entry.seq,
        at=next_entry.at,
        kind="control",
        text="earlier entries are no longer kept here; the journal has them",
        severity=Severity.WARN,
    )
