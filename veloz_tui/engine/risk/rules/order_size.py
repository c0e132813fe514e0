"""The value of one order. MARKET orders are priced by walking the book, so none slips past the limit."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType
from veloz_tui.engine.risk.denial import Denial, amount, compare, deny, unknown
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.pricing import order_value, walk


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse an order above max_order_size, and a MARKET order that the book can't fill."""
    value = order_value(request, inputs)
    if value is None:
        return _unpriced(request, inputs)
    limit = inputs.instrument_limits.max_order_size
    if limit is None or value <= limit:
        return None
    shown, most = compare(value, limit)
    return deny(
        request,
        inputs,
        code="ORDER_NOTIONAL_MAX",
        why=f"order {shown} > max {most} {inputs.instrument.quote}",
        remedy="Lower qty or raise limits.max_order_size",
        limit=limit,
        value=value,
    )


def _unpriced(request: OrderRequest, inputs: RiskInputs) -> Denial:
    if request.order_type is not OrderType.MARKET or inputs.book is None:
        remedy = "Give a price, or wait until the book is synced"
        return unknown(
            request, inputs, code="ORDER_VALUE_UNKNOWN", missing="the order's value", remedy=remedy
        )
    taken = walk(inputs.book, instrument=inputs.instrument, side=request.side, quantity=request.quantity)
    return _too_thin(request, inputs, there=taken.filled, worst=taken.worst)


def _too_thin(request: OrderRequest, inputs: RiskInputs, *, there: Decimal, worst: Decimal | None) -> Denial:
    up_to = "" if worst is None else f" to {amount(worst)}"
    why = f"the book holds only {amount(there)} {inputs.instrument.base}{up_to}"
    remedy = f"Lower qty to {amount(there)} or give a price" if there > 0 else "Give a price"
    return deny(
        request, inputs, code="BOOK_TOO_THIN", why=why, remedy=remedy, limit=there, value=request.quantity
    )
