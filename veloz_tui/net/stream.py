"""A WebSocket that comes back by itself.

Theory of operation. `Stream.run` keeps one *current* connection. Each connection goes through

    CONNECTING -> OPENING (the handler subscribes or logs on) -> READY -> lost

and the stream reports its state to the handler. A lost connection is reopened after a capped, jittered
delay that is forgotten only when a connection has stayed up for a while, so a flapping venue isn't stormed.
A connection that nears its maximum life, or whose venue announces a shutdown, is *replaced*: the new one is
opened and made ready first, then the old one is kept until nothing is in flight on it, then closed. Frames
of both are delivered meanwhile; the handler drops duplicates by the venue's ids.

Frames are handed over synchronously by the connection's reader task: there is no queue of ours to overflow,
and the socket's own flow control is the only buffer. An exception in a handler's `on_frame` is a bug and
ends `run`.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.protocol import State

from veloz_tui.net.backoff import Backoff, Jitter, spread
from veloz_tui.net.connect_budget import ConnectBudget

_MAX_RETRY_AFTER_S = 3 * 86_400.0  # Binance bans for at most three days

# websockets logs frames at DEBUG, signed requests included.
_NO_LOG = logging.getLogger("veloz_tui.net.stream.frames")
_NO_LOG.disabled = True


class StreamState(Enum):
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    OPENING = "opening"
    READY = "ready"
    REPLACING = "replacing"
    STOPPED = "stopped"


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


class Connection:
    """One open socket. `hold` and `release` tell the stream that an answer is still awaited on it."""

    def __init__(self, socket: ClientConnection, *, number: int, settings: StreamSettings) -> None:
        self.number = number
        self.opened_at_s = asyncio.get_running_loop().time()
        self.last_frame_at_s = self.opened_at_s
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

    async def receive(self) -> bytes:
        return await self._socket.recv(decode=False)

    async def close(self) -> None:
        """Say good-bye, but not for longer than the close timeout."""
        try:
            async with asyncio.timeout(self._settings.close_timeout_s):
                await self._socket.close()
        except (TimeoutError, OSError):
            self.abort()

    def abort(self) -> None:
        self._socket.transport.abort()


class StreamHandler(Protocol):
    """What an adapter does with a stream. Everything but `on_open` is synchronous and must not block."""

    async def on_open(self, connection: Connection) -> None:
        """Subscribe or log on; raise OpeningRefused if the venue says no. Frames already arrive meanwhile."""

    def on_ready(self, connection: Connection, *, continuous: bool) -> None:
        """This is the current connection now. Continuous: its predecessor was up until this moment."""

    def on_frame(self, connection: Connection, frame: bytes) -> None: ...

    def on_lost(self, connection: Connection, reason: str) -> None:
        """This connection has ended; nothing more will be read from it."""

    def on_state(self, state: StreamState, reason: str) -> None: ...

    def on_refused(self, status: int, retry_after_s: float | None) -> None:
        """The venue answered the WebSocket handshake with this HTTP status."""


class _Connect(connect):
    """Redirects could lead to a host that nobody allowed."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Stream:
    """Run it in a TaskGroup; cancel that task to stop it."""

    def __init__(
        self,
        url: Callable[[], str],
        handler: StreamHandler,
        *,
        settings: StreamSettings,
        budget: ConnectBudget,
        jitter: Jitter,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.current: Connection | None = None
        self.state = StreamState.DISCONNECTED
        self._url = url
        self._handler = handler
        self._settings = settings
        self._budget = budget
        self._jitter = jitter
        self._ssl = ssl_context
        self._backoff = Backoff(base_s=settings.backoff_base_s, cap_s=settings.backoff_cap_s, jitter=jitter)
        self._opened = 0
        self._changed = asyncio.Event()
        self._replace_reason: str | None = None
        self._retry_after_s = 0.0

    async def run(self) -> None:
        """Keep a connection until canceled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._open_next(tasks)
                    await self._watch()
        finally:
            self.current = None
            self._report(StreamState.STOPPED, "stopped")

    def replace(self, reason: str) -> None:
        """Open a successor first, then let the current connection go (shutdown notice, end of life)."""
        if self._replace_reason is None:
            self._replace_reason = reason
            self._changed.set()

    def drop(self, reason: str) -> None:
        """Break the current connection now: it is believed to be dead."""
        if self.current is not None:
            self.current.drop_reason = reason
            self.current.abort()

    async def _open_next(self, tasks: asyncio.TaskGroup) -> None:
        """Open until one connection is ready; the predecessor, if it still lives, is retired after that."""
        while True:
            await self._wait_turn()
            self._report(self._opening_state(StreamState.CONNECTING), self._replace_reason or "")
            connection = await self._open_socket()
            if connection is None:
                continue
            tasks.create_task(self._read(connection), name=f"read-{connection.number}")
            if await self._open_session(connection):
                self._promote(connection, tasks)
                return

    async def _wait_turn(self) -> None:
        loop = asyncio.get_running_loop()
        needs_pause = self._backoff.attempts > 0 or (self._opened > 0 and self._replace_reason is None)
        delay_s = self._backoff.next_delay_s() if needs_pause else 0.0
        delay_s = max(delay_s, self._retry_after_s, self._budget.wait_s(loop.time()))
        self._retry_after_s = 0.0
        if delay_s > 0:
            await asyncio.sleep(delay_s)

    def _opening_state(self, state: StreamState) -> StreamState:
        has_current = self.current is not None and self.current.is_open
        return StreamState.REPLACING if has_current else state

    async def _open_socket(self) -> Connection | None:
        settings = self._settings
        self._budget.spend(asyncio.get_running_loop().time())
        try:
            connector = _Connect(
                self._url(),
                open_timeout=settings.open_timeout_s,
                close_timeout=settings.close_timeout_s,
                ping_interval=settings.ping_interval_s,
                ping_timeout=settings.ping_timeout_s,
                max_size=settings.max_size,
                compression=None,
                proxy=None,
                logger=_NO_LOG,
            )
            if self._ssl is not None:
                connector.create_connection_kwargs["ssl"] = self._ssl
            socket = await connector
        except InvalidStatus as error:
            self._note_refusal(error)
            self._fail(f"HTTP {error.response.status_code}")
            return None
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            self._fail(type(error).__name__)
            return None
        self._opened += 1
        return Connection(socket, number=self._opened, settings=settings)

    def _note_refusal(self, error: InvalidStatus) -> None:
        text = error.response.headers.get("Retry-After", "")
        retry_after_s = min(float(text), _MAX_RETRY_AFTER_S) if text.isdecimal() else None
        self._retry_after_s = retry_after_s or 0.0
        self._handler.on_refused(error.response.status_code, retry_after_s)

    def _fail(self, reason: str) -> None:
        if self._backoff.attempts == 0:
            self._backoff.attempts = 1  # the next attempt waits, the first connection's too
        self._report(self._opening_state(StreamState.DISCONNECTED), reason)

    async def _open_session(self, connection: Connection) -> bool:
        self._report(self._opening_state(StreamState.OPENING), "")
        try:
            async with asyncio.timeout(self._settings.open_timeout_s):
                await self._handler.on_open(connection)
        except (StreamError, TimeoutError) as error:
            connection.abort()
            self._fail(f"opening failed: {type(error).__name__} {error}")
            return False
        if not connection.is_open:
            self._fail("lost while opening")
        return connection.is_open

    def _promote(self, connection: Connection, tasks: asyncio.TaskGroup) -> None:
        old, self.current = self.current, connection
        self._replace_reason = None
        continuous = old is not None and old.is_open
        self._handler.on_ready(connection, continuous=continuous)
        self._report(StreamState.READY, "replaced" if continuous else "")
        if old is not None and continuous:
            tasks.create_task(self._retire(old), name=f"retire-{old.number}")

    async def _retire(self, connection: Connection) -> None:
        await asyncio.sleep(self._settings.overlap_s)
        try:
            async with asyncio.timeout(self._settings.drain_s):
                await connection.drained()
        except TimeoutError:
            pass  # its unanswered requests are reported as lost with it
        await connection.close()

    async def _read(self, connection: Connection) -> None:
        reason = "stopped"
        loop = asyncio.get_running_loop()
        on_frame = self._handler.on_frame
        try:
            while True:
                frame = await connection.receive()
                connection.last_frame_at_s = loop.time()
                on_frame(connection, frame)
        except ConnectionClosed as error:
            reason = f"closed {error.rcvd.code}" if error.rcvd is not None else "lost"
        finally:
            await self._finish(connection, reason)

    async def _finish(self, connection: Connection, reason: str) -> None:
        reason = connection.drop_reason or reason
        connection.lost.set()
        self._handler.on_lost(connection, reason)
        if connection is self.current:
            self._report(StreamState.DISCONNECTED, reason)
        self._changed.set()
        await connection.close()

    async def _watch(self) -> None:
        """Wait until the current connection must be followed by another one."""
        settings, current = self._settings, self.current
        assert current is not None
        lifetime_s = spread(settings.lifetime_s, share=settings.lifetime_share, jitter=self._jitter)
        while current.is_open and self._replace_reason is None:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(current.opened_at_s + lifetime_s):
                    await self._changed.wait()
            except TimeoutError:
                self._replace_reason = "end of life"
        if asyncio.get_running_loop().time() - current.opened_at_s >= settings.stable_s:
            self._backoff.reset()

    def _report(self, state: StreamState, reason: str) -> None:
        self.state = state
        self._handler.on_state(state, reason)
