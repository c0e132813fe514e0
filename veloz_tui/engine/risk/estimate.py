"""What an order would do to the account if it filled whole: the ticket's line. It decides nothing."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Side
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.pricing import is_taker, order_fee, order_value


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """None: not known, or not to be had for an order of this form."""

    notional: Decimal | None = None
    fee: Decimal | None = None
    fee_is_taker: bool = False
    free_after: Decimal | None = None
    position_after: Decimal | None = None
    average_after: Decimal | None = None
    size_fraction: Decimal | None = None


def estimate(request: OrderRequest, inputs: RiskInputs, *, average_entry: Decimal | None) -> Estimate:
    """Return the numbers; nothing at all for quantities and prices that are none."""
    numbers = (request.quantity, request.price, request.stop_price, inputs.reference)
    if not all(number is None or (number.is_finite() and number > 0) for number in numbers):
        return Estimate()
    value = order_value(request, inputs)
    position_after = inputs.position + request.side.sign * request.quantity
    if value is None:
        return Estimate(position_after=position_after)
    fee = order_fee(request, inputs, value=value)
    most = inputs.instrument_limits.max_order_size
    return Estimate(
        notional=value,
        fee=fee,
        fee_is_taker=is_taker(request, inputs),
        free_after=_free_after(request, inputs, value=value, fee=fee),
        position_after=position_after,
        average_after=_average_after(
            request, inputs, price=value / request.quantity, average_entry=average_entry
        ),
        size_fraction=None if most is None else value / most,
    )


def _free_after(
    request: OrderRequest, inputs: RiskInputs, *, value: Decimal, fee: Decimal | None
) -> Decimal | None:
    if inputs.has_margin or inputs.free_quote is None or fee is None:
        return None  # what a margin venue locks, only it knows
    return inputs.free_quote - request.side.sign * value - fee


def _average_after(
    request: OrderRequest, inputs: RiskInputs, *, price: Decimal, average_entry: Decimal | None
) -> Decimal | None:
    held = inputs.position if request.side is Side.BUY else -inputs.position
    if held >= 0:  # opens or adds
        if held == 0:
            return price
        if average_entry is None:
            return None
        return (held * average_entry + request.quantity * price) / (held + request.quantity)
    left = held + request.quantity
    if left == 0:
        return None
    return average_entry if left < 0 else price
