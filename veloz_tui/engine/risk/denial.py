"""A refusal of ours, worded: WHAT - numbers - state now - what to do, the code last."""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.engine.risk.inputs import RiskInputs

LARGEST: Final = Decimal(10) ** 15
"""No price and no quantity reaches this; above it Decimal's 28 digits get too few for its steps."""
_PLAIN_DIGITS: Final = 18


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
    what = f"{request.side} {amount(request.quantity)} {instrument.base}-{instrument.quote}"
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


def compare(first: Decimal, second: Decimal, *, most_places: int = 8) -> tuple[str, str]:
    """Write two numbers with as few decimals as still tell them apart: `32,061`, `20,000`.

    `most_places`: no more decimals than these, unless the two need them.
    """
    least = min(max(_places(first), _places(second)), most_places)
    for places in (least, least + 2, least + 4, least + 8):
        texts = f"{first:,.{places}f}", f"{second:,.{places}f}"
        if texts[0] != texts[1] or first == second:
            return texts
    return amount(first), amount(second)


def rounded(number: Decimal) -> str:
    """Write an average with no more decimals than its size deserves: `64,123.20`, `0.001234`."""
    return f"{number:,.{max(_places(number), 2)}f}"


def amount(number: Decimal) -> str:
    """Write a number with the decimals it came with; an absurd one (1E+999999) stays short."""
    is_plain = number.is_finite() and abs(number.adjusted()) < _PLAIN_DIGITS
    return f"{number:,f}" if is_plain else str(number)


def _places(number: Decimal) -> int:
    magnitude = number.adjusted() if number else 3
    if magnitude >= 3:
        return 0
    return 2 if magnitude >= 0 else 3 - magnitude
