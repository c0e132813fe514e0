"""The margin ratio: near liquidation nothing may add to exposure."""

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.denial import Denial, compare, deny, unknown
from veloz_tui.engine.risk.exposure import growth
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse what lifts exposure while the margin ratio is below margin_threshold. Spot has none."""
    least = inputs.limits.margin_threshold
    if least is None or not inputs.has_margin or growth(request, inputs) == 0:
        return None
    ratio = inputs.margin_ratio
    if ratio is None:
        remedy = "Wait until it is known; exits still leave"
        return unknown(request, inputs, code="MARGIN_UNKNOWN", missing="the margin ratio", remedy=remedy)
    if ratio >= least:
        return None
    shown, limit = compare(ratio, least)
    return deny(
        request,
        inputs,
        code="MARGIN_RATIO_MIN",
        why=f"margin ratio {shown} < least {limit}",
        remedy="Reduce positions or lower limits.margin_threshold",
        limit=least,
        value=ratio,
    )
