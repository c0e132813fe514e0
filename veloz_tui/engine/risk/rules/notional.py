"""The order's value within the venue's bounds."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType
from veloz_tui.engine.risk.denial import Denial, compare, deny
from veloz_tui.engine.risk.exposure import is_exit
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse a value that the venue would refuse. What it makes of a MARKET exit is left to the venue:
    its own average price decides, and an estimate of ours must not keep an exit back."""
    instrument = inputs.instrument
    price = _price(request, inputs)
    if price is None:
        return None
    value = price * request.quantity
    low, high = instrument.min_notional, instrument.max_notional
    if value < low:
        return _deny(request, inputs, code="MIN_NOTIONAL", value=value, bound=low)
    if high is not None and value > high:
        return _deny(request, inputs, code="MAX_NOTIONAL", value=value, bound=high)
    return None


def _price(request: OrderRequest, inputs: RiskInputs) -> Decimal | None:
    if request.order_type is not OrderType.MARKET:
        return request.price
    if not inputs.instrument.notional_applies_to_market or is_exit(request, inputs):
        return None
    return inputs.reference  # None: the freshness rule refuses


def _deny(request: OrderRequest, inputs: RiskInputs, *, code: str, value: Decimal, bound: Decimal) -> Denial:
    is_least = code == "MIN_NOTIONAL"
    shown, limit = compare(value, bound)
    quote = inputs.instrument.quote
    sign, word = ("<", "least") if is_least else (">", "most")
    why = f"order {shown} {sign} venue's {word} {limit} {quote}"
    remedy = "Raise qty" if is_least else "Lower qty"
    return deny(request, inputs, code=code, why=why, remedy=remedy, limit=bound, value=value)
