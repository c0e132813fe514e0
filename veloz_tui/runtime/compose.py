"""From the configuration's plain values to what each part is made with."""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.config.limits import limits_of
from veloz_tui.config.plain import BinanceSettings as BinanceConfig
from veloz_tui.config.plain import Settings
from veloz_tui.config.plain import StrategySettings as StrategyConfig
from veloz_tui.domain.types import VenueId
from veloz_tui.engine.settings import EngineSettings, StrategySettings
from veloz_tui.net.connection import StreamSettings
from veloz_tui.runtime.venue_hosts import binance_hosts
from veloz_tui.strategy.spec import StrategySpec
from veloz_tui.venues.binance.settings import BinanceSettings

BINANCE: Final = VenueId("BINANCE")


def engine_settings(settings: Settings, *, version: str) -> EngineSettings:
    """What the core needs of the configuration."""
    binance = settings.venues.binance
    return EngineSettings(
        mode=settings.profile.mode,
        profile=settings.profile.name,
        venues=(BINANCE,),
        instruments=binance.instruments,
        limits=limits_of(settings),
        quote=settings.profile.quote,
        strategies=tuple(
            StrategySettings(
                strategy_id=s.name,
                instruments=s.instruments,
                is_inline=s.inline,
                autostart=s.autostart,
                callback_limit_s=s.callback_limit_s,
                restarts_on_failure=s.restart == "on_failure",
                restart_attempts=s.restart_attempts,
                restart_window_s=s.restart_window_s,
                restart_backoff_s=s.restart_backoff_s,
                params={name: msgspec.json.encode(value).decode() for name, value in s.params.items()},
            )
            for s in settings.strategies
        ),
        recv_window_ms=binance.recv_window_ms,
        kill_settle_s=settings.kill.settle_s,
        kill_settle_in_doubt_s=settings.kill.settle_in_doubt_s,
        submit_deadline_ms=settings.journal.submit_deadline_ms,
        breaker_failures=settings.breaker.max_failures,
        breaker_reset_s=settings.breaker.reset_timeout_s,
        close_slippage=settings.console.close_slippage_bps / Decimal(10_000),
        on_detach=settings.engine.on_detach,
        detach_grace_s=settings.engine.grace_s,
        durability=settings.journal.durability,
        version=version,
        pnl_day_start_s=settings.console.day_start_s,
    )


def binance_settings(config: BinanceConfig, *, sim_port: int | None) -> BinanceSettings:
    """What the Binance adapter needs; DEMO's hosts are the simulated venue's port."""
    return BinanceSettings(
        hosts=binance_hosts(config, sim_port=sim_port),
        symbols=tuple(instrument_id.partition(".")[0] for instrument_id in config.instruments),
        order_recv_window_ms=config.recv_window_ms,
        cancel_reserve=config.cancel_reserve,
        stream=StreamSettings(max_size=config.max_frame_bytes),
        operator_reserve=config.operator_reserve,
    )


def strategy_spec(config: StrategyConfig, params_json: bytes) -> StrategySpec:
    return StrategySpec(
        source=config.source,
        params_json=params_json,
        instrument_ids=config.instruments,
        is_inline=config.inline,
        memory_mb=config.memory_mb,
        nice=config.nice,
        callback_limit_s=config.callback_limit_s,
    )
