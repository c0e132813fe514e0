"""One holder a profile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from veloz_tui.config.lock import LockHeld, ProfileLock, holder_pid
from veloz_tui.domain.errors import ConfigError

HOLD = """
import sys, pathlib
from veloz_tui.config.lock import ProfileLock
with ProfileLock(pathlib.Path(sys.argv[1]), purpose="the engine of profile demo"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeld) as refused:
            ProfileLock(path, purpose="the engine of profile demo").acquire()
        assert refused.value.pid == holder.pid == holder_pid(path)
        assert f"the engine of profile demo is running already as process {holder.pid}" in str(refused.value)
    finally:
        holder.kill()  # however the holder dies, the lock is free
        holder.communicate(timeout=30)
    with ProfileLock(path, purpose="the engine") as lock:
        assert lock.is_held
        assert path.read_text() == f"{os.getpid()}\n"


def test_released_locks_can_be_taken_again_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    lock = ProfileLock(path, purpose="the engine")
    lock.acquire()
    lock.release()
    lock.release()
    assert path.exists()
    assert holder_pid(path) is None
    lock.acquire()
    assert lock.is_held
    lock.release()


def test_nobody_holds_a_lock_that_was_never_made(tmp_path: Path) -> None:
    assert holder_pid(tmp_path / "none") is None


def test_a_lock_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    path.touch()
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="chmod 600"):
        ProfileLock(path, purpose="the engine").acquire()
