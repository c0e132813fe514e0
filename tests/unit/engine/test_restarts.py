"""The restart policy: what failed by itself starts again, a few times, and never what somebody stopped."""

import msgspec
import pytest

from tests.unit.engine.factories import BTC, MM, SETTINGS, Core, limit_buy, report
from veloz_tui.domain import commands as c
from veloz_tui.domain.events import AlertRaised
from veloz_tui.domain.intents import PlaceIntent, StrategyHostChanged
from veloz_tui.domain.types import StrategyState
from veloz_tui.engine.actions import Cancel, StartHost, StopHost
from veloz_tui.engine.settings import StrategySettings

TIMER = f"restart:{MM}"


def a_core(*, restarts: bool = True) -> Core:
    mine = StrategySettings(
        strategy_id=MM,
        instruments=(BTC.id,),
        restarts_on_failure=restarts,
        restart_attempts=2,
        restart_window_s=100.0,
        restart_backoff_s=1.0,
    )
    core = Core(settings=msgspec.structs.replace(SETTINGS, strategies=(mine,)))
    core.run_strategy()
    return core


def fail(core: Core) -> None:
    run = core.state.strategies[MM].run
    core.send(StrategyHostChanged(MM, run, is_running=False, error="mine.py:3 in on_book: ValueError"))


def state(core: Core) -> StrategyState:
    return core.state.strategies[MM].state


def after(core: Core, seconds: float) -> list[StartHost]:
    core.later(s=seconds)
    core.timer(TIMER)
    return core.told(StartHost)


def test_without_a_policy_it_stays_stopped() -> None:
    core = a_core(restarts=False)
    fail(core)
    assert not after(core, 1)
    assert state(core) is StrategyState.FAULTED


def test_what_failed_starts_again_after_the_wait_and_says_after_what() -> None:
    core = a_core()
    fail(core)
    assert "Restart 1 of 2 in 1 s" in core.said(AlertRaised)[-1].text
    assert not after(core, 0.9)
    assert after(core, 0.1) == [StartHost(MM, 2)]
    assert "restarted after: mine.py:3" in core.state.strategies[MM].reason
    assert core.state.strategies[MM].restarts == 1


def test_each_wait_is_twice_the_last_and_the_attempts_end() -> None:
    core = a_core()
    fail(core)
    assert after(core, 1)
    fail(core)
    assert not after(core, 1)
    assert after(core, 1)
    fail(core)
    assert "Restarted 2 times in 100 s already: it stays stopped" in core.said(AlertRaised)[-1].text
    assert not after(core, 50)
    assert state(core) is StrategyState.FAULTED


def test_attempts_count_within_the_window_only() -> None:
    core = a_core()
    for _ in range(4):
        fail(core)
        assert after(core, 1)
        core.later(s=101)


def test_it_waits_until_its_orders_are_gone() -> None:
    core = a_core()
    core.wants(PlaceIntent(1, limit_buy("1 @ 99", strategy_id=MM)))
    (order,) = core.mine(MM)
    core.send(report(order))
    fail(core)
    assert core.told(Cancel)
    assert not after(core, 1)
    assert "1 orders" in core.engine.live.strategy(MM).doing
    core.send(report(order, "CANCELED"))
    assert after(core, 1) == [StartHost(MM, 2)]


@pytest.mark.parametrize(
    "command",
    [
        lambda core: c.StopStrategy(command_id=core.new_id(), strategy_id=MM),
        lambda core: c.Kill(command_id=core.new_id(), kill_id="k"),
        lambda core: c.Shutdown(command_id=core.new_id()),
    ],
    ids=["stop", "kill", "shutdown"],
)
def test_what_was_stopped_meanwhile_is_never_started(command: object) -> None:
    core = a_core()
    fail(core)
    core.command(command(core))  # type: ignore[operator]
    assert not after(core, 1)
    assert not after(core, 60)


def test_a_running_one_that_was_stopped_is_not_restarted_by_its_late_failure() -> None:
    core = a_core()
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    fail(core)
    assert not after(core, 10)
    assert state(core) is StrategyState.STOPPED


def test_one_that_the_operator_started_meanwhile_is_not_started_twice() -> None:
    core = a_core()
    fail(core)
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    assert not after(core, 1)
    assert core.state.strategies[MM].run == 2


def test_a_restart_of_the_engine_forgets_it() -> None:
    core = a_core()
    fail(core)
    again = Core(settings=core.engine.settings, state=core.state)
    again.later(s=10)
    again.timer(TIMER)
    assert not again.told(StartHost)


def hello(core: Core, code: str) -> None:
    core.send(StrategyHostChanged(MM, core.state.strategies[MM].run, is_running=True, code=code))


def test_code_that_was_changed_while_it_ran_is_not_restarted_by_itself() -> None:
    core = started_with("aaaa")
    fail(core)
    assert after(core, 1)
    hello(core, "bbbb")
    assert state(core) is StrategyState.FAULTED
    assert core.told(StopHost)
    assert "its code was changed while it ran (aaaa -> bbbb)" in core.said(AlertRaised)[-1].text
    assert "Mend it, then Space starts it" in core.said(AlertRaised)[-1].text
    assert not after(core, 60)


def test_the_same_code_is_restarted() -> None:
    core = started_with("aaaa")
    fail(core)
    assert after(core, 1)
    hello(core, "aaaa")
    assert state(core) is StrategyState.RUNNING


def test_what_failed_before_it_ran_at_all_is_restarted_whatever_ran_before_it() -> None:
    core = started_with("aaaa")
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    fail(core)  # while it is loaded: nobody knows which code it was
    assert after(core, 1)
    hello(core, "bbbb")
    assert state(core) is StrategyState.RUNNING
    fail(core)
    assert after(core, 2)
    hello(core, "cccc")
    assert state(core) is StrategyState.FAULTED


def test_an_operators_start_takes_the_changed_code_and_says_so() -> None:
    core = started_with("aaaa")
    fail(core)
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    hello(core, "bbbb")
    record = core.state.strategies[MM]
    assert (record.state, record.code) == (StrategyState.RUNNING, "bbbb")
    assert record.reason == "its code has changed since it last ran (aaaa -> bbbb)"


def test_a_pause_changes_nothing_about_the_code() -> None:
    core = started_with("aaaa")
    core.command(c.PauseStrategy(command_id=core.new_id(), strategy_id=MM))
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    assert core.state.strategies[MM].code == "aaaa"


def started_with(code: str) -> Core:
    core = a_core()
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    hello(core, code)
    assert core.state.strategies[MM].code == code
    return core


def test_the_causes_are_remembered() -> None:
    core = a_core()
    fail(core)
    assert [(one.run, one.reason) for one in core.state.strategies[MM].faults] == [
        (1, "mine.py:3 in on_book: ValueError")
    ]
