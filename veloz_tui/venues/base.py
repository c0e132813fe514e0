"""The port every venue's adapter implements: bytes in, reports out; actions in, bytes out.

Contract of an adapter:
- It reports by calling `on_report` synchronously on the event loop, in the order of arrival, without a queue.
- No method raises for something the venue or the network did: that comes back as a report. Each submit gives
  exactly one of SubmitAccepted, SubmitRejected, SubmitUnknown, SubmitNotSent (and SubmitWritten in between).
- The methods that send return at once: the work runs in tasks the adapter owns (one TaskGroup, in `run`).
- `submit` takes the journal's token, checks the gate at the last line before the socket, never repeats an
  order on another path. Cancels ignore the gate and every limiter of ours.
- It reconnects by itself, for ever, with capped, jittered backoff, and reports each channel's state. After a
  (re)connect of the user stream it reports SYNCING; the engine answers with `reconcile`, and after its
  VenueSnapshot the adapter hands over what it buffered since and reports READY.
"""

from collections.abc import Callable
from typing import Protocol

from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.reports import (
    AccountReported,
    BalancesReported,
    BookDelta,
    BookSnapshot,
    BookStale,
    CancelFailed,
    CancelSucceeded,
    CancelUnknown,
    ChannelReported,
    Fill,
    FillsListed,
    HealthReported,
    InstrumentsReported,
    OpenOrdersFailed,
    OpenOrdersListed,
    OrderReport,
    QueryAnswered,
    QueryFailed,
    Quiet,
    SubmitAccepted,
    SubmitNotSent,
    SubmitRejected,
    SubmitUnknown,
    SubmitWritten,
    TopOfBook,
    TradePrinted,
    VenueSnapshot,
)
from veloz_tui.domain.types import VenueId
from veloz_tui.engine.actions import (
    Cancel,
    CancelAll,
    FetchFills,
    ListOpenOrders,
    QueryOrder,
    Reconcile,
    ResyncBook,
    Submit,
)

VenueReport = (
    InstrumentsReported
    | ChannelReported
    | HealthReported
    | BookSnapshot
    | BookDelta
    | BookStale
    | Quiet
    | TradePrinted
    | TopOfBook
    | OrderReport
    | Fill
    | BalancesReported
    | AccountReported
    | SubmitWritten
    | SubmitAccepted
    | SubmitRejected
    | SubmitUnknown
    | SubmitNotSent
    | CancelSucceeded
    | CancelFailed
    | CancelUnknown
    | QueryAnswered
    | QueryFailed
    | OpenOrdersListed
    | OpenOrdersFailed
    | FillsListed
    | VenueSnapshot
)
OnReport = Callable[[VenueReport], None]


class VenueAdapter(Protocol):
    """One venue account, connected."""

    venue: VenueId

    async def run(self) -> None:
        """Connect, stay connected and report until canceled."""
        ...

    def set_gate(self, *, is_open: bool, reason: str) -> None:
        """Open or close the last gate before the socket; takes effect at once. Starts closed."""
        ...

    def submit(self, order: Submit, intent: DurableIntent) -> None: ...

    def cancel(self, action: Cancel) -> None: ...

    def cancel_all(self, action: CancelAll) -> None: ...

    def query(self, action: QueryOrder) -> None: ...

    def list_open_orders(self, action: ListOpenOrders) -> None: ...

    def fetch_fills(self, action: FetchFills) -> None: ...

    def reconcile(self, action: Reconcile) -> None: ...

    def resync_book(self, action: ResyncBook) -> None: ...

    def warm_up(self) -> None:
        """Open connections a kill will need."""
        ...
