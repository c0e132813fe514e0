"""How much of each limit is used, and when that is worth an alert: 50 % INFO, 80 % WARN, 100 % CRIT."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.types import InstrumentId, Severity, StrategyId
from veloz_tui.engine.risk.limits import Limits

ACCOUNT: Final = "account"
_MOST: Final = Decimal(10)
"""Shown for a balance of nothing: the fraction has no other end."""


class LimitUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One limit and what is used of it; `scope` is an instrument, a strategy or the account."""

    name: str
    scope: str
    value: Decimal | None
    """None: unknown."""
    limit: Decimal
    fraction: Decimal | None
    """1: at the limit. For a least (free balance, margin ratio) it is limit / value."""


class PositionUse(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's worst case (exposure.worst_case) in quote value; None: no price."""

    instrument_id: InstrumentId
    value: Decimal | None


def usages(
    *,
    limits: Limits,
    positions: Iterable[PositionUse],
    gross_exposure: Decimal | None,
    equity: Decimal | None,
    free_quote: Decimal | None,
    margin_ratio: Decimal | None,
    recent_account: int,
    recent_strategies: Mapping[StrategyId, int],
    open_orders: int,
) -> tuple[LimitUsage, ...]:
    """Return the use of every limit that is on."""
    return (
        *_positions(limits, positions),
        *_leverage(limits, gross_exposure=gross_exposure, equity=equity),
        *_least("account_balance_threshold", limits.account_balance_threshold, free_quote),
        *_least("margin_threshold", limits.margin_threshold, margin_ratio),
        *_count("max_orders_per_second", ACCOUNT, limits.max_orders_per_second, recent_account),
        *_count("open_orders_max", ACCOUNT, limits.open_orders_max, open_orders),
        *_strategy_rates(limits, recent_strategies),
    )


def level(fraction: Decimal | None) -> Severity | None:
    """Return how loud a limit's use is; None: below 50 %, or unknown."""
    if fraction is None:
        return None
    return next((severity for severity, start in _STARTS if fraction >= start), None)


class Crossing(msgspec.Struct, frozen=True):
    """A limit's use rose to a level it wasn't at before."""

    severity: Severity
    usage: LimitUsage


class UsageTracker:
    """Remembers the level of each limit, so that an alert comes once a rise.

    A level is left only when the use is HYSTERESIS below its start: a position that trembles around 80 %
    warns once.
    """

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], Severity | None] = {}

    def crossings(self, current: Iterable[LimitUsage]) -> tuple[Crossing, ...]:
        """Take the present use of all limits and return the rises. Limits not named are forgotten."""
        levels: dict[tuple[str, str], Severity | None] = {}
        risen: list[Crossing] = []
        for usage in current:
            key = usage.name, usage.scope
            before = self._levels.get(key)
            now = _next_level(before, usage.fraction)
            levels[key] = now
            if now is not None and _RANK[now] > _RANK[before]:
                risen.append(Crossing(now, usage))
        self._levels = levels
        return tuple(risen)


HYSTERESIS: Final = Decimal("0.05")
_STARTS: Final = (
    (Severity.CRIT, Decimal(1)),
    (Severity.WARN, Decimal("0.8")),
    (Severity.INFO, Decimal("0.5")),
)
_RANK: Final[Mapping[Severity | None, int]] = {
    None: 0,
    Severity.INFO: 1,
    Severity.WARN: 2,
    Severity.CRIT: 3,
}


def _next_level(before: Severity | None, fraction: Decimal | None) -> Severity | None:
    if fraction is None:
        return before  # what isn't known neither rises nor falls
    reached = level(fraction)
    if _RANK[reached] >= _RANK[before]:
        return reached
    held = level(fraction + HYSTERESIS)
    return held if _RANK[held] < _RANK[before] else before


def _positions(limits: Limits, positions: Iterable[PositionUse]) -> Iterator[LimitUsage]:
    for use in positions:
        limit = limits.for_instrument(use.instrument_id).max_position_size
        if limit is not None:
            yield _most("max_position_size", use.instrument_id, limit, use.value)


def _leverage(
    limits: Limits, *, gross_exposure: Decimal | None, equity: Decimal | None
) -> Iterator[LimitUsage]:
    limit = limits.max_leverage
    if limit is None:
        return
    if gross_exposure is None or equity is None:
        yield _most("max_leverage", ACCOUNT, limit, None)
    elif equity > 0:
        yield _most("max_leverage", ACCOUNT, limit, gross_exposure / equity)
    else:
        yield _most("max_leverage", ACCOUNT, limit, limit * _MOST if gross_exposure else Decimal(0))


def _least(name: str, limit: Decimal | None, value: Decimal | None) -> Iterator[LimitUsage]:
    if limit is None:
        return
    fraction = None
    if value is not None:
        fraction = min(limit / value, _MOST) if value > 0 else _MOST
    yield LimitUsage(name=name, scope=ACCOUNT, value=value, limit=limit, fraction=fraction)


def _strategy_rates(limits: Limits, recent: Mapping[StrategyId, int]) -> Iterator[LimitUsage]:
    for strategy_id, limit in limits.strategy_orders_per_second.items():
        yield from _count("strategy_orders_per_second", strategy_id, limit, recent.get(strategy_id, 0))


def _count(name: str, scope: str, limit: int | None, value: int) -> Iterator[LimitUsage]:
    if limit is not None:
        yield _most(name, scope, Decimal(limit), Decimal(value))


def _most(name: str, scope: str, limit: Decimal, value: Decimal | None) -> LimitUsage:
    fraction = None if value is None else value / limit
    return LimitUsage(name=name, scope=scope, value=value, limit=limit, fraction=fraction)
