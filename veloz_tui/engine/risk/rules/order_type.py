"""The order's form: which fields and flags go together."""

from typing import assert_never

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType, TimeInForce
from veloz_tui.engine.risk.denial import Denial, deny
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse combinations of type, prices, time in force and post-only that mean nothing."""
    return _prices(request, inputs) or _time_in_force(request, inputs) or _post_only(request, inputs)


def _prices(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    match request.order_type:
        case OrderType.MARKET:
            needs_price, needs_stop = False, False
        case OrderType.LIMIT:
            needs_price, needs_stop = True, False
        case OrderType.STOP_LIMIT:
            needs_price, needs_stop = True, True
        case _:
            assert_never(request.order_type)
    return _field(
        request, inputs, name="price", is_there=request.price is not None, is_needed=needs_price
    ) or _field(
        request, inputs, name="stop price", is_there=request.stop_price is not None, is_needed=needs_stop
    )


def _field(
    request: OrderRequest, inputs: RiskInputs, *, name: str, is_there: bool, is_needed: bool
) -> Denial | None:
    if is_there == is_needed:
        return None
    code = f"{name.upper().replace(' ', '_')}_{'MISSING' if is_needed else 'UNEXPECTED'}"
    why = f"{request.order_type} {'needs' if is_needed else 'takes no'} {name}"
    remedy = f"{'Add' if is_needed else 'Drop'} the {name}"
    return deny(request, inputs, code=code, why=why, remedy=remedy)


def _time_in_force(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    time_in_force = request.time_in_force
    if time_in_force is TimeInForce.GTD:  # a request carries no date, and Binance Spot has no GTD
        why, remedy = "GTD has no date to end at", "Use gtc, ioc or fok"
    elif time_in_force is TimeInForce.FOK and request.order_type is OrderType.MARKET:
        why, remedy = "MARKET takes no FOK", "Drop fok, or give a price"
    else:
        return None
    return deny(request, inputs, code="TIF_UNSUPPORTED", why=why, remedy=remedy)


def _post_only(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    if not request.post_only:
        return None
    if request.order_type is OrderType.LIMIT and request.time_in_force is TimeInForce.GTC:
        return None
    why = f"post-only doesn't go with {request.order_type} {request.time_in_force}"
    return deny(request, inputs, code="POST_ONLY_CONFLICT", why=why, remedy="Drop post, or use LIMIT GTC")
