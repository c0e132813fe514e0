"""How many of our orders may be open at once."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.denial import Denial, deny
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse the order that is one too many."""
    limit = inputs.limits.open_orders_max
    if limit is None or inputs.open_orders < limit:
        return None
    return deny(
        request,
        inputs,
        code="OPEN_ORDERS_MAX",
        why=f"{inputs.open_orders:,} orders are open, max {limit:,}",
        remedy="Cancel some or raise limits.open_orders_max",
        limit=Decimal(limit),
        value=Decimal(inputs.open_orders + 1),
    )
