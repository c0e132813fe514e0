"""The strategies that are measured, and the configuration that lets them."""

from collections.abc import Iterable

import msgspec

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

RESTER = '''
"""Rests orders far below the market, once."""

import msgspec

from veloz_tui.strategy.base import BookView, Context, Side, Strategy


class Params(msgspec.Struct, frozen=True):
    count: int


class Rester(Strategy):
    def __init__(self, params: Params) -> None:
        self.missing = params.count

    def on_book(self, ctx: Context, book: BookView) -> None:
        for _ in range(min(self.missing, 10)):
            price = book.instrument.price_from_level(float(book.best_bid) * (0.97 - 0.0001 * self.missing))
            quantity = book.instrument.quantity_from_level(20 / float(price))
            ctx.limit(book.instrument_id, side=Side.BUY, quantity=quantity, price=price, post_only=True)
            self.missing -= 1
'''

# Inline: its stamps are taken where a strategy would decide. Stamps are of the clock the venue uses as well.
WITNESS = '''
"""Notes when each update came, and writes that down at its end."""

import json
import time

import msgspec

from veloz_tui.strategy.base import BookView, Context, Strategy


class Params(msgspec.Struct, frozen=True):
    path: str


class Witness(Strategy):
    def __init__(self, params: Params) -> None:
        self.path = params.path
        self.seen = []

    def on_book(self, ctx: Context, book: BookView) -> None:
        at = time.monotonic_ns()
        self.seen.append((int(book.best_bid_size * 100_000), at))

    def on_stop(self, ctx: Context) -> None:
        with open(self.path, "w") as file:
            json.dump(self.seen, file)
'''

# Each begins at a given update: while others are measured.
MISDEED = '''
"""Does wrong from an update on."""

import time
from decimal import Decimal

import msgspec

from veloz_tui.strategy.base import BookView, Context, Side, Strategy


class Params(msgspec.Struct, frozen=True):
    from_lots: int
    deed: str


class Misdeed(Strategy):
    def __init__(self, params: Params) -> None:
        self.params = params
        self.step = False

    def on_book(self, ctx: Context, book: BookView) -> None:
        if int(book.best_bid_size * 100_000) < self.params.from_lots:
            return
        deed = self.params.deed
        if deed == "raise":
            raise ValueError("my own fault")
        while deed == "spin":
            pass
        if deed == "sleep":
            time.sleep(60)
        if deed == "eat":
            self.food = [bytes(10_000_000) for _ in range(1_000)]
        if deed == "talk":
            for number in range(10_000):
                ctx.log(f"line {number}")
            return
        price = book.instrument.price_from_level(float(book.best_bid) * 0.98)
        if deed == "quote":  # each wish moves the quote
            self.step = not self.step
            price -= 10 * book.instrument.tick_size * self.step
            for _ in range(150):
                ctx.quote(book.instrument_id, bid=price, size=Decimal("0.001"))
            return
        if deed == "accepted":  # as many as its limit lets through, and off again
            ctx.cancel_all()
        # More at once than the engine puts up with, or as many again and again.
        for _ in range({"burst": 20_000, "accepted": 5}.get(deed, 200)):
            ctx.limit(book.instrument_id, side=Side.BUY, quantity=Decimal("0.001"), price=price)
'''


class Trader(msgspec.Struct, frozen=True):
    """One strategy of a profile. `params`: lines of TOML. `is_limited`: as strategies are by default."""

    name: str
    file: str
    params: str = ""
    inline: bool = True
    is_limited: bool = False

    def text(self) -> str:
        limit = "" if self.is_limited else "max_orders_per_second = 1000\n"
        return (
            f'[strategies.{self.name}]\nclass = "{self.file}"\ninstrument = "BTCUSDT.BINANCE"\n'
            f"inline = {str(self.inline).lower()}\nautostart = true\n{limit}"
            f"[strategies.{self.name}.params]\n{self.params}\n"
        )


def config(*, strategies: int = 1, inline: bool = True, durability: str = "process", params: str = "") -> str:
    """A demo profile of takers with limits out of the way."""
    takers = [Trader(f"taker-{number}", "taker.py", params, inline) for number in range(strategies)]
    return profile_of(takers, durability=durability)


def profile_of(traders: Iterable[Trader], *, durability: str = "process") -> str:
    """A demo profile with limits out of the way."""
    lines = [
        '[profile]\nmode = "DEMO"',
        '[venues.binance]\ninstruments = ["BTCUSDT"]',
        f'[journal]\ndurability = "{durability}"\nsubmit_deadline_ms = 5000',
        "[risk]",
        *(f'{name} = "off"' for name in ("max_order_size", "max_position_size", "max_leverage")),
        *(f'{name} = "off"' for name in ("max_price_deviation", "max_orders_per_second")),
        "open_orders_max = 10000",
        *(trader.text() for trader in traders),
    ]
    return "\n".join(lines) + "\n"
