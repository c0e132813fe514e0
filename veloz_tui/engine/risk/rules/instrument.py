"""The instrument: the one the order names, and open for trading."""

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.denial import Denial, deny
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse an instrument that the venue doesn't trade now, and inputs that are another's."""
    if request.instrument_id != inputs.instrument.id:
        why = f"checked with the inputs of {inputs.instrument.id}"
        remedy = f"Report this: the order is for {request.instrument_id}"
        return deny(request, inputs, code="INSTRUMENT_MISMATCH", why=why, remedy=remedy)
    if not inputs.instrument.is_trading:
        why = f"{inputs.instrument.display} isn't trading"
        return deny(request, inputs, code="NOT_TRADING", why=why, remedy="Wait until the venue reopens it")
    return None
