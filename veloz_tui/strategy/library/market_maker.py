"""A market maker: quotes both sides of the mid and leans against what it holds."""

from decimal import Decimal

import msgspec

from veloz_tui.strategy.base import BookView, Context, Strategy


class Params(msgspec.Struct, frozen=True):
    """`max_position` in base units: at it, the side that would add to it is pulled."""

    instrument: str = "BTCUSDT.BINANCE"
    half_spread_bps: Decimal = Decimal(5)
    size: Decimal = Decimal("0.01")
    max_position: Decimal = Decimal("0.05")
    tolerance_bps: Decimal = Decimal("0.5")

    def __post_init__(self) -> None:
        if min(self.half_spread_bps, self.size, self.max_position) <= 0 or self.tolerance_bps < 0:
            raise ValueError(
                "half_spread_bps, size and max_position must be above 0, tolerance_bps 0 or more"
            )


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
