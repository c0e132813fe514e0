"""How many orders leave in any second: of the account, and of each strategy. Cancels never come here."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.denial import Denial, deny
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse the order that is one too many in the second before now."""
    limits = inputs.limits
    strategy = request.strategy_id
    return _one(
        request,
        inputs,
        code="MSG_RATE",
        name="max_orders_per_second",
        recent=inputs.recent_account,
        limit=limits.max_orders_per_second,
    ) or _one(
        request,
        inputs,
        code="MSG_RATE_STRATEGY",
        name=f"strategy_orders_per_second.{strategy}",
        recent=inputs.recent_strategy,
        limit=limits.strategy_orders_per_second.get(strategy),
    )


def _one(
    request: OrderRequest, inputs: RiskInputs, *, code: str, name: str, recent: int, limit: int | None
) -> Denial | None:
    if limit is None or recent < limit:
        return None
    return deny(
        request,
        inputs,
        code=code,
        why=f"order {recent + 1:,} within a second > max {limit:,}",
        remedy=f"Wait a second or raise limits.{name}",
        limit=Decimal(limit),
        value=Decimal(recent + 1),
    )
