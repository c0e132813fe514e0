"""Exits really shrink the position. Spot venues don't know reduce-only, so this is where it is enforced."""

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.denial import Denial, amount, deny
from veloz_tui.engine.risk.exposure import is_exit, reducible
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse an exit on the wrong side, or larger than what no other exit is on already."""
    if not is_exit(request, inputs):
        return None
    most = reducible(request, inputs)
    if request.quantity <= most:
        return None
    base = inputs.instrument.base
    why = f"position {inputs.position:+,f} {base}"
    if inputs.reduce_leaves:
        why += f", {amount(inputs.reduce_leaves)} in other reduce-only orders"
    why += f": qty {amount(request.quantity)} > {amount(most)} left to reduce"
    if most > 0:
        remedy = f"Use {amount(most)} or less"
    elif request.side.sign * inputs.position < 0:
        remedy = "Cancel the other exits first"
    else:
        remedy = "Nothing to reduce on this side: drop reduce"
    return deny(
        request,
        inputs,
        code="REDUCE_ONLY_EXCEEDS",
        why=why,
        remedy=remedy,
        limit=most,
        value=request.quantity,
    )
