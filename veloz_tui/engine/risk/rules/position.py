"""The position if everything that works on the order's side fills, the order included."""

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Side
from veloz_tui.engine.risk.denial import Denial, amount, compare, deny, unknown
from veloz_tui.engine.risk.exposure import furthest
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse what could carry the position past max_position_size; what only shrinks it passes."""
    limit = inputs.instrument_limits.max_position_size
    if limit is None:
        return None
    if inputs.reference is None:
        remedy = "Wait for fresh market data"
        return unknown(
            request, inputs, code="REFERENCE_UNKNOWN", missing="the position's value", remedy=remedy
        )
    value = furthest(request, inputs) * inputs.reference
    if value <= limit:
        return None
    shown, most = compare(value, limit)
    working = inputs.buy_leaves if request.side is Side.BUY else inputs.sell_leaves
    where = "long" if request.side is Side.BUY else "short"
    why = (
        f"position could reach {shown} {where} > max {most} {inputs.instrument.quote}"
        f" (now {inputs.position:+,f}, working {amount(working)})"
    )
    remedy = "Lower qty, cancel working orders or raise limits.max_position_size"
    return deny(request, inputs, code="POS_MAX", why=why, remedy=remedy, limit=limit, value=value)
