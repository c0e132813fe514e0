"""A fresh DEMO's first minute: three resting orders, and one filled within 20 s, so no pane is empty."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from veloz_tui.domain.commands import PlaceOrder
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import CommandId, InstrumentId, Nanos, OrderStatus, Side
from veloz_tui.engine.core import Engine

VALUE: Final = Decimal(1_000)
"""About how much each of the orders is worth, in quote."""
AWAY: Final = ((Side.BUY, Decimal(0)), (Side.BUY, Decimal("0.004")), (Side.SELL, Decimal("0.006")))
"""Side and distance from the touch: the first one joins the best bid."""
MOST_TRIES: Final = 20
PATIENCE: Final = Nanos(10_000_000_000)
"""So long the first one may wait for its fill; then the same is bought at the market."""
TAKES: Final = Decimal("0.002")
"""How far beyond the ask that may go."""


class FirstOrders:
    """Call `look` after each book update until it says that it is done."""

    def __init__(self, engine: Engine, place: Callable[[PlaceOrder], object]) -> None:
        self._engine = engine
        self._place = place
        self._instrument_id: InstrumentId = engine.settings.instruments[0]
        self._wanted: dict[int, OrderRequest | None] = dict.fromkeys(range(len(AWAY)))
        """What was asked for last, by its place in AWAY."""
        self._tries = 0
        self._sent = 0
        self._placed_at: Nanos | None = None
        self.is_done = False

    def look(self, now: Nanos) -> None:
        """Place them once the market is there and orders may leave; again what a slow disk held back."""
        instrument = self._engine.state.instruments.get(self._instrument_id)
        if instrument is None or not self._may_leave(instrument):
            return
        missing = [number for number, wanted in self._wanted.items() if not self._is_on_its_way(wanted)]
        if not missing:
            if self._is_settled():
                self._see_a_fill(instrument, now)
            return
        self._tries += 1
        self.is_done = self._tries >= MOST_TRIES
        for number in missing:
            self._ask(instrument, number)

    def _see_a_fill(self, instrument: Instrument, now: Nanos) -> None:
        self._placed_at = self._placed_at or now
        if any(order.filled for order in self._engine.state.orders.values()):
            self.is_done = True
        elif now - self._placed_at >= PATIENCE:  # the market went the other way
            self.is_done = True
            self._send(_request(instrument, side=Side.BUY, price=self._touch(Side.SELL, instrument, TAKES)))

    def _may_leave(self, instrument: Instrument) -> bool:
        state, live = self._engine.state, self._engine.live
        market = live.books.get(self._instrument_id)
        return (
            market is not None
            and market.is_fresh
            and market.book.best_bid is not None
            and market.book.best_ask is not None
            and not state.is_halted
            and live.journal.state is JournalState.OK
            and state.venues.get(instrument.venue) == "READY"
        )

    def _is_on_its_way(self, wanted: OrderRequest | None) -> bool:
        return wanted is not None and any(
            order.request == wanted and order.status is not OrderStatus.NOT_SENT
            for order in self._engine.state.orders.values()
        )

    def _is_settled(self) -> bool:
        # One that waits for the disk may still be taken back.
        return not any(order.status is OrderStatus.CREATED for order in self._engine.state.orders.values())

    def _ask(self, instrument: Instrument, number: int) -> None:
        side, distance = AWAY[number]
        price = self._touch(side, instrument, -distance * side.sign)
        request = _request(instrument, side=side, price=price, is_away=bool(distance))
        self._wanted[number] = request
        self._send(request)

    def _touch(self, side: Side, instrument: Instrument, change: Decimal) -> Decimal:
        """The best price of a side of the book, moved by a share of itself."""
        book = self._engine.live.books[self._instrument_id].book
        level = book.best_bid if side is Side.BUY else book.best_ask
        assert level is not None
        return instrument.price_from_level(level[0]) * (1 + change)

    def _send(self, request: OrderRequest) -> None:
        self._sent += 1
        self._place(PlaceOrder(command_id=CommandId(f"demo-{self._sent}"), by="demo", request=request))


def _request(instrument: Instrument, *, side: Side, price: Decimal, is_away: bool = False) -> OrderRequest:
    on_tick = instrument.round_price(price, side=side)
    return OrderRequest(
        instrument_id=instrument.id,
        side=side,
        quantity=instrument.round_quantity(VALUE / on_tick),
        price=on_tick,
        post_only=is_away,
    )
