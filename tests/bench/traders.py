"""The strategies that are measured, and the configuration that lets them."""

# Names the update by the order's quantity, or, for counting, the number of updates seen at the last one.
TAKER = '''
"""Takes, on every update, as much as the best bid shows: the quantity names the update."""

from decimal import Decimal

import msgspec

from veloz_tui.strategy.base import BookView, Context, Side, Strategy, TimeInForce


class Params(msgspec.Struct, frozen=True):
    instrument: str = "BTCUSDT.BINANCE"
    first_lots: int = 0
    last_lots: int = 0
    """Above 0: only count, from the update after `first_lots`, and tell the count at this size."""
    every: int = 1


class Taker(Strategy):
    def __init__(self, params: Params) -> None:
        self.params = params
        self.seen = 0

    def on_book(self, ctx: Context, book: BookView) -> None:
        p = self.params
        self.seen += 1
        bid, ask, size = book.best_bid, book.best_ask, book.best_bid_size
        if ask <= bid:
            raise ValueError("crossed")
        if p.last_lots:
            if size == Decimal(p.first_lots) / 100_000:
                self.seen = 0
            elif size == Decimal(p.last_lots) / 100_000:
                self.take(ctx, bid, Decimal(self.seen) / 100_000)
        elif self.seen % p.every == 0:
            self.take(ctx, bid, size)

    def take(self, ctx: Context, price: Decimal, quantity: Decimal) -> None:
        ctx.limit(
            self.params.instrument,
            side=Side.BUY,
            quantity=quantity,
            price=price,
            time_in_force=TimeInForce.IOC,
        )
'''


def config(*, strategies: int = 1, inline: bool = True, durability: str = "process", params: str = "") -> str:
    """A demo profile with limits out of the way."""
    lines = [
        '[profile]\nmode = "DEMO"',
        '[venues.binance]\ninstruments = ["BTCUSDT"]',
        f'[journal]\ndurability = "{durability}"\nsubmit_deadline_ms = 5000',
        "[risk]",
        *(f'{name} = "off"' for name in ("max_order_size", "max_position_size", "max_leverage")),
        *(f'{name} = "off"' for name in ("max_price_deviation", "max_orders_per_second")),
        "open_orders_max = 10000",
    ]
    for number in range(strategies):
        lines += [
            f"[strategies.taker-{number}]",
            'class = "taker.py"\ninstrument = "BTCUSDT.BINANCE"',
            f"inline = {str(inline).lower()}\nautostart = true\nmax_orders_per_second = 1000",
            f"[strategies.taker-{number}.params]\n{params}",
        ]
    return "\n".join(lines) + "\n"
