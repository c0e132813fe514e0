"""A venue on loopback that costs little: canned answers, frames made beforehand, stamps at the socket.

`python -m tests.bench.server MARKET_FILE` prints its port. It speaks as much of Binance Spot as the adapter
and the peers ask for. Orders are answered as immediate-or-cancel that found nothing, so none stays open.
    GET /bench/play?first=0&count=N&rate=R  begins to send messages (rate 0: as fast as they are taken)
    GET /bench/result                       what was sent, and which order arrived when
    GET /bench/reset                        forgets the results
"""

import asyncio
import base64
import hashlib
import json
import re
import socket
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.bench.market import FIRST_LOTS, LOT, Market, frame, load

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BURST = 64
_BUFFERED_BYTES = 1 << 20
_QUANTITY = re.compile(rb'quantity"?[:=]"?([0-9.]+)')
_CLIENT_ID = re.compile(rb'newClientOrderId"?[:=]"?([A-Za-z0-9_-]+)')
_PRICE = re.compile(rb'price"?[:=]"?([0-9.]+)')
_SIDE = re.compile(rb'side"?[:=]"?([A-Za-z]+)')
_ID = re.compile(rb'"id":\s*("?[A-Za-z0-9_-]+"?)')
_METHOD = re.compile(rb'"method":\s*"([A-Za-z.]+)"')
_LIMIT = 1_000_000_000
_INFO = {
    "timezone": "UTC",
    "serverTime": 0,
    "exchangeFilters": [],
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": _LIMIT},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": _LIMIT},
    ],
    "symbols": [
        {
            "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "baseAssetPrecision": 8,
            "quoteAsset": "USDT", "quotePrecision": 8, "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8, "quoteCommissionPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "icebergAllowed": True, "ocoAllowed": True,
            "otoAllowed": True, "quoteOrderQtyMarketAllowed": True, "allowTrailingStop": True,
            "cancelReplaceAllowed": True, "amendAllowed": True, "pegInstructionsAllowed": True,
            "isSpotTradingAllowed": True, "isMarginTradingAllowed": True,
            "permissions": [], "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_MAKER"],
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000",
                 "tickSize": "0.01000000"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000",
                 "stepSize": "0.00001000"},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
                 "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
            ],
        }
    ],
}  # fmt: skip
_ACCOUNT = {
    "makerCommission": 10, "takerCommission": 10, "buyerCommission": 0, "sellerCommission": 0,
    "commissionRates": {"maker": "0.001", "taker": "0.001", "buyer": "0", "seller": "0"},
    "canTrade": True, "canWithdraw": False, "canDeposit": True, "brokered": False,
    "requireSelfTradePrevention": False, "preventSor": False, "updateTime": 1, "accountType": "SPOT",
    "balances": [{"asset": "USDT", "free": "100000000.0", "locked": "0.0"},
                 {"asset": "BTC", "free": "10000.0", "locked": "0.0"}],
    "permissions": ["SPOT"], "uid": 1,
}  # fmt: skip


class Venue:
    """What all connections share."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.takers: dict[Link, None] = {}
        self.users: dict[Link, None] = {}
        self._playing: asyncio.Future[None] | None = None
        self.reset()

    def reset(self) -> None:
        self.sent_at: dict[int, int] = {}
        self.arrived_at: dict[int, int] = {}
        self.orders = 0
        self.last_quantity = 0

    def start(self, first: float, count: float, rate: float) -> None:
        """Send messages, paced or as fast as they are taken; `result` says when that is over."""
        work = self._paced(int(first), int(count), rate) if rate > 0 else self._burst(int(first), int(count))
        self._playing = asyncio.ensure_future(work)

    async def _burst(self, first: int, count: int) -> None:
        market, end = self.market, first + count
        for start in range(first, end, _BURST):
            stop = min(end, start + _BURST)
            chunk = market.frames[market.ends[start - 1] if start else 0 : market.ends[stop - 1]]
            plain = self._plain(start, stop) if any(link.is_plain for link in self.takers) else b""
            for link in list(self.takers):
                link.transport.write(plain if link.is_plain else chunk)
                while link.is_open and link.transport.get_write_buffer_size() > _BUFFERED_BYTES:
                    await asyncio.sleep(0.001)
            await asyncio.sleep(0)

    async def _paced(self, first: int, count: int, rate: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for number in range(first, first + count):
            due = max(due + 1 / rate, loop.time() - 5 / rate)  # after a stall: no burst
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            text = self.market.frame(number)
            self.sent_at[number] = time.monotonic_ns()
            for link in list(self.takers):
                link.transport.write(self._plain(number, number + 1) if link.is_plain else text)

    def _plain(self, start: int, stop: int) -> bytes:
        """The frames of a connection that isn't a combined one: the payload alone."""
        return b"".join(
            frame(self.market.frame(number)[4:-1].partition(b',"data":')[2]) for number in range(start, stop)
        )

    def note_order(self, raw: bytes, at: int) -> None:
        found = _QUANTITY.search(raw)
        if found is None or b"IOC" not in raw:
            return  # not of who is measured: a new demo places two orders by itself
        self.orders += 1
        self.last_quantity = round(float(found[1]) * LOT)
        self.arrived_at.setdefault(self.last_quantity - FIRST_LOTS, at)

    def result(self) -> dict[str, object]:
        is_playing = self._playing is not None and not self._playing.done()
        waits = [
            (self.arrived_at[number] - sent) / 1000
            for number, sent in self.sent_at.items()
            if number in self.arrived_at and not is_playing  # looking costs time that is being measured
        ]
        return {
            "sent": len(self.sent_at), "orders": self.orders, "last_quantity": self.last_quantity,
            "latencies_us": waits, "takers": len(self.takers), "users": len(self.users),
            "is_playing": is_playing,
        }  # fmt: skip


class Link(asyncio.Protocol):
    """One connection: HTTP with keep-alive until it asks to become a WebSocket."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.transport: asyncio.Transport
        self._received = bytearray()
        self._is_socket = False
        self.is_plain = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, error: Exception | None) -> None:
        self.venue.takers.pop(self, None)
        self.venue.users.pop(self, None)

    def data_received(self, data: bytes) -> None:
        at = time.monotonic_ns()
        self._received += data
        while self._take_message(at) if self._is_socket else self._take_request(at):
            pass

    @property
    def is_open(self) -> bool:
        return not self.transport.is_closing()

    # --- HTTP ---

    def _take_request(self, at: int) -> bool:
        head, found, _ = bytes(self._received).partition(b"\r\n\r\n")
        if not found:
            return False
        lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        size = int(headers.get("content-length", 0))
        if len(self._received) < len(head) + 4 + size:
            return False
        body = bytes(self._received[len(head) + 4 : len(head) + 4 + size])
        del self._received[: len(head) + 4 + size]
        method, target, _ = lines[0].split(" ", 2)
        if headers.get("upgrade", "").lower() == "websocket":
            self._upgrade(target, headers["sec-websocket-key"])
        else:
            self._answer(method, target, body, at)
        return True

    def _upgrade(self, target: str, key: str) -> None:
        accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._is_socket = True
        self.is_plain = target.startswith("/ws") and not target.startswith("/ws-api")
        if "depth" in target:
            self.venue.takers[self] = None

    def _answer(self, method: str, target: str, body: bytes, at: int) -> None:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if path == "/bench/play":
            self.venue.start(*(float(query[name][0]) for name in ("first", "count", "rate")))
            self._reply(b"{}")
            return
        if method == "POST" and path.endswith("/order"):
            raw = target.encode() + b"&" + body
            self.venue.note_order(raw, at)
            self._reply(_placed(raw))
            return
        status, found = self._canned(method, path)
        self._reply(found if isinstance(found, bytes) else json.dumps(found).encode(), status)

    def _canned(self, method: str, path: str) -> tuple[int, object]:
        match path.rpartition("/")[2]:
            case "time":
                return 200, {"serverTime": time.time_ns() // 1_000_000}
            case "exchangeInfo":
                return 200, _INFO
            case "depth":
                return 200, self.venue.market.snapshot
            case "account":
                return 200, _ACCOUNT
            case "order" if method == "GET":
                return 400, {"code": -2013, "msg": "Order does not exist."}
            case "openOrders" | "myTrades" | "tradeFee":
                return 200, []
            case "result":
                return 200, self.venue.result()
            case "reset":
                self.venue.reset()
                return 200, {}
            case _:
                return 200, {}

    def _reply(self, body: bytes, status: int = 200) -> None:
        self.transport.write(
            b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (status, len(body))
            + body
        )

    # --- WebSocket ---

    def _take_message(self, at: int) -> bool:
        found = _unmasked(self._received)
        if found is None:
            return False
        kind, payload = found
        if kind == 0x8:
            self.transport.close()
        elif kind == 0x9:
            self.transport.write(bytes((0x8A, len(payload))) + payload)
        elif kind == 0x1:
            self._on_text(payload, at)
        return True

    def _on_text(self, text: bytes, at: int) -> None:
        method = _METHOD.search(text)
        number = _ID.search(text)
        request_id = number[1] if number else b"null"
        match method[1] if method else b"":
            case b"order.place":
                self.venue.note_order(text, at)
                self._respond(request_id, _placed(text))
                for user in list(self.venue.users):
                    user.transport.write(frame(_expired(text)))
            case b"userDataStream.subscribe.signature":
                self.venue.users[self] = None
                self._respond(request_id, b'{"subscriptionId":0}')
            case b"session.subscriptions":
                self._respond(request_id, b'[{"subscriptionId":0}]')
            case b"SUBSCRIBE":
                self.transport.write(frame(b'{"result":null,"id":' + request_id + b"}"))
                if b"@depth" in text:
                    self.venue.takers[self] = None
            case _:
                self._respond(request_id, b"[]")

    def _respond(self, request_id: bytes, result: bytes) -> None:
        self.transport.write(
            frame(b'{"id":' + request_id + b',"status":200,"result":' + result + b',"rateLimits":[]}')
        )


def _unmasked(received: bytearray) -> tuple[int, bytes] | None:
    """Take one client frame off the front, if it is all there."""
    if len(received) < 6:
        return None
    size, start = received[1] & 0x7F, 2
    if size == 126:
        size, start = int.from_bytes(received[2:4], "big"), 4
    elif size == 127:
        size, start = int.from_bytes(received[2:10], "big"), 10
    end = start + 4 + size
    if len(received) < end:
        return None
    mask = bytes(received[start : start + 4]) * (size // 4 + 1)
    payload = int.from_bytes(received[start + 4 : end], "big") ^ int.from_bytes(mask[:size], "big")
    kind = received[0] & 0x0F
    del received[:end]
    return kind, payload.to_bytes(size, "big")


_order_numbers = iter(range(1, 1 << 62))


def _order_parts(raw: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    found = [pattern.search(raw) for pattern in (_CLIENT_ID, _PRICE, _QUANTITY, _SIDE)]
    return tuple(one[1] if one else b"1" for one in found)  # type: ignore[return-value]


def _placed(raw: bytes) -> bytes:
    return (
        b'{"symbol":"BTCUSDT","orderId":%d,"orderListId":-1,"clientOrderId":"%s","transactTime":%d,'
        b'"price":"%s","origQty":"%s","executedQty":"0","cummulativeQuoteQty":"0","status":"EXPIRED",'
        b'"timeInForce":"IOC","type":"LIMIT","side":"%s","fills":[]}'
    ) % (next(_order_numbers), *_with_time(raw))


def _with_time(raw: bytes) -> tuple[bytes, int, bytes, bytes, bytes]:
    client_id, price, quantity, side = _order_parts(raw)
    return client_id, time.time_ns() // 1_000_000, price, quantity, side.upper()


def _expired(raw: bytes) -> bytes:
    client_id, price, quantity, side = _order_parts(raw)
    now, number = time.time_ns() // 1_000_000, next(_order_numbers) - 1
    return (
        b'{"subscriptionId":0,"event":{"e":"executionReport","E":%d,"s":"BTCUSDT","c":"%s","S":"%s",'
        b'"o":"LIMIT","f":"IOC","q":"%s","p":"%s","P":"0","F":"0","g":-1,"C":"","x":"EXPIRED","X":"EXPIRED",'
        b'"r":"NONE","i":%d,"l":"0","z":"0","L":"0","n":"0","N":null,"T":%d,"t":-1,"I":%d,"w":false,'
        b'"m":false,"M":false,"O":%d,"Z":"0","Y":"0","Q":"0","V":"NONE"}}'
    ) % (now, client_id, side.upper(), quantity, price, number, now, number, now)


async def _serve(path: Path) -> None:
    venue = Venue(load(path))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Link(venue), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)  # our starter is gone
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
