"""Delivers user data events to the sockets subscribed to an account, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from veloz_tui.sim.faults import Fault, Faults, Occasion

Sink = Callable[[bytes], None]
PENDING_MAX = 100_000


class UserEvents:
    """Events wait until `flush`, so that an answer can go out before or after them; `hold` delays them."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._sinks: dict[int, dict[int, Sink]] = {}
        self._pending: deque[tuple[int, dict[str, object]]] = deque(maxlen=PENDING_MAX)
        self._held_until = 0.0
        self._reordered: bytes | None = None
        self._encoder = msgspec.json.Encoder()
        self._next_sink = 0

    def emit(self, uid: int, event: dict[str, object]) -> None:
        if self._sinks.get(uid):
            self._pending.append((uid, event))

    def subscribe(self, uid: int, sink: Sink) -> int:
        """Returns a handle for `unsubscribe`."""
        self._next_sink += 1
        self._sinks.setdefault(uid, {})[self._next_sink] = sink
        return self._next_sink

    def unsubscribe(self, uid: int, handle: int) -> None:
        self._sinks.get(uid, {}).pop(handle, None)

    def subscriber_count(self) -> int:
        return sum(len(sinks) for sinks in self._sinks.values())

    def hold(self, duration_s: float) -> None:
        """Keep all events back for a while; they leave in order afterwards."""
        loop = asyncio.get_running_loop()
        self._held_until = max(self._held_until, loop.time() + duration_s)
        loop.call_at(self._held_until, self.flush)

    def flush(self) -> None:
        if not self._pending or asyncio.get_running_loop().time() < self._held_until:
            return
        while self._pending:
            uid, event = self._pending.popleft()
            for frame in self._frames(event):
                for sink in list(self._sinks.get(uid, {}).values()):
                    sink(frame)

    def _frames(self, event: dict[str, object]) -> list[bytes]:
        fault = None
        if self._faults.touches_frames:
            symbol = str(event.get("s", ""))
            fault = self._faults.take_frame(Occasion(transport="ws-api", symbol=symbol, kind="user"))
        if fault is not None and fault.action == "patch_event":
            event = event | (fault.patch or {})
        frame = self._encoder.encode(event)
        frames = [frame] if fault is None else faulty(fault, frame)
        if fault is not None and fault.action == "reorder" and self._reordered is None:
            self._reordered = frame
            return []
        if self._reordered is not None and frames:
            frames.append(self._reordered)
            self._reordered = None
        return frames


def faulty(fault: Fault, frame: bytes) -> list[bytes]:
    """What goes out instead of one frame."""
    match fault.action:
        case "gap" | "reorder":
            return []
        case "duplicate":
            return [frame, frame]
        case "malformed":
            return [frame[: len(frame) // 2]]
        case "oversized":
            return [oversized()]
        case _:
            return [frame]


def oversized() -> bytes:
    """A frame far larger than any real one: 20 MB of valid JSON."""
    return b'{"e":"padding","x":"' + b"x" * 20_000_000 + b'"}'
