"""An order on every update with nautilus_trader's live node: `nautilus_orders.py PORT`."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import sys

from nautilus_loopback import run
from nautilus_trader.model.enums import BookType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

INSTRUMENT = InstrumentId.from_str("BTCUSDT.BINANCE")


class Taker(Strategy):
    def on_start(self) -> None:
        self.subscribe_order_book_deltas(INSTRUMENT, BookType.L2_MBP)
        print("ready", flush=True)

    def on_order_book_deltas(self, _deltas: object) -> None:
        book = self.cache.order_book(INSTRUMENT)
        if book is None or book.best_bid_price() is None:
            return
        order = self.order_factory.limit(
            instrument_id=INSTRUMENT,
            order_side=OrderSide.BUY,
            quantity=book.best_bid_size(),  # names the update
            price=book.best_bid_price(),
            time_in_force=TimeInForce.IOC,
        )
        self.submit_order(order)


run(int(sys.argv[1]), Taker(), trades=True)
