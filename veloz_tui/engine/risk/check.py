"""Whether an order may leave: the rules in their fixed order, the first refusal wins.

A rule that fails or misses something refuses (fail-closed). An exit that truly shrinks the position has a
shorter path, which no limit can block. Cancels and kills never come here.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.views import Verdict
from veloz_tui.engine.risk.denial import Denial, broken
from veloz_tui.engine.risk.estimate import Estimate, estimate
from veloz_tui.engine.risk.exposure import is_exit
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.rules import (
    balance,
    freshness,
    instrument,
    leverage,
    margin,
    notional,
    open_orders,
    order_size,
    order_type,
    position,
    price,
    price_deviation,
    quantity,
    rate,
    reduce_only,
    state,
)

Rule = Callable[[OrderRequest, RiskInputs], Denial | None]

RULES_OF_ALL: Final[tuple[Rule, ...]] = (
    state.check,
    instrument.check,
    order_type.check,
    price.check,
    quantity.check,
    notional.check,
    reduce_only.check,
)
"""Asked of every order. The last one proves that an exit is one."""

LIMIT_RULES: Final[tuple[Rule, ...]] = (
    freshness.check,
    order_size.check,
    price_deviation.check,
    rate.check,
    open_orders.check,
    position.check,
    leverage.check,
    balance.check,
    margin.check,
)
"""Never asked of an exit."""

RULES: Final[tuple[Rule, ...]] = RULES_OF_ALL + LIMIT_RULES


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Return why the order may not leave, or None."""
    for rule in RULES_OF_ALL if is_exit(request, inputs) else RULES:
        try:
            denial = rule(request, inputs)
        except Exception as error:  # noqa: BLE001 - fail-closed: a rule that can't answer refuses
            return broken(request, rule=rule.__module__.rpartition(".")[2], error=error)
        if denial is not None:
            return denial
    return None


def verdict(request: OrderRequest, inputs: RiskInputs, *, average_entry: Decimal | None = None) -> Verdict:
    """Return what `check` says, with the ticket's numbers; `average_entry` is the position's.

    `ahead` isn't known here: the caller adds it.
    """
    denial = check(request, inputs)
    numbers = _numbers(request, inputs, average_entry=average_entry)
    return Verdict(
        is_ok=denial is None,
        code="" if denial is None else denial.code,
        text="" if denial is None else denial.text,
        limit=None if denial is None else denial.limit,
        value=None if denial is None else denial.value,
        notional=numbers.notional,
        fee=numbers.fee,
        fee_is_taker=numbers.fee_is_taker,
        free_after=numbers.free_after,
        position_after=numbers.position_after,
        average_after=numbers.average_after,
        size_fraction=numbers.size_fraction,
    )


def _numbers(request: OrderRequest, inputs: RiskInputs, *, average_entry: Decimal | None) -> Estimate:
    try:
        return estimate(request, inputs, average_entry=average_entry)
    except Exception:  # noqa: BLE001 - numbers that can't be had must not cost the ticket its verdict
        return Estimate()
