"""The once-a-second round, the PnL day, the journal, the guardian, consoles that leave."""

import msgspec
import pytest

from tests.unit.engine.factories import (
    BTC,
    SETTINGS,
    VENUE,
    Core,
    D,
    fill,
    foreign,
    ids_of,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import BreakerChanged, ControlTaken, DayOpened
from veloz_tui.domain.types import BreakerState, Nanos, Severity, StrategyState
from veloz_tui.engine.actions import Cancel, SetTimer, StopHost, Submit, Unpark
from veloz_tui.engine.core import Engine
from veloz_tui.engine.pnl import day_realized

DAY_S = 86_400
NOON = Nanos(
    1_790_078_400_000_000_000 // 1_000_000_000 // DAY_S * DAY_S * 1_000_000_000 + DAY_S // 2 * 1_000_000_000
)


def test_the_round_goes_on_for_ever() -> None:
    core = Core()
    for _ in range(3):
        core.tick()
        assert [act.timer for act in core.told(SetTimer)] == ["tick"]


# --- The PnL day ------------------------------------------------------------------------------------------


def test_the_day_opens_at_midnight_utc_once() -> None:
    core = Core(now=NOON)
    core.records.clear()
    core.later(s=DAY_S // 2 - 2)
    core.tick(5)
    opened = [record.event for record in core.records if isinstance(record.event, DayOpened)]
    assert len(opened) == 2  # the first one learns the equity, the second one is midnight
    assert opened[-1].at // 1_000_000_000 % DAY_S == 0


def test_the_day_starts_where_the_settings_say() -> None:
    settings = msgspec.structs.replace(SETTINGS, pnl_day_start_s=13 * 3600)
    core = Core(settings=settings, now=NOON)
    core.tick()
    before = core.state.day_at
    core.later(s=3600)
    core.tick()
    assert core.state.day_at > before
    assert core.state.day_at // 1_000_000_000 % DAY_S == 13 * 3600 + 2


def test_yesterdays_result_is_not_todays() -> None:
    core = Core(now=NOON)
    core.holding("1 @ 100")
    order = core.place(limit_sell("1 @ 110"))
    core.send(
        report(
            order, "FILLED", fill=fill(order, 9, "1 @ 110", venue_order_id="9", fee="0.5"), venue_order_id="9"
        )
    )
    assert day_realized(core.state, BTC.id) == D(10)
    core.later(s=DAY_S)
    core.tick()
    assert day_realized(core.state, BTC.id) == 0
    assert core.state.day_fees[BTC.id] == D("0.5")


def test_a_restart_within_the_day_keeps_its_beginning() -> None:
    core = Core(now=NOON)
    core.holding("1 @ 100")
    core.tick()
    opened_at, equity = core.state.day_at, core.state.day_equity
    again = Core(state=core.folded(), now=Nanos(NOON + 60_000_000_000))
    again.tick()
    assert (again.state.day_at, again.state.day_equity) == (opened_at, equity)


# --- Journal, guardian, breaker ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", [r.JournalState.SLOW, r.JournalState.FAILED])
def test_a_journal_that_is_not_durable_removes_what_is_parked(state: r.JournalState) -> None:
    core = Core()
    core.send(r.JournalReported(state, "disk"))
    (unpark,) = core.told(Unpark)
    assert unpark.client_order_ids == ()
    core.send(r.JournalReported(state, "disk"))
    assert not core.acts


def test_so_does_a_guardian_that_is_gone() -> None:
    core = Core()
    core.send(r.GuardianReported(is_alive=False, reason="its line closed"))
    assert core.told(Unpark)
    assert core.alerts("GUARDIAN_GONE")
    core.send(r.GuardianReported(is_alive=True))
    assert core.alerts("GUARDIAN_BACK")
    core.place(limit_buy("1 @ 100"))


def test_an_open_breaker_becomes_half_open_by_time() -> None:
    core = Core()
    for price in range(90, 95):
        core.doubted(limit_buy(f"1 @ {price}"))
    assert core.state.breakers[VENUE] is BreakerState.OPEN
    core.later(s=30)
    core.tick()
    assert core.said(BreakerChanged)[0].state is BreakerState.HALF_OPEN


def test_late_failures_do_not_close_it_nor_do_late_successes() -> None:
    core = Core()
    late = core.sent(limit_buy("1 @ 80"))
    for price in range(90, 95):
        core.doubted(limit_buy(f"1 @ {price}"))
    core.send(r.SubmitAccepted(late.client_order_id, report(late)))
    assert core.refused(limit_buy("1 @ 81")) == "BREAKER_OPEN"


# --- Consoles ---------------------------------------------------------------------------------------------


def detached(policy: str) -> Core:
    core = Core(settings=msgspec.structs.replace(SETTINGS, on_detach=policy, detach_grace_s=5.0))
    core.run_strategy()
    core.send(r.ConsolesChanged(1, "pid 8"))
    assert core.said(ControlTaken)
    core.working(limit_buy("1 @ 100"))
    core.send(foreign())
    core.send(r.ConsolesChanged(0, ""))
    return core


def test_leaving_changes_nothing_by_default() -> None:
    core = detached("continue")
    assert not core.told(SetTimer)


def test_cancel_stops_strategies_and_pulls_our_orders_after_the_grace_time() -> None:
    core = detached("cancel")
    (timer,) = core.told(SetTimer)
    assert timer.at == core.now + 5_000_000_000
    core.later(s=5)
    core.timer("detached")
    assert core.told(StopHost)
    assert len(ids_of(core.acts, Cancel)) == 1
    assert not core.state.is_halted


def test_kill_kills() -> None:
    core = detached("kill")
    core.later(s=5)
    core.timer("detached")
    assert core.state.is_halted
    assert core.state.strategies["mm-1"].state is StrategyState.STOPPED  # type: ignore[index]


def test_who_comes_back_in_time_calls_it_off() -> None:
    core = detached("kill")
    core.send(r.ConsolesChanged(1, "pid 9"))
    core.later(s=5)
    core.timer("detached")
    assert not core.state.is_halted


def test_a_console_without_control_does_not_count() -> None:
    core = detached("kill")
    core.send(r.ConsolesChanged(2, ""))
    core.later(s=5)
    core.timer("detached")
    assert core.state.is_halted


# --- Alerts -----------------------------------------------------------------------------------------------


def test_the_same_alert_within_a_moment_is_not_said_again_a_louder_one_is() -> None:
    core = Core()
    core.send(r.HealthReported(VENUE, clock_offset_ms=900.0))
    core.later(s=1)
    core.send(r.HealthReported(VENUE, clock_offset_ms=901.0))
    assert core.state.alerts[f"clock:{VENUE}"].count == 1
    core.later(s=5)
    core.send(r.HealthReported(VENUE, clock_offset_ms=-900.0))
    assert core.state.alerts[f"clock:{VENUE}"].count == 2


def test_nothing_happens_on_timers_nobody_owns() -> None:
    core = Core()
    for name in ("doubt:nobody", "cancel:nobody", "requote:mm-9:BTCUSDT.BINANCE", "kill", "odd", ""):
        assert not core.timer(name)


def test_a_core_that_is_told_nothing_does_nothing() -> None:
    engine = Engine(SETTINGS)
    outcome = engine.handle(r.Quiet(BTC.id), NOON)
    assert (outcome.events, outcome.actions) == ([], [])
    assert not [act for act in outcome.actions if isinstance(act, Submit)]


@pytest.mark.parametrize(
    ("free_mb", "severity"), [(500, None), (499, Severity.WARN), (64, Severity.WARN), (63, Severity.CRIT)]
)
def test_little_room_on_the_disk_is_said(free_mb: int, severity: Severity | None) -> None:
    core = Core()
    core.send(r.DiskReported(free_mb, "/state"))
    found = core.state.alerts.get("disk")
    assert (found.severity if found is not None else None) is severity
