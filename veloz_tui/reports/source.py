"""What a report is read from: a journal that can also be asked for less than everything."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

import msgspec

from veloz_tui.domain.events import Recorded
from veloz_tui.domain.types import ClientOrderId, Nanos
from veloz_tui.engine.state import State


class Opening(msgspec.Struct, frozen=True):
    """What is known of the time before a period without reading it."""

    end_seq: int
    """The last event before the period."""
    end_at: Nanos | None
    """The latest time of any event up to it; None: there is none."""
    state: State | None = None
    """The engine's, after event `state.seq` <= `end_seq`: what lies before it needn't be read."""


class Source(Protocol):
    """A journal. Every slice is short, and no two of them need to be read at one instant."""

    def opening(self, since: Nanos) -> Opening:
        """Find where a period begins: with the first event at or after `since`."""

    def some(self, kinds: Collection[str], *, after_seq: int, end_seq: int) -> Iterable[Sequence[Recorded]]:
        """Yield events of these kinds in order, after one up to another (included)."""

    def all(self, *, after_seq: int) -> Iterable[Sequence[Recorded]]:
        """Yield all events after one, in order."""

    def of_orders(
        self, orders: Collection[ClientOrderId], *, before_seq: int, kinds: Collection[str] = ()
    ) -> Sequence[Recorded]:
        """Return the events of these orders before one in order; of these kinds (none: all)."""
