"""A grid: buys on the lines below the market, and sells each purchase one line higher.

The lines lie between two prices, or around the mid on a fixed lattice of steps, so that a restart finds them
again. Between two neighboring lines is a cell: it has one order at a time, a buy on its lower line while it
holds nothing, a sell on its upper line once it is filled. A cell never holds more than its share of the
budget, valued at its lower line; what an earlier run left is laid into the cells again, at their lines.
"""

from bisect import bisect_left
from decimal import Decimal
from typing import Annotated

import msgspec

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.types import MILLISECOND, SECOND, ZERO, Nanos, OrderStatus
from veloz_tui.strategy.base import BookView, Context, FillUpdate, OrderUpdate, Setting, Side, Strategy
from veloz_tui.strategy.parameters import check_bounds

PACE = 250 * MILLISECOND
"""Between two orders: a strategy may have 5 a second unless its settings say more."""
WAIT_AFTER_REFUSAL = 5 * SECOND
MAX_CELLS = 100
MAX_IDS = 1000
_REFUSED = (OrderStatus.DENIED, OrderStatus.REJECTED)
_DUST = Decimal("0.98")
"""What is left of a purchase after the highest fee must still be worth the venue's minimum."""


class Params(msgspec.Struct, frozen=True):
    """The lines are drawn at the start: none of these can change while it runs."""

    instrument: Annotated[str, Setting(is_fixed=True)]
    budget: Annotated[Decimal, Setting(above=0, unit="quote", is_fixed=True)]
    """What all purchases together may cost."""
    cells: Annotated[int, Setting(at_least=1, at_most=MAX_CELLS, is_fixed=True)] = 10
    """Between the lines; each gets an equal share."""
    lower: Annotated[Decimal, Setting(above=0, is_fixed=True)] | None = None
    """The grid's lower end. Without both ends it lies around the mid."""
    upper: Annotated[Decimal, Setting(above=0, is_fixed=True)] | None = None
    step_bps: Annotated[Decimal, Setting(above=0, unit="bps", is_fixed=True)] = Decimal(20)
    """Between two lines, around the mid only."""

    def __post_init__(self) -> None:
        check_bounds(self)
        if (self.lower is None) != (self.upper is None):
            raise ValueError("give both lower and upper, or neither for a grid around the mid")
        if self.lower is not None and self.upper is not None and not 0 < self.lower < self.upper:
            raise ValueError("lower must be above 0 and below upper")


class Grid(Strategy):
    """Keep one order in each cell that the market lets it have."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._lines: list[Decimal] = []
        self._held: list[Decimal] = []
        self._cell_of: dict[str, int] = {}
        self._next_at = Nanos(0)
        self._refusal = ""

    def on_start(self, ctx: Context) -> None:
        ctx.doing("waiting for a book")

    def on_book(self, ctx: Context, book: BookView) -> None:
        if book.instrument_id != self.params.instrument:
            return
        if not self._lines:
            self._draw(ctx, book)
        self._work(ctx, book)

    def on_order(self, ctx: Context, order: OrderUpdate) -> None:
        self._know(order)
        if order.status in _REFUSED:
            self._refusal = order.reason
            self._next_at = Nanos(ctx.now + WAIT_AFTER_REFUSAL)

    def on_fill(self, ctx: Context, fill: FillUpdate) -> None:
        instrument = ctx.instrument(self.params.instrument)
        change = fill.quantity * fill.side.sign
        if fill.fee_asset == instrument.base:
            change -= fill.fee
        cell = self._cell_of.get(fill.client_order_id)
        if cell is not None:
            self._held[cell] = max(self._held[cell] + change, ZERO)

    # Lines, and what is held between them

    def _draw(self, ctx: Context, book: BookView) -> None:
        self._lines = _lines(self.params, book)
        if len(set(self._lines)) <= self.params.cells:
            raise ValueError(
                "lines of the grid fall on one tick: fewer cells, or lower and upper further apart"
            )
        self._held = [ZERO] * self.params.cells
        self._recover(ctx, book.mid)

    def _recover(self, ctx: Context, mid: Decimal) -> None:
        """Take over what an earlier run left: its orders where they fit a line, and its position."""
        rest = max(ctx.position(self.params.instrument), ZERO)
        for order in ctx.orders(self.params.instrument):
            self._know(order)
            cell = self._cell_of.get(order.client_order_id)
            if cell is None or order.leaves > self._full(ctx, cell):
                ctx.cancel(order)
            else:
                held = min(order.leaves if order.side is Side.SELL else order.filled, rest)
                self._held[cell] += held
                rest -= held
        # What was bought on the way down lies in the cells just above the market.
        for cell in sorted(
            range(self.params.cells), key=lambda c: (self._lines[c] < mid, abs(self._lines[c] - mid))
        ):
            more = min(max(self._full(ctx, cell) - self._held[cell], ZERO), rest)
            if more > 0 and not self._is_busy(ctx, cell):
                self._held[cell] += more
                rest -= more
        self._held[-1] += rest  # beyond the budget: only to be sold

    def _know(self, order: OrderUpdate) -> None:
        if order.price is None or not order.client_order_id or order.client_order_id in self._cell_of:
            return
        line = bisect_left(self._lines, order.price)
        cell = line if order.side is Side.BUY else line - 1
        if line < len(self._lines) and self._lines[line] == order.price and 0 <= cell < self.params.cells:
            self._cell_of[order.client_order_id] = cell
            while len(self._cell_of) > MAX_IDS:
                del self._cell_of[next(iter(self._cell_of))]

    def _full(self, ctx: Context, cell: int) -> Decimal:
        instrument = ctx.instrument(self.params.instrument)
        return instrument.round_quantity(self.params.budget / self.params.cells / self._lines[cell])

    def _is_busy(self, ctx: Context, cell: int) -> bool:
        prices = {Side.BUY: self._lines[cell], Side.SELL: self._lines[cell + 1]}
        return any(order.price == prices[order.side] for order in ctx.orders(self.params.instrument))

    # Orders

    def _work(self, ctx: Context, book: BookView) -> None:
        instrument = ctx.instrument(self.params.instrument)
        least = min(self._full(ctx, cell) * self._lines[cell] for cell in range(self.params.cells))
        if least * _DUST < instrument.min_notional:
            value, bound = f"{least:.2f}", f"{instrument.min_notional:f}"
            ctx.doing(f"not trading: {value} a cell, the venue wants {bound}: more budget or fewer cells")
            return
        strays = [
            o for o in ctx.orders(instrument.id) if o.client_order_id not in self._cell_of and not o.ref
        ]
        if strays:
            ctx.doing(f"waiting for {len(strays)} orders of other lines to end")
            return
        if ctx.now >= self._next_at:
            self._refusal = ""
            self._place_one(ctx, instrument, book)
        ctx.doing(self._says(ctx, book))

    def _place_one(self, ctx: Context, instrument: Instrument, book: BookView) -> None:
        # Nearest the market first.
        for cell in sorted(range(self.params.cells), key=lambda c: abs(self._lines[c] - book.mid)):
            if self._is_busy(ctx, cell):
                continue
            if self._sell(ctx, instrument, cell) or self._buy(ctx, instrument, cell, book):
                self._next_at = Nanos(ctx.now + PACE)
                return

    def _sell(self, ctx: Context, instrument: Instrument, cell: int) -> bool:
        selling = sum((o.leaves for o in ctx.orders(instrument.id) if o.side is Side.SELL), ZERO)
        free = ctx.position(instrument.id) - selling
        quantity = instrument.round_quantity(min(self._held[cell], free))
        price = self._lines[cell + 1]
        if not _is_tradable(instrument, quantity, price):
            return False
        ctx.limit(instrument.id, side=Side.SELL, quantity=quantity, price=price)
        return True

    def _buy(self, ctx: Context, instrument: Instrument, cell: int, book: BookView) -> bool:
        price = self._lines[cell]
        quantity = instrument.round_quantity(self._full(ctx, cell) - self._held[cell])
        if price >= book.best_ask or not _is_tradable(instrument, quantity, price):
            return False
        ctx.limit(instrument.id, side=Side.BUY, quantity=quantity, price=price, post_only=True)
        return True

    def _says(self, ctx: Context, book: BookView) -> str:
        if self._refusal:
            return f"waiting 5 s, an order was refused: {self._refusal}"
        orders = ctx.orders(self.params.instrument)
        bids = sum(order.side is Side.BUY for order in orders)
        where = ""
        if book.best_bid < self._lines[0]:
            where = ", market below the grid"
        elif book.best_ask > self._lines[-1]:
            where = ", market above the grid"
        return f"{bids} bids, {len(orders) - bids} asks, {self._lines[0]:f} to {self._lines[-1]:f}{where}"


def _is_tradable(instrument: Instrument, quantity: Decimal, price: Decimal) -> bool:
    least = max(instrument.min_quantity, instrument.lot_size)
    return quantity >= least and quantity * price >= instrument.min_notional


def _lines(params: Params, book: BookView) -> list[Decimal]:
    """Return the cells' borders, rising, on the tick."""
    if params.lower is not None and params.upper is not None:
        step = (params.upper - params.lower) / params.cells
        raw = [params.lower + step * number for number in range(params.cells + 1)]
    else:
        ratio = 1 + params.step_bps / 10_000
        first = int(book.mid.ln() / ratio.ln()) - params.cells // 2
        raw = [ratio ** (first + number) for number in range(params.cells + 1)]
    # On the tick with the tick's digits, as it will be shown.
    tick = book.instrument.tick_size
    return [book.instrument.round_price(price, side=Side.BUY).quantize(tick) for price in raw]
