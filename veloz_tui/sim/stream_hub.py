"""Fans market data out: each payload is encoded once, each wrapped form once, however many listen."""

from __future__ import annotations

import asyncio

import msgspec

from veloz_tui.sim.connection import Connection
from veloz_tui.sim.faults import Faults, Occasion
from veloz_tui.sim.recording import Frame
from veloz_tui.sim.user_events import faulty


class StreamHub:
    """Streams by name, e.g. `btcusdt@depth@100ms`. A connection is `combined` or raw."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._subscribers: dict[str, dict[Connection, None]] = {}
        self._combined: set[Connection] = set()
        self._late: dict[str, bytes] = {}
        self._encoder = msgspec.json.Encoder()
        self._subscribed = asyncio.Event()
        self.frames_sent = 0

    def subscribe(self, connection: Connection, stream: str) -> None:
        self._subscribers.setdefault(stream, {})[connection] = None
        self._subscribed.set()

    def unsubscribe(self, connection: Connection, stream: str) -> None:
        subscribers = self._subscribers.get(stream)
        if subscribers is not None:
            subscribers.pop(connection, None)
            if not subscribers:
                del self._subscribers[stream]

    def set_combined(self, connection: Connection, *, combined: bool) -> None:
        (self._combined.add if combined else self._combined.discard)(connection)

    def is_combined(self, connection: Connection) -> bool:
        return connection in self._combined

    def has(self, stream: str) -> bool:
        return stream in self._subscribers

    def publish(self, stream: str, payload: object, *, symbol: str, kind: str) -> None:
        """Encode and send, unless nobody listens."""
        if stream in self._subscribers:
            self.publish_raw(stream, self._encoder.encode(payload), symbol=symbol, kind=kind)

    def publish_raw(self, stream: str, payload: bytes, *, symbol: str, kind: str) -> None:
        frames = [payload]
        if self._faults.touches_frames or self._late:
            frames = self._disturbed(stream, payload, symbol=symbol, kind=kind)
        for frame in frames:
            self._send(stream, frame)

    def send_recorded(self, frame: Frame, *, symbol: str, kind: str) -> None:
        """Send a recorded frame as it is to combined connections, its payload to raw ones."""
        copies = 1
        if self._faults.touches_frames:
            fault = self._faults.take_frame(Occasion(transport="streams", symbol=symbol, kind=kind))
            copies = 1 if fault is None else {"gap": 0, "duplicate": 2}.get(fault.action, 1)
        for connection in self._subscribers.get(frame.stream, ()):
            for _ in range(copies):
                connection.send(frame.combined if connection in self._combined else frame.payload)
                self.frames_sent += 1

    async def wait_for(self, streams: set[str]) -> None:
        """Until each of these streams has a subscriber."""
        while not streams <= self._subscribers.keys():
            self._subscribed.clear()
            await self._subscribed.wait()

    async def drained(self) -> None:
        """Wait until every subscriber has taken most of what was sent."""
        waiting = {connection for group in self._subscribers.values() for connection in group}
        await asyncio.gather(*(connection.drained() for connection in waiting))

    def shutdown_notice(self, connection: Connection, now: int) -> None:
        """The event that announces the closing of a connection."""
        event = b'{"e":"serverShutdown","E":%d}' % now
        if connection in self._combined:
            event = b'{"stream":"!serverShutdown","data":' + event + b"}"
        connection.control(event)

    def _send(self, stream: str, payload: bytes) -> None:
        wrapped: bytes | None = None
        for connection in self._subscribers.get(stream, ()):
            self.frames_sent += 1
            if connection not in self._combined:
                connection.send(payload)
                continue
            if wrapped is None:
                wrapped = b'{"stream":"%b","data":%b}' % (stream.encode(), payload)
            connection.send(wrapped)

    def _disturbed(self, stream: str, payload: bytes, *, symbol: str, kind: str) -> list[bytes]:
        fault = self._faults.take_frame(Occasion(transport="streams", symbol=symbol, kind=kind))
        if fault is not None and fault.action == "reorder" and stream not in self._late:
            self._late[stream] = payload
            return []
        frames = [payload] if fault is None else faulty(fault, payload)
        if stream in self._late:
            frames.append(self._late.pop(stream))
        return frames
