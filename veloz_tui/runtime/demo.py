"""A fresh DEMO's first minute: three resting orders, one near enough to fill soon, so no pane is empty."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from veloz_tui.domain.commands import PlaceOrder
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import CommandId, InstrumentId, Side
from veloz_tui.engine.core import Engine

VALUE: Final = Decimal(1_000)
"""About how much each of the orders is worth, in quote."""
AWAY: Final = ((Side.BUY, Decimal(0)), (Side.BUY, Decimal("0.004")), (Side.SELL, Decimal("0.006")))
"""Side and distance from the touch: the first one joins the best bid."""


class FirstOrders:
    """Call `look` after each book update until it says that it is done."""

    def __init__(self, engine: Engine, place: Callable[[PlaceOrder], None]) -> None:
        self._engine = engine
        self._place = place
        self._instrument_id: InstrumentId = engine.settings.instruments[0]
        self.is_done = False

    def look(self) -> None:
        """Place them once the market is there and orders may leave."""
        state, live = self._engine.state, self._engine.live
        instrument = state.instruments.get(self._instrument_id)
        market = live.books.get(self._instrument_id)
        if instrument is None or market is None or not market.is_fresh or state.is_halted:
            return
        if state.venues.get(instrument.venue) != "READY":
            return
        bid, ask = market.book.best_bid, market.book.best_ask
        if bid is None or ask is None:
            return
        self.is_done = True
        for number, (side, distance) in enumerate(AWAY):
            touch = instrument.price_from_level(bid[0] if side is Side.BUY else ask[0])
            self._place(
                PlaceOrder(
                    command_id=CommandId(f"demo-{number}"),
                    by="demo",
                    request=_request(
                        instrument,
                        side=side,
                        price=touch * (1 - distance * side.sign),
                        is_away=bool(distance),
                    ),
                )
            )


def _request(instrument: Instrument, *, side: Side, price: Decimal, is_away: bool) -> OrderRequest:
    on_tick = instrument.round_price(price, side=side)
    return OrderRequest(
        instrument_id=instrument.id,
        side=side,
        quantity=instrument.round_quantity(VALUE / on_tick),
        price=on_tick,
        post_only=is_away,
    )
