"""One holder a profile: a lock that the kernel drops when its holder dies, however it dies."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from veloz_tui.config.filesystem import open_private
from veloz_tui.domain.errors import ConfigError

PID_BYTES = 20
PROBE_TRIES = 5
PROBE_PAUSE_S = 0.01


class LockHeld(ConfigError):
    """Another live process holds the lock; `pid` is its id, where it could be read."""

    def __init__(self, text: str, *, pid: int | None) -> None:
        super().__init__(text)
        self.pid = pid


class ProfileLock:
    """An exclusive flock on a file of the profile; it never waits.

    The file stays when the lock is released: removing it would let two processes
    lock two different files of one name.
    """

    __slots__ = ("_descriptor", "path", "purpose")

    def __init__(self, path: Path, *, purpose: str) -> None:
        """`purpose` is what the holder is, in a sentence: "the engine of profile demo"."""
        self.path = path
        self.purpose = purpose
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock and write our pid, or raise LockHeld with the holder's."""
        descriptor = open_private(self.path, os.O_RDWR)
        if not _try_lock(descriptor):
            pid = _read_pid(descriptor)
            os.close(descriptor)
            raise LockHeld(self._held_text(pid), pid=pid)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def _held_text(self, pid: int | None) -> str:
        holder = f"process {pid}" if pid else "another process"
        return (
            f"{self.purpose} is running already as {holder} – {self.path} – "
            f"attach to it (veloz attach) or stop it (veloz shutdown)"
        )

    def release(self) -> None:
        """Give the lock up; harmless when it isn't held."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _try_lock(descriptor: int) -> bool:
    # `holder_pid` holds a shared lock for some microseconds: don't take it for a holder.
    for _ in range(PROBE_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _read_pid(descriptor) is not None:
                return False
            time.sleep(PROBE_PAUSE_S)
        else:
            return True
    return False


def holder_pid(path: Path) -> int | None:
    """Return the pid of the lock's live holder, or None when nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(descriptor)
    finally:
        os.close(descriptor)
    return None


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, PID_BYTES, 0).decode("ascii", "replace").strip()
    return int(text) if text.isascii() and text.isdigit() else None
