"""A market maker: quotes both sides of the mid and leans against what it holds."""

from decimal import Decimal
from typing import Annotated

import msgspec

from veloz_tui.strategy.base import BookView, Context, Setting, Strategy
from veloz_tui.strategy.parameters import check_bounds


class Params(msgspec.Struct, frozen=True):
    """All but the instrument can be set while it runs."""

    instrument: Annotated[str, Setting(is_fixed=True)] = "BTCUSDT.BINANCE"
    half_spread_bps: Annotated[Decimal, Setting(above=0, below=10_000, unit="bps")] = Decimal(5)
    """From the middle to each quote."""
    size: Annotated[Decimal, Setting(above=0, unit="base")] = Decimal("0.01")
    """Of each quote."""
    max_position: Annotated[Decimal, Setting(above=0, unit="base")] = Decimal("0.05")
    """At it, the side that would add to it is pulled."""
    tolerance_bps: Annotated[Decimal, Setting(at_least=0, unit="bps")] = Decimal("0.5")
    """How far a quote may be off before it is moved."""

    def __post_init__(self) -> None:
        check_bounds(self)


class MarketMaker(Strategy):
    """Quote both sides of the mid, shifted against the inventory by up to half the spread."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def on_book(self, ctx: Context, book: BookView) -> None:
        p = self.params
        position = ctx.position(p.instrument)
        half_spread = book.mid * p.half_spread_bps / 10_000
        inventory = max(min(position / p.max_position, Decimal(1)), Decimal(-1))
        centre = book.mid - half_spread * inventory
        may_buy = position + p.size <= p.max_position
        may_sell = position - p.size >= -p.max_position
        ctx.quote(
            p.instrument,
            bid=centre - half_spread if may_buy else None,
            ask=centre + half_spread if may_sell else None,
            size=p.size,
            tolerance=book.mid * p.tolerance_bps / 10_000,
        )
        ctx.doing(_doing(may_buy=may_buy, may_sell=may_sell, inventory=inventory))


def _doing(*, may_buy: bool, may_sell: bool, inventory: Decimal) -> str:
    if may_buy and may_sell:
        return f"quoting, inventory {inventory:+.0%}"
    if not (may_buy or may_sell):
        return "not quoting: size is above max_position"
    side = "asks" if may_sell else "bids"
    return f"quoting {side} only: position at {inventory:+.0%} of its limit"
