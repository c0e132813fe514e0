"""When to move the WAL's pages into the database: a stall of 50-230 ms, so best when nobody waits. Pure."""

from typing import Final

from veloz_tui.journal.connections import PAGE_BYTES

IDLE_S: Final = 0.2
_IDLE_FRAMES: Final = 256
_BUSY_FRAMES: Final = 4096
"""16 MB, the WAL's size from the start: past it the file would grow."""
_PINNED_FRAMES: Final = 16_384
"""64 MB that a reader's open transaction keeps from being moved."""


class Checkpoints:
    """Counts frames: by estimate, then by SQLite's answer. The file's size never shrinks: it says nothing."""

    def __init__(self) -> None:
        self._new = 0
        self.left_behind = 0
        """Frames that the last checkpoint could not move, because a reader still needs them."""

    def note_commit(self, size: int) -> None:
        """`size` bytes were written; each commit also writes a page of the table and of each index."""
        self._new += 3 + size // PAGE_BYTES

    def done(self, *, frames: int, moved: int) -> None:
        """A checkpoint ran: the WAL has this many frames, so many are in the database."""
        self._new = 0
        self.left_behind = max(frames - moved, 0)

    def postpone(self) -> None:
        """A checkpoint failed: try again after as much as would have made it due."""
        self._new = 0

    @property
    def is_due_when_idle(self) -> bool:
        return self._new >= _IDLE_FRAMES

    @property
    def is_due_now(self) -> bool:
        return self._new >= _BUSY_FRAMES

    @property
    def is_pinned(self) -> bool:
        return self.left_behind >= _PINNED_FRAMES
