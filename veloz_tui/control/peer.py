"""One attached console, as the server sees it: what it is owed, and how well it reads."""

import asyncio
from collections import deque

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from veloz_tui.control.codec import encode
from veloz_tui.control.gist import SAME_EVERY_S
from veloz_tui.control.log_ring import LogRing
from veloz_tui.control.messages import Entries, FromEngine, Hello
from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import View

STUCK_S = 10.0
"""A console that reads nothing for so long is sent away."""
MAX_ENTRIES_A_FRAME = 500
MAX_OWED = 1_000
MAX_OWED_BYTES = 16 << 20
"""A page of the wire log can be 2 MB."""
MAX_VIEWS_HZ = 20.0
MIN_VIEWS_HZ = 0.1
QUIET_FRAMES_A_S = 100

Watch = tuple[frozenset[InstrumentId], int]
"""The books of a console's views, and their depth."""


class Peer:
    """Everything is handed over without waiting; `write` moves it to the socket in its own task."""

    def __init__(
        self, connection: ServerConnection, hello: Hello, *, who: str, log: LogRing, depth: int
    ) -> None:
        self.who = who
        self.hello = hello
        self.watch: Watch = (frozenset(), depth)
        self._connection = connection
        self._log = log
        self._position = log.end if hello.log_since is None else log.position_after(hello.log_since)
        self._owed: deque[bytes] = deque()
        self._owed_bytes = 0
        self._snapshot: bytes | None = None
        self._wake = asyncio.Event()
        self._next_view_at = 0.0
        self._news: View | None = None
        self._shown_at = 0.0
        self._view_interval_s = 1 / min(max(hello.views_hz, MIN_VIEWS_HZ), MAX_VIEWS_HZ)
        self._unread_bytes = 0
        self._read_at: float | None = None
        self._second = 0
        self._frames = 0

    def owe(self, message: FromEngine) -> None:
        """Send this as soon as the console reads. One that leaves too much unread is sent away."""
        frame = encode(message)
        if len(self._owed) >= MAX_OWED or self._owed_bytes + len(frame) > MAX_OWED_BYTES:
            self.abort()
            return
        self._owed.append(frame)
        self._owed_bytes += len(frame)
        self._wake.set()

    def log_grew(self) -> None:
        self._wake.set()

    def wants_view(self, now_s: float) -> bool:
        """True if a view is due and everything earlier has left: a slow console is skipped."""
        return (
            self.hello.wants_views
            and now_s >= self._next_view_at
            and self._snapshot is None
            and self._unread() == 0
        )

    def takes(self, news: View, *, now_s: float) -> bool:
        """Whether a view with this gist says something new, or the last one is a second old."""
        if news != self._news or now_s - self._shown_at >= SAME_EVERY_S:
            return True
        self._next_view_at = now_s + self._view_interval_s
        return False

    def offer_view(self, frame: bytes, news: View, *, now_s: float) -> None:
        self._snapshot = frame
        self._news, self._shown_at = news, now_s
        # A view that is a little late doesn't make the next one late as well.
        self._next_view_at = (
            max(self._next_view_at, now_s - self._view_interval_s / 2) + self._view_interval_s
        )
        self._wake.set()

    def is_stuck(self, now_s: float) -> bool:
        """True when bytes wait for the console and it has read none for 10 s. Ask it regularly."""
        unread = self._unread()
        if unread == 0 or unread < self._unread_bytes or self._read_at is None:
            self._read_at = now_s
        self._unread_bytes = unread
        return now_s - self._read_at >= STUCK_S

    def is_flooding(self, now_s: float) -> bool:
        """Count one frame of the console's; True when it sends more than a person or a script needs."""
        if int(now_s) != self._second:
            self._second, self._frames = int(now_s), 0
        self._frames += 1
        return self._frames > QUIET_FRAMES_A_S

    async def write(self) -> None:
        """Move what is owed to the socket, until the connection ends or the console takes nothing."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while (frame := self._next_frame()) is not None:
                    async with asyncio.timeout(STUCK_S):
                        await self._connection.send(frame)
        except (ConnectionClosed, TimeoutError, OSError):
            self.abort()

    def abort(self) -> None:
        """Cut the connection; a closing handshake would wait for a console that doesn't read."""
        self._connection.transport.abort()

    def _next_frame(self) -> bytes | None:
        # Answers first, then the log, which nothing may overtake or replace, then the latest view.
        if self._owed:
            frame = self._owed.popleft()
            self._owed_bytes -= len(frame)
            return frame
        if self._position < self._log.end:
            part = self._log.read(self._position, limit=MAX_ENTRIES_A_FRAME)
            self._position = part.position
            return encode(Entries(part.entries))
        snapshot, self._snapshot = self._snapshot, None
        return snapshot

    def _unread(self) -> int:
        return self._connection.transport.get_write_buffer_size()
