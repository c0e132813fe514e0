"""A venue on loopback that costs little: canned answers, frames made beforehand, stamps at the socket.

`python -m tests.bench.server MARKET_FILE` prints its port. It speaks as much of Binance Spot as the adapter
and the peers ask for; canned_orders.py has its orders.
    GET /bench/play?first=0&count=N&rate=R  begins to send messages (rate 0: as fast as they are taken;
                                            count 0: all)
                  …&speed=S                 of a recording: S times as fast as it was recorded
    GET /bench/stop                         sends no more
    GET /bench/result                       what was sent, and which order arrived when
    GET /bench/sent                         nanoseconds (monotonic) at which each message was sent
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

from tests.bench.canned_orders import QUANTITY, CannedOrders
from tests.bench.canned_venue import ACCOUNT, INFO
from tests.bench.market import FIRST_LOTS, LOT, Market, frame, load

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BURST = 64
_BUFFERED_BYTES = 1 << 20
_ID = re.compile(rb'"id":\s*("?[A-Za-z0-9_-]+"?)')
_METHOD = re.compile(rb'"method":\s*"([A-Za-z.]+)"')
LISTEN_KEY = b"listenkey"
_UNKNOWN_ORDER = b'{"code":-2011,"msg":"Unknown order sent."}'


class Venue:
    """What all connections share."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.takers: dict[Link, None] = {}
        self.users: dict[Link, None] = {}
        self.listeners: dict[Link, None] = {}
        self.orders_made = CannedOrders()
        self._playing: asyncio.Future[None] | None = None
        self.reset()

    def reset(self) -> None:
        self.sent_at: dict[int, int] = {}
        self.arrived_at: dict[int, int] = {}
        self.orders = 0
        self.last_quantity = 0

    def start(self, *, first: int, count: int, rate: float, speed: float) -> None:
        """Send messages, paced or as fast as they are taken; `result` says when that is over."""
        count = count or len(self.market.ends) - first
        if speed > 0:
            work = self._recorded(first, count, speed)
        else:
            work = self._paced(first, count, rate) if rate > 0 else self._burst(first, count)
        self._playing = asyncio.ensure_future(work)

    def stop(self) -> None:
        if self._playing is not None:
            self._playing.cancel()

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
            self._send(number)

    async def _recorded(self, first: int, count: int, speed: float) -> None:
        """As recorded, bursts and pauses, only faster."""
        loop, at_s = asyncio.get_running_loop(), self.market.at_s
        began = loop.time()
        for number in range(first, first + count):
            due = began + (at_s[number] - at_s[first]) / speed
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            self._send(number)

    def _send(self, number: int) -> None:
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
        found = QUANTITY.search(raw)
        if found is None or b"IOC" not in raw:
            return  # not of who is measured: a new demo places two orders by itself
        self.orders += 1
        self.last_quantity = round(float(found[1]) * LOT)
        self.arrived_at.setdefault(self.last_quantity - FIRST_LOTS, at)

    def tell(self, events: tuple[bytes, ...], *, users: bool = True) -> None:
        """Execution reports to the WebSocket API's subscribers (not of REST orders) and to listen keys."""
        for event in events:
            for user in list(self.users) if users else ():
                user.transport.write(frame(b'{"subscriptionId":0,"event":' + event + b"}"))
            for listener in list(self.listeners):
                listener.transport.write(frame(b'{"stream":"%s","data":%s}' % (LISTEN_KEY, event)))

    def result(self) -> dict[str, object]:
        is_playing = self._playing is not None and not self._playing.done()
        waits = {} if is_playing else {  # looking costs time that is being measured
            number: (self.arrived_at[number] - sent) / 1000
            for number, sent in self.sent_at.items()
            if number in self.arrived_at
        }  # fmt: skip
        return {
            "sent": len(self.sent_at), "orders": self.orders, "last_quantity": self.last_quantity,
            "latencies_us": waits, "takers": len(self.takers), "users": len(self.users),
            "is_playing": is_playing, "resting": len(self.orders_made.resting),
            "canceled_at": {} if is_playing else self.orders_made.canceled_at,
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
        self.venue.listeners.pop(self, None)

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
        if LISTEN_KEY.decode() in target:
            self.venue.listeners[self] = None

    def _answer(self, method: str, target: str, body: bytes, at: int) -> None:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if path == "/bench/play":
            first, count = int(query["first"][0]), int(query["count"][0])
            rate, speed = float(query["rate"][0]), float(query["speed"][0])
            self.venue.start(first=first, count=count, rate=rate, speed=speed)
            self._reply(b"{}")
            return
        if method == "POST" and path.endswith("/order"):
            raw = target.encode() + b"&" + body
            self.venue.note_order(raw, at)
            answer, events = self.venue.orders_made.place(raw)
            self._reply(answer)
            self.venue.tell(events, users=False)
            return
        status, found = self._canned(method, path)
        self._reply(found if isinstance(found, bytes) else json.dumps(found).encode(), status)

    def _canned(self, method: str, path: str) -> tuple[int, object]:
        match path.rpartition("/")[2]:
            case "time":
                return 200, {"serverTime": time.time_ns() // 1_000_000}
            case "exchangeInfo":
                return 200, INFO
            case "depth":
                return 200, self.venue.market.snapshot
            case "account":
                return 200, ACCOUNT
            case "order" if method == "GET":
                return 400, {"code": -2013, "msg": "Order does not exist."}
            case "openOrders":
                return 200, self.venue.orders_made.listed()
            case "myTrades" | "allOrders" | "tradeFee":
                return 200, []
            case "userDataStream":
                return 200, {"listenKey": LISTEN_KEY.decode()}
            case "sent":
                return 200, list(self.venue.sent_at.items())
            case "stop":
                self.venue.stop()
                return 200, {}
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
                answer, events = self.venue.orders_made.place(text)
                self._respond(request_id, answer)
                self.venue.tell(events)
            case b"order.cancel":
                self._cancel(text, request_id, at)
            case b"userDataStream.subscribe.signature":
                self.venue.users[self] = None
                self._respond(request_id, b'{"subscriptionId":0}')
            case b"session.subscriptions":
                self._respond(request_id, b'[{"subscriptionId":0}]')
            case b"SUBSCRIBE":
                self.transport.write(frame(b'{"result":null,"id":' + request_id + b"}"))
                if b"@depth" in text:
                    self.venue.takers[self] = None
                if LISTEN_KEY in text:
                    self.venue.listeners[self] = None
            case _:
                self._respond(request_id, b"[]")

    def _cancel(self, text: bytes, request_id: bytes, at: int) -> None:
        found = self.venue.orders_made.cancel(text, at)
        if found is None:
            refusal = b'{"id":%s,"status":400,"error":%s}' % (request_id, _UNKNOWN_ORDER)
            self.transport.write(frame(refusal))
            return
        answer, events = found
        self._respond(request_id, answer)
        self.venue.tell(events)

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
