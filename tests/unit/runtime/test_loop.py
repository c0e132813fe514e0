"""The engine's loop: nothing reaches a venue before it is durable, and everything else goes first."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from tests.unit.engine.factories import BTC, MM, VENUE, limit_buy, limit_sell, report
from tests.unit.runtime.desk import LoopDesk, on_desk
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import Halted, OrderCreated, OrderNotSent
from veloz_tui.domain.types import ClientOrderId, OrderStatus, RearmLevel, Side
from veloz_tui.engine.actions import CancelAll, SetGate
from veloz_tui.journal.store import disk_full

Test = Callable[[LoopDesk], Coroutine[None, None, None]]


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[Test], None]:
    """Decorate a test's body with it: it runs on a virtual clock."""
    return lambda test: on_desk(tmp_path, test)


Desk = Callable[[Test], None]


def test_a_submit_waits_for_its_intent_and_leaves_when_that_is_durable(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        order = d.place(limit_buy("1 @ 100"))
        await asyncio.sleep(0.2)
        assert not d.submitted
        d.let_go()
        await d.settle()
        assert d.submitted == [order.client_order_id]


def test_submits_leave_in_the_order_of_their_events(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        orders = [d.place(limit_buy(f"1 @ {price}")) for price in range(90, 99)]
        d.let_go()
        await d.settle()
        assert d.submitted == [order.client_order_id for order in orders]


def test_a_cancel_removes_a_parked_submit_and_costs_no_request(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        order = d.place(limit_buy("1 @ 100"))
        d.cancel(order)
        assert d.status(order) is OrderStatus.NOT_SENT
        d.let_go()
        await d.settle()
        assert not d.submitted
        assert not d.adapter.canceled


def test_cancels_never_wait_for_the_disk(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        order = d.place(limit_buy("1 @ 100"))
        await d.settle()
        d.hold()
        d.cancel(order)
        assert d.adapter.canceled == [order.client_order_id]


def test_a_submit_is_removed_at_its_deadline(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        order = d.place(limit_buy("1 @ 100"))
        await asyncio.sleep(0.249)
        assert d.status(order) is OrderStatus.CREATED
        await asyncio.sleep(0.002)
        assert d.status(order) is OrderStatus.NOT_SENT
        d.let_go()
        await d.settle()
        assert not d.submitted


def test_each_submit_has_its_own_deadline(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.journal._settings = type(d.journal._settings)(slow_after_s=9.0)
        d.hold()
        first = d.place(limit_buy("1 @ 100"))
        await asyncio.sleep(0.2)
        second = d.place(limit_buy("1 @ 99"))
        await asyncio.sleep(0.1)
        assert (first.status, second.status) == (OrderStatus.NOT_SENT, OrderStatus.CREATED)
        d.let_go()
        await d.settle()
        assert d.submitted == [second.client_order_id]


def test_a_submit_released_after_its_deadline_is_not_sent(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.stall_s = 0.3
        order = d.place(limit_buy("1 @ 100"))
        await d.settle()
        assert not d.submitted
        assert d.status(order) is OrderStatus.NOT_SENT


@pytest.mark.parametrize("state", ["slow", "failed"])
def test_a_journal_in_trouble_empties_the_parking(desk: Desk, state: str) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        order = d.place(limit_buy("1 @ 100"))
        if state == "failed":
            d.fault = disk_full()
            d.let_go()
            await d.settle()
        else:
            d.engine_loop.on_journal_state(r.JournalState.SLOW, "disk")
        assert d.status(order) is OrderStatus.NOT_SENT
        d.fault = None
        d.let_go()
        await asyncio.sleep(5)
        d.engine_loop.on_journal_state(r.JournalState.OK, "")
        assert not d.submitted
        later = d.place(limit_buy("1 @ 100"))
        await d.settle()
        assert d.submitted == [later.client_order_id]


# --- The gate ---------------------------------------------------------------------------------------------


def test_the_gate_opens_once_the_runs_start_is_durable(tmp_path: Path) -> None:
    async def body(d: LoopDesk) -> None:
        assert d.adapter.log is d.log
        d.engine_loop._set_gate(is_open=False, reason="test")
        d.hold()
        seq = d.engine.state.seq + 1
        d.place(limit_buy("1 @ 100"))  # an event to wait for
        d.engine_loop._do(SetGate(is_open=True, reason="start", after_seq=seq))
        await asyncio.sleep(0.05)
        assert not d.adapter.is_open
        d.let_go()
        await d.settle()
        assert d.adapter.is_open

    on_desk(tmp_path, body)


def test_a_kill_closes_the_gate_before_it_cancels_and_empties_the_parking(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        resting = d.place(limit_buy("1 @ 100"))
        await d.settle()
        d.engine_loop.dispatch(r.SubmitAccepted(resting.client_order_id, report(resting)))
        d.hold()
        parked = d.place(limit_buy("1 @ 99"))
        d.log.clear()
        d.kill()
        assert d.log == ["gate closed", "cancel all"]
        assert d.status(parked) is OrderStatus.NOT_SENT
        assert d.watcher.halted[0].kill_id == "k1"  # at once, the disk stands still
        d.let_go()
        await d.settle()
        assert d.submitted == [resting.client_order_id]
        assert not d.adapter.is_open


def test_the_kills_first_stamps_are_measured(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.kill()
        assert d.engine.state.kill is not None
        assert list(d.engine.state.kill.stamps) == ["gate_closed", "cancels_sent"]


def test_a_rearm_opens_the_gate_and_lowers_the_flag_only_when_it_is_durable(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.kill()
        await asyncio.sleep(4)
        d.engine_loop.dispatch(r.OpenOrdersListed(VENUE, None, (), d.now(), "kill"))
        await d.settle()
        d.hold()
        d.engine_loop.dispatch(c.Rearm(command_id=d.new_id(), level=RearmLevel.FULL, confirmation="demo"))
        assert d.watcher.acks[-1].is_ok
        await asyncio.sleep(0.1)
        assert not d.adapter.is_open
        assert not d.watcher.rearmed
        d.let_go()
        await d.settle()
        assert [entry for entry in d.log if entry in ("gate open", "rearmed")] == ["gate open", "rearmed"]


def test_a_kill_beats_a_rearm_that_is_not_durable_yet(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.kill()
        await asyncio.sleep(4)
        d.engine_loop.dispatch(r.OpenOrdersListed(VENUE, None, (), d.now(), "kill"))
        d.hold()
        d.engine_loop.dispatch(c.Rearm(command_id=d.new_id(), level=RearmLevel.FULL, confirmation="demo"))
        d.engine_loop.dispatch(c.Kill(command_id=d.new_id(), kill_id="k2"))
        d.let_go()
        await d.settle()
        assert not d.adapter.is_open


def test_a_closing_engine_is_not_reopened_by_a_rearm_that_becomes_durable(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.kill()
        await asyncio.sleep(4)
        d.engine_loop.dispatch(r.OpenOrdersListed(VENUE, None, (), d.now(), "kill"))
        d.hold()
        d.engine_loop.dispatch(c.Rearm(command_id=d.new_id(), level=RearmLevel.FULL, confirmation="demo"))
        assert d.watcher.acks[-1].is_ok
        d.engine_loop.close()
        d.let_go()
        await d.settle()
        assert d.watcher.rearmed
        assert not d.adapter.is_open


def test_after_close_nothing_leaves(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        d.place(limit_buy("1 @ 100"))
        d.engine_loop.close()
        d.let_go()
        await asyncio.sleep(1)
        assert not d.submitted
        assert not d.adapter.is_open


# --- Re-entrancy ------------------------------------------------------------------------------------------


def test_what_a_release_leads_to_beats_the_submits_after_it(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        first, second, third = (d.place(limit_buy(f"1 @ {price}")) for price in (100, 99, 98))
        d.adapter.on_submit = lambda submit: d.cancel(second)
        d.let_go()
        await d.settle()
        assert d.submitted == [first.client_order_id, third.client_order_id]
        assert d.status(second) is OrderStatus.NOT_SENT
        assert second.client_order_id not in d.adapter.canceled


def test_a_kill_during_a_release_stops_the_rest(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        first, second = d.place(limit_buy("1 @ 100")), d.place(limit_buy("1 @ 99"))
        d.adapter.on_submit = lambda submit: d.kill()
        d.let_go()
        await d.settle()
        assert d.submitted == [first.client_order_id]
        assert d.status(second) is OrderStatus.NOT_SENT


def test_a_message_from_within_a_turn_waits_for_its_end(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        one, two = d.place(limit_buy("1 @ 100")), d.place(limit_buy("1 @ 99"))
        await d.settle()
        for number, order in enumerate((one, two)):
            d.engine_loop.dispatch(
                r.SubmitAccepted(order.client_order_id, report(order, venue_order_id=str(number)))
            )
        d.log.clear()
        inside: list[int] = []

        def answer_at_once(action: object) -> None:
            order = one if len(inside) == 0 else two
            d.engine_loop.dispatch(report(order, "CANCELED", venue_order_id=order.venue_order_id or ""))
            inside.append(sum(o.is_open for o in (one, two)))

        d.adapter.on_cancel = answer_at_once
        d.engine_loop.dispatch(c.CancelOrders(command_id=d.new_id(), is_all=True))
        assert inside == [2, 2]  # neither was handled before the turn had ended
        assert not (one.is_open or two.is_open)


def test_an_inline_strategys_intents_are_handled_after_the_book_that_led_to_them(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        seen: list[tuple[bool, str]] = []

        def on_told(records: object) -> None:
            seen.append((d.engine_loop._is_busy, "told"))

        d.watcher.on_told = on_told
        d.place(limit_buy("1 @ 100"))
        await d.settle()
        assert seen
        d.engine_loop.dispatch(r.BookSnapshot(BTC.id, 2, [(99.0, 1.0)], [(101.0, 1.0)]))
        d.engine_loop.dispatch(r.TradePrinted(BTC.id, 100.0, 1.0, Side.BUY, d.now()))
        assert d.log[-2:] == [f"book {BTC.id}", "trade"]


def test_watchers_are_told_what_is_durable_in_order_and_once(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        told = len(d.watcher.records)
        d.hold()
        d.place(limit_buy("1 @ 100"))
        await asyncio.sleep(0.1)
        assert len(d.watcher.records) == told
        d.let_go()
        await d.settle()
        seqs = [record.seq for record in d.watcher.records]
        assert seqs == list(range(1, d.engine.state.seq + 1))


def test_timers_are_moved_and_fire_once(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        order = d.place(limit_buy("1 @ 100"))
        await d.settle()
        d.engine_loop.dispatch(r.SubmitUnknown(order.client_order_id, "timeout"))
        assert f"doubt:{order.client_order_id}" in d.engine_loop._timers
        await asyncio.sleep(30)
        assert order.is_in_doubt
        d.engine_loop.dispatch(report(order, "CANCELED"))
        await asyncio.sleep(10)
        assert f"doubt:{order.client_order_id}" not in d.engine_loop._timers
        assert "tick" in d.engine_loop._timers


# --- The worst case ---------------------------------------------------------------------------------------


def check_broken(d: LoopDesk) -> None:
    assert len(d.watcher.broken) == 1
    assert not d.adapter.is_open
    assert d.adapter.swept[-1] == CancelAll(VENUE, (BTC.id,)).instrument_ids
    before = list(d.log)
    d.kill()
    d.engine_loop.dispatch(c.Pause(command_id=d.new_id()))
    assert d.log == before  # nothing is handled any more


def test_a_broken_core_closes_the_gate_cancels_and_never_goes_on(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.place(limit_buy("1 @ 100"))
        await d.settle()
        d.hold()
        parked = d.place(limit_sell("1 @ 101"))
        d.engine_loop.dispatch(r.SubmitWritten(ClientOrderId("vz00NEVERCREATED")))
        check_broken(d)
        d.let_go()
        await asyncio.sleep(1)
        assert parked.client_order_id not in d.submitted


def test_an_adapter_that_raises_is_as_bad(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        order = d.place(limit_buy("1 @ 100"))
        await d.settle()

        def fail(action: object) -> None:
            raise RuntimeError("no contract")

        d.adapter.on_cancel = fail
        d.cancel(order)
        check_broken(d)


def test_so_is_one_that_raises_while_submits_are_released(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        def fail(submit: object) -> None:
            raise RuntimeError("no contract")

        d.adapter.on_submit = fail
        d.place(limit_buy("1 @ 100"))
        second = d.place(limit_buy("1 @ 99"))
        await d.settle()
        check_broken(d)
        assert second.client_order_id not in d.submitted
        await d.journal.wait_durable(d.engine.state.seq)  # the writer lives on


def test_a_watcher_that_raises_does_not_kill_the_journal(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        def fail(records: object) -> None:
            raise RuntimeError("console")

        d.watcher.on_told = fail
        d.place(limit_buy("1 @ 100"))
        await d.settle()
        check_broken(d)
        assert not d._task.done()


def test_a_record_that_cannot_be_written_stops_everything(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.place(limit_buy("1 @ 100"))
        await d.settle()

        def fail(records: object) -> None:
            raise TypeError("not encodable")

        d.journal.append = fail  # type: ignore[method-assign]
        d.place_raw()
        check_broken(d)


# --- The end ----------------------------------------------------------------------------------------------


def test_a_clean_end_is_the_last_event(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.engine_loop.end("bye")
        d.place_raw()
        await d.settle()
        assert type(d.watcher.records[-1].event).__name__ == "RunStopped"


def test_commands_of_all_kinds_reach_their_place(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.engine_loop.dispatch(c.KillPrepare(command_id=d.new_id()))
        d.engine_loop.dispatch(c.StartStrategy(command_id=d.new_id(), strategy_id=MM))
        d.engine_loop.dispatch(c.StopStrategy(command_id=d.new_id(), strategy_id=MM))
        d.engine_loop.dispatch(c.Shutdown(command_id=d.new_id(), by="me"))
        assert d.log == ["warm up", f"start {MM} 1", f"stop {MM} 1"]
        assert d.watcher.stopped == ["shutdown by me"]
        d.engine_loop.on_consoles(1, "pid 9")
        assert d.engine.live.controller == "pid 9"


def test_intents_are_journaled_even_if_they_are_never_sent(desk: Desk) -> None:
    @desk
    async def _(d: LoopDesk) -> None:
        d.hold()
        order = d.place(limit_buy("1 @ 100"))
        d.kill()
        d.let_go()
        await d.settle()
        kinds = [
            type(record.event)
            for record in d.watcher.records
            if getattr(record.event, "client_order_id", "") == order.client_order_id
        ]
        assert kinds[0] is OrderCreated
        assert kinds[-1] is OrderNotSent
        assert any(isinstance(record.event, Halted) for record in d.watcher.records)
