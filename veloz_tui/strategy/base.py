"""What a user subclasses: Strategy, and the Context that its callbacks get.

A callback is synchronous and returns nothing; it states what it wants with `ctx`, which only collects
intents. The engine reads them after the callback returned, checks every order against the limits, and reports
back with `on_order` and `on_fill`. A callback that raises ends the strategy: its intents are dropped, its
orders pulled.

To test a strategy, call the callback with a Context of your own and look at `ctx.intents`:

    ctx = Context(instruments=[btc], positions={btc.id: Decimal("0.02")})
    strategy.on_book(ctx, BookView(btc, bids=[(64120.0, 1.0)], asks=[(64121.0, 1.0)]))
    assert ctx.intents == [QuoteIntent(...)]
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import CancelIntent, LogIntent, PlaceIntent, QuoteIntent, TimerIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import (
    SECOND,
    ZERO,
    InstrumentId,
    Nanos,
    OrderType,
    Side,
    StrategyId,
    TimeInForce,
)
from veloz_tui.strategy.parameters import Setting
from veloz_tui.strategy.views import BookView, FillUpdate, OrderUpdate, TradeView

__all__ = [
    "BookView",
    "Context",
    "FillUpdate",
    "Intent",
    "OrderUpdate",
    "Setting",
    "Side",
    "Strategy",
    "TimeInForce",
    "TradeView",
]

Intent = PlaceIntent | CancelIntent | QuoteIntent | TimerIntent | LogIntent

_UNNAMED = StrategyId("strategy")
_EPOCH = Nanos(0)
MAX_INTENTS = 200
"""What one callback may want; more is a runaway loop, and its end."""
MAX_LINES = 50
MAX_TEXT = 500
MAX_NAME = 64
MIN_TIMER_S = 0.01
MAX_TIMER_S = 31 * 86_400.0
UNNAMED_FOR = 5 * SECOND
"""An order that the engine has not named for so long was refused without a word: it is forgotten."""


class Context:
    """What a strategy may know and want. Its methods never wait and never touch the outside."""

    def __init__(
        self,
        *,
        instruments: Iterable[Instrument],
        positions: Mapping[InstrumentId, Decimal] | None = None,
        orders: Iterable[OrderUpdate] = (),
        strategy_id: StrategyId = _UNNAMED,
        now: Nanos = _EPOCH,
    ) -> None:
        self.strategy_id = strategy_id
        self.now = now
        """UTC nanoseconds, of the engine's clock, when the callback began."""
        self.intents: list[Intent] = []
        """What the callback wants so far, but for the lines of `log`."""
        self.status = ""
        """The last text of `doing`."""
        self._instruments = {instrument.id: instrument for instrument in instruments}
        self._positions = dict(positions or {})
        self._named = {order.client_order_id: order for order in orders}
        self._unnamed: dict[int, OrderUpdate] = {}
        self._last_ref = 0
        self._lines: list[LogIntent] = []
        self._unlogged = 0

    # What it may know

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments this strategy was given, in the order of its settings."""
        return tuple(self._instruments.values())

    def instrument(self, instrument: str) -> Instrument:
        """Return tick, lot and bounds. Raise ValueError where the strategy was not given the instrument."""
        found = self._instruments.get(InstrumentId(instrument))
        if found is None:
            mine = ", ".join(self._instruments) or "none"
            raise ValueError(f"{instrument} is not among this strategy's instruments: {mine}")
        return found

    def position(self, instrument: str) -> Decimal:
        """Return the strategy's own position in base units: positive is long."""
        return self._positions.get(self.instrument(instrument).id, ZERO)

    def orders(self, instrument: str | None = None) -> list[OrderUpdate]:
        """Return the strategy's open orders, oldest first, with those it has just asked for."""
        recent = [order for order in self._unnamed.values() if self.now - order.at < UNNAMED_FOR]
        return [
            order
            for order in (*self._named.values(), *recent)
            if instrument is None or order.instrument_id == instrument
        ]

    # What it may want

    def quote(
        self,
        instrument: str,
        *,
        bid: Decimal | None = None,
        ask: Decimal | None = None,
        size: Decimal,
        tolerance: Decimal | None = None,
    ) -> None:
        """State the wanted quotes; the engine moves what differs. None on a side: no quote there.

        Bids are rounded down and asks up to the tick. A working quote within `tolerance` of the wanted price
        stays where it is (None: a tenth of the half spread).
        """
        known = self.instrument(instrument)
        for name, price in (("bid", bid), ("ask", ask)):
            if price is not None:
                _check_positive(name, price)
        if bid is not None and ask is not None and bid >= ask:
            raise ValueError(f"bid {bid} must be below ask {ask}")
        if bid is not None or ask is not None:
            _check_positive("size", size)
        if tolerance is not None and not (tolerance.is_finite() and tolerance >= 0):
            raise ValueError(f"tolerance must be 0 or more, not {tolerance}")
        self._want(QuoteIntent(known.id, bid, ask, size, tolerance))

    def limit(
        self,
        instrument: str,
        *,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        post_only: bool = False,
        reduce_only: bool = False,
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> int:
        """Ask for a limit order and return its ref. Off the tick or the lot it will be denied."""
        _check_positive("price", price)
        request = OrderRequest(
            instrument_id=self.instrument(instrument).id,
            side=side,
            quantity=_check_positive("quantity", quantity),
            price=price,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            strategy_id=self.strategy_id,
        )
        return self._place(request)

    def market(self, instrument: str, *, side: Side, quantity: Decimal, reduce_only: bool = False) -> int:
        """Ask for a market order and return its ref."""
        request = OrderRequest(
            instrument_id=self.instrument(instrument).id,
            side=side,
            quantity=_check_positive("quantity", quantity),
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            reduce_only=reduce_only,
            strategy_id=self.strategy_id,
        )
        return self._place(request)

    def cancel(self, order: int | OrderUpdate) -> None:
        """Cancel one order by its ref, or as `orders` listed it."""
        ref, client_order_id = (order, "") if isinstance(order, int) else (order.ref, order.client_order_id)
        if not ref and not client_order_id:  # both empty would mean all
            raise ValueError("cancel needs a ref above 0 or an order; cancel_all cancels everything")
        self._want(CancelIntent(ref=ref, client_order_id=client_order_id))

    def cancel_all(self) -> None:
        """Cancel all orders of the strategy, on every instrument."""
        self._want(CancelIntent())

    def timer(self, name: str, *, after_s: float) -> None:
        """Call `on_timer(ctx, name)` once, `after_s` seconds from now; the same name again moves it."""
        if not MIN_TIMER_S <= after_s <= MAX_TIMER_S:
            raise ValueError(f"after_s must be {MIN_TIMER_S} to {MAX_TIMER_S:.0f} seconds, not {after_s}")
        self._want(TimerIntent(name[:MAX_NAME], float(after_s)))

    def log(self, text: str) -> None:
        """Write a line to the log: at most 500 characters, and 50 lines a callback."""
        if len(self._lines) < MAX_LINES:
            self._lines.append(LogIntent(text[:MAX_TEXT]))
        else:
            self._unlogged += 1

    def doing(self, text: str) -> None:
        """Say on screen what the strategy is doing, or why nothing."""
        self.status = text[:MAX_TEXT]

    # What its runner does with it

    def take(self) -> tuple[Intent, ...]:
        """Return what the callback wanted, and begin anew."""
        if self._unlogged:
            self._lines.append(LogIntent(f"{self._unlogged} more lines of this callback left out"))
        taken = (*self.intents, *self._lines)
        self.intents, self._lines, self._unlogged = [], [], 0
        return taken

    def remember_order(self, order: OrderUpdate) -> None:
        """Hold an own order as it stands now; an ended one is forgotten."""
        self._unnamed.pop(order.ref, None)
        if order.is_open:
            self._named[order.client_order_id] = order
        else:
            self._named.pop(order.client_order_id, None)

    def order(self, client_order_id: str) -> OrderUpdate | None:
        """Return an own open order by the engine's id."""
        return self._named.get(client_order_id)

    def move_position(self, instrument_id: InstrumentId, change: Decimal) -> Decimal:
        """Add a fill to the position and return it."""
        position = self._positions.get(instrument_id, ZERO) + change
        self._positions[instrument_id] = position
        return position

    def _place(self, request: OrderRequest) -> int:
        self._last_ref += 1
        ref = self._last_ref
        self._want(PlaceIntent(ref, request))
        self._unnamed = {r: o for r, o in self._unnamed.items() if self.now - o.at < UNNAMED_FOR}
        self._unnamed[ref] = OrderUpdate.of(request, ref=ref, at=self.now)
        return ref

    def _want(self, intent: Intent) -> None:
        if len(self.intents) >= MAX_INTENTS:
            raise ValueError(f"more than {MAX_INTENTS} intents in one callback")
        self.intents.append(intent)


class Strategy:
    """Subclass it and write the callbacks you need; each is called with the others never running.

    `__init__(self, params: Params)` gets the decoded settings, where Params is a msgspec.Struct; a strategy
    without settings has no `__init__`. Nothing can be wanted there: wait for `on_start`.
    """

    def on_start(self, ctx: Context) -> None:
        """Begin: positions and working orders are known."""

    def on_book(self, ctx: Context, book: BookView) -> None:
        """Look at a changed book: the newest one, those in between are skipped."""

    def on_trade(self, ctx: Context, trade: TradeView) -> None:
        """Look at a trade of the public tape."""

    def on_order(self, ctx: Context, order: OrderUpdate) -> None:
        """Take note of an own order's change; `ctx.orders` has it already."""

    def on_fill(self, ctx: Context, fill: FillUpdate) -> None:
        """Take note of an own fill; `ctx.position` has it already."""

    def on_timer(self, ctx: Context, name: str) -> None:
        """A timer of `ctx.timer` has run out."""

    def on_params(self, ctx: Context) -> None:
        """Other parameters were set while it runs: `self.params` holds them already.

        They were checked as at the start. What was computed from the old ones is computed anew here; a
        parameter that can't change in a running strategy is declared `Setting(is_fixed=True)`.
        """

    def on_stop(self, ctx: Context) -> None:
        """End: the last word. The engine pulls the orders itself."""


def _check_positive(name: str, value: Decimal) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} must be a Decimal, not {type(value).__name__} {value!r}")
    if not (value.is_finite() and value > 0):
        raise ValueError(f"{name} must be above 0, not {value}")
    return value
