"""A process of ours dies, can't start or is asked to end: orders, strategies, the next start."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.chaos.profile import Profile, is_alive, running_profile, send, until
from veloz_tui.config.lock import holder_pid
from veloz_tui.sim.settings import LimitSettings

SETTINGS = """
[risk]
max_orders_per_second = 100
[journal]
submit_deadline_ms = 5000
[strategies.mm-btc]
class = "market_maker"
instrument = "BTCUSDT.BINANCE"
autostart = true
params = {instrument = "BTCUSDT.BINANCE", half_spread_bps = "5", size = "0.001"}
"""


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    with running_profile(settings=SETTINGS, sim=LimitSettings(orders_10s=10_000)) as running:
        yield running


def ours(profile: Profile) -> list[dict[str, object]]:
    return [order for order in profile.sim.open_orders() if str(order["client_order_id"]).startswith("vz")]


@pytest.mark.slow
def test_after_a_death_orders_are_gone_strategies_stopped_and_a_persons_orders_stay(profile: Profile) -> None:
    until(lambda: profile.strategy("mm-btc").state == "RUNNING" and len(ours(profile)) >= 2)
    profile.place(profile.away("ETHUSDT"))
    dead = profile.engine_pid
    send(dead, signal.SIGKILL)
    until(lambda: not ours(profile), what="the guardian's cancels")
    until(lambda: holder_pid(profile.paths.engine_lock) not in (None, dead), within_s=30)
    profile.until_ready()
    time.sleep(4.0)  # the sweep's settle time; autostart would have begun by now too
    assert profile.strategy("mm-btc").state == "STOPPED"
    assert not ours(profile)
    assert any("did not stop cleanly" in alert.text for alert in profile.view().alerts)
    ack = profile.place(profile.away("ETHUSDT"))
    time.sleep(3.0)
    assert [order["client_order_id"] for order in ours(profile)] == list(ack.client_order_ids)


def test_a_dead_guardian_is_replaced_and_nothing_new_leaves_meanwhile(profile: Profile) -> None:
    profile.until_ready()
    engine, guardian = profile.engine_pid, profile.guardian_pid
    send(guardian, signal.SIGKILL)
    until(lambda: profile.view().status.trading_state == "CANCEL_ONLY", within_s=2, every_s=0.01)
    until(lambda: holder_pid(profile.paths.guardian_lock) not in (None, guardian), within_s=20)
    until(lambda: profile.view().status.trading_state == "READY", within_s=20)
    assert profile.engine_pid == engine
    assert profile.place(profile.away("ETHUSDT", number=5)).is_ok
    status = until(profile.guardian_status)
    assert status.engine_pid == engine


@pytest.mark.slow
def test_shutdown_after_a_certified_kill_is_quick_and_sweeps_no_more(profile: Profile) -> None:
    profile.until_ready()
    assert profile.veloz("kill").code == 0
    began = time.monotonic()
    done = profile.veloz("shutdown")
    assert done.code == 0, done.err
    assert time.monotonic() - began < 8
    assert "engine gone" not in profile.log("guardian.log")
    profile.start()
    until(lambda: profile.veloz("rearm", "full", "--confirm", "demo").code == 0, every_s=0.5)


@pytest.mark.slow
def test_start_that_fails_touches_no_order_and_says_which_file(profile: Profile) -> None:
    profile.until_ready()
    resting = profile.place(profile.away("ETHUSDT", number=9)).client_order_ids[0]
    assert profile.veloz("shutdown").code == 0
    journal = profile.paths.journal
    content = journal.read_bytes()
    journal.write_bytes(b"garbage" * 1000)
    try:
        done = profile.veloz("engine")
        assert done.code == 3, done.text
        assert str(journal) in done.err
        assert "Traceback" not in done.text + profile.everything_said()
        assert not profile.is_running
        assert resting in [order["client_order_id"] for order in ours(profile)]
        assert journal.read_bytes() == b"garbage" * 1000
    finally:
        journal.write_bytes(content)
    profile.start()
    assert profile.order(resting) is not None


@pytest.mark.slow
def test_guardian_gives_up_on_an_engine_that_dies_again_and_again() -> None:
    with running_profile(settings=SETTINGS, sim=LimitSettings()) as profile:
        guardian = profile.guardian_pid
        deaths = 0
        while is_alive(guardian) and deaths < 8:
            pid = holder_pid(profile.paths.engine_lock)
            if pid is not None and is_alive(pid):
                send(pid, signal.SIGKILL)
                deaths += 1
            time.sleep(0.3)
        until(lambda: not is_alive(guardian), within_s=20, what="the guardian's end")
        assert deaths == 4
        assert not profile.sim.open_orders()
        assert profile.veloz("status").code == 4
        profile.start()
        assert profile.view().status.trading_state == "READY"


@pytest.mark.slow
def test_two_demo_profiles_of_one_user_run_beside_each_other() -> None:
    with running_profile(settings=SETTINGS) as profile:
        other = Profile(profile.directory, name="second")
        try:
            other.write_settings(SETTINGS)
            view = other.start()
            assert view.status.profile == "second"
            assert profile.until_ready().status.profile == "demo"
        finally:
            other.close()
