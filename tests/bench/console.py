"""A real console on a terminal of its own, whose screen nobody looks at."""

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from veloz_tui.config.paths import ProfilePaths

_SIZE = (55, 200)
_PAINTED_BYTES = 3_000
"""A whole first screen is longer, a terminal's set-up shorter."""


class Console:
    """`painted_s`: from its start to the first full screen."""

    def __init__(self, pid: int, terminal: int) -> None:
        self.pid = pid
        self.painted_s: float | None = None
        self.written = 0
        self._began = time.perf_counter()
        self._terminal = terminal

    def drain(self) -> None:
        with contextlib.suppress(OSError):
            self.written += len(os.read(self._terminal, 262_144))
        if self.painted_s is None and self.written >= _PAINTED_BYTES:
            self.painted_s = time.perf_counter() - self._began


@asynccontextmanager
async def console(paths: ProfilePaths) -> AsyncIterator[Console]:
    """Attached to the profile's engine."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *_SIZE, 0, 0))
    os.set_blocking(ours, False)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veloz_tui", "--profile", paths.profile, "attach",
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    found = Console(child.pid, ours)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, found.drain)
    try:
        yield found
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        loop.remove_reader(ours)
        os.close(ours)
