"""State: everything the journal can rebuild. It changes in engine.fold only; a snapshot is it as msgpack."""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.events import MinuteNoted
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order
from veloz_tui.domain.position import Position
from veloz_tui.domain.reports import Balance
from veloz_tui.domain.results import Results
from veloz_tui.domain.strategy_views import Fault, StrategyFill
from veloz_tui.domain.types import (
    SECOND,
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
    StrategyState,
    TradeId,
    VenueId,
)

KEEP_ENDED: Final = 48 * 3600 * SECOND
"""Ended orders leave memory after this; the journal keeps them."""
MAX_ENDED: Final = 20_000
"""… or when so many have ended after it: a quoting strategy makes as many in an hour."""
HOLD_NEVER_ARRIVED: Final = 1800 * SECOND
"""Venues have forgotten orders for half an hour: their exposure is held as long."""
MAX_ALERTS: Final = 500
MAX_FAULTS: Final = 10
MAX_FILLS: Final = 20
"""A strategy's faults and fills in memory, to be shown; the journal keeps all."""


class SetParameter(msgspec.Struct, frozen=True):
    """A parameter that an operator has set, as JSON, and what the settings file said then ("": nothing)."""

    value: str
    configured: str
    by: str
    at: Nanos


class StrategyRecord(msgspec.Struct, kw_only=True):
    """What the journal knows of one strategy."""

    state: StrategyState = StrategyState.STOPPED
    run: int = 0
    reason: str = ""
    code: str = ""
    """Of its last run: 12 hex digits of its files' SHA-256."""
    restarts: int = 0
    changed_at: Nanos = Nanos(0)
    orders_sent: int = 0
    parameters: dict[str, SetParameter] = msgspec.field(default_factory=dict)
    faults: list[Fault] = msgspec.field(default_factory=list)
    """The last of them, oldest first."""
    net_at_day: Decimal = ZERO
    """Realized less fees when the PnL day began …"""
    net_at_start: Decimal = ZERO
    """… and when its run did."""
    fills: list[StrategyFill] = msgspec.field(default_factory=list)
    """The last of them, oldest first."""


class AlertRecord(msgspec.Struct, kw_only=True):
    """One alert key; repeats count up."""

    severity: Severity
    text: str
    code: str
    first_at: Nanos
    last_at: Nanos
    count: int = 1
    is_acknowledged: bool = False


class KillRecord(msgspec.Struct, kw_only=True):
    """The last kill: its four stamps in milliseconds since it began."""

    kill_id: str
    reason: str
    by: str
    at: Nanos
    stamps: dict[str, float] = msgspec.field(default_factory=dict)
    total: int = 0
    """Open orders when it struck."""


class Price(msgspec.Struct, frozen=True):
    """A price and when it was true."""

    at: Nanos
    price: Decimal
    is_mark: bool = False
    """Else of a fill of ours."""


class State(msgspec.Struct, kw_only=True):
    """The journaled truth. Dicts keep their order, so that replays walk them alike."""

    seq: int = 0
    at: Nanos = Nanos(0)
    epoch: int = 0
    account_tag: str = "00"
    counter: int = 0
    """Orders and denials named in this run: the next id's counter."""
    mode: Mode = Mode.DEMO
    sim_id: str = ""
    is_running: bool = False
    instruments: dict[InstrumentId, Instrument] = msgspec.field(default_factory=dict)
    limits: dict[str, str] = msgspec.field(default_factory=dict)
    venues: dict[VenueId, ChannelState] = msgspec.field(default_factory=dict)
    breakers: dict[VenueId, BreakerState] = msgspec.field(default_factory=dict)
    account_uids: dict[VenueId, str] = msgspec.field(default_factory=dict)
    orders: dict[ClientOrderId, Order] = msgspec.field(default_factory=dict)
    open_orders: dict[ClientOrderId, bool] = msgspec.field(default_factory=dict)
    ended: dict[ClientOrderId, Nanos] = msgspec.field(default_factory=dict)
    """In order of their end, to let go of after KEEP_ENDED."""
    forgotten_until: Nanos = Nanos(0)
    """Orders that ended up to here may have left memory: an older trade may be one of theirs."""
    held: dict[ClientOrderId, Nanos] = msgspec.field(default_factory=dict)
    """NEVER_ARRIVED orders whose exposure still counts."""
    awaiting_fills: dict[ClientOrderId, bool] = msgspec.field(default_factory=dict)
    """Orders, ended ones too, with an `untold` part."""
    by_venue_id: dict[str, ClientOrderId] = msgspec.field(default_factory=dict)
    positions: dict[InstrumentId, Position] = msgspec.field(default_factory=dict)
    strategy_positions: dict[StrategyId, dict[InstrumentId, Position]] = msgspec.field(default_factory=dict)
    balances: dict[VenueId, dict[Asset, Balance]] = msgspec.field(default_factory=dict)
    last_trade: dict[InstrumentId, TradeId] = msgspec.field(default_factory=dict)
    last_trade_at: dict[InstrumentId, Nanos] = msgspec.field(default_factory=dict)
    """The venue's time of `last_trade`, to tell newer ones where ids are no numbers."""
    kill: KillRecord | None = None
    is_halted: bool = False
    rearm_level: RearmLevel = RearmLevel.FULL
    is_reduce_only: bool = False
    is_paused: bool = False
    strategies: dict[StrategyId, StrategyRecord] = msgspec.field(default_factory=dict)
    alerts: dict[str, AlertRecord] = msgspec.field(default_factory=dict)
    anomalies: int = 0
    day_at: Nanos = Nanos(0)
    day_equity: Decimal | None = None
    day_realized: dict[InstrumentId, Decimal] = msgspec.field(default_factory=dict)
    day_fees: dict[InstrumentId, Decimal] = msgspec.field(default_factory=dict)
    day_turnover: dict[InstrumentId, Decimal] = msgspec.field(default_factory=dict)
    latest_at: Nanos = Nanos(0)
    """The latest time of any event: a clock that stepped back between two runs doesn't take it back."""
    results: Results = msgspec.field(default_factory=Results)
    """Of the PnL day."""
    prices: dict[InstrumentId, Price] = msgspec.field(default_factory=dict)
    """The last that the journal knows, of a fill of ours or a noted mark."""
    noted: MinuteNoted | None = None

    def order_of(self, client_order_id: str) -> Order | None:
        return self.orders.get(ClientOrderId(client_order_id))

    def venue_of(self, instrument_id: InstrumentId) -> VenueId:
        instrument = self.instruments.get(instrument_id)
        return instrument.venue if instrument else VenueId(instrument_id.rpartition(".")[2])

    def position(self, instrument_id: InstrumentId) -> Position:
        """The position, flat where there never was one (not stored by asking)."""
        return self.positions.get(instrument_id) or Position()


def venue_key(instrument_id: InstrumentId, venue_order_id: str) -> str:
    """Venue order ids are unique within an instrument only."""
    return f"{instrument_id}:{venue_order_id}"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)


def encode_state(state: State) -> bytes:
    """Return a snapshot of the state."""
    return _encoder.encode(state)


def decode_state(blob: bytes) -> State:
    """Return the state of a snapshot; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(blob)
