"""Strategies: their runs, their intents, their orders."""

import msgspec
import pytest

from tests.unit.engine.factories import (
    BTC,
    MM,
    SETTINGS,
    Core,
    D,
    fill,
    ids_of,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import OrderCreated, OrderDenied
from veloz_tui.domain.intents import CancelIntent, PlaceIntent, QuoteIntent, StrategyHostChanged
from veloz_tui.domain.types import InstrumentId, Side, StrategyId, StrategyState
from veloz_tui.engine.actions import Cancel, SetTimer, StartHost, StopHost, Submit, TellStrategy
from veloz_tui.engine.denials import MAX_DENIED_PER_S
from veloz_tui.engine.settings import StrategySettings


def running() -> Core:
    core = Core()
    core.run_strategy()
    return core


def place(ref: int = 1, what: str = "1 @ 99") -> PlaceIntent:
    return PlaceIntent(ref, limit_buy(what, strategy_id=MM))


def quote(bid: str | None = "99", ask: str | None = "101", size: str = "1") -> QuoteIntent:
    return QuoteIntent(BTC.id, bid and D(bid), ask and D(ask), D(size), tolerance=D(0))  # type: ignore[arg-type]


def accept_all(core: Core) -> None:
    for number, order in enumerate(core.mine(MM), start=100):
        core.send(report(order, venue_order_id=str(number)))


def test_it_runs_once_its_host_said_hello() -> None:
    core = Core()
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    assert core.told(StartHost) == [StartHost(MM, 1)]
    assert core.state.strategies[MM].state is StrategyState.STARTING
    core.send(StrategyHostChanged(MM, 1, is_running=True))
    assert core.state.strategies[MM].state is StrategyState.RUNNING


def test_a_strategy_that_is_not_configured_does_not_start() -> None:
    core = Core()
    ack = core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=StrategyId("nobody")))
    assert not ack.is_ok
    assert not core.told(StartHost)


def test_each_start_is_another_run() -> None:
    core = running()
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    assert core.told(StartHost) == [StartHost(MM, 2)]
    assert core.state.strategies[MM].restarts == 1


@pytest.mark.parametrize("run", [0, 2, 7])
def test_intents_of_another_run_are_dropped_and_counted(run: int) -> None:
    core = running()
    core.wants(place(), place(2), run=run)
    assert not core.events
    assert core.engine.live.strategy(MM).stale_intents == 2


def test_intents_after_the_stop_are_dropped() -> None:
    core = running()
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.wants(place(), quote())
    assert not core.told(Submit)


def test_a_strategy_can_only_ask_in_its_own_name() -> None:
    core = running()
    core.wants(PlaceIntent(1, limit_buy("1 @ 99")))  # says "manual"
    assert core.mine(MM)
    assert not core.mine()
    assert not core.told(Submit)[0].is_exit


def test_a_paused_strategy_may_only_cancel() -> None:
    core = running()
    core.wants(place())
    accept_all(core)
    core.command(c.PauseStrategy(command_id=core.new_id(), strategy_id=MM))
    assert core.told(Cancel)
    core.wants(place(2), quote())
    assert not core.told(Submit)
    core.later(s=2)
    core.wants(CancelIntent())
    assert core.told(Cancel)


def test_a_pause_of_all_pulls_every_quote_and_holds_them_back() -> None:
    core = running()
    core.wants(quote())
    accept_all(core)
    core.command(c.Pause(command_id=core.new_id()))
    assert len(core.told(Cancel)) == 2
    core.wants(quote(bid="98"))
    assert not core.told(Submit)
    core.command(c.Resume(command_id=core.new_id()))
    for order in core.mine(MM):
        core.send(report(order, "CANCELED", venue_order_id=order.venue_order_id or ""))
    core.wants(quote(bid="98"))
    assert len(core.told(Submit)) == 2


def test_stop_pulls_its_orders_unless_they_are_kept() -> None:
    core = running()
    core.wants(place())
    accept_all(core)
    stopped = core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM, keeps_orders=True))
    assert core.told(StopHost)
    assert not core.told(Cancel)
    assert stopped.text == f"{MM} stopped, keeps 1 orders resting, position 0 stays"
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    assert core.told(Cancel)


def test_a_fault_pulls_its_orders_and_nobody_elses() -> None:
    core = running()
    mine = core.working(limit_buy("1 @ 98"))
    core.wants(place())
    core.send(StrategyHostChanged(MM, 1, is_running=False, error="ZeroDivisionError"))
    assert core.state.strategies[MM].state is StrategyState.FAULTED
    assert mine.client_order_id not in ids_of(core.acts, Cancel)
    assert len(core.told(Cancel)) == 1
    assert core.alerts("STRATEGY_FAULTED")
    core.wants(place(2))
    assert not core.told(Submit)


def test_an_ended_run_cannot_fault_its_successor() -> None:
    core = running()
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.run_strategy()
    core.send(StrategyHostChanged(MM, 1, is_running=False, error="late"))
    assert core.state.strategies[MM].state is StrategyState.RUNNING


def test_an_instrument_that_is_not_configured_is_said() -> None:
    core = running()
    core.wants(PlaceIntent(1, limit_buy("1 @ 99", instrument_id=InstrumentId("ODD.BINANCE"))))
    assert core.alerts("UNKNOWN_INSTRUMENT")
    assert not core.told(Submit)


# --- Refs -------------------------------------------------------------------------------------------------


def test_an_order_carries_its_ref_and_is_canceled_by_it() -> None:
    core = running()
    core.wants(place(7), place(8, "1 @ 98"))
    first, second = core.mine(MM)
    assert (first.ref, second.ref) == (7, 8)
    core.wants(CancelIntent(ref=8))
    assert ids_of(core.acts, Cancel) == [second.client_order_id]


def test_a_ref_never_used_cancels_nothing() -> None:
    core = running()
    core.wants(place(7))
    core.wants(CancelIntent(ref=9))
    assert not core.told(Cancel)


def test_a_ref_of_an_ended_run_cancels_nothing() -> None:
    core = running()
    core.wants(place(7))
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM, keeps_orders=True))
    core.run_strategy()
    core.wants(CancelIntent(ref=7), run=2)
    assert not core.told(Cancel)


def test_the_ref_of_a_denied_order_cancels_nobody_elses() -> None:
    core = running()
    core.wants(place(1, "1000 @ 99"))
    core.wants(place(2, "1000 @ 99"))  # denied again, and not even journaled
    core.wants(place(3))
    (order,) = core.mine(MM)
    core.wants(CancelIntent(ref=2))
    assert not core.told(Cancel)
    core.wants(CancelIntent(ref=3))
    assert ids_of(core.acts, Cancel) == [order.client_order_id]


def test_no_ref_cancels_all_of_the_strategys() -> None:
    core = running()
    core.working(limit_buy("1 @ 97"))
    core.wants(place(1), place(2, "1 @ 98"))
    core.wants(CancelIntent())
    assert len(core.told(Cancel)) == 2


def test_a_strategy_cannot_cancel_the_operators_order() -> None:
    core = running()
    mine = core.working(limit_buy("1 @ 97"))
    core.wants(CancelIntent(client_order_id=mine.client_order_id))
    assert not core.told(Cancel)


# --- Denials ----------------------------------------------------------------------------------------------


def test_repeated_denials_are_journaled_once_a_second_with_their_count() -> None:
    core = running()
    for _ in range(5):
        core.later(ms=100)
        core.wants(place(1, "1000 @ 99"))
    core.later(s=1)
    core.wants(place(1, "1000 @ 99"))
    denials = [record.event for record in core.records if isinstance(record.event, OrderDenied)]
    assert [denial.suppressed for denial in denials] == [0, 4]


def told_denials(core: Core) -> list[tuple[int, str, str]]:
    """(ref, code, id) of each denial that the running strategy was told without the journal."""
    return [(act.denied.ref, act.denied.code, act.denied.client_order_id) for act in core.told(TellStrategy)]


def test_a_strategy_is_told_of_each_repeated_denial_that_the_journal_leaves_out() -> None:
    core = running()
    core.wants(*(place(ref, "1000 @ 99") for ref in (1, 2, 3)))
    assert [denial.ref for denial in core.said(OrderDenied)] == [1]
    assert [act.timer for act in core.told(SetTimer)] == [f"denied:{MM}"]
    core.later(ms=100)
    core.timer(f"denied:{MM}")
    # Without an id: that went to the next order.
    code = core.records[-1].event.code  # type: ignore[union-attr]
    assert told_denials(core) == [(2, code, ""), (3, code, "")]
    assert not core.events
    core.timer(f"denied:{MM}")
    assert not core.acts


def test_a_repeated_denial_of_a_quote_is_nobodys_order() -> None:
    core = running()
    for _ in range(3):
        core.wants(quote(size="1000"))
    assert core.state.strategies[MM].state is StrategyState.RUNNING
    assert not [act for act in core.actions if isinstance(act, SetTimer) and act.timer.startswith("denied")]


def test_a_new_run_is_not_told_of_the_orders_of_the_one_before() -> None:
    core = running()
    core.wants(place(1, "1000 @ 99"), place(2, "1000 @ 99"))
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.run_strategy()
    core.timer(f"denied:{MM}")
    assert not core.told(TellStrategy)


def test_a_strategy_is_told_what_became_of_orders_that_nobody_looked_at() -> None:
    core = running()
    elsewhere = msgspec.structs.replace(place(1).request, instrument_id=InstrumentId("NO.BINANCE"))
    core.wants(PlaceIntent(1, elsewhere))
    core.command(c.PauseStrategy(command_id=core.new_id(), strategy_id=MM))
    core.wants(place(2))
    core.timer(f"denied:{MM}")
    assert told_denials(core) == [(1, "UNKNOWN_INSTRUMENT", ""), (2, "PAUSED", "")]


def test_a_strategy_with_more_denials_than_can_be_kept_is_faulted() -> None:
    core = running()
    for first in range(0, MAX_DENIED_PER_S, 200):
        core.wants(*(place(ref, "1000 @ 99") for ref in range(first + 1, first + 201)))
    assert core.state.strategies[MM].state is StrategyState.RUNNING
    core.wants(*(place(ref, "1000 @ 99") for ref in (5001, 5002)))
    assert core.state.strategies[MM].state is StrategyState.FAULTED
    assert core.told(StopHost)


def test_another_reason_is_no_repeat() -> None:
    core = running()
    core.wants(place(1, "1000 @ 99"), place(2, "1 @ 99.001"))
    assert len(core.said(OrderDenied)) == 2


def test_the_operator_is_always_answered() -> None:
    core = Core()
    for _ in range(3):
        core.refused(limit_buy("1000 @ 99"))
    assert sum(isinstance(record.event, OrderDenied) for record in core.records) == 3


# --- Quotes -----------------------------------------------------------------------------------------------


def test_a_wish_becomes_two_post_only_orders() -> None:
    core = running()
    core.wants(quote())
    requests = [act.request for act in core.told(Submit)]
    assert [(q.side, q.price, q.post_only) for q in requests] == [
        (Side.BUY, D(99), True),
        (Side.SELL, D(101), True),
    ]
    core.wants(quote())
    assert not core.told(Submit)


def test_a_moved_quote_follows_once_its_predecessor_is_gone() -> None:
    core = running()
    core.wants(quote())
    accept_all(core)
    bid, _ = core.mine(MM)
    core.wants(quote(bid="98"))
    assert ids_of(core.acts, Cancel) == [bid.client_order_id]
    assert not core.told(Submit)
    core.send(report(bid, "CANCELED", venue_order_id=bid.venue_order_id or ""))
    (submit,) = core.told(Submit)
    assert submit.request.price == D(98)


def test_an_order_placed_one_by_one_is_no_quote() -> None:
    core = running()
    core.wants(place(5, "1 @ 95"))
    core.wants(quote())
    assert not core.told(Cancel)
    assert len(core.mine(MM)) == 3


def test_a_stale_book_moves_no_quote() -> None:
    core = running()
    core.send(r.BookStale(BTC.id, "gap"))
    core.wants(quote())
    assert not core.told(Submit)


def test_quotes_are_paced_below_the_accounts_limit() -> None:
    limits = msgspec.structs.replace(SETTINGS.limits, max_orders_per_second=5)
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    core.run_strategy()
    for number in range(4):
        core.place(limit_buy(f"0.1 @ {90 + number}"))
    core.wants(quote())
    assert not core.told(Submit)
    (timer,) = core.told(SetTimer)
    core.later(s=1)
    core.timer(timer.timer)
    assert len(core.told(Submit)) == 2


def test_fills_count_for_the_strategy_and_the_account() -> None:
    core = running()
    core.wants(place())
    (order,) = core.mine(MM)
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 99")))
    core.holding("1 @ 100", side=Side.SELL)
    assert core.state.strategy_positions[MM][BTC.id].quantity == 1
    assert core.position == 0


def test_orders_sent_are_counted() -> None:
    core = running()
    core.wants(place(1), place(2, "1 @ 98"))
    assert len(core.said(OrderCreated)) == 2
    assert core.state.strategies[MM].orders_sent == 2


def test_two_strategies_do_not_mix() -> None:
    other = StrategyId("mm-2")
    both = (*SETTINGS.strategies, StrategySettings(strategy_id=other, instruments=(BTC.id,)))
    core = Core(settings=msgspec.structs.replace(SETTINGS, strategies=both))
    core.run_strategy()
    core.run_strategy(other)
    core.wants(place())
    core.wants(PlaceIntent(1, limit_sell("1 @ 101")), strategy_id=other)
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    assert len(core.told(Cancel)) == 1
    assert core.mine(other)[0].cancel_requested_at is None
