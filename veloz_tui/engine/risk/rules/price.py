"""Prices: numbers, on the tick, within the venue's bounds."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Side
from veloz_tui.engine.risk.denial import LARGEST, Denial, amount, deny
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse a price or a stop price that the venue would refuse, naming the nearest that it takes."""
    return _one(request, inputs, "price", request.price) or _one(
        request, inputs, "stop price", request.stop_price
    )


def _one(request: OrderRequest, inputs: RiskInputs, name: str, price: Decimal | None) -> Denial | None:
    if price is None:
        return None
    if not (price.is_finite() and 0 < price < LARGEST):
        why, remedy = f"{name} {price} isn't a price", f"Give a number above 0 and below {LARGEST:,f}"
        return deny(request, inputs, code="PRICE_INVALID", why=why, remedy=remedy)
    return _on_tick(request, inputs, name, price) or _in_bounds(request, inputs, name, price)


def _on_tick(request: OrderRequest, inputs: RiskInputs, name: str, price: Decimal) -> Denial | None:
    instrument = inputs.instrument
    if instrument.is_on_tick(price):
        return None
    below = instrument.round_price(price, side=Side.BUY)
    above = instrument.round_price(price, side=Side.SELL)
    why = f"{name} {amount(price)} isn't on the tick {amount(instrument.tick_size)}"
    remedy = f"Use {amount(below)} or {amount(above)}" if below > 0 else f"Use {amount(above)}"
    return deny(request, inputs, code="TICK", why=why, remedy=remedy, limit=instrument.tick_size, value=price)


def _in_bounds(request: OrderRequest, inputs: RiskInputs, name: str, price: Decimal) -> Denial | None:
    low, high = inputs.instrument.min_price, inputs.instrument.max_price
    if price < low:
        code, bound, why = "PRICE_MIN", low, f"{name} {amount(price)} < venue's least {amount(low)}"
    elif high is not None and price > high:
        code, bound, why = "PRICE_MAX", high, f"{name} {amount(price)} > venue's most {amount(high)}"
    else:
        return None
    remedy = f"Use {amount(bound)} or {'more' if code == 'PRICE_MIN' else 'less'}"
    return deny(request, inputs, code=code, why=why, remedy=remedy, limit=bound, value=price)
