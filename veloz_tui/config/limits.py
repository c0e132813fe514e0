"""The limits of the profile as the engine's own type."""

import msgspec

from veloz_tui.config.plain import InstrumentRisk, Settings
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits


def limits_of(settings: Settings) -> Limits:
    """Convert `[risk]` and each strategy's own rate."""
    risk = settings.risk
    return Limits(
        default=_instrument(risk.default),
        instruments={name: _instrument(own) for name, own in risk.instruments.items()},
        max_leverage=risk.max_leverage,
        max_orders_per_second=risk.max_orders_per_second,
        strategy_orders_per_second={each.name: each.max_orders_per_second for each in settings.strategies},
        account_balance_threshold=risk.account_balance_threshold,
        margin_threshold=risk.margin_threshold,
        open_orders_max=risk.open_orders_max,
    )


def _instrument(risk: InstrumentRisk) -> InstrumentLimits:
    return msgspec.convert(risk, InstrumentLimits, from_attributes=True)
