"""What the panes are drawn from: the latest View, or the one that was there when they were frozen."""

from collections.abc import Sequence
from typing import NamedTuple

from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import LadderView, LogEntry, View
from veloz_tui.tui.names import Names


class Picture(NamedTuple):
    """A View with its look-ups and the fills of its time."""

    view: View
    names: Names
    fills: Sequence[LogEntry]
    log: Sequence[LogEntry]
    frozen_at: float = 0.0
    """When the panes were told to stand still with it."""

    def book(self, instrument_id: InstrumentId | None) -> LadderView | None:
        """The book of an instrument, if the picture has it."""
        return next((book for book in self.view.books if book.instrument_id == instrument_id), None)
