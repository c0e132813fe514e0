"""cryptofeed's order book against the canned venue: `cryptofeed_feed.py PORT LAST_ID`."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import json
import os
import sys
import time

from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import L2_BOOK
from cryptofeed.exchanges import Binance

PORT, LAST_ID = int(sys.argv[1]), int(sys.argv[2])


class Meter:
    begun = 0.0
    seen = 0


async def on_book(book: object, _received: float) -> None:
    if not Meter.seen:
        Meter.begun = time.process_time()
    Meter.seen += 1
    bid, ask = book.book.bids.index(0), book.book.asks.index(0)
    if book.sequence_number >= LAST_ID:
        cpu_us = (time.process_time() - Meter.begun) * 1e6
        level = {"bid": [float(one) for one in bid], "ask": [float(one) for one in ask]}
        print(json.dumps({"cpu_us": cpu_us, "seen": Meter.seen, **level}), flush=True)
        os._exit(0)


class Address(str):
    """It insists on wss; this one says it is."""

    def startswith(self, prefix: object, *between: int) -> bool:
        return prefix == "wss://" or super().startswith(prefix, *between)


class Loopback(Binance):
    def _address(self) -> object:
        found = super()._address()
        return [Address(one) for one in found] if isinstance(found, list) else Address(found)


Binance.websocket_endpoints = [WebsocketEndpoint(f"ws://127.0.0.1:{PORT}")]
routes = Routes("/api/v3/exchangeInfo", l2book="/api/v3/depth?symbol={}&limit={}")
Binance.rest_endpoints = [RestEndpoint(f"http://127.0.0.1:{PORT}", routes=routes)]
handler = FeedHandler(config={"uvloop": False, "log": {"disabled": True}})
handler.add_feed(
    Loopback(symbols=["BTC-USDT"], channels=[L2_BOOK], callbacks={L2_BOOK: on_book}, max_depth=0)
)
print("ready", flush=True)
handler.run()
