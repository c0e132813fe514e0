"""What may leave at all: the trading state, pause, journal, guardian, venue and breaker."""

from typing import Final, assert_never

from veloz_tui.domain.instrument import VENUE_CODES
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import MANUAL, BreakerState, ChannelState, TradingState
from veloz_tui.engine.risk.denial import Denial, deny
from veloz_tui.engine.risk.exposure import is_exit
from veloz_tui.engine.risk.inputs import RiskInputs

_PASSABLE: Final = frozenset({BreakerState.CLOSED, BreakerState.HALF_OPEN})


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse what the state of things doesn't let out. Exits pass REDUCE_ONLY, pause and the breaker."""
    return _trading_state(request, inputs) or _machinery(request, inputs) or _venue(request, inputs)


def _trading_state(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    match inputs.trading_state:
        case TradingState.HALTED:
            why, remedy = "trading is HALTED", ":rearm exits lets exits out, :rearm full everything"
        case TradingState.CANCEL_ONLY:
            because = f" ({inputs.state_reason})" if inputs.state_reason else ""
            why, remedy = f"CANCEL_ONLY{because}", "Only cancels and the kill leave until that is over"
        case TradingState.REDUCE_ONLY:
            if is_exit(request, inputs):
                return None
            why, remedy = "REDUCE_ONLY: only exits leave", f"Add reduce, or {inputs.way_out}"
        case TradingState.READY:
            return _pause(request, inputs)
        case _:
            assert_never(inputs.trading_state)
    return deny(request, inputs, code=f"STATE_{inputs.trading_state.value}", why=why, remedy=remedy)


def _pause(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    if not inputs.is_paused or request.strategy_id == MANUAL or is_exit(request, inputs):
        return None
    return deny(
        request,
        inputs,
        code="STATE_PAUSED",
        why=f"strategies are paused ({request.strategy_id})",
        remedy=":resume lets them go on",
    )


def _machinery(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    # An exit needs a durable intent too: what can't be remembered must not leave.
    if not inputs.journal_ok:
        why, remedy = "the journal is late or failed", "Cancels still work; to exit now, use the venue's site"
        return deny(request, inputs, code="JOURNAL_NOT_DURABLE", why=why, remedy=remedy)
    if not inputs.guardian_ok:
        why, remedy = "the guardian is gone", "It is being restarted; cancels and kill still work"
        return deny(request, inputs, code="GUARDIAN_DOWN", why=why, remedy=remedy)
    return None


def _venue(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    venue = VENUE_CODES.get(inputs.instrument.venue, inputs.instrument.venue)
    if inputs.venue_state is not ChannelState.READY:
        why, remedy = f"{venue} is {inputs.venue_state}, not READY", "Wait until it is reconciled"
        return deny(request, inputs, code="VENUE_NOT_READY", why=why, remedy=remedy)
    if inputs.breaker not in _PASSABLE and not is_exit(request, inputs):
        why, remedy = (
            f"{venue} breaker is {inputs.breaker}",
            "Wait for its probe; exits and cancels still leave",
        )
        return deny(request, inputs, code="BREAKER_OPEN", why=why, remedy=remedy)
    return None
