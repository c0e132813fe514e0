"""One WebSocket: whole messages in, within the event loop's read of the socket; frames out at once.

websockets' asyncio connection is used with another way in and out: its own queue and coroutines would put a
task switch between a frame and what it means, and between a decision and its bytes.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

_DATA: Final = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})
# The first byte of a text or binary message in one frame; the second of one of 126 to 65,535 bytes (RFC 6455,
# section 5.2). A mask or a longer one makes the second byte greater.
_PLAIN: Final = frozenset({0x81, 0x82})
_TWO_BYTES: Final = 126
_AT_A_STRETCH: Final = 16


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, sizes in bytes."""

    open_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    ping_interval_s: float = 15.0
    ping_timeout_s: float = 10.0
    max_size: int = 16 * 1024 * 1024
    max_unsent: int = 256 * 1024
    lifetime_s: float = 23 * 3600.0
    lifetime_share: float = 0.04  # cut off at random, so that streams opened together don't move together
    overlap_s: float = 2.0
    drain_s: float = 15.0
    backoff_base_s: float = 0.25
    backoff_cap_s: float = 30.0
    stable_s: float = 30.0


class StreamError(Exception):
    """Something about this connection; the stream reconnects."""


class NotWritten(StreamError):
    """No byte of the message was handed to the socket."""


class WriteUnknown(StreamError):
    """The message may have left before the connection failed."""


class OpeningRefused(StreamError):
    """The handler could not subscribe or log on."""


class Socket(ClientConnection):
    """Hands whole messages to a function as they are read; those from before there was one, first of all."""

    _take: Callable[[bytes], None] | None = None
    _early: tuple[bytes, ...] = ()
    _parts: bytes = b""
    _rest: bytes = b""
    """What was read and not yet handed over: the beginning of a plain message, or more of them."""
    _go_on: asyncio.Handle | None = None
    broken: Exception | None = None
    """What the function raised; nothing more is handed over."""

    def attach(self, take: Callable[[bytes], None]) -> None:
        early, self._early, self._take = self._early, (), take
        for message in early:
            self._hand_over(message)

    def data_received(self, data: bytes) -> None:
        """Bytes of the socket: plain messages are cut out here, all else is the library's to read.

        Its parser takes 8 of the 33 us that a depth update costs us; nearly every frame of a venue is whole,
        unmasked and short, and needs no parser. The first byte that isn't such a frame's goes to it.
        """
        if self._rest:
            data = self._rest + data
            self._rest = b""
        start = 0
        if self._is_between_messages:
            start, is_kept = self._hand_over_plain(data)
            if is_kept:
                self._rest = data[start:]
                return
        if start < len(data):
            super().data_received(data[start:])

    def _let_others_run(self) -> None:
        """In a burst a read has 200 messages; what follows from the first must not wait for the last."""
        self.transport.pause_reading()
        self._go_on = self.loop.call_soon(self._continue)

    def _continue(self) -> None:
        self._go_on = None
        if self.broken is None and not self.transport.is_closing():
            self.data_received(b"")
        if self._go_on is None and not self.transport.is_closing():
            self.transport.resume_reading()

    @property
    def _is_between_messages(self) -> bool:
        """Whether the next byte begins a message: the library holds no part of one."""
        protocol = self.protocol
        return (
            self._take is not None
            and protocol.state is State.OPEN
            and not protocol.reader.buffer
            and protocol.current_size is None
        )

    def _hand_over_plain(self, data: bytes) -> tuple[int, bool]:
        """Hand over the plain messages that data begins with; return where that ended, and whether the rest
        is to be kept: a plain message that isn't whole yet, or the others' turn has come."""
        start, end, left = 0, len(data), _AT_A_STRETCH
        while start < end and data[start] in _PLAIN:
            if not left:
                self._let_others_run()
                return start, True
            left -= 1
            body = start + 2
            length = data[start + 1] if body <= end else 0
            if length > _TWO_BYTES:
                return start, False
            if length == _TWO_BYTES:
                body = start + 4
                length = data[start + 2] << 8 | data[start + 3] if body <= end else 0
            if body + length > end:
                return start, True
            start = body + length
            self._hand_over(data[body:start])
        return start, False

    def process_event(self, event: Event) -> None:
        """One event of the protocol (websockets' hook for connections of one's own)."""
        if not isinstance(event, Frame) or event.opcode not in _DATA:
            super().process_event(event)
        elif event.fin and not self._parts:
            self._hand_over(bytes(event.data))
        else:
            self._parts += event.data  # their sum is bounded by max_size
            if event.fin:
                whole, self._parts = self._parts, b""
                self._hand_over(whole)

    def _hand_over(self, message: bytes) -> None:
        if self._take is None:
            self._early += (message,)
            return
        if self.broken is not None:
            return
        try:
            self._take(message)
        except Exception as error:  # noqa: BLE001 - asyncio would log and swallow it; the reader raises it
            self.broken = error
            self.transport.abort()


class Connection:
    """One open socket. `hold` and `release` tell the stream that an answer is still awaited on it."""

    def __init__(self, socket: Socket, *, number: int, settings: StreamSettings) -> None:
        self.number = number
        self.opened_at_s = asyncio.get_running_loop().time()
        self.lost = asyncio.Event()
        self.drop_reason = ""
        """Why we broke it ourselves."""
        self._socket = socket
        self._settings = settings
        self._held = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_open(self) -> bool:
        return self._socket.state is State.OPEN and not self.lost.is_set()

    def write(self, text: str) -> None:
        """Hand one text frame to the kernel (or the socket's buffer) before returning; never waits.

        Raises NotWritten if provably nothing was written, WriteUnknown otherwise. This drives websockets'
        sans-IO protocol directly: a coroutine would put a task switch between a decision and its bytes.
        """
        if not self.is_open:
            raise NotWritten(f"connection {self.number} is not open")
        if self._socket.transport.get_write_buffer_size() > self._settings.max_unsent:
            raise NotWritten(f"connection {self.number} is not draining")
        try:
            self._socket.protocol.send_text(text.encode())
            self._socket.send_data()
        except (WebSocketException, OSError, RuntimeError) as error:
            raise WriteUnknown(type(error).__name__) from None

    def hold(self) -> None:
        self._held += 1
        self._idle.clear()

    def release(self) -> None:
        self._held -= 1
        if self._held == 0:
            self._idle.set()

    async def drained(self) -> None:
        await self._idle.wait()

    async def read(self, on_frame: Callable[["Connection", bytes], None]) -> str:
        """Hand every frame over until the connection is lost; return why. Raises what `on_frame` raised."""
        self._socket.attach(partial(on_frame, self))
        try:
            await self._socket.wait_closed()
        finally:
            self._socket.attach(_ignore)
        if self._socket.broken is not None:
            raise self._socket.broken
        received = self._socket.protocol.close_rcvd
        return "lost" if received is None else f"closed {received.code}"

    async def close(self) -> None:
        """Say good-bye, but not for longer than the close timeout."""
        try:
            async with asyncio.timeout(self._settings.close_timeout_s):
                await self._socket.close()
        except (TimeoutError, OSError):
            self.abort()

    def abort(self) -> None:
        self._socket.transport.abort()


def _ignore(_message: bytes) -> None:
    """After its reader has gone."""
