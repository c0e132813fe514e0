"""A simulated venue for the hard kill: orders made there by somebody, faults, and what is open."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec

from veloz_tui.domain.types import Nanos
from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.runtime.link import KeyMaterial
from veloz_tui.sim.server import RunningSim, start_sim
from veloz_tui.sim.settings import (
    DEFAULT_INSTRUMENTS,
    AccountSettings,
    LimitSettings,
    MarketSettings,
    SimSettings,
)
from veloz_tui.venues.binance.kill_client import KillClient
from veloz_tui.venues.binance.requests import HmacSigner
from veloz_tui.venues.binance.settings import loopback

API_KEY, SECRET = "k" * 64, "s" * 64
KEYS = (KeyMaterial("BINANCE", API_KEY, SECRET),)


async def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Wait for a condition, bounded."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


class Status(msgspec.Struct):
    open_orders: int
    requests: dict[str, int]


class SimVenue:
    """The venue and its admin face."""

    def __init__(self, sim: RunningSim) -> None:
        self.sim = sim
        self._admin = HttpClient(sim.base_url)

    async def place(self, symbol: str = "BTCUSDT", *, price: str = "20000", quantity: str = "0.01") -> None:
        params = {
            "symbol": symbol,
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "price": price,
            "quantity": quantity,
        }
        await self.ask("POST", "/sim/place", {"params": params})

    async def fault(self, action: str, **fields: object) -> None:
        await self.ask("POST", "/sim/faults", {"action": action, **fields})

    async def heal(self) -> None:
        await self.ask("DELETE", "/sim/faults")

    async def open(self) -> int:
        return (await self.status()).open_orders

    async def status(self) -> Status:
        return msgspec.json.decode(await self.ask("GET", "/sim/status"), type=Status)

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        data = msgspec.json.encode(body) if body is not None else b""
        answer = await self._admin.request(method, path, body=data)
        assert isinstance(answer, HttpResponse), answer
        assert answer.status == 200, answer.body
        return answer.body

    async def aclose(self) -> None:
        await self._admin.aclose()


@asynccontextmanager
async def sim_venue(*, port: int = 0) -> AsyncIterator[SimVenue]:
    sim = await start_sim(
        SimSettings(
            port=port,
            accounts=(AccountSettings(api_key=API_KEY, credential=SECRET, key_type="HMAC"),),
            market=MarketSettings(instruments=DEFAULT_INSTRUMENTS[:2], paused=True),
            limits=LimitSettings(request_weight_1m=1_000_000, orders_10s=100_000),
        )
    )
    venue = SimVenue(sim)
    try:
        yield venue
    finally:
        await venue.aclose()
        await sim.stop()


@asynccontextmanager
async def kill_client(port: int) -> AsyncIterator[KillClient]:
    client = KillClient(
        loopback(port=port),
        HmacSigner(api_key=API_KEY, secret=SECRET),
        now=lambda: Nanos(time.time_ns()),
        jitter=random.Random(1).random,
        timeout_s=1.0,
    )
    try:
        yield client
    finally:
        await client.aclose()
