"""Where a position can get to if any part of what works fills, and which orders only shrink it."""

from decimal import Decimal

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ZERO, Side
from veloz_tui.engine.risk.inputs import RiskInputs


def worst_case(*, position: Decimal, buy_leaves: Decimal, sell_leaves: Decimal) -> Decimal:
    """Return the largest |position| that any set of fills can reach."""
    return max(abs(position + buy_leaves), abs(position - sell_leaves))


def furthest(request: OrderRequest, inputs: RiskInputs) -> Decimal:
    """Return how far the position can get on the order's side, in its direction; negative: not across zero.

    Only this end of the range moves with the order, so an order that shrinks the position always passes a
    limit that is already broken, and one that would cross over to the other side is held to it again.
    """
    if request.side is Side.BUY:
        return inputs.position + inputs.buy_leaves + request.quantity
    return inputs.sell_leaves + request.quantity - inputs.position


def growth(request: OrderRequest, inputs: RiskInputs) -> Decimal:
    """Return by how much the order lifts the instrument's worst case; 0 if it doesn't."""
    before = worst_case(
        position=inputs.position, buy_leaves=inputs.buy_leaves, sell_leaves=inputs.sell_leaves
    )
    return max(furthest(request, inputs) - before, ZERO)


def is_exit(request: OrderRequest, inputs: RiskInputs) -> bool:
    """Whether the order says that it only shrinks the position (the reduce_only rule holds it to that)."""
    return request.reduce_only or inputs.is_exit


def reducible(request: OrderRequest, inputs: RiskInputs) -> Decimal:
    """Return how much the order may shrink the position by: what no reduce-only order is on already."""
    held = inputs.position if request.side is Side.SELL else -inputs.position
    return max(held - inputs.reduce_leaves, ZERO)
