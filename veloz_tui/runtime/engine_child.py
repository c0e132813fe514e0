"""The guardian's side of one engine process: start it, hear its beats, fence it."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.domain.errors import ConfigError
from veloz_tui.runtime.link import (
    MAX_LINE_BYTES,
    AdoptEngine,
    Beat,
    FromEngine,
    ToEngine,
    decode_from_engine,
    encode,
)

_LOG = logging.getLogger(__name__)
ENGINE_STDERR: Final = "engine.stderr"
"""In the profile's logs: what an engine says when it can't start."""
REAP_WITHIN_S: Final = 2.0


class EngineChild:
    """A running engine and the line to it."""

    def __init__(
        self,
        pid: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        process: "subprocess.Popen[bytes] | None",
    ) -> None:
        self.pid = pid
        self.phase = "STARTING"
        self.has_beaten = process is None
        """It got past its start: it may have had orders at the venue."""
        self.is_heard = True
        """The line is there: silence on it means something."""
        self.instruments: tuple[str, ...] = ()
        self.beat_at = time.monotonic()
        self._reader = reader
        self._writer = writer
        self._process = process
        """None: an engine that was there before this guardian."""

    @classmethod
    async def spawn(cls, *, log: Path) -> "EngineChild":
        """Start an engine in a session of its own; it waits for its start order."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with log.open("ab") as stderr, theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "veloz_tui.runtime.engine_main", "--link-fd", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        return await cls._over(ours, process.pid, process)

    @classmethod
    async def adopt(cls, descriptor: int) -> tuple["EngineChild", AdoptEngine]:
        """Take over an engine that outlived its guardian; returns what it handed back. Raises ConfigError."""
        child = await cls._over(socket.socket(fileno=descriptor), 0, None)
        try:
            async with asyncio.timeout(REAP_WITHIN_S):
                message = decode_from_engine(await child._reader.readline())
        except (TimeoutError, msgspec.DecodeError, ValueError) as error:
            raise ConfigError(
                f"the engine handed nothing back ({error}) - restart it with `veloz`"
            ) from error
        if not isinstance(message, AdoptEngine):
            raise ConfigError("the engine's first word handed nothing back - restart it with `veloz`")
        child.pid = message.engine_pid
        return child, message

    @classmethod
    async def _over(
        cls, end: socket.socket, pid: int, process: "subprocess.Popen[bytes] | None"
    ) -> "EngineChild":
        end.settimeout(0)
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=MAX_LINE_BYTES)
        return cls(pid, reader, writer, process)

    def send(self, message: ToEngine) -> None:
        """Never waits; a stopped engine's buffer takes what it can."""
        if not self._writer.transport.is_closing():
            self._writer.write(encode(message))

    async def listen(self, on_message: Callable[[FromEngine], None]) -> None:
        """Read until the line ends. A lost line isn't a death: look at `is_alive`."""
        while True:
            try:
                line = await self._reader.readline()
                message = decode_from_engine(line) if line else None
            except ConnectionError:
                message = None
            except (msgspec.DecodeError, ValueError) as error:  # a line too long is a ValueError
                _LOG.warning("engine said something unreadable: %s", error)
                continue
            if message is None:
                self.is_heard = False
                return
            if isinstance(message, Beat):
                self.beat_at = time.monotonic()
                self.has_beaten = True
                self.phase = message.phase
                self.instruments = message.instruments or self.instruments
            else:
                on_message(message)

    @property
    def beat_age_s(self) -> float:
        return time.monotonic() - self.beat_at

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs (a zombie doesn't)."""
        if self._process is not None:
            return self._process.poll() is None
        return not _is_gone(self.pid)

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    async def fence(self) -> None:
        """SIGKILL and wait until it is gone: nothing of it can send any more."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + REAP_WITHIN_S
        while self.is_alive and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        self.phase = "FENCED"

    def close(self) -> None:
        self._writer.close()


def _is_gone(pid: int) -> bool:
    """No such process, or a zombie that nobody has reaped yet: it sends nothing any more."""
    try:
        os.kill(pid, 0)
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except ProcessLookupError:
        return True
    except OSError:  # no /proc here: the signal went through, so it lives
        return False
    return after_name[0] in "ZX"
