"""A desk to test strategies at: it plays books, trades and time, fills orders, and keeps what was wanted.

    desk = Desk(Mine(Params(size=Decimal("0.01"))))
    desk.start()
    desk.book(bid=100.00, ask=100.02)
    assert [order.price for order in desk.orders] == [Decimal("99.95")]
    desk.book(bid=99.93, ask=99.95)  # the market came to the order: it is filled
    assert desk.position == Decimal("0.01")

The strategy runs in the engine's own Runner. The venue is a plain model: what crosses fills at the touch, a
resting order fills at its price when the market reaches it, and a cancel is confirmed one step after it was
asked for, so that a fill can come first. Orders off the tick, the lot or the venue's minimum are denied and
kept in `denied`. Your limits and `reduce_only` are not modeled: the demo has them.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain import events as e
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import CancelIntent, LogIntent, PlaceIntent, QuoteIntent, TimerIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import (
    SECOND,
    ZERO,
    Asset,
    ClientOrderId,
    InstrumentId,
    Nanos,
    OrderType,
    Side,
    StrategyId,
    TimeInForce,
    TradeId,
    VenueId,
    VenueOrderId,
)
from veloz_tui.strategy.base import Context, Intent, Strategy
from veloz_tui.strategy.runner import Runner
from veloz_tui.strategy.views import OrderUpdate
from veloz_tui.strategy.wire import Book, Done, Own, OwnEvent, Trade

BTC: Final = Instrument(
    id=InstrumentId("BTCUSDT.BINANCE"),
    venue=VenueId("BINANCE"),
    symbol="BTCUSDT",
    base=Asset("BTC"),
    quote=Asset("USDT"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    min_notional=Decimal(5),
)
"""The instrument of a desk that was given none."""
MAX_EVENTS = 2000
"""What one step may set off; more is a strategy that answers its own orders without end."""


class Desk:
    """One strategy, one venue, one clock that moves only with `advance`."""

    def __init__(
        self,
        strategy: Strategy,
        *,
        instruments: Iterable[Instrument] = (BTC,),
        positions: Mapping[InstrumentId, Decimal] | None = None,
        fee_bps: Decimal = ZERO,
    ) -> None:
        """`fee_bps` is taken as on Spot: of what is bought, so that a position is less than its fills."""
        self.instruments = tuple(instruments)
        self.placed: list[OrderRequest] = []
        """Every order that reached the venue, in order."""
        self.denied: list[e.OrderDenied] = []
        self.fills: list[e.OrderFilled] = []
        self.lines: list[str] = []
        """What it logged."""
        self.taker_share = Decimal(1)
        """How much of a crossing order fills."""
        self.refuse_next = ""
        """Deny the next order for this reason, once: as a limit of yours would."""
        self.is_stopped = False
        self._now = Nanos(0)
        self._fee = fee_bps / 10_000
        self._touch: dict[InstrumentId, tuple[Decimal, Decimal]] = {}
        self._open: dict[ClientOrderId, OrderUpdate] = {}
        self._timers: dict[str, int] = {}
        self._untold: deque[Own] = deque()
        self._last_id = 0
        self._begin(strategy, positions or {}, ())

    def _begin(
        self, strategy: Strategy, positions: Mapping[InstrumentId, Decimal], orders: Iterable[OrderUpdate]
    ) -> None:
        self.context = Context(
            instruments=self.instruments,
            positions=positions,
            orders=orders,
            strategy_id=StrategyId("test"),
            now=self._now,
        )
        self._runner = Runner(strategy, self.context, clock=lambda: 0.0)
        self.is_stopped = False

    # What to play

    def start(self) -> None:
        """Begin: `on_start`."""
        self._take(self._runner.start(self._now))
        self._settle()

    def book(self, bid: float, ask: float, *, instrument: InstrumentId | None = None) -> None:
        """Show a new best bid and ask; orders that they reach are filled first."""
        found = self._instrument(instrument)
        self._touch[found.id] = (found.price_from_level(bid), found.price_from_level(ask))
        self._match(found.id)
        self._confirm_cancels()
        if not self.is_stopped:
            message = Book(found.id, self._now, [(bid, 1.0)], [(ask, 1.0)])
            self._take(self._runner.book(message, self._now))
            self._settle()

    def trade(self, price: float, quantity: float, aggressor: Side, *, missed: int = 0) -> None:
        """Print a trade on the public tape of the first instrument; it fills nothing."""
        printed = TradePrinted(
            instrument_id=self.instruments[0].id,
            price=price,
            quantity=quantity,
            aggressor=aggressor,
            venue_at=self._now,
        )
        self._take(self._runner.trade(Trade(printed, missed), self._now))
        self._settle()

    def advance(self, seconds: float) -> None:
        """Let time pass and call the timers that run out."""
        self._confirm_cancels()
        end = self._now + int(seconds * SECOND)
        while (name := self._due(end)) is not None:
            self._now = Nanos(max(self._now, self._timers.pop(name)))
            self._take(self._runner.timer(name, self._now))
            self._settle()
        self._now = Nanos(end)

    def fill(self, order: OrderUpdate | None = None, quantity: Decimal | None = None) -> None:
        """Fill an order (None: the oldest) at its price, by a quantity (None: all that is left)."""
        wanted = next(iter(self._open)) if order is None else ClientOrderId(order.client_order_id)
        found = self._open[wanted]
        assert found.price is not None  # only priced orders rest
        self._fill(found, found.leaves if quantity is None else quantity, found.price, is_maker=True)
        self._settle()

    def cancel(self, order: OrderUpdate) -> None:
        """End a working order as the venue or the operator would, without the strategy's wish."""
        self._end(ClientOrderId(order.client_order_id))
        self._settle()

    def stop(self, *, keeps_orders: bool = False) -> None:
        """Stop it as the engine does: what `on_stop` wants counts for nothing, its orders are canceled."""
        self._note_lines(self._runner.stop(self._now))
        self.is_stopped = True
        self._timers.clear()
        if not keeps_orders:
            self._open.clear()

    def restart(self, strategy: Strategy) -> None:
        """Begin a new run with the position and the working orders of the last; then `start` it."""
        orders = [msgspec.structs.replace(order, ref=0) for order in self._open.values()]
        positions = {one.id: self.context.position(one.id) for one in self.instruments}
        self._untold.clear()
        self._timers.clear()
        self._begin(strategy, positions, orders)

    # What came of it

    @property
    def orders(self) -> list[OrderUpdate]:
        """The orders working at the venue, oldest first; quotes are orders too."""
        return list(self._open.values())

    @property
    def position(self) -> Decimal:
        """The strategy's position in the first instrument."""
        return self.context.position(self.instruments[0].id)

    @property
    def doing(self) -> str:
        return self.context.status

    @property
    def timers(self) -> tuple[str, ...]:
        return tuple(self._timers)

    # The venue

    def _instrument(self, wanted: InstrumentId | None) -> Instrument:
        return self.instruments[0] if wanted is None else self.context.instrument(wanted)

    def _due(self, end: int) -> str | None:
        name = min(self._timers, key=lambda name: self._timers[name], default=None)
        return name if name is not None and self._timers[name] <= end and not self.is_stopped else None

    def _settle(self) -> None:
        for _ in range(MAX_EVENTS):
            if not self._untold or self.is_stopped:
                self._untold.clear()
                return
            self._take(self._runner.own(self._untold.popleft(), self._now))
        raise AssertionError(f"{MAX_EVENTS} events in one step: the strategy answers its own without end")

    def _take(self, done: Done) -> None:
        self._note_lines(done)
        for intent in done.intents:
            self._do(intent)

    def _do(self, intent: Intent) -> None:
        match intent:
            case PlaceIntent(ref, request):
                self._place(request, ref=ref)
            case CancelIntent(ref, client_order_id):
                self._ask_cancel(ref, client_order_id)
            case QuoteIntent():
                self._quote(intent)
            case TimerIntent(name, after_s):
                self._timers[name] = self._now + int(after_s * SECOND)
            case LogIntent():
                pass

    def _note_lines(self, done: Done) -> None:
        self.lines += [intent.text for intent in done.intents if isinstance(intent, LogIntent)]

    def _place(self, request: OrderRequest, *, ref: int) -> None:
        self._last_id += 1
        name = ClientOrderId(f"order-{self._last_id}")
        instrument = self.context.instrument(request.instrument_id)
        touch = self._touch.get(instrument.id)
        why, self.refuse_next = self.refuse_next or _refusal(request, instrument, touch), ""
        if why:
            denied = e.OrderDenied(self._now, name, request, "DESK", why, ref=ref)
            self.denied.append(denied)
            self._say(request.side, denied)
            return
        self.placed.append(request)
        self._open[name] = OrderUpdate.of(request, ref=ref, client_order_id=name, at=self._now)
        self._say(request.side, e.OrderCreated(self._now, name, request, ref))
        self._say(request.side, e.OrderSubmitted(self._now, name))
        is_crossing = touch is not None and _is_crossing(request, touch)
        if is_crossing and request.post_only:
            del self._open[name]
            self._say(request.side, e.OrderRejected(self._now, name, -2010, "would take, post-only"))
            return
        self._say(request.side, e.OrderAccepted(self._now, name, VenueOrderId(name)))
        if is_crossing and touch is not None:
            price = touch[1] if request.side is Side.BUY else touch[0]
            share = instrument.round_quantity(request.quantity * self.taker_share)
            self._fill(self._open[name], share, price, is_maker=False)
        if request.time_in_force is not TimeInForce.GTC and name in self._open:
            self._end(name)

    def _quote(self, wish: QuoteIntent) -> None:
        # Unlike other cancels, a quote's move is done at once.
        instrument = self.context.instrument(wish.instrument_id)
        for side, price in ((Side.BUY, wish.bid), (Side.SELL, wish.ask)):
            old = [
                o for o in self.orders if not o.ref and o.side is side and o.instrument_id == instrument.id
            ]
            wanted = None if price is None else instrument.round_price(price, side=side)
            reach = wish.tolerance or ZERO
            near = [o for o in old if wanted is not None and o.price and abs(o.price - wanted) <= reach]
            for order in old:
                if order not in near:
                    self._end(ClientOrderId(order.client_order_id))
            if wanted is not None and not near:
                size = instrument.round_quantity(wish.size)
                self._place(OrderRequest(instrument.id, side, size, price=wanted, post_only=True), ref=0)

    def _ask_cancel(self, ref: int, client_order_id: str) -> None:
        for name, order in list(self._open.items()):
            is_meant = name == client_order_id if client_order_id else ref in (0, order.ref)
            if is_meant and not order.is_canceling:
                self._open[name] = msgspec.structs.replace(order, is_canceling=True)
                self._say(order.side, e.CancelRequested(self._now, name, "test"))

    def _confirm_cancels(self) -> None:
        for name in [name for name, order in self._open.items() if order.is_canceling]:
            self._end(name)
        self._settle()

    def _match(self, instrument_id: InstrumentId) -> None:
        bid, ask = self._touch[instrument_id]
        for order in self.orders:
            price = order.price
            if order.instrument_id != instrument_id or price is None:
                continue
            if price >= ask if order.side is Side.BUY else price <= bid:
                self._fill(order, order.leaves, price, is_maker=True)

    def _fill(self, order: OrderUpdate, quantity: Decimal, price: Decimal, *, is_maker: bool) -> None:
        if quantity <= 0:
            return
        assert quantity <= order.leaves, f"only {order.leaves} are left of {order.client_order_id}"
        name = ClientOrderId(order.client_order_id)
        instrument = self.context.instrument(order.instrument_id)
        is_buy = order.side is Side.BUY
        fee = quantity * self._fee
        event = e.OrderFilled(
            at=self._now,
            client_order_id=name,
            instrument_id=order.instrument_id,
            trade_id=TradeId(f"trade-{len(self.fills) + 1}"),
            price=price,
            quantity=quantity,
            fee=fee if is_buy else fee * price,
            fee_asset=instrument.base if is_buy else instrument.quote,
            is_maker=is_maker,
            base_fee=fee if is_buy else ZERO,
        )
        self.fills.append(event)
        self._open[name] = msgspec.structs.replace(order, filled=order.filled + quantity)
        if not self._open[name].leaves:
            del self._open[name]
        self._say(order.side, event)

    def _end(self, name: ClientOrderId) -> None:
        order = self._open.pop(name)
        self._say(order.side, e.OrderCanceled(self._now, name))

    def _say(self, side: Side, event: OwnEvent) -> None:
        self._untold.append(Own(side, event))


def _refusal(request: OrderRequest, instrument: Instrument, touch: tuple[Decimal, Decimal] | None) -> str:
    """Return why the engine would deny it; empty if it wouldn't."""
    price = request.price
    if price is None:
        if touch is None:
            return "a market order before the first book"
        price = touch[1] if request.side is Side.BUY else touch[0]
    if not instrument.is_on_tick(price):
        return f"price {price} is off the tick {instrument.tick_size}: use instrument.round_price"
    if not instrument.is_on_lot(request.quantity):
        return (
            f"quantity {request.quantity} is off the lot {instrument.lot_size}: use instrument.round_quantity"
        )
    if request.quantity < instrument.min_quantity:
        return f"quantity {request.quantity} is below the venue's minimum {instrument.min_quantity}"
    if request.quantity * price < instrument.min_notional:
        return f"value {request.quantity * price} is below the venue's minimum {instrument.min_notional}"
    return ""


def _is_crossing(request: OrderRequest, touch: tuple[Decimal, Decimal]) -> bool:
    bid, ask = touch
    if request.price is None:
        return request.order_type is OrderType.MARKET
    return request.price >= ask if request.side is Side.BUY else request.price <= bid
