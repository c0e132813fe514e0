"""An order on every update with ccxt.pro, as its documentation has it: `ccxt_pro_orders.py PORT`."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import asyncio
import sys

from ccxt_loopback import loopback


async def main(port: int) -> None:
    exchange = await loopback(port)
    print("ready", flush=True)
    while True:
        book = await exchange.watch_order_book("BTC/USDT")
        price, quantity, *_ = book["bids"][0]
        # The quantity names the update.
        await exchange.create_order("BTC/USDT", "limit", "buy", quantity, price, {"timeInForce": "IOC"})


asyncio.run(main(int(sys.argv[1])))
