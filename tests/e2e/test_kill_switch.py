"""The kill switch by every route, with the engine well, blocked, stopped or dead, and without a guardian.

At least 200 orders rest on three instruments (the venue allows 200 an instrument) and a strategy quotes. Each
case must reach and report a closed gate, a first zero and a certified zero; nothing may arrive at the venue
after that, no door may be closed by it, and nothing may trade until the typed re-arm, over restarts too.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice

import pytest

from tests.chaos.profile import Profile, is_alive, running_profile, send, until
from veloz_tui.config.lock import holder_pid
from veloz_tui.control.oneshot import new_command_id
from veloz_tui.domain.commands import Kill, StartStrategy
from veloz_tui.domain.types import Side, StrategyId
from veloz_tui.domain.views import KillView
from veloz_tui.sim.settings import LimitSettings

ORDERS = 210
WEIGHT_S = 90.0
"""Reconciling hundreds of orders after a kill may have to wait for the next minute's request weight."""
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SETTINGS = """
[risk]
max_orders_per_second = 1000
open_orders_max = 1000
max_leverage = "off"
account_balance_threshold = "off"
[journal]
submit_deadline_ms = 5000
[strategies.mm-btc]
class = "market_maker"
instrument = "BTCUSDT.BINANCE"
max_orders_per_second = 50
params = {instrument = "BTCUSDT.BINANCE", half_spread_bps = "0.5", size = "0.001", tolerance_bps = "0"}
[strategies.spinner]
class = "spinner.py"
instrument = "ETHUSDT.BINANCE"
inline = true
"""
SPINNER = """
from veloz_tui.strategy.base import Strategy


class Spinner(Strategy):
    def on_start(self, ctx):
        ctx.timer("spin", after_s=0.2)

    def on_timer(self, ctx, name):
        while True:
            pass
"""
STAGES = ("gate_closed_ms", "cancels_sent_ms", "first_zero_ms", "certified_zero_ms")


@contextmanager
def trading_profile(orders: int = ORDERS) -> Iterator[Profile]:
    """Many orders rest, and a strategy quotes."""
    with running_profile(
        settings=SETTINGS, sim=LimitSettings(orders_10s=10_000), strategies={"spinner.py": SPINNER}
    ) as profile:
        sides = {symbol: profile.away(symbol, side=Side.BUY, percent="2") for symbol in SYMBOLS}
        many = islice(cycle(sides.values()), orders)
        refused = [ack.text for ack in profile.place_many(list(many)) if not ack.is_ok]
        assert not refused, refused[:3]
        profile.sim.place(  # somebody else's, on the same account
            symbol="ETHUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.01", price="2500"
        )
        profile.start_strategies("mm-btc")
        until(lambda: len(profile.sim.open_orders()) >= orders + 2, what="orders at the venue")
        yield profile


# --- routes ---


def by_command(profile: Profile) -> None:
    done = profile.veloz("kill", "--wait", "0")
    assert done.code == 0, done.err


def by_signal(profile: Profile) -> None:
    send(profile.guardian_pid, signal.SIGUSR1)


def by_control_socket(profile: Profile) -> None:
    ack = profile.command(Kill(command_id=new_command_id(), kill_id="from-a-console"))
    assert ack.is_ok, ack.text


# --- states ---


def well(profile: Profile) -> None:
    assert is_alive(profile.engine_pid)


def stopped(profile: Profile) -> None:
    send(profile.engine_pid, signal.SIGSTOP)


def spinning(profile: Profile) -> None:
    """The engine's loop never returns from a strategy that runs within it."""
    command = StartStrategy(command_id=new_command_id(), strategy_id=StrategyId("spinner"))
    assert profile.command(command).is_ok
    pid = profile.engine_pid

    def is_silent() -> bool:
        status = profile.guardian_status()
        return status is not None and status.engine_pid == pid and (status.beat_age_ms or 0) > 400

    until(is_silent, within_s=5, every_s=0.02, what="a blocked loop")


def dead(profile: Profile) -> None:
    send(profile.engine_pid, signal.SIGKILL)


# --- what must be true of each ---


def kill_view(profile: Profile) -> KillView | None:
    """As `veloz kill` sees it: the guardian's word, else the engine's."""
    status = profile.guardian_status()
    return status.kill if status is not None else profile.view().kill


def until_certified(profile: Profile) -> KillView:
    def look() -> KillView | None:
        seen = kill_view(profile)
        return seen if seen is not None and seen.certified_zero_ms is not None else None

    return until(look, within_s=40, what="certified zero")


def assert_nothing_rests_or_arrives(profile: Profile) -> None:
    assert profile.sim.open_orders() == []
    placements, made = profile.sim.placements(), profile.sim.made()
    time.sleep(1.5)  # a late order would be seen now
    assert (profile.sim.placements(), profile.sim.made()) == (placements, made)
    assert profile.sim.open_orders() == []
    assert profile.sim.status()["banned_until"] == 0
    logs = profile.log("engine.log") + profile.log("guardian.log")
    assert "429" not in logs
    assert not re.search(r"\b418\b", logs)


def assert_halted(profile: Profile) -> None:
    status = profile.until_ready(within_s=WEIGHT_S).status
    assert status.trading_state == "HALTED"
    before = profile.sim.placements()
    ack = profile.place(profile.away("SOLUSDT"))
    assert (ack.is_ok, ack.code) == (False, "STATE_HALTED")
    ack = profile.command(StartStrategy(command_id=new_command_id(), strategy_id=StrategyId("mm-btc")))
    assert not ack.is_ok, ack.text
    assert profile.sim.placements() == before


def say(case: str, seen: KillView) -> None:
    stamps = {stage.removesuffix("_ms"): round(getattr(seen, stage)) for stage in STAGES}
    print(f"\nKILL {case}: {stamps} canceled {seen.canceled}/{seen.total}")


def test_kill_halts_and_is_certified() -> None:
    with trading_profile(20) as profile:
        done = profile.veloz("kill")
        assert done.code == 0, done.err
        assert "zero certified" in done.out
        assert profile.sim.open_orders() == []
        assert profile.place(profile.away("SOLUSDT")).code == "STATE_HALTED"


@pytest.mark.slow
def test_kill_of_a_healthy_engine_stays_until_the_typed_rearm_over_a_restart_of_everything() -> None:
    with trading_profile(40) as profile:
        done = profile.veloz("kill", "--reason", "drill")
        assert done.code == 0, done.err
        assert "zero certified" in done.out
        assert_nothing_rests_or_arrives(profile)
        assert_halted(profile)
        assert profile.veloz("shutdown").code == 0
        profile.start(within_s=WEIGHT_S)
        assert_halted(profile)
        assert profile.veloz("rearm", "full", "--confirm", "other").code == 2
        assert_halted(profile)
        until(lambda: profile.veloz("rearm", "exits", "--confirm", "demo").code == 0, every_s=0.5)
        assert profile.view().status.trading_state == "REDUCE_ONLY"
        assert not profile.place(profile.away("SOLUSDT")).is_ok
        assert profile.veloz("rearm", "full", "--confirm", "demo").code == 0
        assert not profile.paths.kill_flag.exists()
        assert profile.place(profile.away("SOLUSDT")).is_ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("route", "state"),
    [
        (by_command, well),
        (by_signal, well),
        (by_control_socket, well),
        (by_command, stopped),
        (by_signal, stopped),
        (by_command, spinning),
        (by_signal, spinning),
        (by_command, dead),
        (by_signal, dead),
    ],
)
def test_kill_reaches_zero_and_proves_it(
    route: Callable[[Profile], None], state: Callable[[Profile], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with trading_profile() as profile:
        state(profile)
        route(profile)
        seen = until_certified(profile)
        with capsys.disabled():
            say(f"{route.__name__}, engine {state.__name__}", seen)
        assert all(getattr(seen, stage) is not None for stage in STAGES)
        assert_nothing_rests_or_arrives(profile)
        assert_halted(profile)
        assert profile.veloz("shutdown").code == 0
        profile.start(within_s=WEIGHT_S)
        assert_halted(profile)


@pytest.mark.slow
def test_kill_without_a_guardian_goes_through_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    with trading_profile() as profile:
        guardian = profile.guardian_pid
        send(guardian, signal.SIGKILL)
        done = profile.veloz("kill")
        assert done.code == 0, done.text
        seen = profile.view().kill
        with capsys.disabled():
            say("by_command, guardian dead", seen)
        assert all(getattr(seen, stage) is not None for stage in STAGES)
        assert_nothing_rests_or_arrives(profile)
        assert_halted(profile)
        assert profile.guardian_pid != guardian  # the engine has started another one
        assert profile.veloz("shutdown").code == 0
        profile.start(within_s=WEIGHT_S)
        assert_halted(profile)


@pytest.mark.slow
def test_kill_with_nobody_alive_is_done_by_the_command_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with trading_profile() as profile:
        profile.kill_both()
        assert len(profile.sim.open_orders()) > ORDERS
        began = time.monotonic()
        done = profile.veloz("kill")
        with capsys.disabled():
            print(f"\nKILL one-shot: {time.monotonic() - began:.1f} s: {done.out}{done.err}")
        assert done.code == 0, done.text
        assert "zero open orders, certified" in done.out
        assert_nothing_rests_or_arrives(profile)
        assert holder_pid(profile.paths.engine_lock) is None
        profile.start(within_s=WEIGHT_S)
        assert_halted(profile)
