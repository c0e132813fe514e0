"""What is at hand to explain something: events of the journal, and what this run still remembers."""

import msgspec

from veloz_tui.domain.events import Recorded
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order
from veloz_tui.domain.queries import WireEntry
from veloz_tui.domain.types import Nanos
from veloz_tui.engine.postings import Posting
from veloz_tui.engine.risk.measures import Decision


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Of one order. `events` are its own, in their order; `around` are others of the same moments.

    `decision`, `postings` and `wire` are None or empty where they are of a former run, or forgotten.
    """

    client_order_id: str
    events: tuple[Recorded, ...]
    around: tuple[Recorded, ...] = ()
    wire: tuple[WireEntry, ...] = ()
    decision: Decision | None = None
    postings: tuple[Posting, ...] = ()
    instrument: Instrument | None = None
    order: Order | None = None
    """As it is now; None: it ended long ago."""
    run_since: Nanos
    """When this run began."""
    now: Nanos
    is_cut: bool = False
    """It has more events than were read."""

    def is_of_former_run(self, at: Nanos) -> bool:
        return at < self.run_since
