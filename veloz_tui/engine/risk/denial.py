"""A refusal of ours, worded: WHAT - numbers - state now - what to do, the code last."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.inputs import RiskInputs


class Denial(msgspec.Struct, frozen=True):
    """Why an order may not leave. `limit` and `value` are the numbers compared, where there are two."""

    code: str
    text: str
    limit: Decimal | None = None
    value: Decimal | None = None


def deny(
    request: OrderRequest,
    inputs: RiskInputs,
    *,
    code: str,
    why: str,
    remedy: str,
    limit: Decimal | None = None,
    value: Decimal | None = None,
) -> Denial:
    """Word a refusal: `DENIED BUY 0.50 BTC-USDT: <why>. Nothing sent. <remedy> [<code>]`."""
    instrument = inputs.instrument
    what = f"{request.side} {request.quantity:,f} {instrument.base}-{instrument.quote}"
    text = f"DENIED {what}: {why}. Nothing sent. {remedy} [{code}]"
    return Denial(code, text, limit, value)


def unknown(request: OrderRequest, inputs: RiskInputs, *, code: str, missing: str, remedy: str) -> Denial:
    """Refuse because something that a rule needs isn't known."""
    return deny(request, inputs, code=code, why=f"{missing} unknown", remedy=remedy)


def broken(request: OrderRequest, *, rule: str, error: Exception) -> Denial:
    """Refuse because a rule itself failed. Formats nothing that could fail in turn."""
    code = "RISK_INTERNAL"
    what = f"{request.side} {request.quantity} {request.instrument_id}"
    why = f"rule {rule} failed ({type(error).__name__}: {error})"
    return Denial(
        code, f"DENIED {what}: {why}. Nothing sent. Report this; cancel and kill still work [{code}]"
    )


def compare(first: Decimal, second: Decimal) -> tuple[str, str]:
    """Write two numbers with as few decimals as still tell them apart: `32,061`, `20,000`."""
    for decimals in (0, 2, 4, 8):
        texts = f"{first:,.{decimals}f}", f"{second:,.{decimals}f}"
        if texts[0] != texts[1] or first == second:
            return texts
    return f"{first:,f}", f"{second:,f}"


def percent(fraction: Decimal) -> str:
    """`5 %`, `0.25 %`"""
    return f"{(fraction * 100).normalize():f} %"
