"""What the engine needs to know and does not decide: plain values, made by the composition root."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.types import Asset, InstrumentId, Mode, StrategyId, VenueId
from veloz_tui.engine.risk.limits import Limits


class StrategySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One configured strategy, as far as the core cares."""

    strategy_id: StrategyId
    instruments: tuple[InstrumentId, ...]
    is_inline: bool = False
    autostart: bool = False
    callback_limit_s: float = 4.5
    restarts_on_failure: bool = False
    restart_attempts: int = 3
    restart_window_s: float = 600.0
    restart_backoff_s: float = 5.0
    params: dict[str, str] = {}
    """What the settings file says of each parameter, as JSON."""


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times in the unit of their name."""

    mode: Mode
    profile: str
    venues: tuple[VenueId, ...]
    instruments: tuple[InstrumentId, ...]
    limits: Limits
    quote: Asset = Asset("USDT")
    """The reporting currency of equity and PnL."""
    strategies: tuple[StrategySettings, ...] = ()
    recv_window_ms: int = 2_000
    kill_settle_s: float = 1.0
    """Zero is certified this long after recvWindow, counted from the closed gate …"""
    kill_settle_in_doubt_s: float = 10.0
    """… and this much later if an order was in doubt then."""
    submit_deadline_ms: int = 250
    breaker_failures: int = 5
    breaker_reset_s: float = 30.0
    close_slippage: Decimal = Decimal("0.001")
    on_detach: str = "continue"
    """What follows when no console has control any more: `continue`, `cancel` or `kill`."""
    detach_grace_s: float = 60.0
    durability: str = "power"
    version: str = "0"
    pnl_day_start_s: int = 0
    """Seconds after 00:00 UTC at which the PnL day starts."""
