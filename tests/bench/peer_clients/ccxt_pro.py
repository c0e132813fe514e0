"""ccxt.pro's order book against the canned venue: `ccxt_pro.py PORT LAST_ID`."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import asyncio
import json
import sys
import time

import ccxt.pro


async def main(port: int, last_id: int) -> None:
    exchange = ccxt.pro.binance({"newUpdates": True, "enableRateLimit": False})
    urls = exchange.urls["api"]
    for name, url in list(urls.items()):
        if isinstance(url, str) and url.startswith("http"):
            urls[name] = f"http://127.0.0.1:{port}/" + url.split("//", 1)[1].split("/", 1)[-1]
    urls["ws"]["spot"] = f"ws://127.0.0.1:{port}/ws"
    exchange.options.update(defaultType="spot", fetchMarkets={"types": ["spot"]}, fetchMargins=False)
    exchange.has["fetchCurrencies"] = False
    exchange.is_spot_url = lambda client: True  # it judges by the host's name
    await exchange.load_markets()
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
