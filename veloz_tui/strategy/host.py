"""The process of one strategy: `python -m veloz_tui.strategy.host --fd N`.

It reads frames from the socket N, calls the strategy, and writes what it wants. It gets no keys and no
journal; its settings come in the first frame. The end of the socket ends it, as does the engine's death.
"""

import contextlib
import ctypes
import gc
import io
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.domain.errors import StrategyError
from veloz_tui.domain.intents import TimerIntent
from veloz_tui.domain.types import Nanos
from veloz_tui.strategy.base import Context
from veloz_tui.strategy.fingerprint import fingerprint
from veloz_tui.strategy.runner import CallbackFailed
from veloz_tui.strategy.running import Running
from veloz_tui.strategy.wire import (
    Began,
    Book,
    Check,
    Checked,
    Done,
    Failed,
    Frame,
    FrameReader,
    FromHost,
    Hello,
    Own,
    SetParams,
    Start,
    Stop,
    Trade,
    decode_to_host,
    encode_body,
    frame,
)

MAX_TIMERS: Final = 100
MAX_FILES: Final = 256
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x20080522


class Link:
    """The engine's side of the socket, as the host sees it. Blocking: the host has nothing else to do."""

    def __init__(self, engine: socket.socket) -> None:
        self.run = 0
        self.seq = 0
        self._engine = engine
        self._reader = FrameReader()
        self._waiting: list[Frame] = []
        self._ahead = Nanos(0)
        self._ahead_at = 0.0

    @property
    def now(self) -> Nanos:
        """The engine's time: that of the last frame, and what has passed since."""
        return Nanos(self._ahead + int((time.monotonic() - self._ahead_at) * 1e9))

    def receive(self, timeout_s: float | None) -> Frame | None:
        """Return the next frame, None when there is none in time. Raise EOFError at the end."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._waiting:
            rest = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if not select.select([self._engine], [], [], rest)[0]:
                return None
            data = self._engine.recv(1 << 16)
            if not data:
                raise EOFError
            self._waiting.extend(self._reader.feed(data))
        received = self._waiting.pop(0)
        self.run, self.seq = received.run, max(self.seq, received.seq)
        self._ahead, self._ahead_at = max(received.now, self.now), time.monotonic()
        return received

    def send(self, message: FromHost) -> None:
        self._engine.sendall(frame(encode_body(message), run=self.run, seq=self.seq, now=self.now))


class Timers:
    """The strategy's timers, by name."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, timer: TimerIntent) -> None:
        if len(self._at) >= MAX_TIMERS and timer.name not in self._at:
            raise StrategyError(f"more than {MAX_TIMERS} timers; {timer.name} is one too many")
        self._at[timer.name] = time.monotonic() + timer.after_s

    @property
    def next_s(self) -> float | None:
        """How long until the next one; None without any."""
        return max(min(self._at.values()) - time.monotonic(), 0.0) if self._at else None

    def pop_due(self) -> str | None:
        """Return the name of one that has run out."""
        now = time.monotonic()
        due = min(self._at, key=lambda name: self._at[name], default=None)
        if due is None or self._at[due] > now:
            return None
        del self._at[due]
        return due


class Host:
    """Runs one strategy until it fails, is stopped, or the engine is gone."""

    def __init__(self, link: Link, running: Running) -> None:
        self._link = link
        self._running = running
        self._runner = running.runner
        self._timers = Timers()

    def serve(self) -> None:
        """Handle frames and timers in turn; return after Stop."""
        self._finish(self._runner.start(self._link.now))
        while True:
            received = self._link.receive(self._timers.next_s)
            if received is not None and self._handle(received):
                return
            name = self._timers.pop_due()
            if name is not None:
                self._link.send(Began("on_timer"))
                self._finish(self._runner.timer(name, self._link.now))

    def _handle(self, received: Frame) -> bool:
        message = decode_to_host(received.body)
        now = self._link.now
        match message:
            case Book():
                self._finish(self._runner.book(message, now))
            case Own():
                self._finish(self._runner.own(message, now))
            case Trade():
                self._finish(self._runner.trade(message, now))
            case Check(check_id, params_json):
                self._link.send(self._check(check_id, params_json))
            case SetParams(params_json):
                self._finish(self._running.set_params(params_json, now))
            case Stop():
                self._finish(self._runner.stop(now))
                return True
            case Start():
                raise StrategyError("the engine sent a second start")
        return False

    def _check(self, check_id: str, params_json: bytes) -> Checked:
        try:
            return Checked(check_id, "", self._running.check(params_json))
        except StrategyError as error:
            return Checked(check_id, str(error))

    def _finish(self, done: Done) -> None:
        # Timers stay here; everything else is the engine's.
        wanted = []
        for intent in done.intents:
            if isinstance(intent, TimerIntent):
                self._timers.set(intent)
            else:
                wanted.append(intent)
        self._link.send(Done(done.callback, tuple(wanted), done.callback_us, done.doing))


class PrintLog(io.TextIOBase):
    """What a strategy prints becomes log lines."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, rest = (self._begun + text).split("\n")
        self._begun = rest[-1000:]
        for line in lines:
            self._log(line)
        return len(text)


def main() -> None:
    """Run on the socket whose number stands after `--fd`."""
    engine = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is for the console
    _give_up_rights()
    _die_with_parent()
    link = Link(engine)
    # BrokenPipeError, EOFError: the engine has gone or closed the socket, there is nobody to tell.
    with contextlib.suppress(EOFError, OSError):
        received = link.receive(None)
        assert received is not None  # it waits without end
        start = decode_to_host(received.body)
        assert isinstance(start, Start)
        failure = _run(link, start)
        if failure:
            link.send(Failed(failure))


def _run(link: Link, start: Start) -> str:
    """Return why it failed; empty after a Stop."""
    try:
        _set_limits(memory_mb=start.memory_mb, nice=start.nice)
        running = _load(link, start)
        code = fingerprint(list(sys.modules.values()), folder=_folder_of(start))
        link.send(Hello(running.runner.wants, running.parameters, code))
        if start.is_probe:
            return ""
        gc.collect()
        gc.freeze()
        Host(link, running).serve()
    except CallbackFailed as error:
        return _with_limit(str(error), start.memory_mb)
    except StrategyError as error:
        return _with_limit(str(error), start.memory_mb)
    except MemoryError:
        return _with_limit("MemoryError", start.memory_mb)
    except msgspec.DecodeError as error:
        return f"the engine's frame can't be read: {error}"
    return ""


def _load(link: Link, start: Start) -> Running:
    ctx = Context(
        instruments=start.instruments,
        positions=start.positions,
        orders=start.orders,
        strategy_id=start.strategy_id,
        now=link.now,
    )
    sys.stdout = PrintLog(ctx.log)
    sys.dont_write_bytecode = True  # a neighbor changed within a second would be the old one
    if start.folder:
        sys.path.append(start.folder)  # so that a strategy may import its neighbors
    return Running(
        start.source,
        folder=_folder_of(start),
        params_json=start.params_json,
        ctx=ctx,
        clock=time.perf_counter,
    )


def _folder_of(start: Start) -> Path | None:
    return Path(start.folder) if start.folder else None


def _with_limit(text: str, memory_mb: int) -> str:
    return f"{text} (its memory limit is {memory_mb} MB)" if "MemoryError" in text else text


def _set_limits(*, memory_mb: int, nice: int) -> None:
    _lower(resource.RLIMIT_AS, memory_mb << 20)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, MAX_FILES)
    os.nice(nice)


def _lower(limit: int, value: int) -> None:
    # Never above what we were given: raising a hard limit is refused.
    hard = resource.getrlimit(limit)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, value))


class _Capabilities(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def _give_up_rights() -> None:
    # Root's too: with them the memory of the engine, and the keys in it, could be read. Linux only.
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        library.capset(header, (_Capabilities * 2)())


def _die_with_parent() -> None:
    # A strategy that spins reads no socket: without this it would outlive a killed engine. Linux only.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
