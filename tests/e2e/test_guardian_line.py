"""The line between guardian and engine is lost while both live: one gives way, and trading goes on."""

import ctypes
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.profile import Profile, is_alive, running_profile, until
from veloz_tui.config.lock import holder_pid

SYS_PIDFD_GETFD = 438  # the same number on every architecture

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="pidfd_getfd is Linux's")]


@pytest.fixture
def profile() -> Iterator[Profile]:
    with running_profile() as running:
        yield running


def cut_the_line(engine: int) -> None:
    """Shut down the engine's end of the socket pair from outside: neither process is told why."""
    command = Path(f"/proc/{engine}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    found = re.search(r"--link-fd (\d+)", command)
    assert found is not None, command
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(engine)
    descriptor = libc.syscall(SYS_PIDFD_GETFD, pidfd, int(found[1]), 0)
    error = ctypes.get_errno()
    os.close(pidfd)
    if descriptor < 0:
        pytest.skip(f"this user may not reach into another process: {os.strerror(error)}")
    with socket.socket(fileno=descriptor) as end:
        end.shutdown(socket.SHUT_RDWR)


def trading_state(profile: Profile) -> str:
    return profile.view().status.trading_state


def open_orders(profile: Profile) -> list[object]:
    return [order["client_order_id"] for order in profile.sim.open_orders()]


def test_a_guardian_whose_line_is_lost_gives_way_to_the_one_that_the_engine_starts(profile: Profile) -> None:
    (resting,) = profile.place(profile.away("BTCUSDT")).client_order_ids
    until(lambda: resting in open_orders(profile))
    engine, old = profile.engine_pid, profile.guardian_pid
    cut_the_line(engine)
    until(lambda: trading_state(profile) == "CANCEL_ONLY", within_s=5, every_s=0.01)
    until(lambda: holder_pid(profile.paths.guardian_lock) not in (None, old), within_s=20)
    until(lambda: trading_state(profile) == "READY", within_s=20)
    until(lambda: not is_alive(old), within_s=10, what="the old guardian's end")
    assert profile.engine_pid == engine
    assert resting in open_orders(profile), "nobody swept"
    assert profile.place(profile.away("ETHUSDT")).is_ok
    status = until(profile.guardian_status)
    assert status.engine_pid == engine
    assert profile.veloz("kill").code == 0  # the new one is a whole guardian
    assert profile.engine_pid == engine, "killed through the engine: its line is there"


def test_the_line_may_be_lost_again_and_again(profile: Profile) -> None:
    engine = profile.engine_pid
    cut_the_line(engine)
    until(lambda: trading_state(profile) == "CANCEL_ONLY", within_s=5, every_s=0.01)
    profile.until_ready()
    second = profile.guardian_pid
    # The engine's descriptors of later lines aren't in its arguments: end the guardian instead.
    os.kill(second, 9)
    until(lambda: trading_state(profile) == "CANCEL_ONLY", within_s=5, every_s=0.01)
    until(lambda: holder_pid(profile.paths.guardian_lock) not in (None, second), within_s=20)
    profile.until_ready()
    assert profile.engine_pid == engine
