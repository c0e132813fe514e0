"""What a strategy's process has sent, taken in bounded stretches and within its share of the engine's time.

Market data waits for one stretch at most. A strategy that wants more than its share is made to wait: its
frames stay where they are, then its socket is not read. One that wants several times as much, for seconds,
is a flood. Time the engine takes for it afterwards (the journal, the venue's answers) isn't counted here, so
the share is a small one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Final

import msgspec

from veloz_tui.strategy.wire import Frame, WireError

STRETCH_S: Final = 0.0005
SHARE: Final = 0.1
"""Of the engine's time, for the intents of one strategy."""
CREDIT_S: Final = 0.01
"""So much at once, after it wanted nothing for a while."""
FLOOD_WINDOW_S: Final = 3.0
FLOOD_SHARE: Final = 0.8
"""Made to wait for so much of the window: it would take more than half of the engine."""
MAX_WAITING: Final = 64


class Inbox:
    """`handle` takes a frame in steps (each `yield` ends one); what it raises goes to `on_error`.

    `on_full`: read no more until `on_empty`. `on_flood` gets the share of the time it was made to wait.
    """

    def __init__(
        self,
        handle: Callable[[Frame], Iterator[None]],
        *,
        on_error: Callable[[WireError | msgspec.DecodeError], None],
        on_flood: Callable[[float], None],
        on_full: Callable[[], None],
        on_empty: Callable[[], None],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._handle = handle
        self._on_error = on_error
        self._on_flood = on_flood
        self._on_full = on_full
        self._on_empty = on_empty
        self._clock = clock
        self._frames: deque[Frame] = deque()
        self._current: Iterator[None] | None = None
        self._timer: asyncio.Handle | None = None
        self._debt_s = 0.0
        self._paid_at = clock()
        self._window_at = clock()
        self._waited_s = 0.0
        self._is_paused = False
        self.is_free = False
        """It has ended: what is left is only read, without a share."""

    @property
    def is_behind(self) -> bool:
        """Something it has sent waits for us, so it is not to blame for silence."""
        return self._timer is not None

    def put(self, frames: Iterable[Frame]) -> None:
        """Take frames in order, the first at once if nothing waits."""
        self._frames.extend(frames)
        if self._timer is None:
            self._work()
        if len(self._frames) > MAX_WAITING and not self._is_paused:
            self._is_paused = True
            self._on_full()

    def finish(self) -> None:
        """Take all that is left, at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            while self._step():
                pass
        except (WireError, msgspec.DecodeError) as error:
            self.close()
            self._on_error(error)

    def close(self) -> None:
        """Take nothing more."""
        self._frames.clear()
        self._current = None
        if self._timer is not None:
            self._timer.cancel()

    def _work(self) -> None:
        self._timer = None
        begun = self._clock()
        try:
            while self._step() and self._clock() - begun < STRETCH_S:
                pass
        except (WireError, msgspec.DecodeError) as error:
            self.close()
            self._on_error(error)
            return
        now = self._clock()
        self._debt_s = max(0.0, self._debt_s - (begun - self._paid_at) * SHARE) + now - begun
        self._paid_at = now
        if self._current is not None or self._frames:
            self._wait(now)
        elif self._is_paused:
            self._is_paused = False
            self._on_empty()

    def _step(self) -> bool:
        """Do one; returns whether there is more."""
        if self._current is None:
            if not self._frames:
                return False
            self._current = self._handle(self._frames.popleft())
        if next(self._current, self) is self:  # it has come to its end
            self._current = None
        return self._current is not None or bool(self._frames)

    def _wait(self, now: float) -> None:
        loop = asyncio.get_running_loop()
        wait_s = 0.0 if self.is_free else max(0.0, self._debt_s - CREDIT_S) / SHARE
        self._timer = loop.call_later(wait_s, self._work) if wait_s else loop.call_soon(self._work)
        self._waited_s += wait_s
        if now - self._window_at < FLOOD_WINDOW_S:
            return
        share = self._waited_s / (now - self._window_at)
        self._window_at, self._waited_s = now, 0.0
        if share > FLOOD_SHARE and not self.is_free:
            self._on_flood(share)
