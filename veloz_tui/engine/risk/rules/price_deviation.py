"""The price collar: how much worse than the market an order may trade."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType, Side
from veloz_tui.engine.risk.denial import Denial, amount, compare, deny, unknown
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.pricing import walk


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse a BUY too far above and a SELL too far below the reference; resting away from it is harmless.

    A MARKET order counts at the last price its walk reaches. A stop trades when the market is at its stop
    price, so that is what its limit price is measured against.
    """
    most = inputs.instrument_limits.max_price_deviation
    if most is None:
        return None
    price = _price(request, inputs)
    anchor = request.stop_price if request.order_type is OrderType.STOP_LIMIT else inputs.reference
    if price is None or anchor is None:
        remedy = "Wait for fresh market data"
        return unknown(request, inputs, code="REFERENCE_UNKNOWN", missing="price deviation", remedy=remedy)
    deviation = request.side.sign * (price - anchor) / anchor
    if deviation <= most:
        return None
    return _deny(request, inputs, price=price, anchor=anchor, deviation=deviation, most=most)


def _price(request: OrderRequest, inputs: RiskInputs) -> Decimal | None:
    if request.order_type is not OrderType.MARKET:
        return request.price
    if inputs.book is None:
        return None
    taken = walk(inputs.book, instrument=inputs.instrument, side=request.side, quantity=request.quantity)
    return taken.worst


def _deny(
    request: OrderRequest,
    inputs: RiskInputs,
    *,
    price: Decimal,
    anchor: Decimal,
    deviation: Decimal,
    most: Decimal,
) -> Denial:
    shown, limit = compare(deviation * 100, most * 100, most_places=2)
    is_stop = request.order_type is OrderType.STOP_LIMIT
    where = "above" if request.side is Side.BUY else "below"
    against = "stop price" if is_stop else "reference"
    why = f"price {amount(price)} is {shown} % {where} {against} {amount(anchor)} > max {limit} %"
    if request.order_type is OrderType.MARKET:
        remedy = "Lower qty or give a price, or raise limits.max_price_deviation"
    else:
        remedy = "Price nearer or raise limits.max_price_deviation"
    return deny(request, inputs, code="PRICE_COLLAR", why=why, remedy=remedy, limit=most, value=deviation)
