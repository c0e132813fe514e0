"""TWAP: brings the strategy's position to a quantity in equal steps over a time.

Whatever the strategy already holds counts as done, so a restart goes on where it was: what is missing is
worked at the same pace. It never has more than one order, and asks for the next only when the last has ended.
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.types import SECOND, ZERO, Nanos
from veloz_tui.strategy.base import (
    BookView,
    Context,
    FillUpdate,
    OrderUpdate,
    Setting,
    Side,
    Strategy,
    TimeInForce,
)
from veloz_tui.strategy.parameters import check_bounds

_SLICE = "slice"


class Params(msgspec.Struct, frozen=True):
    """`style` and `limit` can be set while it runs."""

    instrument: Annotated[str, Setting(is_fixed=True)]
    side: Annotated[Side, Setting(is_fixed=True)]
    quantity: Annotated[Decimal, Setting(above=0, unit="base", is_fixed=True)]
    """The position to reach."""
    duration_s: Annotated[float, Setting(at_least=1, unit="s", is_fixed=True)]
    interval_s: Annotated[float, Setting(at_least=1, unit="s", is_fixed=True)] = 10.0
    """Between two steps."""
    style: Literal["passive", "ioc"] = "passive"
    """`passive` joins the best price post-only; `ioc` takes the other side's best price."""
    limit: Annotated[Decimal, Setting(above=0)] | None = None
    """Never buy above it, never sell below it."""

    def __post_init__(self) -> None:
        check_bounds(self)
        if not 1 <= self.interval_s <= self.duration_s:
            raise ValueError("interval_s must be at least 1 and at most duration_s")


class Twap(Strategy):
    """Work one quantity evenly; finish by itself, at the latest one interval after the time."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._book: BookView | None = None
        self._began_at = Nanos(0)
        self._is_done = False
        self._wants_order = False

    def on_start(self, ctx: Context) -> None:
        # As if it had been working at its pace since it held nothing.
        done_share = min(self._done(ctx) / self.params.quantity, Decimal(1))
        self._began_at = Nanos(ctx.now - int(float(done_share) * self.params.duration_s * SECOND))
        if ctx.orders():  # of an earlier run
            ctx.cancel_all()
        ctx.timer(_SLICE, after_s=self.params.interval_s)
        if done_share > 0:
            ctx.log(f"going on: {self._progress(ctx)} was done before")
        self._wants_order = True
        ctx.doing(f"waiting for a book, {self._progress(ctx)}")

    def on_book(self, ctx: Context, book: BookView) -> None:
        if book.instrument_id == self.params.instrument:
            self._book = book
            self._work(ctx)

    def on_fill(self, ctx: Context, fill: FillUpdate) -> None:
        self._work(ctx)

    def on_order(self, ctx: Context, order: OrderUpdate) -> None:
        self._work(ctx)

    def on_timer(self, ctx: Context, name: str) -> None:
        """Begin the next slice: what the last one left is part of it."""
        if self._is_done:
            return
        for order in ctx.orders(self.params.instrument):
            if not order.is_canceling:
                ctx.cancel(order)
        if self._elapsed_s(ctx) > self.params.duration_s + self.params.interval_s / 2:
            self._finish(ctx, "time is up")
            return
        ctx.timer(_SLICE, after_s=self.params.interval_s)
        self._wants_order = True
        self._work(ctx)

    def _work(self, ctx: Context) -> None:
        if self._is_done:
            return
        instrument = ctx.instrument(self.params.instrument)
        if instrument.round_quantity(self._left(ctx)) <= 0:
            self._finish(ctx, "all of it")
        elif not self._wants_order or self._book is None:
            return
        elif ctx.orders(instrument.id):
            ctx.doing(f"waiting for the last order to end, {self._progress(ctx)}")
        else:
            self._place(ctx, instrument, self._book)

    def _place(self, ctx: Context, instrument: Instrument, book: BookView) -> None:
        p = self.params
        quantity = instrument.round_quantity(min(self._due(ctx), self._left(ctx)))
        price = self._price(book, instrument)
        if quantity < max(instrument.min_quantity, instrument.lot_size):
            self._wants_order = False
            ctx.doing(f"ahead of its pace, {self._progress(ctx)}")
        elif price is None:
            ctx.doing(f"waiting: the market is beyond the limit {p.limit:f}, {self._progress(ctx)}")
        elif quantity * price < instrument.min_notional:
            self._wants_order = False
            ctx.doing(f"slice below the venue's minimum, {self._progress(ctx)}")
        else:
            self._wants_order = False
            is_passive = p.style == "passive"
            lasts = TimeInForce.GTC if is_passive else TimeInForce.IOC
            ctx.limit(
                instrument.id,
                side=p.side,
                quantity=quantity,
                price=price,
                post_only=is_passive,
                time_in_force=lasts,
            )
            ctx.doing(f"working {quantity:f} @ {price:f}, {self._progress(ctx)}")

    def _price(self, book: BookView, instrument: Instrument) -> Decimal | None:
        """Return the slice's price; None when a taker's would be worse than the limit."""
        p = self.params
        is_buy = p.side is Side.BUY
        if p.style == "ioc":
            price = book.best_ask if is_buy else book.best_bid
            is_beyond = p.limit is not None and (price > p.limit if is_buy else price < p.limit)
            return None if is_beyond else price
        price = book.best_bid if is_buy else book.best_ask
        if p.limit is not None:  # rest at the limit while the market is beyond it
            price = min(price, p.limit) if is_buy else max(price, p.limit)
        return instrument.round_price(price, side=p.side)

    def _finish(self, ctx: Context, why: str) -> None:
        self._is_done = True
        if ctx.orders(self.params.instrument):
            ctx.cancel_all()
        left = self._left(ctx)
        rest = f", {left:f} left" if left > 0 else ""
        ctx.doing(f"done, {why}: {self._progress(ctx)}{rest}")
        ctx.log(f"done, {why}: {self._progress(ctx)}{rest}")

    def _done(self, ctx: Context) -> Decimal:
        return max(ctx.position(self.params.instrument) * self.params.side.sign, ZERO)

    def _left(self, ctx: Context) -> Decimal:
        return self.params.quantity - self._done(ctx)

    def _due(self, ctx: Context) -> Decimal:
        """What should be done by the end of this slice, and isn't."""
        slices = int(self._elapsed_s(ctx) / self.params.interval_s + 0.5) + 1
        share = min(slices * self.params.interval_s / self.params.duration_s, 1.0)
        return self.params.quantity * Decimal(str(share)) - self._done(ctx)

    def _elapsed_s(self, ctx: Context) -> float:
        return (ctx.now - self._began_at) / SECOND

    def _progress(self, ctx: Context) -> str:
        return f"{self._done(ctx):f} of {self.params.quantity:f}"
