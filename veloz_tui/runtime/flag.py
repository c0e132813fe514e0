"""kill.flag: while it exists an engine starts HALTED. Written by whoever kills, gone with the re-arm."""

import asyncio
import logging
import os
from pathlib import Path

_LOG = logging.getLogger(__name__)


def raise_flag(path: Path, *, kill_id: str) -> None:
    """Make the flag durable; one that exists already stands. Blocks for an fsync."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    try:
        os.write(descriptor, f"{kill_id}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync_folder(path)


def raise_flag_soon(path: Path, *, kill_id: str) -> None:
    """Make it durable in a thread: its fsync must hold nothing up. That it failed can only be logged."""
    raised = asyncio.get_running_loop().run_in_executor(None, lambda: raise_flag(path, kill_id=kill_id))
    raised.add_done_callback(_log_failure)


def read_flag(path: Path) -> str:
    """Return the kill's id; empty: no flag. An unreadable or empty flag still halts."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return "dangling flag" if path.is_symlink() else ""
    except OSError:
        return "unreadable flag"
    return text[:64] or "empty flag"


def lower_flag(path: Path) -> None:
    """Remove the flag, durably."""
    path.unlink(missing_ok=True)
    _sync_folder(path)


def _log_failure(raised: "asyncio.Future[None]") -> None:
    if not raised.cancelled() and raised.exception() is not None:
        _LOG.critical("kill flag not written, a restart may not be halted: %s", raised.exception())


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
