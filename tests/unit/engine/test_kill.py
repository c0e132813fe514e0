"""The kill switch: freeze, cancel, verify, certify, and the way back."""

import msgspec
import pytest

from tests.unit.engine.factories import (
    BTC,
    MM,
    SETTINGS,
    VENUE,
    Core,
    fill,
    foreign,
    ids_of,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import reports as r
from veloz_tui.domain.commands import Flatten, Kill, PlaceOrder, Reduce, Resume, StartStrategy
from veloz_tui.domain.events import Halted, KillStamped, OrderFilled
from veloz_tui.domain.types import (
    MANUAL,
    SECOND,
    Nanos,
    OrderStatus,
    RearmLevel,
    Side,
    StrategyState,
    TradingState,
    VenueId,
)
from veloz_tui.engine.actions import (
    Cancel,
    CancelAll,
    ListOpenOrders,
    SetGate,
    SetTimer,
    StopHost,
    Submit,
    Unpark,
)
from veloz_tui.engine.risk_inputs import trading_state
from veloz_tui.engine.turn import Turn

SETTLE_S = 2 + 1
IN_DOUBT_S = 10


def state_of(core: Core) -> TradingState:
    engine = core.engine
    return trading_state(Turn(state=engine.state, live=engine.live, settings=engine.settings, now=core.now))


def polled(core: Core) -> list[ListOpenOrders]:
    core.timer("kill")
    return core.told(ListOpenOrders)


def gate(core: Core, *, sent: bool = True) -> None:
    core.send(r.GateReported(is_open=False, cancels_sent=sent))


def test_the_gate_closes_before_anything_else_and_parked_orders_go() -> None:
    core = Core()
    core.run_strategy()
    resting = core.working(limit_buy("1 @ 100"))
    parked = core.place(limit_buy("1 @ 99"))
    core.kill()
    assert [type(act) for act in core.acts[:2]] == [SetGate, Unpark]
    assert (core.told(SetGate)[0].is_open, core.told(Unpark)[0].client_order_ids) == (False, ())
    assert core.told(StopHost)[0].strategy_id == MM
    assert core.told(CancelAll) == [CancelAll(VENUE, (BTC.id,))]
    assert state_of(core) is TradingState.HALTED
    assert core.state.strategies[MM].state is StrategyState.STOPPED
    assert core.told(SetTimer)[0].at == core.now
    core.timer("kill-singles")  # what a bulk cancel may miss gets one of its own
    assert ids_of(core.acts, Cancel) == [parked.client_order_id]
    assert resting.cancel_requested_at is not None


def test_the_turn_that_closes_the_gate_is_short_however_many_orders_are_open() -> None:
    core = Core()
    core.kill()
    without = len(core.acts), len(core.events)
    crowded = Core()
    for number in range(30):
        crowded.working(limit_buy("1 @ 100"), venue_order_id=str(number))
    crowded.kill()
    assert (len(crowded.acts), len(crowded.events)) == without


def test_it_never_trades() -> None:
    core = Core()
    core.holding("1 @ 100")
    core.actions.clear()
    core.kill()
    core.certify()
    core.tick(60)
    assert not any(isinstance(act, Submit) for act in core.actions)


@pytest.mark.parametrize("reduce_only", [False, True])
def test_halted_lets_nothing_leave(reduce_only: bool) -> None:
    core = Core()
    core.holding("2 @ 100")
    core.kill()
    assert core.refused(limit_sell("1 @ 100", reduce_only=reduce_only)) == "STATE_HALTED"
    core.command(Flatten(command_id=core.new_id()))
    assert not core.told(Submit)
    assert not core.command(StartStrategy(command_id=core.new_id(), strategy_id=MM)).is_ok


def test_a_kill_is_idempotent_by_id_and_joined_while_it_runs() -> None:
    core = Core()
    core.kill("k1")
    core.later(s=1)
    core.kill("k1")
    core.kill("k2")
    assert sum(isinstance(record.event, Halted) for record in core.records) == 1


def test_a_repeated_command_id_kills_once() -> None:
    core = Core()
    command = Kill(command_id=core.new_id(), kill_id="k1")
    first = core.command(command)
    assert core.command(command) == first
    assert not core.events


def test_four_stamps_in_order_each_measured_from_the_beginning() -> None:
    core = Core()
    core.working(limit_buy("1 @ 100"))
    core.kill()
    core.later(ms=4)
    gate(core)
    core.later(ms=96)
    core.listed()
    core.later(s=SETTLE_S)
    core.listed()
    assert core.stamps == {
        "gate_closed": 4.0,
        "cancels_sent": 4.0,
        "first_zero": 100.0,
        "certified_zero": 3100.0,
    }
    stages = [x.event.stage for x in core.records if isinstance(x.event, KillStamped)]
    assert stages == list(core.stamps)
    assert core.alerts("KILL_CERTIFIED")


def test_a_gate_without_cancels_gets_one_stamp() -> None:
    core = Core()
    core.kill()
    gate(core, sent=False)
    assert list(core.stamps) == ["gate_closed"]


def test_one_symbols_empty_list_is_no_zero() -> None:
    core = Core()
    core.kill()
    core.later(s=SETTLE_S + 1)
    core.listed(instrument_id=BTC.id)
    assert not core.stamps


def test_a_list_asked_for_before_the_kill_is_no_zero() -> None:
    core = Core()
    asked_at = core.now
    core.kill()
    core.send(r.OpenOrdersListed(VENUE, None, (), asked_at, "kill"))
    assert not core.stamps


def test_a_list_of_an_audit_is_no_zero() -> None:
    core = Core()
    core.kill()
    core.later(s=SETTLE_S + 1)
    core.listed(purpose="audit")
    assert not core.stamps


def test_an_unreachable_venue_is_no_zero() -> None:
    core = Core()
    core.kill()
    core.later(s=SETTLE_S + 1)
    core.send(r.OpenOrdersFailed(VENUE, None, "unreachable", "kill"))
    assert not core.stamps


def test_zero_is_not_certified_by_a_list_asked_for_within_the_settle_time() -> None:
    core = Core()
    core.kill()
    core.later(s=SETTLE_S)
    core.listed()
    assert "certified_zero" not in core.stamps
    core.later(ms=1)
    core.listed()
    assert "certified_zero" in core.stamps


def test_a_submit_in_doubt_at_the_fence_makes_it_wait_ten_seconds_more() -> None:
    core = Core()
    core.doubted(limit_buy("1 @ 100"))
    core.kill()
    core.later(s=SETTLE_S + IN_DOUBT_S)
    core.listed()
    assert "certified_zero" not in core.stamps
    core.later(ms=1)
    core.listed()
    assert "certified_zero" in core.stamps


def test_so_does_one_that_got_no_answer_since() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.kill()
    core.later(s=SETTLE_S + 1)
    core.listed()
    assert "certified_zero" not in core.stamps
    core.send(r.SubmitAccepted(order.client_order_id, report(order, "CANCELED")))
    core.listed()
    assert "certified_zero" in core.stamps


def test_an_order_that_arrives_late_is_canceled_and_voids_the_zero() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.kill()
    core.later(ms=100)
    core.listed()
    assert "first_zero" in core.stamps
    core.later(s=2)
    core.listed(report(order))
    assert core.told(CancelAll)
    assert order.client_order_id in ids_of(core.acts, Cancel)
    core.later(s=12)
    core.listed(report(order))
    assert "certified_zero" not in core.stamps
    core.send(report(order, "CANCELED"))
    core.listed()
    assert "certified_zero" in core.stamps


def test_all_venues_must_be_at_zero_at_once() -> None:
    other = VenueId("KRAKEN")
    core = Core(settings=msgspec.structs.replace(SETTINGS, venues=(VENUE, other)))
    core.kill()
    core.later(s=SETTLE_S + 1)
    core.listed()
    assert not core.stamps
    core.later(ms=10)
    core.listed(foreign())  # the first one isn't any more
    core.later(ms=10)
    core.send(r.OpenOrdersListed(other, None, (), core.now, "kill"))
    assert not core.stamps
    core.listed()
    assert list(core.stamps)[-2:] == ["first_zero", "certified_zero"]


def test_what_a_list_finds_on_other_instruments_is_swept_too() -> None:
    core = Core()
    core.kill()
    found = foreign("2 @ 3000", instrument_id="ETHUSDT.BINANCE")  # type: ignore[arg-type]
    core.listed(found)
    assert core.told(CancelAll) == [CancelAll(VENUE, ("ETHUSDT.BINANCE",))]  # type: ignore[arg-type]
    assert len(ids_of(core.acts, Cancel)) == 1


def test_polls_come_at_round_trips_then_each_second_and_account_wide_each_ten() -> None:
    core = Core()
    core.working(limit_buy("1 @ 100"))
    core.send(r.HealthReported(VENUE, round_trip_ms=40.0))
    core.kill()
    wide: list[bool] = []
    for _ in range(25):
        (timer,) = [act for act in core.acts if isinstance(act, SetTimer) and act.timer == "kill"]
        core.now = timer.at
        (asked,) = polled(core)
        wide.append(asked.instrument_id is None)
        actions = core.acts
        core.listed(foreign())  # something keeps coming back
        core.acts = actions
    assert wide[:3] == [True] * 3
    assert sum(wide[3:]) == 2


def test_the_last_lists_are_account_wide_once_nothing_is_found_any_more() -> None:
    core = Core()
    core.kill()
    core.timer("kill")
    core.listed()
    for _ in range(4):
        core.later(s=1)
        asked = polled(core)
    assert asked[0].instrument_id is None
    core.listed()
    assert "certified_zero" in core.stamps
    core.later(s=1)
    core.timer("kill")
    assert not [act for act in core.acts if isinstance(act, SetTimer) and act.timer == "kill"]


def test_each_poll_cancels_again_what_is_still_open() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.kill()
    core.timer("kill")  # the bulk cancel is given its round trip
    for _ in range(3):
        core.later(s=2)
        core.timer("kill")
        assert ids_of(core.acts, Cancel) == [order.client_order_id]


def test_fills_during_a_kill_are_booked() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.kill()
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100")))
    assert core.said(OrderFilled)
    assert core.position == 1


# --- While HALTED -----------------------------------------------------------------------------------------


def test_an_order_of_ours_found_alive_while_halted_is_canceled_even_after_the_certificate() -> None:
    core = Core()
    order = core.never_arrived(limit_buy("1 @ 100"))
    core.kill()
    core.certify()
    core.later(s=60)
    core.send(report(order))
    assert core.alerts("REOPENED")
    assert ids_of(core.acts, Cancel) == [order.client_order_id]


def test_a_second_kill_after_the_certificate_sweeps_anew() -> None:
    core = Core()
    core.kill("k1")
    core.certify()
    core.later(s=60)
    core.send(foreign())
    ack = core.kill("k2")
    assert "gate closed" in ack.text
    assert core.told(CancelAll)
    assert core.state.kill is not None
    assert (core.state.kill.kill_id, core.stamps) == ("k2", {})
    assert not core.rearm().is_ok
    core.certify()
    assert core.rearm().is_ok


def test_the_same_kill_told_again_after_its_certificate_changes_nothing() -> None:
    core = Core()
    core.kill("k1")
    core.certify()
    core.kill("k1")
    assert "certified_zero" in core.stamps


# --- The way back -----------------------------------------------------------------------------------------


def test_no_rearm_before_the_certificate() -> None:
    core = Core()
    core.kill()
    core.listed()
    core.later(s=1)
    ack = core.rearm()
    assert not ack.is_ok
    assert "can be certified in 2 s at the earliest. Then again" in ack.text
    core.later(s=60)  # and no list came
    assert "the sweep goes on" in core.rearm().text
    assert state_of(core) is TradingState.HALTED
    assert not core.told(SetGate)


@pytest.mark.parametrize("typed", ["", "Demo", "live", "demo "])
def test_no_rearm_without_the_profiles_name(typed: str) -> None:
    core = Core()
    core.kill()
    core.certify()
    assert not core.rearm(confirmation=typed).is_ok
    assert core.state.is_halted


def test_no_rearm_without_a_kill() -> None:
    assert not Core().rearm().is_ok


def test_rearm_full_opens_the_gate_after_its_event_is_durable_and_strategies_stay_stopped() -> None:
    core = Core()
    core.run_strategy()
    core.kill()
    core.certify()
    assert core.rearm().is_ok
    (opened,) = core.told(SetGate)
    assert (opened.is_open, opened.after_seq) == (True, core.records[-1].seq)
    assert state_of(core) is TradingState.READY
    assert core.state.strategies[MM].state is StrategyState.STOPPED
    core.place(limit_buy("1 @ 100"))


def test_rearm_exits_lets_only_exits_out_and_resume_is_not_a_way_around() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.kill()
    core.certify()
    assert core.rearm(RearmLevel.EXITS).is_ok
    assert state_of(core) is TradingState.REDUCE_ONLY
    assert core.refused(limit_buy("1 @ 100")) == "STATE_REDUCE_ONLY"
    core.place(limit_sell("1 @ 100", reduce_only=True))
    core.command(Resume(command_id=core.new_id()))
    assert core.refused(limit_buy("1 @ 100")) == "STATE_REDUCE_ONLY"
    assert not core.rearm(RearmLevel.FULL, confirmation="").is_ok
    assert core.rearm(RearmLevel.FULL).is_ok
    core.place(limit_buy("1 @ 100"))


def test_each_text_names_what_lets_orders_grow_positions_again() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.kill()
    core.certify()
    assert ":rearm full" in core.rearm(RearmLevel.EXITS).text
    assert _advice(core) == ":rearm full"
    assert ":rearm full and :resume" in core.command(Reduce(command_id=core.new_id())).text
    assert _advice(core) == ":rearm full and :resume"
    assert ":rearm full" in core.command(Resume(command_id=core.new_id())).text
    assert _advice(core) == ":rearm full"
    core.rearm(RearmLevel.FULL)
    assert ":resume" in core.command(Reduce(command_id=core.new_id())).text
    assert _advice(core) == ":resume"
    core.command(Resume(command_id=core.new_id()))
    core.place(limit_buy("1 @ 100"))


def _advice(core: Core) -> str:
    """What a denied buy tells to do."""
    dry = PlaceOrder(command_id=core.new_id(), request=limit_buy("1 @ 100"), is_dry=True)
    return core.command(dry).text.partition("Add reduce, or ")[2].partition(" [")[0]


def test_resume_is_no_way_out_of_halted() -> None:
    core = Core()
    core.kill()
    core.certify()
    assert not core.command(Resume(command_id=core.new_id())).is_ok
    assert core.state.is_halted


def test_a_new_kill_after_a_rearm_starts_over() -> None:
    core = Core()
    core.kill("k1")
    core.certify()
    core.rearm()
    order = core.working(limit_buy("1 @ 100"))
    core.kill("k2")
    assert core.stamps == {}
    core.timer("kill-singles")
    assert order.cancel_requested_at is not None


# --- Restarts ---------------------------------------------------------------------------------------------


def test_halted_is_latched_over_a_restart_and_the_sweep_goes_on() -> None:
    before = Core()
    before.working(limit_buy("1 @ 100"))
    before.kill()
    core = before.restarted(ready=False)
    assert not [act for act in core.actions if isinstance(act, SetGate)]
    assert state_of(core) is TradingState.HALTED
    core.later(s=1)
    assert polled(core)[0].instrument_id is None
    core.later(s=1)
    polled(core)
    assert len(ids_of(core.acts, Cancel)) == 1
    assert not core.rearm().is_ok
    core.certify()
    assert core.rearm().is_ok


def test_a_flag_halts_an_engine_whose_journal_knows_nothing_of_the_kill() -> None:
    core = Core().restarted(kill_flag="g77")
    assert state_of(core) is TradingState.HALTED
    assert core.state.kill is not None
    assert core.state.kill.kill_id == "g77"
    assert core.stamps == {"gate_closed": 0.0}
    assert not [act for act in core.actions if isinstance(act, SetGate)]
    assert not core.rearm().is_ok
    core.certify()
    assert set(core.stamps) == {"gate_closed", "cancels_sent", "first_zero", "certified_zero"}
    assert core.rearm().is_ok


def test_a_guardians_certificate_is_not_taken_over_its_other_stamps_are() -> None:
    core = Core(ready=False)
    engine = core.restarted(ready=False).engine
    engine.start(
        core.now,
        account_tag="00",
        kill_flag="g77",
        kill_stamps={"gate_closed": 3.0, "first_zero": 80.0, "certified_zero": 9000.0},
    )
    assert engine.state.kill is not None
    assert engine.state.kill.stamps == {"gate_closed": 3.0, "first_zero": 80.0}


def test_after_a_restart_the_gate_opens_once_the_runs_epoch_is_durable() -> None:
    core = Core().restarted(ready=False)
    (gate_,) = [act for act in core.actions if isinstance(act, SetGate)]
    assert gate_.is_open
    assert gate_.after_seq >= core.records[0].seq


def test_unconfirmed_orders_of_a_dead_run_are_in_doubt_and_asked_for_at_reconciliation() -> None:
    before = Core()
    created, sent = before.place(limit_buy("1 @ 100")), before.sent(limit_buy("1 @ 99"))
    resting = before.working(limit_buy("1 @ 98"))
    core = before.restarted()
    orders = core.state.orders
    assert [orders[o.client_order_id].is_in_doubt for o in (created, sent, resting)] == [True, True, False]
    asks = {act.timer for act in core.actions if isinstance(act, SetTimer) and act.timer.startswith("doubt:")}
    assert asks == {f"doubt:{created.client_order_id}", f"doubt:{sent.client_order_id}"}
    assert not any(isinstance(act, Submit | Cancel) for act in core.actions)


def test_strategies_stay_stopped_after_a_restart() -> None:
    before = Core()
    before.run_strategy()
    core = before.restarted()
    assert core.state.strategies[MM].state is StrategyState.STOPPED


def test_an_unclean_stop_is_said_and_a_clean_one_not() -> None:
    crashed = Core()
    assert crashed.restarted().alerts("UNCLEAN_STOP")
    stopped = Core()
    stopped.records += stopped.engine.stop(stopped.now, "bye").events
    assert not stopped.restarted().alerts("UNCLEAN_STOP")


def test_ids_never_repeat_not_even_after_a_restored_journal() -> None:
    first = Core()
    backup = first.folded()
    second = first.restarted()
    old = {core.place(limit_buy("1 @ 90")).client_order_id for core in (first, second) for _ in range(20)}
    restored = Core(state=backup, now=Nanos(first.now + 120 * SECOND))
    new = {restored.place(limit_buy("1 @ 90")).client_order_id for _ in range(20)}
    assert (len(old), len(new)) == (40, 20)
    assert not old & new


def test_manual_orders_are_manual() -> None:
    core = Core()
    assert core.place(limit_buy("1 @ 90")).strategy_id == MANUAL
    assert core.mine()[0].side is Side.BUY
    assert core.mine()[0].status is OrderStatus.CREATED
