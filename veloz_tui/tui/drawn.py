"""Which prices the ladder's rows had in the last few frames: a click means what the terminal had drawn."""

from collections import deque
from typing import Final

from veloz_tui.tui.grid import PaneContent

_KEPT: Final = 16


class Drawn:
    """The ladder's row keys by frame."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, tuple[str, ...]]] = deque(maxlen=_KEPT)

    def painted(self, frame_no: int, content: PaneContent | None, top: int) -> None:
        """A frame was handed to the terminal."""
        keys = () if content is None else tuple(row.key for row in content.rows[top:])
        if self._frames and self._frames[-1][1] == keys:
            return  # the newer frame shows the same: what was drawn first counts
        self._frames.append((frame_no, keys))

    def key(self, frame_no: int, row: int) -> str | None:
        """The key of a row as the last frame up to this one showed it; None if that isn't known."""
        shown = [keys for number, keys in self._frames if number <= frame_no]
        return shown[-1][row] if shown and 0 <= row < len(shown[-1]) else None
