"""DEMO's simulated venue outlives a crash and ends with a shutdown; what it knew survives both."""

import signal
import subprocess
import sys

import msgspec
import pytest

from tests.chaos.profile import Profile, is_alive, running_profile, send, until
from veloz_tui.config.lock import holder_pid
from veloz_tui.domain.types import OrderStatus
from veloz_tui.runtime.sim_child import SimAddress, address_file
from veloz_tui.sim.settings import LimitSettings

pytestmark = pytest.mark.slow


def sim_pid(profile: Profile) -> int:
    return msgspec.json.decode(address_file(profile.paths).read_bytes(), type=SimAddress).pid


def test_shutdown_ends_the_simulated_venue_and_the_next_start_finds_its_orders() -> None:
    with running_profile() as profile:
        resting = profile.place(profile.away("ETHUSDT", number=9)).client_order_ids[0]
        until(lambda: profile.order(resting))
        before = sim_pid(profile)
        assert is_alive(before)
        done = profile.veloz("shutdown")
        assert done.code == 0, done.err
        assert not is_alive(before)
        assert not address_file(profile.paths).exists()
        profile.start()
        assert sim_pid(profile) != before
        order = profile.order(resting)
        assert order is not None and order.status == "ACCEPTED" and order.in_doubt_since is None


def test_a_venue_started_by_somebody_else_goes_on() -> None:
    with running_profile(sim=LimitSettings()) as profile:
        before = sim_pid(profile)
        assert profile.veloz("shutdown").code == 0
        assert is_alive(before)
        assert profile.start() and sim_pid(profile) == before


def test_an_engines_death_does_not_end_the_venue() -> None:
    with running_profile() as profile:
        venue, engine = sim_pid(profile), profile.engine_pid
        send(engine, signal.SIGKILL)
        until(lambda: holder_pid(profile.paths.engine_lock) not in {None, engine}, within_s=30)
        profile.until_ready()
        assert is_alive(venue) and sim_pid(profile) == venue


OTHER_VERSION = """
from veloz_tui.control import connection
connection.PROTOCOL = 99
from veloz_tui.cli import main
main()
"""


def test_an_engine_of_another_version_is_ended_all_the_same() -> None:
    with running_profile() as profile:
        resting = profile.place(profile.away("ETHUSDT", number=9)).client_order_ids[0]
        until(lambda: profile.order(resting))
        refused = another_version(profile, "shutdown", "--cancel")
        assert refused.returncode == 1
        assert "veloz kill" in refused.stderr
        assert profile.order(resting) is not None
        done = another_version(profile, "shutdown")
        assert done.returncode == 0, done.stderr
        assert "protocol 99" in done.stdout and "ended by signal" in done.stdout
        assert holder_pid(profile.paths.engine_lock) is None
        profile.start()
        assert profile.order(resting) is not None
        killed = another_version(profile, "kill")
        assert killed.returncode == 0, killed.stderr
        assert "zero certified" in killed.stdout
        canceled = profile.order(resting)
        assert canceled is None or canceled.status is OrderStatus.CANCELED


def another_version(profile: Profile, *words: str) -> "subprocess.CompletedProcess[str]":
    """A veloz that speaks another protocol than the engine."""
    return subprocess.run(
        [sys.executable, "-c", OTHER_VERSION, *words],
        env=profile.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
