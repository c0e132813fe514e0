"""Reports: what a venue, a transport or the journal says. The engine decides what to hold true of it.

Venue decimals are exact; public book levels are floats (see domain.book).
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from veloz_tui.domain.book import Level
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.types import (
    Asset,
    ChannelState,
    ClientOrderId,
    InstrumentId,
    Nanos,
    OrderType,
    Side,
    TimeInForce,
    TradeId,
    VenueId,
    VenueOrderId,
)


class ReportedStatus(StrEnum):
    """A venue's word on an order. UNKNOWN: a word we don't know; ask, never guess."""

    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class Fill(msgspec.Struct, frozen=True):
    """One of our trades. `fee` positive when paid."""

    instrument_id: InstrumentId
    trade_id: TradeId
    venue_order_id: VenueOrderId
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: Asset
    is_maker: bool
    venue_at: Nanos
    client_order_id: str = ""
    """Empty where the venue's trade list doesn't carry it: then venue_order_id finds the order."""


class OrderReport(msgspec.Struct, frozen=True):
    """The whole of one order as the venue tells it, from the stream, an answer or a query."""

    venue: VenueId
    instrument_id: InstrumentId
    client_order_id: str
    """The order's own client id (never that of a cancel request)."""
    venue_order_id: VenueOrderId
    status: ReportedStatus
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    cumulative: Decimal
    venue_at: Nanos
    fill: Fill | None = None
    """The trade this report is about (stream only)."""
    fills: tuple[Fill, ...] = ()
    """All trades of an immediate answer."""
    reason: str = ""
    raw_status: str = ""


class SubmitWritten(msgspec.Struct, frozen=True):
    """The transport handed the order to the socket."""

    client_order_id: ClientOrderId


class SubmitAccepted(msgspec.Struct, frozen=True):
    """The answer to a submit: the venue has it."""

    client_order_id: ClientOrderId
    report: OrderReport


class SubmitRejected(msgspec.Struct, frozen=True):
    """The answer proves non-acceptance."""

    client_order_id: ClientOrderId
    code: int | None
    text: str
    counts_as_failure: bool = False
    """The venue failed (overload, throttled), so the breaker counts it."""
    remedy: str = ""
    """What the operator can do about it, where the adapter knows."""


class SubmitUnknown(msgspec.Struct, frozen=True):
    """No answer, or one that proves nothing: the order is in doubt."""

    client_order_id: ClientOrderId
    reason: str


class SubmitNotSent(msgspec.Struct, frozen=True):
    """Nothing was written: removed while parked, or no connection to write to."""

    client_order_id: ClientOrderId
    reason: str


class CancelSucceeded(msgspec.Struct, frozen=True):
    """The venue says it canceled; `report` where the answer carries the order."""

    client_order_id: ClientOrderId
    report: OrderReport | None = None


class CancelFailed(msgspec.Struct, frozen=True):
    """The venue did not cancel: filled, ended, not there yet. The order is asked for, never ended by this."""

    client_order_id: ClientOrderId
    code: int | None
    text: str


class CancelUnknown(msgspec.Struct, frozen=True):
    """No answer: the cancel is sent again (it is idempotent)."""

    client_order_id: ClientOrderId
    reason: str


class Endpoint(StrEnum):
    """Where an order was looked for: absence needs two endpoints to agree."""

    ORDER = "order"
    OPEN_ORDERS = "open orders"
    TRADES = "trades"


class QueryAnswered(msgspec.Struct, frozen=True):
    """The answer to a QueryOrder; `report` None: this endpoint doesn't know it (weak evidence)."""

    client_order_id: ClientOrderId
    endpoint: Endpoint
    report: OrderReport | None
    venue_at: Nanos
    """The venue's clock at the answer."""


class QueryFailed(msgspec.Struct, frozen=True):
    """No answer: says nothing about the order."""

    client_order_id: ClientOrderId
    reason: str


class OpenOrdersListed(msgspec.Struct, frozen=True):
    """All open orders of the account, or of one instrument. Never ends an order by itself."""

    venue: VenueId
    instrument_id: InstrumentId | None
    orders: tuple[OrderReport, ...]
    requested_at: Nanos
    """When we asked: orders that became open later may be absent."""
    purpose: str = "audit"


class OpenOrdersFailed(msgspec.Struct, frozen=True):
    venue: VenueId
    instrument_id: InstrumentId | None
    reason: str
    purpose: str = "audit"


class FillsListed(msgspec.Struct, frozen=True):
    """Trades of one instrument, oldest first, complete from the id asked for."""

    venue: VenueId
    instrument_id: InstrumentId
    fills: tuple[Fill, ...]
    since: TradeId | None = None
    """The FetchFills' own `since`: with it the list holds every trade after that one."""


class Balance(msgspec.Struct, frozen=True):
    """One asset's holdings on one venue."""

    asset: Asset
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


class BalancesReported(msgspec.Struct, frozen=True):
    """Absolute amounts; `is_complete`: assets not named are zero."""

    venue: VenueId
    balances: tuple[Balance, ...]
    is_complete: bool
    venue_at: Nanos | None
    """The venue's own time of the account's last change in it; None: it doesn't tell."""
    requested_at: Nanos | None = None
    """When we asked for it; None: the venue streamed it, so it is as new as its arrival."""


class FeeRates(msgspec.Struct, frozen=True):
    """Fractions of the quote value: 0.001 is 10 bp."""

    maker: Decimal
    taker: Decimal


class AccountReported(msgspec.Struct, frozen=True):
    """Who we are at the venue, and what trading costs."""

    venue: VenueId
    account_uid: str
    can_trade: bool
    fees: FeeRates | None = None


class VenueSnapshot(msgspec.Struct, frozen=True):
    """Everything reconciliation needs, gathered after the user stream was connected (and buffered)."""

    venue: VenueId
    requested_at: Nanos
    open_orders: tuple[OrderReport, ...]
    asked_orders: tuple[QueryAnswered, ...]
    """One answer for each order of ours that was not ended and is not in `open_orders`."""
    fills: tuple[Fill, ...]
    balances: BalancesReported
    account: AccountReported


class InstrumentsReported(msgspec.Struct, frozen=True):
    venue: VenueId
    instruments: tuple[Instrument, ...]


class Channel(StrEnum):
    """A venue's connections, each with a life of its own."""

    MARKET = "market"
    USER = "user"
    ORDERS = "orders"


class ChannelReported(msgspec.Struct, frozen=True):
    """A connection changed its state."""

    venue: VenueId
    channel: Channel
    state: ChannelState
    reason: str = ""


class HealthReported(msgspec.Struct, frozen=True):
    """How a venue does, about once a second. None: not known yet."""

    venue: VenueId
    clock_offset_ms: float | None = None
    round_trip_ms: float | None = None
    rate_used: float | None = None
    """Fraction of the request budget spent in the current window."""
    orders_used: float | None = None
    door_closed_until: Nanos | None = None
    """The venue refuses everything until then (418, or 429 with Retry-After)."""


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole book, after a connect or a gap."""

    instrument_id: InstrumentId
    update_id: int
    bids: list[Level]
    asks: list[Level]


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """The next numbered change; continuity was checked by book_sync."""

    instrument_id: InstrumentId
    update_id: int
    bids: list[Level]
    asks: list[Level]
    venue_at: Nanos


class BookStale(msgspec.Struct, frozen=True):
    """The book must not be used until the next BookSnapshot."""

    instrument_id: InstrumentId
    reason: str


class Quiet(msgspec.Struct, frozen=True):
    """Nothing arrived for a while, and the liveness probe says that nothing happened: not stale."""

    instrument_id: InstrumentId


class TradePrinted(msgspec.Struct, frozen=True, gc=False):
    """One trade of the public tape."""

    instrument_id: InstrumentId
    price: float
    quantity: float
    aggressor: Side
    venue_at: Nanos


class TopOfBook(msgspec.Struct, frozen=True, gc=False):
    """The venue's own best bid and ask; shares its update ids with the book (an oracle)."""

    instrument_id: InstrumentId
    update_id: int
    bid: Level
    ask: Level


class JournalState(StrEnum):
    """SLOW: over the deadline or half full; FAILED: nothing is durable until a probe write succeeds."""

    OK = "OK"
    SLOW = "SLOW"
    FAILED = "FAILED"


class JournalReported(msgspec.Struct, frozen=True):
    state: JournalState
    reason: str = ""


class DiskReported(msgspec.Struct, frozen=True):
    """How much is left where the journal is, looked at now and then."""

    free_mb: int
    path: str


class GuardianReported(msgspec.Struct, frozen=True):
    """The guardian is (not) there: without it the engine is CANCEL_ONLY."""

    is_alive: bool
    reason: str = ""


class GateReported(msgspec.Struct, frozen=True):
    """The transports' last gate was set; a kill's first stamp."""

    is_open: bool
    cancels_sent: bool = False
    """The cancels of the same turn were handed to the sockets: the second stamp."""


class ConsolesChanged(msgspec.Struct, frozen=True):
    """How many consoles are attached, and who holds the control lease."""

    count: int
    controller: str


class TimerFired(msgspec.Struct, frozen=True):
    timer: str
