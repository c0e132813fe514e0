"""Spawning a strategy's process with nothing of ours in it, and reading how it ended."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import veloz_tui

MAX_STDERR: Final = 2000
MAX_STDERR_BURST: Final = 65_536
STDERR_PAUSE_S: Final = 0.5


class Tail(asyncio.Protocol):
    """Standard error: whole lines go to `on_lines`, the last words into the report of an unexpected end."""

    def __init__(self, on_lines: Callable[[list[str]], None] = lambda _lines: None) -> None:
        self._kept = b""
        self._begun = b""
        self._on_lines = on_lines
        self._pipe: asyncio.ReadTransport | None = None
        self._read = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.ReadTransport)
        self._pipe = transport

    def _read_on(self) -> None:
        self._read = 0
        if self._pipe is not None and not self._pipe.is_closing():
            self._pipe.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._read += len(data)
        if self._read > MAX_STDERR_BURST and self._pipe is not None:
            # One that only shouts is made to wait: reading it costs the engine's time.
            self._pipe.pause_reading()
            asyncio.get_running_loop().call_later(STDERR_PAUSE_S, self._read_on)
        self._kept = (self._kept + data)[-MAX_STDERR:]
        *lines, rest = (self._begun + data).split(b"\n")
        self._begun = rest[-MAX_STDERR:]
        self._on_lines([line.decode(errors="replace") for line in lines])

    @property
    def text(self) -> str:
        lines = self._kept.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


async def spawn(fd: int, *, stderr: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "veloz_tui.strategy.host", "--fd", str(fd)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=(fd,),
        env=clean_environment(),
        cwd="/",
        process_group=0,
    )


def clean_environment() -> dict[str, str]:
    """Return what Python needs and nothing else: no secret of ours is ever inherited."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "LANG", "TZ", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE")
        or name.startswith("LC_")
    }
    package = str(Path(veloz_tui.__file__ or "").parent.parent)
    inherited = os.environ.get("PYTHONPATH", "")
    kept["PYTHONPATH"] = f"{package}{os.pathsep}{inherited}" if inherited else package
    return kept


def ending(code: int, stderr: str) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}" + (f": {stderr}" if stderr else "")


def kind_of_wait(pid: int | None) -> str:
    # The kernel's word: R is on the processor (or waits for it), anything else waits for something.
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "stuck"
    return "spinning" if state == "R" else "waiting"
