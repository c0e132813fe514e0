"""The terminal as a pipe which may be slow, stalled or gone: bytes out, and how far behind it is."""

import os
import threading
from collections import deque
from typing import Final

MAX_BACKLOG: Final = 256 * 1024
"""Bytes waiting for the terminal before frames are dropped."""
_MAX_CONTROL: Final = 4096
_FRAME: Final = 64
"""Writes longer than this are pictures; shorter ones are modes and must not be lost."""


class TtyWriter(threading.Thread):
    """Writes from its own thread, so that a terminal which doesn't read never blocks the event loop.

    `put` never blocks. It uses os.write and no Python file: a daemon thread stuck inside a buffered
    file's lock aborts the interpreter at exit.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True, name="tty-writer")
        self._descriptor = descriptor
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._wake = threading.Condition()
        self._stopping = False
        self.dropped = 0
        self.is_gone = False

    @property
    def backlog(self) -> int:
        """Bytes not yet taken by the terminal."""
        return self._bytes

    def put(self, text: str) -> bool:
        """Queue text; False if it was dropped because the terminal is too far behind or gone."""
        data = text.encode("utf-8", "replace")
        with self._wake:
            is_full = self._bytes > MAX_BACKLOG if len(data) > _FRAME else len(self._queue) > _MAX_CONTROL
            if self.is_gone or is_full:
                self.dropped += 1
                return False
            self._queue.append(data)
            self._bytes += len(data)
            self._wake.notify()
        return True

    def run(self) -> None:
        """Write until stopped or until the terminal is gone."""
        while (data := self._next()) is not None:
            try:
                self._write(data)
            except OSError:
                self.is_gone = True
                return
            with self._wake:
                self._bytes -= len(data)

    def finish(self, timeout_s: float) -> bool:
        """Stop once everything is written; False if the terminal didn't take it in time."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self.join(timeout_s)
        return not self.is_alive()

    def _next(self) -> bytes | None:
        with self._wake:
            while not self._queue and not self._stopping:
                self._wake.wait()
            return self._queue.popleft() if self._queue else None

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class FrameGate:
    """Lets the next frame go when the terminal has answered the question sent behind an earlier one.

    The question is the cursor's position, asked at a column which numbers the frame, so that a lost or
    late answer can't be taken for another one. One frame in flight, two when the round trip is over
    100 ms. A terminal which doesn't answer within a second is judged by our own backlog alone.
    """

    TAGS: Final = 8
    TIMEOUT_S: Final = 1.0
    FAR_S: Final = 0.100
    RETRY_S: Final = 5.0

    def __init__(self) -> None:
        self._in_flight: deque[tuple[int, float]] = deque(maxlen=self.TAGS - 1)
        self._next_tag = 0
        self._asked_at = float("-inf")
        self._unanswered = 0
        self.rtt_s: float | None = None
        self.frames_sent = 0
        self.frames_seen = 0

    def probe(self, now: float) -> str | None:
        """The question to send behind a frame; None while the terminal seems unable to answer."""
        if self._unanswered >= 3 and now - self._asked_at < self.RETRY_S:
            return None
        self._next_tag = self._next_tag % self.TAGS + 1
        self._in_flight.append((self._next_tag, now))
        self._asked_at = now
        self.frames_sent += 1
        return f"\x1b7\x1b[1;{self._next_tag}H\x1b[6n\x1b8"

    def answered(self, column: int, now: float) -> bool:
        """The terminal reported its cursor in that column (from 1); True if it answers one of ours."""
        tags = [tag for tag, _ in self._in_flight]
        if column not in tags:
            return False
        for _ in range(tags.index(column) + 1):
            _, sent = self._in_flight.popleft()
        self.rtt_s = now - sent
        self.frames_seen = self.frames_sent - len(self._in_flight)
        self._unanswered = 0
        return True

    def is_open(self, now: float, backlog: int, *, extra: int = 0) -> bool:
        """True if a frame may be sent now."""
        self._expire(now)
        if backlog > 0:
            return False
        allowed = 2 if self.rtt_s is not None and self.rtt_s > self.FAR_S else 1
        return len(self._in_flight) < allowed + extra

    @property
    def answers(self) -> bool:
        """False once three questions in a row went unanswered."""
        return self._unanswered < 3

    def _expire(self, now: float) -> None:
        while self._in_flight and now - self._in_flight[0][1] > self.TIMEOUT_S:
            self._in_flight.popleft()
            self._unanswered += 1
            self.rtt_s = None


class FrameAcks:
    """Which of the console's frames the terminal has drawn, told from the gate's answers."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, int]] = deque(maxlen=64)
        self._seen = 0

    def sent(self, gate: FrameGate, frame: int) -> None:
        """A frame went out, and the gate's question behind it."""
        self._waiting.append((gate.frames_sent, frame))

    def seen(self, gate: FrameGate) -> int:
        """The number of the last frame that was drawn for certain."""
        while self._waiting and self._waiting[0][0] <= gate.frames_seen:
            self._seen = self._waiting.popleft()[1]
        return self._seen


class WindowTitle:
    """The window's title, sent when it changed and at most once a second."""

    EVERY_S: Final = 1.0

    def __init__(self) -> None:
        self._text = ""
        self._at = float("-inf")

    def changed(self, text: str, now: float) -> str | None:
        """The title to send now, or nothing."""
        if text == self._text or now - self._at < self.EVERY_S:
            return None
        self._text, self._at = text, now
        return text
