"""Free balance: on Spot the order must be covered, and a BUY must leave the least the operator keeps."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Asset, Side
from veloz_tui.engine.risk.denial import Denial, compare, deny, unknown
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.pricing import order_fee, order_value


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse what isn't covered. With margin the venue locks less than the value, which only it knows: there
    the free balance counts as it stands, and margin_threshold guards the rest."""
    if inputs.has_margin:
        return _kept(request, inputs, after=inputs.free_quote)
    if request.side is Side.SELL:
        return _covered(
            request, inputs, need=request.quantity, free=inputs.free_base, asset=inputs.instrument.base
        )
    cost = order_value(request, inputs)
    if cost is None:
        return _unknown(request, inputs, code="ORDER_VALUE_UNKNOWN", missing="the order's value")
    return _covered(
        request, inputs, need=cost, free=inputs.free_quote, asset=inputs.instrument.quote
    ) or _kept_after(request, inputs, cost=cost)


def _covered(
    request: OrderRequest, inputs: RiskInputs, *, need: Decimal, free: Decimal | None, asset: Asset
) -> Denial | None:
    if free is None:
        return _unknown(request, inputs, code="BALANCE_UNKNOWN", missing=f"free {asset}")
    if need <= free:
        return None
    shown, most = compare(need, free)
    return deny(
        request,
        inputs,
        code="BALANCE_INSUFFICIENT",
        why=f"needs {shown} > free {most} {asset}",
        remedy="Lower qty or cancel orders that lock it",
        limit=free,
        value=need,
    )


def _kept_after(request: OrderRequest, inputs: RiskInputs, *, cost: Decimal) -> Denial | None:
    if inputs.limits.account_balance_threshold is None:
        return None
    fee = order_fee(request, inputs, value=cost)
    if fee is None:
        return _unknown(request, inputs, code="FEE_UNKNOWN", missing="the fee")
    after = None if inputs.free_quote is None else inputs.free_quote - cost - fee
    return _kept(request, inputs, after=after)


def _kept(request: OrderRequest, inputs: RiskInputs, *, after: Decimal | None) -> Denial | None:
    least = inputs.limits.account_balance_threshold
    if least is None:
        return None
    quote = inputs.instrument.quote
    if after is None:
        return _unknown(request, inputs, code="BALANCE_UNKNOWN", missing=f"free {quote}")
    if after >= least:
        return None
    shown, limit = compare(after, least)
    return deny(
        request,
        inputs,
        code="MIN_FREE_BALANCE",
        why=f"free after {shown} < least {limit} {quote}",
        remedy="Lower qty or limits.account_balance_threshold",
        limit=least,
        value=after,
    )


def _unknown(request: OrderRequest, inputs: RiskInputs, *, code: str, missing: str) -> Denial:
    remedy = "Wait until it is known; exits still leave"
    return unknown(request, inputs, code=code, missing=missing, remedy=remedy)
