"""The floor of tick-to-order: `python -m tests.bench.floor_order PORT`.

Sees an update, decodes nothing, writes a canned order that names it, on bare asyncio transports.
"""

import asyncio
import re
import sys
from collections.abc import Callable

# Where the best bid's size stands in a depth frame: the name of the update.
_BEST_BID = re.compile(rb'"b":\[\["[0-9.]+","([0-9.]+)"')
_HELLO = (
    "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_ORDER = (
    b'{"id":"1","method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT",'
    b'"timeInForce":"IOC","quantity":"%s","price":"67123.45","newClientOrderId":"K00000001",'
    b'"recvWindow":5000,"timestamp":1790000000000,"apiKey":"'
    + b"k" * 64
    + b'","signature":"'
    + b"0" * 64
    + b'"}}'
)


class FloorTrader(asyncio.Protocol):
    """A bare client of one stream; `on_update` gets the quantity that names each update."""

    def __init__(self, path: str, on_update: Callable[[bytes], None] | None = None) -> None:
        self.transport: asyncio.Transport
        self._path = path
        self._on_update = on_update

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write((_HELLO % self._path).encode())

    def data_received(self, data: bytes) -> None:
        if self._on_update is not None:
            for found in _BEST_BID.finditer(data):
                self._on_update(found[1])

    def order(self, quantity: bytes) -> None:
        text = _ORDER % quantity
        # A mask of zeros is a mask.
        self.transport.write(b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text)


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    _, orders = await loop.create_connection(lambda: FloorTrader("/ws-api/v3"), "127.0.0.1", port)
    stream = "/stream?streams=btcusdt@depth@100ms"
    await loop.create_connection(lambda: FloorTrader(stream, orders.order), "127.0.0.1", port)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)  # our starter is gone
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
