"""A signed order's round trip on loopback: the adapter over the WebSocket API, REST by httpx, and a floor."""

import asyncio
import hashlib
import hmac
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import cast

from tests.bench.floor_order import FloorTrader
from tests.bench.processes import Server, serving
from tests.bench.rows import Options, Row, median, quantile
from tests.replay.venue import API_KEY, SECRET
from veloz_tui.domain.ids import client_order_id
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import Channel, ChannelReported, SubmitAccepted
from veloz_tui.domain.types import ChannelState, Nanos, Side, TimeInForce
from veloz_tui.engine.actions import Submit
from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.venues.base import VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.requests import HmacSigner, signed_query
from veloz_tui.venues.binance.settings import BinanceSettings, loopback

_INSTRUMENT = instrument_id(symbol="BTCUSDT", venue=BinanceSpotAdapter.venue)
_PARAMS: dict[str, str | int] = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "IOC", "quantity": "0.01000",
    "price": "67123.45", "newClientOrderId": "K00000001", "recvWindow": 5000,
}  # fmt: skip
Cost = tuple[float, float, float]
"""p50, p99 and client CPU, microseconds."""


async def run(options: Options) -> list[Row]:
    orders = options.size(300, 20)
    found: dict[str, list[Cost]] = {}
    async with serving(1_000) as server, _adapter(server) as trader:
        for _ in range(options.size(options.rounds, 1)):
            for name, measure in (
                ("veloz: adapter, WebSocket API", trader.measure),
                ("veloz: REST by httpx", lambda n: _rest(server, n)),
                ("floor: bare asyncio, signed", lambda n: _floor(server, n)),
            ):
                found.setdefault(name, []).append(await measure(orders))
    medians = {name: tuple(median(one[i] for one in each) for i in range(3)) for name, each in found.items()}
    rest = medians["veloz: REST by httpx"][0]
    return [
        Row(
            "order_rtt",
            name,
            f"p50 {p50:.0f} p99 {p99:.0f} µs, CPU {cpu:.0f} µs",
            "faster than REST" if "adapter" in name else "",
            p50 < rest if "adapter" in name else None,
        )
        for name, (p50, p99, cpu) in medians.items()
    ]


def _cost(waits: list[float], cpu_s: float) -> Cost:
    return quantile(waits, 0.5), quantile(waits, 0.99), cpu_s * 1e6 / len(waits)


class Trader:
    """Sends through the adapter and waits for the acceptance."""

    def __init__(self, server: Server) -> None:
        self.is_ready = asyncio.Event()
        self._accepted = asyncio.Event()
        self._counter = 0
        self.adapter = BinanceSpotAdapter(
            BinanceSettings(hosts=loopback(port=server.port), symbols=("BTCUSDT",)),
            HmacSigner(api_key=API_KEY, secret=SECRET),
            self._take,
            now=lambda: Nanos(time.time_ns()),
            jitter=random.Random(1).random,
        )
        self.adapter.set_gate(is_open=True, reason="bench")

    def _take(self, report: VenueReport) -> None:
        match report:
            case SubmitAccepted():
                self._accepted.set()
            case ChannelReported(channel=Channel.ORDERS, state=ChannelState.READY):
                self.is_ready.set()

    async def measure(self, count: int) -> Cost:
        waits, cpu = [], time.process_time()
        for _ in range(count):
            self._counter += 1
            self._accepted.clear()
            began = time.perf_counter()
            self._submit()
            await self._accepted.wait()
            waits.append((time.perf_counter() - began) * 1e6)
        return _cost(waits, time.process_time() - cpu)

    def _submit(self) -> None:
        order_id = client_order_id(account="BN", epoch=1, counter=self._counter)
        request = OrderRequest(
            _INSTRUMENT, Side.BUY, Decimal("0.01"), price=Decimal("67123.45"), time_in_force=TimeInForce.IOC
        )
        deadline = Nanos(time.time_ns() + 10**10)
        order = Submit(order_id, self.adapter.venue, request, seq=self._counter, deadline=deadline)
        mint = cast(Callable[..., DurableIntent], DurableIntent._mint)  # no journal here
        self.adapter.submit(order, mint(client_order_id=order_id, seq=self._counter))


@asynccontextmanager
async def _adapter(server: Server) -> AsyncIterator[Trader]:
    trader = Trader(server)
    running = asyncio.create_task(trader.adapter.run())
    try:
        async with asyncio.timeout(20):
            await trader.is_ready.wait()
        await asyncio.sleep(0.5)
        yield trader
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _rest(server: Server, count: int) -> Cost:
    client, signer = HttpClient(f"http://127.0.0.1:{server.port}"), HmacSigner(api_key=API_KEY, secret=SECRET)
    waits, cpu = [], time.process_time()
    for _ in range(count):
        began = time.perf_counter()
        query = signed_query({**_PARAMS, "timestamp": time.time_ns() // 1_000_000}, signer)
        answer = await client.request("POST", f"/api/v3/order?{query}", headers={"X-MBX-APIKEY": API_KEY})
        if not isinstance(answer, HttpResponse) or answer.status != 200:
            raise RuntimeError(str(answer))
        waits.append((time.perf_counter() - began) * 1e6)
    used = time.process_time() - cpu
    await client.aclose()
    return _cost(waits, used)


class _Answered(FloorTrader):
    """Wakes whoever waits for the answer."""

    def __init__(self) -> None:
        super().__init__("/ws-api/v3")
        self.answered = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.answered.set()


async def _floor(server: Server, count: int) -> Cost:
    _, link = await asyncio.get_running_loop().create_connection(_Answered, "127.0.0.1", server.port)
    await link.answered.wait()
    waits, cpu = [], time.process_time()
    for _ in range(count):
        link.answered.clear()
        began = time.perf_counter()
        hmac.new(SECRET.encode(), b"&".join(b"%d" % began for _ in range(8)), hashlib.sha256).hexdigest()
        link.order(b"0.01000")
        await link.answered.wait()
        waits.append((time.perf_counter() - began) * 1e6)
    used = time.process_time() - cpu
    link.transport.close()
    return _cost(waits, used)
