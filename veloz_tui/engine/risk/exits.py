"""Stop loss and take profit of a position: when to leave, judged by the mark price."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from veloz_tui.domain.types import Side
from veloz_tui.engine.risk.denial import compare, rounded
from veloz_tui.engine.risk.limits import InstrumentLimits


class ExitKind(StrEnum):
    STOP_LOSS = "stop loss"
    TAKE_PROFIT = "take profit"


class ExitWish(msgspec.Struct, frozen=True):
    """Leave the whole position, reduce-only, and say so in an alert."""

    kind: ExitKind
    side: Side
    quantity: Decimal
    """What is held; the caller takes off what other exits are on already."""
    move: Decimal
    """Fraction of the entry price, positive: won."""
    threshold: Decimal
    reason: str
    """`stop loss: -2.13 % of entry 64,123.20, threshold 2.00 %`"""


def exit_wish(
    *, quantity: Decimal, entry: Decimal | None, mark: Decimal | None, limits: InstrumentLimits
) -> ExitWish | None:
    """Return the exit that the thresholds ask for. Without entry or mark nothing can be said: None.

    `quantity` is signed. A threshold counts from the moment it is reached exactly.
    """
    if not quantity or entry is None or mark is None or entry <= 0:
        return None
    move = (mark - entry) / entry * (1 if quantity > 0 else -1)
    stop, take = limits.stop_loss_threshold, limits.take_profit_threshold
    if stop is not None and move <= -stop:
        kind, threshold = ExitKind.STOP_LOSS, stop
    elif take is not None and move >= take:
        kind, threshold = ExitKind.TAKE_PROFIT, take
    else:
        return None
    return ExitWish(
        kind=kind,
        side=Side.SELL if quantity > 0 else Side.BUY,
        quantity=abs(quantity),
        move=move,
        threshold=threshold,
        reason=_reason(kind, move=move, threshold=threshold, entry=entry),
    )


def _reason(kind: ExitKind, *, move: Decimal, threshold: Decimal, entry: Decimal) -> str:
    shown, limit = compare(abs(move) * 100, threshold * 100)
    sign = "-" if move < 0 else "+"
    return f"{kind}: {sign}{shown} % of entry {rounded(entry)}, threshold {limit} %"
