"""The quantity: a number, on the lot, within the venue's bounds."""

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType
from veloz_tui.engine.risk.denial import LARGEST, Denial, amount, deny
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse a quantity that the venue would refuse, naming the nearest that it takes."""
    quantity = request.quantity
    if not (quantity.is_finite() and 0 < quantity < LARGEST):
        why, remedy = f"qty {quantity} isn't a quantity", f"Give a number above 0 and below {LARGEST:,f}"
        return deny(request, inputs, code="QUANTITY_INVALID", why=why, remedy=remedy)
    return _on_lot(request, inputs) or _in_bounds(request, inputs)


def _on_lot(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    instrument = inputs.instrument
    if instrument.is_on_lot(request.quantity):
        return None
    lot = instrument.lot_size
    below = instrument.round_quantity(request.quantity)
    above = below + lot
    why = f"qty {amount(request.quantity)} isn't on the lot {amount(lot)}"
    remedy = f"Use {amount(below)} or {amount(above)}" if below > 0 else f"Use {amount(above)}"
    return deny(request, inputs, code="LOT", why=why, remedy=remedy, limit=lot, value=request.quantity)


def _in_bounds(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    instrument, quantity = inputs.instrument, request.quantity
    low, highs = instrument.min_quantity, [instrument.max_quantity]
    if request.order_type is OrderType.MARKET:
        highs.append(instrument.market_max_quantity)
    high = min((bound for bound in highs if bound is not None), default=None)
    if quantity < low:
        code, bound, why = "QUANTITY_MIN", low, f"qty {amount(quantity)} < venue's least {amount(low)}"
    elif high is not None and quantity > high:
        code, bound, why = "QUANTITY_MAX", high, f"qty {amount(quantity)} > venue's most {amount(high)}"
    else:
        return None
    remedy = f"Use {amount(bound)} or {'more' if code == 'QUANTITY_MIN' else 'less'}"
    return deny(request, inputs, code=code, why=why, remedy=remedy, limit=bound, value=quantity)
