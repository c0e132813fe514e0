"""One feed stack in a process of its own: `python -m tests.bench.feed_client STACK PORT LAST_ID [LIBRARY]`.

Prints `ready` when it listens, and at the last update one line of JSON: CPU, updates seen, best bid and ask.
Stacks: `veloz` the adapter and book as in the engine; `json` websockets, json and a bisected book;
`transport` websockets alone; `c` (with the library's path) parsing and book in C on a bare asyncio transport.
"""

import asyncio
import ctypes
import json
import random
import sys
import time
from bisect import bisect_left, insort
from urllib.request import urlopen

from websockets.asyncio.client import connect

from tests.replay.venue import API_KEY, SECRET
from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.reports import BookDelta, BookSnapshot
from veloz_tui.domain.types import Nanos
from veloz_tui.runtime.garbage import quiet_garbage_collection
from veloz_tui.venues.base import VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.requests import HmacSigner
from veloz_tui.venues.binance.settings import BinanceSettings, loopback

Level = tuple[float, float]
_STREAM = "/stream?streams=btcusdt@depth@100ms"


class Meter:
    """CPU from the first update to the last."""

    def __init__(self, last_id: int) -> None:
        self._last_id = last_id
        self._begun = 0.0
        self._seen = 0
        self.is_done = asyncio.Event()

    def see(self, update_id: int, bid: Level | None, ask: Level | None) -> None:
        if not self._seen:
            self._begun = time.process_time()
        self._seen += 1
        if update_id >= self._last_id:
            cpu_us = (time.process_time() - self._begun) * 1e6
            print(json.dumps({"cpu_us": cpu_us, "seen": self._seen, "bid": bid, "ask": ask}), flush=True)
            self.is_done.set()


async def veloz(port: int, meter: Meter) -> None:
    book = OrderBook()

    def take(report: VenueReport) -> None:
        match report:
            case BookDelta():
                book.apply(bids=report.bids, asks=report.asks, update_id=report.update_id)
                meter.see(report.update_id, book.best_bid, book.best_ask)
            case BookSnapshot():
                book.replace(bids=report.bids, asks=report.asks, update_id=report.update_id)
                quiet_garbage_collection()
                print("ready", flush=True)

    adapter = BinanceSpotAdapter(
        BinanceSettings(hosts=loopback(port=port), symbols=("BTCUSDT",)),
        HmacSigner(api_key=API_KEY, secret=SECRET),
        take,
        now=lambda: Nanos(time.time_ns()),
        jitter=random.Random(1).random,
    )
    running = asyncio.create_task(adapter.run())
    await meter.is_done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class BisectBook:
    """The usual book in pure Python: a dict and a sorted list a side."""

    def __init__(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        self.sides: tuple[dict[float, float], dict[float, float]] = ({}, {})
        self.prices: tuple[list[float], list[float]] = ([], [])
        self.apply(bids, asks)

    def apply(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for levels, sizes, prices in (
            (bids, self.sides[0], self.prices[0]),
            (asks, self.sides[1], self.prices[1]),
        ):
            for price_text, size_text in levels:
                price, size = float(price_text), float(size_text)
                if size:
                    if price not in sizes:
                        insort(prices, price)
                    sizes[price] = size
                elif price in sizes:
                    del sizes[price]
                    del prices[bisect_left(prices, price)]

    @property
    def best(self) -> tuple[Level, Level]:
        bid, ask = self.prices[0][-1], self.prices[1][0]
        return (bid, self.sides[0][bid]), (ask, self.sides[1][ask])


async def plain_json(port: int, meter: Meter) -> None:
    with urlopen(f"http://127.0.0.1:{port}/api/v3/depth") as answer:
        snapshot = json.load(answer)
    book, last_id = BisectBook(snapshot["bids"], snapshot["asks"]), snapshot["lastUpdateId"]
    async with connect(f"ws://127.0.0.1:{port}{_STREAM}", compression=None) as socket:
        print("ready", flush=True)
        while not meter.is_done.is_set():
            update = json.loads(await socket.recv(decode=False))["data"]
            if update["U"] > last_id + 1:
                raise SystemExit("gap")
            last_id = update["u"]
            book.apply(update["b"], update["a"])
            meter.see(last_id, *book.best)


async def transport(port: int, meter: Meter) -> None:
    async with connect(f"ws://127.0.0.1:{port}{_STREAM}", compression=None) as socket:
        print("ready", flush=True)
        mark = b'"u":'
        while not meter.is_done.is_set():
            text = await socket.recv(decode=False)
            start = text.index(mark) + len(mark)
            meter.see(int(text[start : text.index(b",", start)]), None, None)


class CFeed(asyncio.Protocol):
    """Hands each frame to C and looks at what came of it."""

    def __init__(self, library: str, meter: Meter) -> None:
        self._library = ctypes.CDLL(library)
        self._library.take.restype = ctypes.c_int64
        self._best = (ctypes.c_int64 * 5)()
        self._kept = b""
        self._is_open = False
        self._meter = meter

    def load(self, snapshot: bytes) -> None:
        self._library.load(ctypes.c_char_p(snapshot))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(
            f"GET {_STREAM} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        received = self._kept + data
        if not self._is_open:
            self._is_open = True
            received = received.partition(b"\r\n\r\n")[2]
            print("ready", flush=True)
        take, best, see = self._library.take, self._best, self._meter.see
        size, start = ctypes.c_int64(len(received)), 0
        while (end := take(received, size, ctypes.c_int64(start), best)) > 0:
            start = end
            see(best[4], (best[0] / 100, best[1] / 100_000), (best[2] / 100, best[3] / 100_000))
        self._kept = received[start:]


async def in_c(port: int, meter: Meter) -> None:
    feed = CFeed(sys.argv[4], meter)
    with urlopen(f"http://127.0.0.1:{port}/api/v3/depth") as answer:
        feed.load(answer.read())
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: feed, "127.0.0.1", port)
    await meter.is_done.wait()
    transport.close()


_STACKS = {"veloz": veloz, "json": plain_json, "transport": transport, "c": in_c}


async def main(stack: str, port: int, last_id: int) -> None:
    await _STACKS[stack](port, Meter(last_id))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
