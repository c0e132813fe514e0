"""Gross worst-case exposure of the whole account over its equity."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.denial import Denial, compare, deny, unknown
from veloz_tui.engine.risk.exposure import growth
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse what lifts exposure past max_leverage; what lifts nothing passes."""
    most = inputs.limits.max_leverage
    if most is None:
        return None
    grown = growth(request, inputs)
    if grown == 0:
        return None
    equity, gross, reference = inputs.equity, inputs.gross_exposure, inputs.reference
    if equity is None:
        return _unknown(request, inputs, code="EQUITY_UNKNOWN", missing="equity")
    if gross is None:
        return _unknown(request, inputs, code="EXPOSURE_UNKNOWN", missing="gross exposure")
    if reference is None:
        return _unknown(request, inputs, code="REFERENCE_UNKNOWN", missing="market price")
    exposure = gross + grown * reference
    if exposure <= most * equity:  # not a quotient: equity may be zero or less, and then nothing passes
        return None
    return _deny(request, inputs, exposure=exposure, equity=equity, most=most)


def _unknown(request: OrderRequest, inputs: RiskInputs, *, code: str, missing: str) -> Denial:
    remedy = "Wait until it is known; exits still leave"
    return unknown(request, inputs, code=code, missing=missing, remedy=remedy)


def _deny(
    request: OrderRequest, inputs: RiskInputs, *, exposure: Decimal, equity: Decimal, most: Decimal
) -> Denial:
    shown, limit = compare(exposure, most * equity)
    why = f"exposure {shown} > max {limit} {inputs.instrument.quote} ({most:f}x equity {equity:,.0f})"
    remedy = "Lower qty, cancel working orders or raise limits.max_leverage"
    return deny(
        request, inputs, code="LEVERAGE_MAX", why=why, remedy=remedy, limit=most * equity, value=exposure
    )
