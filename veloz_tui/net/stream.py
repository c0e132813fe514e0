"""A WebSocket that comes back by itself.

Theory of operation. `Stream.run` keeps one *current* connection. Each connection goes through

    CONNECTING -> OPENING (the handler subscribes or logs on) -> READY -> lost

and the stream reports its state to the handler. A lost connection is reopened after a capped, jittered
delay that is forgotten only when a connection has stayed up for a while, so a flapping venue isn't stormed.
A connection that nears its maximum life, or whose venue announces a shutdown, is *replaced*: the new one is
opened and made ready first, then the old one is kept until nothing is in flight on it, then closed. Frames
of both are delivered meanwhile; the handler drops duplicates by the venue's ids.

Frames are handed over synchronously, within the event loop's read of the socket: there is no queue to
overflow and no task switch, and the socket's own flow control is the only buffer. After 16 of them others get
their turn, in a burst too. An exception in a handler's `on_frame` is a
bug and ends `run`.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from enum import Enum
from typing import Protocol, cast

from websockets.asyncio.client import connect
from websockets.exceptions import (
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)

from veloz_tui.net.backoff import Backoff, Jitter, spread
from veloz_tui.net.connect_budget import ConnectBudget
from veloz_tui.net.connection import Connection, Socket, StreamError, StreamSettings

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
                create_connection=Socket,
            )
            if self._ssl is not None:
                connector.create_connection_kwargs["ssl"] = self._ssl
            socket = cast("Socket", await connector)
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
        except TimeoutError:
            connection.abort()
            self._fail("no answer while it was opened")
            return False
        except StreamError as error:
            connection.abort()
            self._fail(f"opening failed: {error}")
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
        try:
            reason = await connection.read(self._handler.on_frame)
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
