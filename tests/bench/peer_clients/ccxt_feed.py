"""ccxt.pro's order book against the canned venue: `ccxt_feed.py PORT LAST_ID`."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import asyncio
import json
import sys
import time

from ccxt_loopback import loopback


async def main(port: int, last_id: int) -> None:
    exchange = await loopback(port)
    print("ready", flush=True)
    begun, seen = 0.0, 0
    while True:
        book = await exchange.watch_order_book("BTC/USDT")
        if not seen:
            begun = time.process_time()
        seen += 1
        (bid, bid_size, *_), (ask, ask_size, *_) = book["bids"][0], book["asks"][0]
        if book["nonce"] >= last_id:
            break
    cpu_us = (time.process_time() - begun) * 1e6
    print(
        json.dumps({"cpu_us": cpu_us, "seen": seen, "bid": [bid, bid_size], "ask": [ask, ask_size]}),
        flush=True,
    )
    await exchange.close()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
