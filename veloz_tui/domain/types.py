"""The small words: ids, sides, kinds of order, states. One word a thing, on screen too."""

from decimal import Decimal
from enum import StrEnum
from typing import NewType

Nanos = NewType("Nanos", int)
"""A point in time: UTC nanoseconds since 1970, from the engine's never-back-stepping clock."""
VenueId = NewType("VenueId", str)
"""`BINANCE`"""
Asset = NewType("Asset", str)
"""`BTC`"""
InstrumentId = NewType("InstrumentId", str)
"""Symbol and venue: `BTCUSDT.BINANCE`."""
ClientOrderId = NewType("ClientOrderId", str)
"""Our name of an order, for ever unique (see domain.ids). EXTERNAL orders get one that starts with `x-`."""
VenueOrderId = NewType("VenueOrderId", str)
TradeId = NewType("TradeId", str)
StrategyId = NewType("StrategyId", str)
"""`mm-1`; MANUAL for the operator's own."""
CommandId = NewType("CommandId", str)

MANUAL = StrategyId("manual")
EXTERNAL = StrategyId("external")
ZERO = Decimal(0)

MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class Mode(StrEnum):
    """Where market data and orders go; always on screen."""

    DEMO = "DEMO"
    PAPER = "PAPER"
    TEST = "TEST"
    LIVE = "LIVE"


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """LIMIT (post-only with the flag), MARKET, and STOP_LIMIT (a limit order placed at the stop price)."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_LIMIT = "STOP_LIMIT"


class TimeInForce(StrEnum):
    """How long an order lives."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class OrderStatus(StrEnum):
    """Partially filled is derived (0 < filled < quantity); in doubt and canceling are overlays."""

    CREATED = "CREATED"
    DENIED = "DENIED"
    NOT_SENT = "NOT_SENT"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    FILLED = "FILLED"
    NEVER_ARRIVED = "NEVER_ARRIVED"


class TradingState(StrEnum):
    """What may leave: everything, only what shrinks a position, only cancels, only cancels until re-armed."""

    READY = "READY"
    REDUCE_ONLY = "REDUCE_ONLY"
    CANCEL_ONLY = "CANCEL_ONLY"
    HALTED = "HALTED"


class Severity(StrEnum):
    """How loud an alert is. CRIT on orders and kill stays until acknowledged."""

    INFO = "INFO"
    WARN = "WARN"
    CRIT = "CRIT"


class StrategyState(StrEnum):
    """STARTING until its host said hello; FAULTED after an exception, a stall or a crash."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FAULTED = "FAULTED"


class ChannelState(StrEnum):
    """One connection's life; new orders leave only when READY, cancels always try."""

    DOWN = "DOWN"
    CONNECTING = "CONNECTING"
    SYNCING = "SYNCING"
    READY = "READY"


class BreakerState(StrEnum):
    """CLOSED lets orders pass, OPEN doesn't, HALF_OPEN lets one probe pass."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class RearmLevel(StrEnum):
    """Two levels out of HALTED: only exits, or everything."""

    EXITS = "exits"
    FULL = "full"
