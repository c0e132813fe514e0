"""The settings as plain frozen structs: what the rest of the program is given.

Defaults and checks live in `model` (pydantic); here are the names, the types and the units, so
that nothing else imports pydantic. The same names are used in the profile's file.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from veloz_tui.domain.types import Asset, InstrumentId, Mode, StrategyId

Durability = Literal["power", "process"]
OnDetach = Literal["continue", "cancel", "kill"]
Restart = Literal["never", "on_failure"]
OnEngineDeath = Literal["cancel", "kill"]
Colors = Literal["western", "chinese"]
SecretsBackend = Literal["auto", "secretservice", "keychain", "windows", "vault", "pass"]


class ProfileSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[profile]`. `name` is the file's name, not a setting."""

    name: str
    mode: Mode
    quote: Asset
    """The reporting currency of equity, PnL and limits."""


class HostSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The base URLs of one venue."""

    rest: str
    websocket_api: str
    streams: str
    alternates: tuple[str, ...] = ()
    """More REST hosts of the same venue: the hard kill passes over one that doesn't answer."""


class BinanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[venues.binance]`: Binance Spot."""

    instruments: tuple[InstrumentId, ...]
    hosts: HostSettings | None
    """None in DEMO: the simulated venue says where it listens."""
    key: str
    """The name of the API key in the store of secrets."""
    recv_window_ms: int
    """How long after its timestamp the venue still accepts a request."""
    cancel_reserve: float
    """The fraction of the venue's rate budget that only cancels may use."""
    operator_reserve: float
    """The fraction that strategies may not use."""
    max_frame_bytes: int
    """A longer WebSocket frame ends the connection."""


class VenuesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[venues]`."""

    binance: BinanceSettings


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[journal]`."""

    durability: Durability
    submit_deadline_ms: int
    """An order whose intent isn't durable by then is not sent."""
    snapshot_every: int
    """Events between two snapshots."""


class InstrumentRisk(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one instrument. None: switched off, or for an override: as in `[risk]`."""

    max_order_size: Decimal | None
    """Quote value of one order."""
    max_position_size: Decimal | None
    """Quote value of the position, working orders included."""
    max_price_deviation: Decimal | None
    """A fraction of the reference price: 0.05 is 5 %."""
    stop_loss_threshold: Decimal | None
    """A fraction of the entry price."""
    take_profit_threshold: Decimal | None
    """A fraction of the entry price."""


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[risk]`. None: switched off."""

    default: InstrumentRisk
    instruments: dict[InstrumentId, InstrumentRisk]
    max_leverage: Decimal | None
    """Gross exposure, working orders included, over equity."""
    max_orders_per_second: int | None
    """Placements and amendments of the account in any second; cancels never count."""
    open_orders_max: int | None
    account_balance_threshold: Decimal | None
    """The least free quote balance that an order may leave."""
    margin_threshold: Decimal | None
    """The least margin ratio at which exposure may grow."""


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[breaker]`."""

    max_failures: int
    """So many failures in a row open it."""
    reset_timeout_s: float
    """So long it stays open before one probe."""


class KillSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[kill]`."""

    chords: tuple[str, ...]
    settle_s: float
    """Added to recv_window before zero open orders counts as certified."""
    settle_in_doubt_s: float
    """Added as well if an order was in doubt when the gate closed."""
    gate_deadline_ms: int
    """The guardian takes over if the engine hasn't closed its gate by then."""
    progress_deadline_s: float
    """The guardian takes over if the engine shows no progress for so long."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[engine]`."""

    on_detach: OnDetach
    grace_s: float
    """`on_detach` is done so long after the last console left."""
    on_engine_death: OnEngineDeath
    wedge_timeout_s: float
    """An engine silent for so long counts as wedged."""


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[console]`."""

    theme: str
    colors: Colors
    refresh_hz: float
    sizes: dict[InstrumentId, tuple[Decimal, ...]]
    """Size presets in base units, smallest first."""
    close_slippage_bps: Decimal
    """How far through the touch a closing order may go."""
    day_start_s: int
    """Seconds after 00:00 UTC at which the PnL day starts."""
    keymap: dict[str, tuple[str, ...]]
    """Chords by action id; the kill chords are merged in as `kill`."""
    mouse: bool
    bell: bool


class StrategySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[strategies.NAME]`."""

    name: StrategyId
    source: str
    """`market_maker`, `twap`, `mine.py` or `mine.py:Mine`; the setting is called `class`."""
    instruments: tuple[InstrumentId, ...]
    params: dict[str, object]
    """What JSON can say; the strategy's own Params reads it where the strategy runs."""
    inline: bool
    autostart: bool
    max_orders_per_second: int
    memory_mb: int
    """Address space of its process."""
    nice: int
    """How far its process stands back behind others on the processor."""
    callback_limit_s: float
    """A callback that takes longer ends the strategy."""
    restart: Restart
    restart_attempts: int
    """So many restarts within `restart_window_s`; the next failure stays."""
    restart_window_s: float
    restart_backoff_s: float
    """The wait before the first one, doubled for each more within the window."""


class SecretsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`[secrets]`."""

    backend: SecretsBackend


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set for one profile."""

    profile: ProfileSettings
    venues: VenuesSettings
    journal: JournalSettings
    risk: RiskSettings
    breaker: BreakerSettings
    kill: KillSettings
    engine: EngineSettings
    console: ConsoleSettings
    strategies: tuple[StrategySettings, ...]
    secrets: SecretsSettings
