"""What consoles are shown of the day is what a report of it says."""

import pytest

from tests.unit.engine.factories import BTC, Core, D, fill, limit_buy, limit_sell, report
from tests.unit.reports.histories import report_of
from veloz_tui.domain.events import MinuteNoted
from veloz_tui.domain.performance import PerformanceView
from veloz_tui.domain.results import DAY
from veloz_tui.domain.types import SECOND, Nanos
from veloz_tui.engine.performance import performance
from veloz_tui.engine.turn import Turn
from veloz_tui.reports.period import custom


def traded() -> Core:
    core = Core()
    for number, (what, order) in enumerate((("1 @ 100", limit_buy), ("1 @ 110", limit_sell)), start=1):
        working = core.working(order(what), venue_order_id=str(number))
        trade = fill(working, number, what, venue_order_id=str(number), fee="0.1")
        core.send(report(working, "FILLED", fill=trade, venue_order_id=str(number)))
        for _ in range(3):
            core.later(s=40)
            core.tick()
    return core


def shown(core: Core) -> PerformanceView:
    engine = core.engine
    return performance(Turn(state=engine.state, live=engine.live, settings=engine.settings, now=core.now))


def test_the_days_figures_and_curve_are_the_reports() -> None:
    core = traded()
    found = shown(core)
    since = core.state.results.since
    whole = report_of(core.records, custom(since, Nanos(since + DAY)))
    for rows, groups in (
        (found.totals, whole.totals),
        (found.strategies, whole.by_strategy),
        (found.hours, whole.by_hour),
    ):
        assert [(r.fills, r.makers, r.turnover, r.realized, r.fees, r.net, r.quote) for r in rows] == [
            (r.fills, r.maker_fills, r.turnover, r.realized, r.fees, r.net, r.quote) for r in groups
        ]
    assert (found.totals[0].net, found.totals[0].fills) == (D("9.8"), 2)
    curves = [c for c in (found.equity, *found.realized) if c is not None]
    assert [[(p.at, p.value, p.drawdown) for p in c.points] for c in curves] == [
        [(p.at, p.value, p.drawdown) for p in c.points] for c in whole.curves
    ]
    assert [c.worst for c in curves] == [c.max_drawdown for c in whole.curves]
    assert {c.basis for c in whole.curves} == {"equity", "realized"}


def test_a_new_day_begins_with_nothing_before_its_first_event() -> None:
    core = traded()
    core.later(s=DAY // SECOND)
    assert shown(core).totals == ()


def test_equity_is_noted_once_a_minute_and_only_when_something_changed() -> None:
    core = traded()
    for _ in range(300):
        core.later(s=1)
        core.tick()
    noted = [r.event for r in core.records if isinstance(r.event, MinuteNoted)]
    minutes = [event.at // (60 * SECOND) for event in noted]
    assert len(set(minutes)) == len(minutes)
    assert len(noted) <= 4


@pytest.mark.parametrize("seconds", [1, 3600])
def test_the_marks_that_were_noted_are_of_what_is_held(seconds: int) -> None:
    core = Core()
    working = core.working(limit_buy("1 @ 100"))
    core.send(report(working, "FILLED", fill=fill(working, 1, "1 @ 100")))
    core.later(s=60 + seconds)
    core.tick()
    noted = [r.event for r in core.records if isinstance(r.event, MinuteNoted)]
    assert list(noted[-1].marks) == [BTC.id]
