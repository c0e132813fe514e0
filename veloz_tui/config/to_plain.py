"""From pydantic's model to the plain structs that the rest of the program sees."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from veloz_tui.config import plain
from veloz_tui.config.demo import DEMO_STRATEGIES
from veloz_tui.config.hosts import binance_hosts
from veloz_tui.config.model import Binance, Console, Kill, Risk, SettingsModel, Strategy
from veloz_tui.domain.types import Asset, InstrumentId, Mode, StrategyId


def to_plain(model: SettingsModel, *, profile: str) -> plain.Settings:
    """Convert settings that have passed every check."""
    mode = model.profile.mode
    return plain.Settings(
        profile=plain.ProfileSettings(name=profile, mode=mode, quote=Asset(model.profile.quote)),
        venues=plain.VenuesSettings(binance=_binance(model.venues.binance, mode)),
        journal=msgspec.convert(model.journal, plain.JournalSettings, from_attributes=True),
        risk=_risk(model.risk),
        breaker=msgspec.convert(model.breaker, plain.BreakerSettings, from_attributes=True),
        kill=msgspec.convert(model.kill, plain.KillSettings, from_attributes=True),
        engine=msgspec.convert(model.engine, plain.EngineSettings, from_attributes=True),
        console=_console(model.console, model.kill, mode),
        strategies=tuple(_strategy(name, strategy) for name, strategy in _strategies(model).items()),
        secrets=msgspec.convert(model.secrets, plain.SecretsSettings, from_attributes=True),
    )


def _strategies(model: SettingsModel) -> Mapping[str, Strategy]:
    """A demo without strategies of its own has some to try, on the instruments it watches."""
    if model.strategies or model.profile.mode is not Mode.DEMO:
        return model.strategies
    watched = model.venues.binance.instruments
    return {name: one for name, one in DEMO_STRATEGIES.items() if one.instrument in watched}


def _binance(binance: Binance, mode: Mode) -> plain.BinanceSettings:
    chosen = binance.test_hosts
    test_hosts = (
        msgspec.convert(chosen, plain.HostSettings, from_attributes=True) if chosen is not None else None
    )
    return plain.BinanceSettings(
        instruments=tuple(InstrumentId(name) for name in binance.instruments),
        hosts=binance_hosts(mode, test_hosts=test_hosts),
        key=binance.key,
        recv_window_ms=binance.recv_window_ms,
        cancel_reserve=binance.cancel_reserve,
        operator_reserve=binance.operator_reserve,
        max_frame_bytes=binance.max_frame_bytes,
    )


def _risk(risk: Risk) -> plain.RiskSettings:
    return plain.RiskSettings(
        default=plain.InstrumentRisk(
            max_order_size=risk.max_order_size,
            max_position_size=risk.max_position_size,
            max_price_deviation=risk.max_price_deviation,
            stop_loss_threshold=risk.stop_loss_threshold,
            take_profit_threshold=risk.take_profit_threshold,
        ),
        instruments={
            InstrumentId(name): msgspec.convert(own, plain.InstrumentRisk, from_attributes=True)
            for name, own in risk.instruments.items()
        },
        max_leverage=risk.max_leverage,
        max_orders_per_second=risk.max_orders_per_second,
        open_orders_max=risk.open_orders_max,
        account_balance_threshold=risk.account_balance_threshold,
        margin_threshold=risk.margin_threshold,
    )


def _console(console: Console, kill: Kill, mode: Mode) -> plain.ConsoleSettings:
    hours, minutes = console.day_start.split(":")
    # A preset nobody chose must not size an order with real money.
    presets = console.sizes if mode is not Mode.LIVE or "sizes" in console.model_fields_set else {}
    return plain.ConsoleSettings(
        theme=console.theme,
        colors=console.colors,
        refresh_hz=console.refresh_hz,
        sizes={InstrumentId(name): _ascending(sizes) for name, sizes in presets.items()},
        close_slippage_bps=console.close_slippage_bps,
        day_start_s=int(hours) * 3_600 + int(minutes) * 60,
        keymap={**console.keymap, "kill": kill.chords},
        mouse=console.mouse,
        bell=console.bell,
    )


def _ascending(sizes: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    return tuple(sorted(set(sizes)))


def _strategy(name: str, strategy: Strategy) -> plain.StrategySettings:
    instruments = strategy.instruments or (strategy.instrument or "",)
    return plain.StrategySettings(
        name=StrategyId(name),
        source=strategy.source,
        instruments=tuple(InstrumentId(instrument) for instrument in instruments),
        params=dict(strategy.params),
        inline=strategy.inline,
        autostart=strategy.autostart,
        max_orders_per_second=strategy.max_orders_per_second,
        memory_mb=strategy.memory_mb,
        nice=strategy.nice,
        callback_limit_s=strategy.callback_limit_s,
        restart=strategy.restart,
        restart_attempts=strategy.restart_attempts,
        restart_window_s=strategy.restart_window_s,
        restart_backoff_s=strategy.restart_backoff_s,
    )
