"""Actions: what a shell must do. The engine returns them; nothing here acts."""

import msgspec

from veloz_tui.domain.events import OrderDenied
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import Endpoint
from veloz_tui.domain.types import (
    ClientOrderId,
    CommandId,
    InstrumentId,
    Nanos,
    StrategyId,
    TradeId,
    VenueId,
    VenueOrderId,
)
from veloz_tui.domain.views import Ack


class Submit(msgspec.Struct, frozen=True):
    """Send a new order, once its OrderCreated (event `seq`) is durable and before `deadline`."""

    client_order_id: ClientOrderId
    venue: VenueId
    request: OrderRequest
    seq: int
    deadline: Nanos
    is_exit: bool = False
    """A reduce-only exit or the operator's own: it may use the operator's reserve of the rate budget."""


class Unpark(msgspec.Struct, frozen=True):
    """Remove submits that are still parked; each removed one comes back as SubmitNotSent(reason).

    Empty ids: all of them.
    """

    client_order_ids: tuple[ClientOrderId, ...]
    reason: str


class Cancel(msgspec.Struct, frozen=True):
    """Cancel one order, at once, whatever the disk and the limiters say."""

    client_order_id: ClientOrderId
    venue: VenueId
    instrument_id: InstrumentId
    venue_order_id: VenueOrderId | None
    venue_client_id: str


class CancelAll(msgspec.Struct, frozen=True):
    """Cancel everything on these instruments with the bulk endpoint (kill and flatten)."""

    venue: VenueId
    instrument_ids: tuple[InstrumentId, ...]


class QueryOrder(msgspec.Struct, frozen=True):
    """Ask one endpoint for one order by ClientOrderId."""

    client_order_id: ClientOrderId
    venue: VenueId
    instrument_id: InstrumentId
    endpoint: Endpoint
    venue_order_id: VenueOrderId | None = None


class ListOpenOrders(msgspec.Struct, frozen=True):
    """None: account-wide (dear: weight 80 of 6,000 a minute on Binance)."""

    venue: VenueId
    instrument_id: InstrumentId | None
    purpose: str = "audit"
    """`kill`, `audit`: comes back in the report."""


class FetchFills(msgspec.Struct, frozen=True):
    """Fetch our trades of an instrument after `since` (None: of `venue_order_id`, or the latest)."""

    venue: VenueId
    instrument_id: InstrumentId
    since: TradeId | None = None
    venue_order_id: VenueOrderId | None = None


class ResyncBook(msgspec.Struct, frozen=True):
    """The book contradicts itself (it is crossed): throw it away and begin from a snapshot."""

    venue: VenueId
    instrument_id: InstrumentId
    reason: str


class Reconcile(msgspec.Struct, frozen=True):
    """Gather a VenueSnapshot: open orders, these orders by id, fills since, balances, account."""

    venue: VenueId
    ask_orders: tuple[tuple[ClientOrderId, InstrumentId], ...]
    fills_since: tuple[tuple[InstrumentId, TradeId | None], ...]


class SetTimer(msgspec.Struct, frozen=True):
    """Send TimerFired(timer) at `at`; the same name again moves it."""

    timer: str
    at: Nanos


class SetGate(msgspec.Struct, frozen=True):
    """Open or close the transports' last gate: with it closed no submit reaches a socket."""

    is_open: bool
    reason: str
    after_seq: int = 0
    """Opening waits until this event is durable; closing never waits."""


class WarmUp(msgspec.Struct, frozen=True):
    """A kill may come: open sockets, prepare signatures."""


class StartHost(msgspec.Struct, frozen=True):
    """Start run `run` of a strategy."""

    strategy_id: StrategyId
    run: int


class StopHost(msgspec.Struct, frozen=True):
    strategy_id: StrategyId
    run: int
    reason: str


class CheckParameters(msgspec.Struct, frozen=True):
    """Ask a strategy, running or not, whether it can take these; comes back as ParametersChecked."""

    strategy_id: StrategyId
    check_id: CommandId
    params_json: bytes


class GiveParameters(msgspec.Struct, frozen=True):
    """Give a run parameters that were checked."""

    strategy_id: StrategyId
    run: int
    params_json: bytes


class TellStrategy(msgspec.Struct, frozen=True):
    """Tell a run of a denial that the journal doesn't hold: it has no id and no number."""

    strategy_id: StrategyId
    run: int
    denied: OrderDenied


class Reply(msgspec.Struct, frozen=True):
    """Answer a command."""

    ack: Ack


class StopEngine(msgspec.Struct, frozen=True):
    """Leave cleanly: journal closed, sockets closed."""

    reason: str


Action = (
    Submit
    | Unpark
    | Cancel
    | CancelAll
    | QueryOrder
    | ListOpenOrders
    | FetchFills
    | Reconcile
    | ResyncBook
    | SetTimer
    | SetGate
    | WarmUp
    | StartHost
    | StopHost
    | CheckParameters
    | GiveParameters
    | TellStrategy
    | Reply
    | StopEngine
)
