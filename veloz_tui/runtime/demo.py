"""A fresh DEMO's first minute: three resting orders, one near enough to fill soon, so no pane is empty."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from veloz_tui.domain.commands import PlaceOrder
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import CommandId, InstrumentId, OrderStatus, Side
from veloz_tui.engine.core import Engine

VALUE: Final = Decimal(1_000)
"""About how much each of the orders is worth, in quote."""
AWAY: Final = ((Side.BUY, Decimal(0)), (Side.BUY, Decimal("0.004")), (Side.SELL, Decimal("0.006")))
"""Side and distance from the touch: the first one joins the best bid."""
MOST_TRIES: Final = 20


class FirstOrders:
    """Call `look` after each book update until it says that it is done."""

    def __init__(self, engine: Engine, place: Callable[[PlaceOrder], object]) -> None:
        self._engine = engine
        self._place = place
        self._instrument_id: InstrumentId = engine.settings.instruments[0]
        self._wanted: dict[int, OrderRequest | None] = dict.fromkeys(range(len(AWAY)))
        """What was asked for last, by its place in AWAY."""
        self._tries = 0
        self.is_done = False

    def look(self) -> None:
        """Place them once the market is there and orders may leave; again what a slow disk held back."""
        instrument = self._engine.state.instruments.get(self._instrument_id)
        if instrument is None or not self._may_leave(instrument):
            return
        missing = [number for number, wanted in self._wanted.items() if not self._is_on_its_way(wanted)]
        self.is_done = not missing and self._is_settled()
        if not missing:
            return
        self._tries += 1
        self.is_done = self._tries >= MOST_TRIES
        for number in missing:
            self._ask(instrument, number)

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
        book = self._engine.live.books[self._instrument_id].book
        level = book.best_bid if side is Side.BUY else book.best_ask
        assert level is not None
        price = instrument.price_from_level(level[0]) * (1 - distance * side.sign)
        request = _request(instrument, side=side, price=price, is_away=bool(distance))
        self._wanted[number] = request
        command_id = CommandId(f"demo-{number}-{self._tries}")
        self._place(PlaceOrder(command_id=command_id, by="demo", request=request))


def _request(instrument: Instrument, *, side: Side, price: Decimal, is_away: bool) -> OrderRequest:
    on_tick = instrument.round_price(price, side=side)
    return OrderRequest(
        instrument_id=instrument.id,
        side=side,
        quantity=instrument.round_quantity(VALUE / on_tick),
        price=on_tick,
        post_only=is_away,
    )
