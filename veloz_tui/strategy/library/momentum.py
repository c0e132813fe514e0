"""Momentum: goes with the move when the fast average of the mid parts from the slow one; one position.

It leaves at the opposite signal, at its stop, or when its time is up. Entries and exits are limit orders that
take at once or end (IOC), so that none rests in the book and none pays more than `slippage_bps`.
"""

import math
from decimal import Decimal
from typing import Annotated

import msgspec

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.types import SECOND, ZERO, Nanos, OrderStatus
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

_REFUSED = (OrderStatus.DENIED, OrderStatus.REJECTED)
RETRY = 2 * SECOND
"""After a refused order."""
_CHECK = "check"
_CHECK_S = 1.0


class Params(msgspec.Struct, frozen=True):
    """All but the instrument and the averages' half-lives can be set while it runs."""

    instrument: Annotated[str, Setting(is_fixed=True)]
    quote_size: Annotated[Decimal, Setting(above=0, unit="quote")]
    """What a position costs at most."""
    fast_s: Annotated[float, Setting(above=0, unit="s", is_fixed=True)] = 20.0
    """The fast average's half-life."""
    slow_s: Annotated[float, Setting(above=0, unit="s", is_fixed=True)] = 120.0
    """The slow average's half-life."""
    entry_bps: Annotated[float, Setting(above=0, unit="bps")] = 5.0
    """How far the fast average must be from the slow one."""
    stop_bps: Annotated[Decimal, Setting(above=0, below=10_000, unit="bps")] = Decimal(50)
    """The loss at which it leaves."""
    max_hold_s: Annotated[float, Setting(above=0, unit="s")] = 900.0
    cooldown_s: Annotated[float, Setting(at_least=0, unit="s")] = 30.0
    """After an exit, before the next entry."""
    slippage_bps: Annotated[Decimal, Setting(at_least=0, below=10_000, unit="bps")] = Decimal(5)
    """Through the best price at most."""
    may_short: bool = False
    """Also with falls."""

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.fast_s >= self.slow_s:
            raise ValueError("fast_s must be below slow_s")


class Momentum(Strategy):
    """Hold nothing, or one position with the move."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._book: BookView | None = None
        self._signal = Signal(fast_s=params.fast_s, slow_s=params.slow_s)
        self._entry: Decimal | None = None
        self._entered_at = Nanos(0)
        self._next_at = Nanos(0)
        self._refusal = ""

    def on_start(self, ctx: Context) -> None:
        if ctx.orders():  # of an earlier run
            ctx.cancel_all()
        ctx.timer(_CHECK, after_s=_CHECK_S)
        ctx.doing("waiting for a book")

    def on_book(self, ctx: Context, book: BookView) -> None:
        if book.instrument_id == self.params.instrument:
            self._book = book
            self._signal.see(float(book.mid), now=ctx.now)
            self._work(ctx, book)

    def on_timer(self, ctx: Context, name: str) -> None:
        """Time runs out in a quiet market too; entries wait for a new book."""
        ctx.timer(_CHECK, after_s=_CHECK_S)
        book = self._book
        if book is not None and _is_tradable(book.instrument, ctx.position(self.params.instrument), book.mid):
            self._work(ctx, book)

    def on_order(self, ctx: Context, order: OrderUpdate) -> None:
        if order.status in _REFUSED:
            self._refusal = order.reason
            self._next_at = Nanos(ctx.now + RETRY)

    def on_fill(self, ctx: Context, fill: FillUpdate) -> None:
        is_entry = fill.position * fill.side.sign > 0
        if is_entry and self._entry is None:
            self._entry, self._entered_at = fill.price, ctx.now
        elif not is_entry and not _is_tradable(ctx.instrument(fill.instrument_id), fill.position, fill.price):
            self._entry = None
            self._next_at = Nanos(ctx.now + int(self.params.cooldown_s * SECOND))
            ctx.log(f"out at {fill.price:f}")

    def _work(self, ctx: Context, book: BookView) -> None:
        instrument = ctx.instrument(self.params.instrument)
        if ctx.orders(instrument.id):
            ctx.doing("waiting for the last order to end")
        elif ctx.now < self._next_at:
            ctx.doing(f"waiting, an order was refused: {self._refusal}" if self._refusal else "cooling down")
        elif _is_tradable(instrument, ctx.position(instrument.id), book.mid):
            self._refusal = ""
            self._hold(ctx, instrument, book)
        else:
            self._refusal = ""
            self._look(ctx, instrument, book)

    def _look(self, ctx: Context, instrument: Instrument, book: BookView) -> None:
        p = self.params
        left_s = p.slow_s - self._signal.seen_s
        if left_s > 0:
            ctx.doing(f"warming up, {left_s:.0f} s left")
        elif self._signal.bps >= p.entry_bps:
            self._enter(ctx, instrument, book, Side.BUY)
        elif self._signal.bps <= -p.entry_bps and p.may_short:
            self._enter(ctx, instrument, book, Side.SELL)
        else:
            ctx.doing(f"flat: the move is {self._signal.bps:+.1f} bps, enters at {p.entry_bps:g}")

    def _enter(self, ctx: Context, instrument: Instrument, book: BookView, side: Side) -> None:
        # What is left of the last position, too small to sell, is part of this one.
        price = self._price(book, side)
        held = ctx.position(instrument.id) * side.sign
        quantity = instrument.round_quantity(self.params.quote_size / max(price, book.best_ask) - held)
        if not _is_tradable(instrument, quantity, price):
            ctx.doing(f"not trading: quote_size {self.params.quote_size:f} is below the venue's minimum")
            return
        self._take(ctx, instrument, side=side, quantity=quantity, price=price)
        ctx.doing(f"entering {side} {quantity:f}: the move is {self._signal.bps:+.1f} bps")

    def _hold(self, ctx: Context, instrument: Instrument, book: BookView) -> None:
        position = ctx.position(instrument.id)
        if self._entry is None:  # an earlier run's: its price isn't known here
            self._entry, self._entered_at = book.mid, ctx.now
        why = self._why_leave(ctx, book, is_long=position > 0)
        if not why:
            held_s = (ctx.now - self._entered_at) / SECOND
            ctx.doing(f"holding {position:+f} from {self._entry:f} for {held_s:.0f} s")
            return
        side = Side.SELL if position > 0 else Side.BUY
        quantity = instrument.round_quantity(abs(position))
        self._take(ctx, instrument, side=side, quantity=quantity, price=self._price(book, side))
        ctx.doing(f"leaving {position:+f}: {why}")

    def _why_leave(self, ctx: Context, book: BookView, *, is_long: bool) -> str:
        """Return the reason to leave, empty for none."""
        p, sign = self.params, 1 if is_long else -1
        assert self._entry is not None
        out = book.best_bid if is_long else book.best_ask
        if (out - self._entry) * sign <= -self._entry * p.stop_bps / 10_000:
            return f"stop, {out:f} is {p.stop_bps:f} bps beyond {self._entry:f}"
        if (ctx.now - self._entered_at) / SECOND >= p.max_hold_s:
            return f"held for {p.max_hold_s:g} s"
        if self._signal.seen_s >= p.slow_s and self._signal.bps * sign <= -p.entry_bps:
            return f"the move turned, {self._signal.bps:+.1f} bps"
        return ""

    def _price(self, book: BookView, side: Side) -> Decimal:
        touch = book.best_ask if side is Side.BUY else book.best_bid
        worst = touch * (1 + self.params.slippage_bps / 10_000 * side.sign)
        return book.instrument.round_price(worst, side=side)

    def _take(
        self, ctx: Context, instrument: Instrument, *, side: Side, quantity: Decimal, price: Decimal
    ) -> None:
        ctx.limit(instrument.id, side=side, quantity=quantity, price=price, time_in_force=TimeInForce.IOC)


class Signal:
    """Two averages of the mid that forget by time, not by the number of books. Statistics: floats."""

    __slots__ = ("_began_at", "_fast", "_fast_s", "_last_at", "_slow", "_slow_s")

    def __init__(self, *, fast_s: float, slow_s: float) -> None:
        self._fast_s, self._slow_s = fast_s, slow_s
        self._fast = self._slow = 0.0
        self._began_at = self._last_at = Nanos(-1)

    def see(self, mid: float, *, now: Nanos) -> None:
        """Add the mid as it stands from now on."""
        if self._began_at < 0:
            self._fast = self._slow = mid
            self._began_at = self._last_at = now
            return
        passed_s = (now - self._last_at) / SECOND
        self._last_at = now
        self._fast += (mid - self._fast) * (1 - math.exp2(-passed_s / self._fast_s))
        self._slow += (mid - self._slow) * (1 - math.exp2(-passed_s / self._slow_s))

    @property
    def seen_s(self) -> float:
        return (self._last_at - self._began_at) / SECOND

    @property
    def bps(self) -> float:
        """How far the fast average is above the slow one."""
        return (self._fast / self._slow - 1) * 10_000 if self._slow else 0.0


def _is_tradable(instrument: Instrument, position: Decimal, price: Decimal) -> bool:
    quantity = instrument.round_quantity(abs(position))
    least = max(instrument.min_quantity, instrument.lot_size)
    return quantity >= least and quantity * price >= instrument.min_notional and quantity > ZERO
