"""A small independent client of the simulated venue, and factories for its tests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from veloz_tui.sim.server import RunningSim, start_sim
from veloz_tui.sim.settings import (
    DEFAULT_INSTRUMENTS,
    AccountSettings,
    LimitSettings,
    MarketSettings,
    SimSettings,
)

API_KEY = "test-key"
SECRET = "test-secret"
TIMEOUT_S = 10.0
Json = dict[str, object]


def settings(**changes: object) -> SimSettings:
    """A venue with one HMAC account and a market that stands still."""
    base = SimSettings(
        accounts=(AccountSettings(api_key=API_KEY, credential=SECRET, key_type="HMAC"),),
        market=MarketSettings(instruments=DEFAULT_INSTRUMENTS[:2], paused=True, levels=40),
        limits=LimitSettings(request_weight_1m=1_000_000, orders_10s=100_000),
    )
    return msgspec.structs.replace(base, **changes)


def sign(payload: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Reply(msgspec.Struct):
    status: int
    body: Json
    rows: list[Json]
    headers: dict[str, str]


class Socket:
    """A WebSocket whose frames are JSON."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.events: list[Json] = []
        self._next_id = 0

    async def receive(self) -> Json:
        message = await self.ws.receive(timeout=TIMEOUT_S)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"{message.type.name} {message.data}")
        return msgspec.json.decode(message.data, type=Json)

    async def receive_event(self) -> Json:
        """The next user data event, answers apart."""
        if self.events:
            return self.events.pop(0)
        while True:
            frame = await self.receive()
            if "event" in frame:
                return as_json(frame["event"])

    async def reports(self, count: int) -> list[Json]:
        """The next execution reports."""
        found: list[Json] = []
        while len(found) < count:
            event = await self.receive_event()
            if event["e"] == "executionReport":
                found.append(event)
        return found

    async def send(self, frame: Json) -> None:
        await self.ws.send_str(msgspec.json.encode(frame).decode())

    async def call(
        self, method: str, params: Mapping[str, object] | None = None, *, signed: bool = True
    ) -> Json:
        """Send a request and return its answer; events that come before it are kept."""
        request_id = await self.request(method, params, signed=signed)
        while True:
            frame = await self.receive()
            if frame.get("id") == request_id:
                return frame
            self.events.append(as_json(frame["event"]))

    async def request(
        self, method: str, params: Mapping[str, object] | None = None, *, signed: bool = True
    ) -> int:
        self._next_id += 1
        sent = dict(params or {})
        if signed:
            sent |= {"apiKey": API_KEY, "timestamp": now_ms()}
            sent["signature"] = sign("&".join(f"{name}={as_text(sent[name])}" for name in sorted(sent)))
        await self.send({"id": self._next_id, "method": method, "params": sent})
        return self._next_id

    async def subscribe_user(self) -> None:
        answer = await self.call("userDataStream.subscribe.signature")
        assert answer["status"] == 200


class Client:
    def __init__(self, sim: RunningSim, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.session = session

    async def rest(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        signed: bool = True,
        key: str | None = API_KEY,
        body: str = "",
    ) -> Reply:
        query = urlencode(params or {})
        if signed:
            query += ("&" if query else "") + f"timestamp={now_ms()}"
            query += "&signature=" + quote(sign(query + body), safe="")
        return await self.raw(method, f"{path}?{query}", key=key, body=body)

    async def raw(self, method: str, target: str, *, key: str | None = API_KEY, body: str = "") -> Reply:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if key is not None:
            headers["X-MBX-APIKEY"] = key
        url = URL(self.sim.base_url + target, encoded=True)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with self.session.request(
            method, url, headers=headers, data=body.encode() or None, timeout=timeout
        ) as got:
            parsed = msgspec.json.decode(await got.read())
            rows = parsed if isinstance(parsed, list) else []
            found = parsed if isinstance(parsed, dict) else {}
            return Reply(
                got.status, found, rows, {name.upper(): value for name, value in got.headers.items()}
            )

    async def admin(self, path: str, body: object) -> Json:
        async with self.session.post(self.sim.base_url + path, data=msgspec.json.encode(body)) as got:
            answer = await got.read()
            assert got.status == 200, answer
            return msgspec.json.decode(answer, type=Json)

    async def status(self) -> Json:
        async with self.session.get(self.sim.base_url + "/sim/status") as got:
            return msgspec.json.decode(await got.read(), type=Json)

    async def place(self, client_id: str, **changes: str) -> Reply:
        """Place a limit buy far below the market, unless told otherwise."""
        return await self.rest("POST", "/api/v3/order", limit_buy(client_id, **changes))

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[Socket]:
        async with self.session.ws_connect(self.sim.ws_url + path, max_msg_size=0, autoclose=False) as ws:
            yield Socket(ws)


def limit_buy(client_id: str, **changes: str) -> Json:
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "60000",
        "newClientOrderId": client_id,
        **changes,
    }


@asynccontextmanager
async def venue(sim_settings: SimSettings | None = None) -> AsyncIterator[Client]:
    sim = await start_sim(sim_settings or settings())
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(sim, session)
    finally:
        await sim.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most TIMEOUT_S."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.005)


def as_text(value: object) -> str:
    """A parameter as it stands in the signed text: JSON, strings without quotes."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_json(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def as_rows(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value


def decimals(row: Json, *names: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(row[name])) for name in names)
