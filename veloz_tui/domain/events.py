"""Events: what we hold true, in the past tense, frozen, journaled in order and applied by State.apply.

Each carries `at`. The engine numbers them (`Recorded.seq`, gapless). Adding a field: give it a default, so
old journals still read; never rename or remove a kind (journal.schema holds the version).
"""

from decimal import Decimal

import msgspec

from veloz_tui.domain.event import Event
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.strategy_events import CallbackTimes, StrategyChanged, StrategyParametersSet
from veloz_tui.domain.types import (
    ZERO,
    Asset,
    BreakerState,
    ChannelState,
    ClientOrderId,
    InstrumentId,
    Mode,
    Nanos,
    RearmLevel,
    Severity,
    StrategyId,
    TradeId,
    VenueId,
    VenueOrderId,
)

# --- The run ---------------------------------------------------------------------------------------------


class RunStarted(Event, frozen=True):
    """Durable before any order of the run: it reserves the epoch of the run's order ids."""

    epoch: int
    account_tag: str
    mode: Mode
    version: str
    sim_id: str = ""
    """DEMO: which simulated venue the journal belongs to."""


class RunStopped(Event, frozen=True):
    reason: str


class InstrumentDefined(Event, frozen=True):
    """New or changed: tick, lot and bounds belong to the journal, so that it replays by itself."""

    instrument: Instrument


class LimitsSet(Event, frozen=True):
    """The risk limits in force from now on, as text by name (`default.max_order_size`)."""

    limits: dict[str, str]


class VenueStateChanged(Event, frozen=True):
    """READY after reconciliation; anything else blocks new orders there, never cancels."""

    venue: VenueId
    state: ChannelState
    reason: str = ""


class BreakerChanged(Event, frozen=True):
    venue: VenueId
    state: BreakerState
    reason: str = ""


class AccountIdentified(Event, frozen=True):
    """The venue's own number of the account; another one later means a swapped key: stop."""

    venue: VenueId
    account_uid: str


# --- Orders ----------------------------------------------------------------------------------------------


class OrderCreated(Event, frozen=True):
    """The intent. Durable before anything else happens to it."""

    client_order_id: ClientOrderId
    request: OrderRequest
    ref: int = 0
    """The strategy's own number for it; 0: not a strategy's."""
    replaces: ClientOrderId | None = None
    """The order whose amendment this is; it has ended."""


class OrderDenied(Event, frozen=True):
    """Our risk refused it. Repeats within a second are counted in `suppressed`, not journaled."""

    client_order_id: ClientOrderId
    request: OrderRequest
    code: str
    text: str
    limit: Decimal | None = None
    value: Decimal | None = None
    suppressed: int = 0
    ref: int = 0


class OrderNotSent(Event, frozen=True):
    """Removed while parked, or the transport proved that nothing was written."""

    client_order_id: ClientOrderId
    reason: str


class OrderSubmitted(Event, frozen=True):
    """The transport wrote it."""

    client_order_id: ClientOrderId


class OrderAccepted(Event, frozen=True):
    client_order_id: ClientOrderId
    venue_order_id: VenueOrderId
    venue_at: Nanos | None = None


class OrderRejected(Event, frozen=True):
    """The venue's answer proves non-acceptance."""

    client_order_id: ClientOrderId
    code: int | None
    text: str


class OrderInDoubt(Event, frozen=True):
    """It may be live: it counts in exposure, and we ask by its id until the venue gives evidence."""

    client_order_id: ClientOrderId
    reason: str


class CancelRequested(Event, frozen=True):
    client_order_id: ClientOrderId
    by: str


class CancelRejected(Event, frozen=True):
    """The venue did not cancel (it may be filled, or not yet there): the order is asked for, never ended."""

    client_order_id: ClientOrderId
    code: int | None
    text: str


class AmendRequested(Event, frozen=True):
    """Somebody wants this order replaced: it is canceled, and its successor follows its confirmed end."""

    client_order_id: ClientOrderId
    quantity: Decimal
    """The new total, fills included."""
    price: Decimal
    stop_price: Decimal | None
    by: str


class AmendDropped(Event, frozen=True):
    """Nothing will be placed in this order's stead."""

    client_order_id: ClientOrderId
    reason: str


class OrderCanceled(Event, frozen=True):
    client_order_id: ClientOrderId
    reason: str = ""


class OrderExpired(Event, frozen=True):
    client_order_id: ClientOrderId
    reason: str = ""


class OrderFilled(Event, frozen=True):
    """One fill, booked once by its TradeId. `fee` is positive when paid, in any asset."""

    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    trade_id: TradeId
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: Asset
    is_maker: bool
    fee_value: Decimal | None = None
    """The fee in the instrument's quote asset at the time; None where no rate was known."""
    venue_at: Nanos | None = None
    moved_from: ClientOrderId | None = None
    """The trade was booked already, as this EXTERNAL order's, before its own was known: it only moves."""
    base_fee: Decimal = ZERO
    """The fee again, if the venue took it in the base asset: the wallet holds that much less."""

    def change(self, sign: int) -> Decimal:
        """Return what it moved the position by; `sign` is the order's side's."""
        return self.quantity * sign - self.base_fee


class OrderProgressed(Event, frozen=True):
    """The venue's cumulative word, ahead of the fills: moves leaves and exposure until they are fetched."""

    client_order_id: ClientOrderId
    cumulative: Decimal


class OrderNeverArrived(Event, frozen=True):
    """Proven not to exist; its exposure is held 30 minutes more, and later evidence reopens it."""

    client_order_id: ClientOrderId


class ExternalOrderSeen(Event, frozen=True):
    """An open order that isn't ours: shown, counted, canceled by the kill switch, untouched by strategies."""

    client_order_id: ClientOrderId
    request: OrderRequest
    venue_order_id: VenueOrderId
    venue_client_id: str
    is_orphan: bool = False
    """It carries our prefix but the journal doesn't know it: alarm."""


class AnomalyNoted(Event, frozen=True):
    """Something an order should not do: counted and alarmed, never an exception."""

    client_order_id: ClientOrderId
    text: str


# --- Account ---------------------------------------------------------------------------------------------


class BalanceChanged(Event, frozen=True):
    """Absolute, the venue's word."""

    venue: VenueId
    asset: Asset
    free: Decimal
    locked: Decimal


class TradesFetched(Event, frozen=True):
    """Fills up to this trade are booked: where the next reconciliation starts."""

    instrument_id: InstrumentId
    trade_id: TradeId
    """"0": none yet; everything from the first trade on is ours to book."""
    venue_at: Nanos = Nanos(0)


class DayOpened(Event, frozen=True):
    """The PnL day's start: equity, realized PnL, fees and turnover then."""

    equity: Decimal | None
    realized: dict[InstrumentId, Decimal]
    fees: dict[InstrumentId, Decimal] = msgspec.field(default_factory=dict)
    turnover: dict[InstrumentId, Decimal] = msgspec.field(default_factory=dict)
    since: Nanos = Nanos(0)
    """When the PnL day began by the clock; 0: not told."""


class MinuteNoted(Event, frozen=True):
    """What no other event tells, at most once a minute and only if it changed."""

    equity: Decimal
    marks: dict[InstrumentId, Decimal] = msgspec.field(default_factory=dict)
    """The prices by which what is held was valued."""
    callbacks: dict[StrategyId, CallbackTimes] = msgspec.field(default_factory=dict)
    """Of strategies that run."""


# --- Trading state, people -------------------------------------------------------------------------------


class Halted(Event, frozen=True):
    """Latched over restarts until re-armed."""

    kill_id: str
    reason: str
    by: str


class KillStamped(Event, frozen=True):
    """gate_closed, cancels_sent, first_zero or certified_zero of one kill."""

    kill_id: str
    stage: str
    elapsed_ms: float
    detail: str = ""


class Rearmed(Event, frozen=True):
    level: RearmLevel
    by: str


class ReduceOnlySet(Event, frozen=True):
    is_on: bool
    by: str


class PausedSet(Event, frozen=True):
    is_on: bool
    by: str


class AlertRaised(Event, frozen=True):
    """Repeats of one key collapse to a count on screen."""

    key: str
    severity: Severity
    text: str
    code: str = ""


class AlertAcknowledged(Event, frozen=True):
    key: str
    """`*`: all."""
    by: str


class ControlTaken(Event, frozen=True):
    by: str


class CommandTaken(Event, frozen=True):
    """What someone asked for, in the command grammar: who did what, when."""

    by: str
    text: str


AnyEvent = (
    RunStarted
    | RunStopped
    | InstrumentDefined
    | LimitsSet
    | VenueStateChanged
    | BreakerChanged
    | AccountIdentified
    | OrderCreated
    | OrderDenied
    | OrderNotSent
    | OrderSubmitted
    | OrderAccepted
    | OrderRejected
    | OrderInDoubt
    | CancelRequested
    | CancelRejected
    | AmendRequested
    | AmendDropped
    | OrderCanceled
    | OrderExpired
    | OrderFilled
    | OrderProgressed
    | OrderNeverArrived
    | ExternalOrderSeen
    | AnomalyNoted
    | BalanceChanged
    | TradesFetched
    | DayOpened
    | MinuteNoted
    | Halted
    | KillStamped
    | Rearmed
    | ReduceOnlySet
    | PausedSet
    | StrategyChanged
    | StrategyParametersSet
    | AlertRaised
    | AlertAcknowledged
    | ControlTaken
    | CommandTaken
)


class Recorded(msgspec.Struct, frozen=True):
    """An event with its number: gapless, owned by the core, asserted by the journal's writer."""

    seq: int
    event: AnyEvent
