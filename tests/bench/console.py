"""A real console on a terminal of its own, which answers as terminals do and whose screen nobody looks at."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from veloz_tui.config.paths import ProfilePaths

ROWS, COLUMNS = 55, 200
_PAINTED_BYTES = 3_000
"""A whole first screen is longer, a terminal's set-up shorter."""
PRIVATE = re.compile(rb"\x1b\[(?:\?\d+\$p|<u|2[23];2t)")
"""Questions and settings which pyte takes for text."""
_TAIL = 64
_SLICE_S = 0.02
# An installed console has its bytecode; a checkout on a machine that writes none would be compiled each time.
_BYTECODE = tempfile.TemporaryDirectory(prefix="vz-bytecode-")
# Cursor to a place, perhaps one sign, and the question where the cursor is. Behind each frame: in row 1.
_QUESTION = re.compile(rb"\x1b\[(\d+);(\d+)H([^\x1b]*)\x1b\[6n")


class Console:
    """`painted_s`: from its start to the first full screen. `on_output` gets what is drawn."""

    def __init__(self, pid: int, terminal: int) -> None:
        self.pid = pid
        self.painted_s: float | None = None
        self.written = 0
        self.frames: list[float] = []
        """The process's CPU seconds at the end of each frame."""
        self.on_output: Callable[[bytes], None] = _ignore
        self._began = time.perf_counter()
        self._terminal = terminal
        self._most = 262_144
        self.is_closed = False
        self._tail = b""

    def press(self, key: str) -> None:
        os.write(self._terminal, key.encode())

    def stop_reading(self) -> None:
        """As a terminal that hangs."""
        asyncio.get_running_loop().remove_reader(self._terminal)

    def hang_up(self) -> None:
        """As a terminal whose window is closed."""
        self.stop_reading()
        os.close(self._terminal)
        self.is_closed = True

    async def read_slowly(self, bytes_a_s: int) -> None:
        """As a terminal behind a link of that speed, until canceled."""
        self.stop_reading()
        self._most = max(1, int(bytes_a_s * _SLICE_S))
        while True:
            await asyncio.sleep(_SLICE_S)
            self.drain()

    def drain(self) -> None:
        try:
            data = os.read(self._terminal, self._most)
        except OSError:
            return
        self.written += len(data)
        if self.painted_s is None and self.written >= _PAINTED_BYTES:
            self.painted_s = time.perf_counter() - self._began
        self.on_output(data)
        self.arrived(data)

    def arrived(self, data: bytes) -> None:
        """What the console wrote has come to the terminal's end of the line."""
        self.answer(data)

    def answer(self, data: bytes) -> None:
        """Say where the cursor is, where that was asked."""
        text, end = self._tail + data, 0
        for question in _QUESTION.finditer(text):
            end = question.end()
            row, column = int(question[1]), int(question[2]) + bool(question[3])
            os.write(self._terminal, b"\x1b[%d;%dR" % (row, column))
            if row == 1:
                self.frames.append(cpu_s(self.pid))
        self._tail = text[max(end, len(text) - _TAIL) :]


T = TypeVar("T", bound=Console)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _ignore(_data: bytes) -> None: ...


def console(paths: ProfilePaths, *program: str) -> AbstractAsyncContextManager[Console]:
    """Attached to the profile's engine; or another program with its arguments, by its module's name."""
    return running(Console, paths, *program)


@asynccontextmanager
async def running(kind: Callable[[int, int], T], paths: ProfilePaths, *program: str) -> AsyncIterator[T]:
    """As `console`, on a terminal of another kind."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    os.set_blocking(ours, False)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *(program or ("veloz_tui", "--profile", paths.profile, "attach")),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env=_environment(),
    )  # fmt: skip
    os.close(theirs)
    found = kind(child.pid, ours)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, found.drain)
    try:
        yield found
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGKILL)
        await child.wait()
        if not found.is_closed:
            loop.remove_reader(ours)
            os.close(ours)


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return ours | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONPYCACHEPREFIX": _BYTECODE.name}
