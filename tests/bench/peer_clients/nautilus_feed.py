"""nautilus_trader's live node against the canned venue: `nautilus_feed.py PORT LAST_ID`."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import json
import os
import sys
import time

from nautilus_loopback import run
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

PORT, LAST_ID = int(sys.argv[1]), int(sys.argv[2])
INSTRUMENT = InstrumentId.from_str("BTCUSDT.BINANCE")


class Watcher(Strategy):
    begun = 0.0
    seen = 0

    def on_start(self) -> None:
        self.subscribe_order_book_deltas(INSTRUMENT, BookType.L2_MBP)
        print("ready", flush=True)

    def on_order_book_deltas(self, deltas: object) -> None:
        book = self.cache.order_book(INSTRUMENT)
        if book is None:
            return
        if not self.seen:
            self.begun = time.process_time()
        self.seen += 1
        bid, ask = book.best_bid_price(), book.best_ask_price()
        if deltas.sequence >= LAST_ID:
            cpu_us = (time.process_time() - self.begun) * 1e6
            sizes = book.best_bid_size(), book.best_ask_size()
            level = {"bid": [float(bid), float(sizes[0])], "ask": [float(ask), float(sizes[1])]}
            print(json.dumps({"cpu_us": cpu_us, "seen": self.seen, **level}), flush=True)
            os._exit(0)


run(PORT, Watcher(), trades=False)
