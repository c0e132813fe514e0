"""One WebSocket of a client: an ordered outbox, the venue's pings, its lifetime, and ways to misbehave."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import ClientConnectionResetError, WSCloseCode, WSMsgType, web

from veloz_tui.sim.binance_rest import reset
from veloz_tui.sim.settings import LimitSettings

# A client that lets this many frames pile up is cut off, as the venue does.
OUTBOX_MAX = 20_000
# Replaying without a clock waits for clients below this.
DRAINED_BELOW = 256
MAX_MESSAGE_BYTES = 1_000_000
BATCH_FRAMES_MAX = 200
BUFFER_BYTES_MAX = 262_144
BUFFER_POLL_S = 0.005

Receive = Callable[[str], Awaitable[None]]


class Connection:
    """Run with `run`; write with `send` (data, dropped while silent) or `control` (always sent)."""

    def __init__(self, limits: LimitSettings, *, silent: bool, most_per_s: int | None) -> None:
        self.silent = silent
        self._limits = limits
        self._most_per_s = most_per_s
        self._ws = web.WebSocketResponse(autoping=False, max_msg_size=MAX_MESSAGE_BYTES, compress=False)
        self._transport: asyncio.Transport | None = None
        self._outbox: deque[tuple[float, bytes]] = deque()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._last_pong = 0.0
        self._arrivals: deque[float] = deque()

    async def run(
        self, request: web.Request, on_open: Callable[[], None], receive: Receive
    ) -> web.WebSocketResponse:
        """Serve until either side leaves."""
        await self._ws.prepare(request)
        transport = request.transport
        self._transport = transport if isinstance(transport, asyncio.Transport) else None
        self._last_pong = asyncio.get_running_loop().time()
        sender = asyncio.create_task(self._send_all())
        pinger = asyncio.create_task(self._ping_and_expire())
        try:
            on_open()
            await self._read(receive)
        finally:
            for task in (sender, pinger):
                task.cancel()
            results = await asyncio.gather(sender, pinger, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return self._ws

    def send(self, frame: bytes, *, delay_s: float = 0.0) -> None:
        if not self.silent:
            self.control(frame, delay_s=delay_s)

    def control(self, frame: bytes, *, delay_s: float = 0.0) -> None:
        due = asyncio.get_running_loop().time() + delay_s if delay_s else 0.0
        self._outbox.append((due, frame))
        self._wake.set()
        if len(self._outbox) >= DRAINED_BELOW:
            self._drained.clear()
            if len(self._outbox) > OUTBOX_MAX:
                self.abort()

    @property
    def is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    async def drained(self) -> None:
        """Wait until the client has taken most of its frames."""
        await self._drained.wait()

    def abort(self) -> None:
        self._outbox.clear()
        self._drained.set()
        reset(self._transport)

    async def close(self, code: int = WSCloseCode.GOING_AWAY, reason: str = "") -> None:
        await self._ws.close(code=code, message=reason.encode(), drain=True)

    async def send_half_and_reset(self, frame: bytes) -> None:
        """Leave the client with the header of a frame and half of its payload."""
        if self._transport is not None:
            whole = encode_frame(frame)
            self._transport.write(whole[: len(whole) // 2])
        reset(self._transport)

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await self._ws.receive()
            match message.type:
                case WSMsgType.TEXT:
                    if await self._is_too_fast():
                        return
                    await receive(message.data)
                case WSMsgType.PING:
                    if await self._is_too_fast():
                        return
                    await self._ws.pong(message.data)
                case WSMsgType.PONG:
                    self._last_pong = asyncio.get_running_loop().time()
                case WSMsgType.BINARY:
                    await self.close(WSCloseCode.UNSUPPORTED_DATA, "binary frames are not supported")
                    return
                case _:
                    return

    async def _is_too_fast(self) -> bool:
        if self._most_per_s is None:
            return False
        now = asyncio.get_running_loop().time()
        self._arrivals.append(now)
        while self._arrivals[0] < now - 1.0:
            self._arrivals.popleft()
        if len(self._arrivals) <= self._most_per_s:
            return False
        await self.close(WSCloseCode.POLICY_VIOLATION, "Too many requests")
        return True

    async def _send_all(self) -> None:
        # Everything due leaves in one write: a system call costs more than all else here.
        transport = self._transport
        while transport is not None and not transport.is_closing():
            chunk = await self._take_due()
            if chunk:
                transport.write(chunk)
                # aiohttp keeps the protocol's drain to itself, so a full buffer is watched.
                while transport.get_write_buffer_size() > BUFFER_BYTES_MAX:
                    await asyncio.sleep(BUFFER_POLL_S)
            if len(self._outbox) < DRAINED_BELOW:
                self._drained.set()
            if not self._outbox:
                self._wake.clear()
                await self._wake.wait()
        self._drained.set()

    async def _take_due(self) -> bytes:
        loop = asyncio.get_running_loop()
        wait_s = self._outbox[0][0] - loop.time() if self._outbox else 0.0
        if wait_s > 0.0:
            await asyncio.sleep(wait_s)
        now = loop.time()
        frames: list[bytes] = []
        while self._outbox and self._outbox[0][0] <= now and len(frames) < BATCH_FRAMES_MAX:
            frames.append(encode_frame(self._outbox.popleft()[1]))
        return b"".join(frames)

    async def _ping_and_expire(self) -> None:
        loop = asyncio.get_running_loop()
        born, count = loop.time(), 0
        limits = self._limits
        try:
            while loop.time() - born < limits.connection_lifetime_s:
                left = limits.connection_lifetime_s - (loop.time() - born)
                await asyncio.sleep(min(limits.ping_interval_s, left))
                if loop.time() - self._last_pong > limits.pong_timeout_s:
                    break
                count += 1
                await self._ws.ping(str(count).encode())
            await self.close(WSCloseCode.POLICY_VIOLATION, "connection expired")
        except (ClientConnectionResetError, ConnectionError):
            return


def encode_frame(payload: bytes) -> bytes:
    """One unmasked text frame (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload
