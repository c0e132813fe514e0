"""Views: what a console shows, whole and ready. The engine computes, the console only draws.

A View is a full snapshot; the latest wins. Fills, transitions, alerts and acks are log entries, numbered
and never conflated. Numbers are Decimal as the engine holds them; None: unknown (shown `-`, never 0).
"""

from decimal import Decimal

import msgspec

from veloz_tui.domain.types import (
    Asset,
    BreakerState,
    ChannelState,
    ClientOrderId,
    CommandId,
    InstrumentId,
    Mode,
    Nanos,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    StrategyId,
    StrategyState,
    TimeInForce,
    TradingState,
    VenueId,
)


class LevelView(msgspec.Struct, frozen=True, array_like=True):
    """One price of a book. `mine`: our leaves there, a side; `ahead`: estimated queue before our first."""

    price: Decimal
    size: Decimal
    mine: Decimal
    mine_count: int = 0
    ahead: Decimal | None = None


class TradeView(msgspec.Struct, frozen=True, array_like=True):
    """One trade of the public tape; `side`: who took."""

    at: Nanos
    price: Decimal
    quantity: Decimal
    side: Side


class LadderView(msgspec.Struct, frozen=True):
    """The public book of one instrument, best first on both sides."""

    instrument_id: InstrumentId
    bids: tuple[LevelView, ...]
    asks: tuple[LevelView, ...]
    last_price: Decimal | None = None
    last_side: Side | None = None
    stale_reason: str = ""
    """Empty: fresh (or quiet)."""
    is_quiet: bool = False
    age_ms: int | None = None
    update_id: int = 0
    trades: tuple[TradeView, ...] = ()
    """The last public trades, newest first; renewed at most five times a second."""


class InstrumentView(msgspec.Struct, frozen=True):
    """What a ticket needs to know, and the watch list shows."""

    instrument_id: InstrumentId
    display: str
    venue: VenueId
    base: Asset
    quote: Asset
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    change_fraction: Decimal | None
    """Against the first price since the day's start."""
    stale_reason: str = ""
    position: Decimal = Decimal(0)
    age_ms: int | None = None
    """Since the book last changed."""
    turnover: Decimal | None = None
    """Worth of the public trades that the engine saw since the day's start, in the quote asset."""


class OrderView(msgspec.Struct, frozen=True):
    """One row of the orders pane."""

    client_order_id: ClientOrderId
    short_id: str
    """Shortest unique suffix, at least 4 letters: `7F3K`."""
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    price: Decimal | None
    stop_price: Decimal | None
    quantity: Decimal
    filled: Decimal
    leaves: Decimal
    average_price: Decimal | None
    status: OrderStatus
    created_at: Nanos
    strategy_id: StrategyId
    in_doubt_since: Nanos | None = None
    cancel_requested_at: Nanos | None = None
    reason: str = ""
    ahead: Decimal | None = None
    is_external: bool = False
    replaces: ClientOrderId | None = None
    """The order whose amendment it is."""
    is_amending: bool = False
    """It is being canceled, and another follows in its stead."""


class PositionView(msgspec.Struct, frozen=True):
    """One row of the positions pane; quantity signed; money in the instrument's quote asset."""

    instrument_id: InstrumentId
    quantity: Decimal
    entry: Decimal | None
    break_even: Decimal | None
    """Entry with the fees paid and the taker fee of leaving."""
    mark: Decimal | None
    unrealized: Decimal | None
    realized_today: Decimal
    limit_fraction: Decimal | None
    has_stop: bool
    by_strategy: dict[StrategyId, Decimal] = {}


class AssetView(msgspec.Struct, frozen=True):
    venue: VenueId
    asset: Asset
    free: Decimal
    locked: Decimal
    total: Decimal
    value: Decimal | None
    """In the account's quote currency."""
    equity_fraction: Decimal | None = None


class VenueEquityView(msgspec.Struct, frozen=True):
    """What is held at one venue, in the account's quote currency."""

    venue: VenueId
    equity: Decimal | None
    free: Decimal | None


class AccountView(msgspec.Struct, frozen=True):
    """The account in its reporting currency (`quote`)."""

    quote: Asset
    equity: Decimal | None
    free: Decimal | None
    day_pnl: Decimal | None
    day_realized: Decimal | None
    day_unrealized: Decimal | None
    day_fees: Decimal | None
    """Positive when paid."""
    drawdown_fraction: Decimal | None
    assets: tuple[AssetView, ...]
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    realized: Decimal | None = None
    """Since the journal began, so that two views can be compared over the end of a day."""
    day_turnover: Decimal | None = None
    """Worth of our own fills, buys and sells added."""
    gross: Decimal | None = None
    """Worth of all positions, long and short added."""
    gross_fraction: Decimal | None = None
    """Of equity."""
    venues: tuple[VenueEquityView, ...] = ()


class StrategyView(msgspec.Struct, frozen=True):
    """One row of the strategies pane."""

    strategy_id: StrategyId
    state: StrategyState
    doing: str
    position: Decimal | None
    day_pnl: Decimal | None
    open_orders: int
    callback_p99_us: float | None
    restarts: int
    is_inline: bool
    instrument_id: InstrumentId | None = None
    orders_sent: int = 0
    parameters: dict[str, str] = {}
    """As far as known without asking the strategy: after a start all of them."""


class AlertView(msgspec.Struct, frozen=True):
    key: str
    severity: Severity
    text: str
    code: str
    first_at: Nanos
    last_at: Nanos
    count: int
    is_acknowledged: bool

    @property
    def is_waiting(self) -> bool:
        """Somebody has to see it: news is only to be read, a warning is to be acknowledged."""
        return self.severity is not Severity.INFO and not self.is_acknowledged


class VenueView(msgspec.Struct, frozen=True):
    """One venue's line: each channel, ages, round trips, budget."""

    venue: VenueId
    code: str
    state: ChannelState
    channels: dict[str, ChannelState]
    market_age_ms: int | None
    round_trip_ms: float | None
    clock_offset_ms: float | None
    rate_used: float | None
    breaker: BreakerState
    breaker_text: str = ""
    door_closed_until: Nanos | None = None
    protection: str = ""
    """What cancels our orders if we are gone: `guardian only`."""
    reason: str = ""


class KillView(msgspec.Struct, frozen=True):
    """A kill's progress, or what one would do."""

    is_halted: bool
    kill_id: str = ""
    at: Nanos | None = None
    by: str = ""
    gate_closed_ms: float | None = None
    cancels_sent_ms: float | None = None
    first_zero_ms: float | None = None
    certified_zero_ms: float | None = None
    canceled: int = 0
    total: int = 0
    unverified: tuple[str, ...] = ()
    """`BIN 1`: venues where zero isn't verified."""
    open_positions: str = ""
    """`OPEN POSITION 0.45 BTC no stop`"""
    would_stop: int = 0
    would_cancel: int = 0
    would_cancel_stops: int = 0
    venues: int = 0
    unprotected: str = ""
    """` -> 0.45 BTC (28,856 USDT) unprotected`, or empty."""
    rearm_level: str = ""
    text: str = ""


class StatusView(msgspec.Struct, frozen=True):
    """The two status lines' numbers."""

    mode: Mode
    profile: str
    trading_state: TradingState
    is_paused: bool
    state_reason: str
    """Why less than everything may leave; empty while trading is OK."""
    at: Nanos
    orders_open: int
    orders_cap: int | None
    orders_in_doubt: int
    alerts_unacknowledged: int
    """Warnings and worse."""
    engine_pid: int
    engine_lag_ms: float | None
    journal: str
    """`power`, `process`, `SLOW 300 ms`, `FAILED …`"""
    guardian: str
    controller: str
    """Who holds the control lease; empty: nobody."""
    on_detach: str
    version: str
    way_out: str = ""
    """What has to be typed until orders may grow positions again: `:rearm full`."""


class View(msgspec.Struct, frozen=True):
    """Everything a console draws."""

    status: StatusView
    kill: KillView
    venues: tuple[VenueView, ...]
    instruments: tuple[InstrumentView, ...]
    books: tuple[LadderView, ...]
    orders: tuple[OrderView, ...]
    positions: tuple[PositionView, ...]
    account: AccountView
    strategies: tuple[StrategyView, ...]
    alerts: tuple[AlertView, ...]
    log_seq: int
    """The last log entry this view reflects."""


class FillView(msgspec.Struct, frozen=True):
    """The figures of one of our fills."""

    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: Asset
    is_maker: bool


class LogEntry(msgspec.Struct, frozen=True):
    """One line of what happened: a fill, a transition, an alert. Numbered by the event's seq."""

    seq: int
    at: Nanos
    kind: str
    """`fill`, `order`, `denied`, `alert`, `kill`, `strategy`, `state`, `control`"""
    text: str
    severity: Severity = Severity.INFO
    client_order_id: str = ""
    instrument_id: str = ""
    strategy_id: str = ""
    replaces: str = ""
    """A new order's entry: the order whose amendment it is."""
    fill: FillView | None = None
    """With `kind` fill."""


class Verdict(msgspec.Struct, frozen=True):
    """What risk says of an order, before or after sending: the same code gives both."""

    is_ok: bool
    code: str = ""
    text: str = ""
    limit: Decimal | None = None
    value: Decimal | None = None
    notional: Decimal | None = None
    fee: Decimal | None = None
    fee_is_taker: bool = False
    free_after: Decimal | None = None
    position_after: Decimal | None = None
    average_after: Decimal | None = None
    size_fraction: Decimal | None = None
    """Of max_order_size."""
    ahead: Decimal | None = None


class Ack(msgspec.Struct, frozen=True):
    """The one answer to a command. `text` follows WHAT - numbers - state now - what to do."""

    command_id: CommandId
    is_ok: bool
    text: str
    client_order_ids: tuple[ClientOrderId, ...] = ()
    verdict: Verdict | None = None
    code: str = ""
