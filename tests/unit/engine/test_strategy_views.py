"""One strategy in full: what it holds and earned, how long its callbacks take, and why it places nothing."""

import msgspec

from tests.unit.engine.factories import BTC, MM, SETTINGS, Core, D, fill, limit_buy, limit_sell, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.intents import ParametersChecked, PlaceIntent, StrategyHostChanged, StrategyReported
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.strategy_views import LogLine, SetBy, StrategyDetail
from veloz_tui.domain.types import Nanos
from veloz_tui.engine.settings import StrategySettings
from veloz_tui.engine.strategy_views import FromOutside, strategy_detail
from veloz_tui.engine.turn import Turn

SIZE = Parameter(name="size", value="0.02", default="0.01", kind="number")


def a_core(**settings: object) -> Core:
    mine = StrategySettings(strategy_id=MM, instruments=(BTC.id,), **settings)  # type: ignore[arg-type]
    return Core(settings=msgspec.structs.replace(SETTINGS, strategies=(mine,)))


def detail(core: Core) -> StrategyDetail:
    engine = core.engine
    turn = Turn(state=engine.state, live=engine.live, settings=engine.settings, now=core.now)
    outside = FromOutside(source="mine.py", parameters=(SIZE,), log=(LogLine(Nanos(5), "hello"),))
    return strategy_detail(turn, MM, outside)


def trade(core: Core, what: str, *, number: int, sells: bool = False) -> None:
    request = (limit_sell if sells else limit_buy)(what, strategy_id=MM)
    core.wants(PlaceIntent(number, request), run=core.state.strategies[MM].run)
    order = core.mine(MM)[-1]
    core.send(report(order, "FILLED", venue_order_id=str(number), fill=fill(order, number, what)))


def test_what_was_told_from_outside_is_in_it() -> None:
    shown = detail(a_core())
    assert (shown.source, shown.parameters, shown.log) == ("mine.py", (SIZE,), (LogLine(Nanos(5), "hello"),))


def test_its_open_orders_and_nobody_elses() -> None:
    core = a_core()
    core.run_strategy()
    core.wants(PlaceIntent(1, limit_buy("1 @ 99", strategy_id=MM)))
    mine = core.mine(MM)[0]
    core.send(report(mine))
    core.working(limit_buy("1 @ 98"), venue_order_id="7")
    assert [order.client_order_id for order in detail(core).orders] == [mine.client_order_id]


def test_its_fills_newest_first_and_what_they_earned() -> None:
    core = a_core()
    core.run_strategy()
    trade(core, "1 @ 100", number=50)
    trade(core, "0.5 @ 102", number=51, sells=True)
    shown = detail(core)
    assert [(one.price, one.quantity) for one in shown.fills] == [(D(102), D("0.5")), (D(100), D(1))]
    results = shown.results
    assert results.realized == D("1.0")
    assert results.fees == 0
    assert results.unrealized == D(0)
    assert results.total == results.realized - results.fees
    assert results.since_start == results.today == results.total


def test_a_new_run_begins_at_nothing_but_the_whole_is_kept() -> None:
    core = a_core()
    core.run_strategy()
    trade(core, "1 @ 100", number=50)
    trade(core, "1 @ 102", number=51, sells=True)
    core.command(c.StopStrategy(command_id=core.new_id(), strategy_id=MM))
    core.run_strategy()
    results = detail(core).results
    assert results.since_start == 0
    assert results.today == results.total
    assert results.realized == 2


def test_callback_times_and_what_was_too_slow() -> None:
    core = a_core(callback_limit_s=3.0)
    core.run_strategy()
    for took_us in (10.0, 20.0, 30.0, 1_100_000.0):
        core.send(StrategyReported(MM, 1, 0, (), took_us))
    times = detail(core).callbacks
    assert (times.count, times.p50_us, times.max_us, times.slow) == (4, 20.0, 1_100_000.0, 1)
    assert times.limit_s == 3.0


def test_it_says_who_set_what() -> None:
    core = a_core(params={"size": '"0.01"'})
    core.send(c.SetParameters(command_id=core.new_id(), by="pid 7", strategy_id=MM, values={"size": "0.02"}))
    check = core.acts[0]
    core.send(ParametersChecked(check.check_id, MM, parameters=(SIZE,)))  # type: ignore[union-attr]
    assert detail(core).set_by == {"size": SetBy("pid 7", core.now, "0.01")}


def test_nothing_is_in_the_way_of_one_that_runs_on_a_fresh_book() -> None:
    core = a_core()
    core.run_strategy()
    assert detail(core).waits_for == ()


def test_why_it_places_nothing() -> None:
    core = a_core(restarts_on_failure=True)
    assert detail(core).waits_for == ("not started yet: Space starts it",)
    core.run_strategy()
    core.send(r.BookStale(BTC.id, "gap of 3"))
    assert "no fresh book: gap of 3" in detail(core).waits_for[0]
    core.book("99.99", "100.01")
    core.wants(PlaceIntent(1, limit_buy("9999 @ 99", strategy_id=MM)))
    assert detail(core).waits_for[0].startswith("denied ")
    core.later(s=61)
    core.book("99.99", "100.01")
    assert detail(core).waits_for == ()
    core.command(c.Pause(command_id=core.new_id()))
    assert "all strategies are paused: :resume" in detail(core).waits_for
    core.command(c.Resume(command_id=core.new_id()))
    core.command(c.PauseStrategy(command_id=core.new_id(), strategy_id=MM))
    assert detail(core).waits_for[0].startswith("PAUSED")
    core.command(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
    core.send(StrategyHostChanged(MM, 1, is_running=False, error="mine.py:3 in on_book: ValueError"))
    assert detail(core).waits_for[:2] == ("FAULTED: mine.py:3 in on_book: ValueError", "restarts in 5.0 s")
    assert [(one.run, one.reason) for one in detail(core).faults] == [(1, "mine.py:3 in on_book: ValueError")]
    core.kill()
    assert detail(core).waits_for[0].startswith("HALTED")


def test_its_orders_its_fills_and_its_faults_survive_a_restart_of_the_engine() -> None:
    core = a_core()
    core.run_strategy()
    trade(core, "1 @ 100", number=50)
    core.send(StrategyHostChanged(MM, 1, is_running=False, error="mine.py:3"))
    again = core.restarted()
    assert len(detail(again).fills) == 1
    assert [one.reason for one in detail(again).faults] == ["mine.py:3"]
