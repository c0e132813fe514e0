"""What a report doesn't read changes nothing: snapshots, orders of earlier days, what was forgotten."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.factories import BTC, T0, D, limit_buy
from tests.unit.reports.histories import ListSource, at, history, numbered, ready, report_of
from tests.unit.reports.test_lives import MINUTE, started
from tests.unit.reports.test_money import bought_and_sold
from veloz_tui.domain import events as e
from veloz_tui.domain.results import DAY, Path
from veloz_tui.domain.strategy_events import CallbackTimes
from veloz_tui.domain.types import SECOND, ClientOrderId, Nanos, VenueOrderId
from veloz_tui.engine.fold import apply
from veloz_tui.engine.state import State
from veloz_tui.reports import orders as orders_module
from veloz_tui.reports.build import build
from veloz_tui.reports.period import custom
from veloz_tui.reports.report import Report

SEEDS = st.integers(0, 2**32)


def states_of(records: list[e.Recorded], at_seqs: set[int]) -> dict[int, State]:
    """Return copies of the engine's state after these events."""
    found, state = {}, State()
    for record in records:
        apply(state, record)
        if record.seq in at_seqs:
            found[record.seq] = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State)
    return found


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.floats(0, 1), st.floats(0, 1))
def test_a_report_from_any_snapshot_is_the_report_from_the_beginning(
    seed: int, cut: float, part: float
) -> None:
    records = history(seed).core.records
    since = Nanos(records[0].event.at + int((records[-1].event.at - records[0].event.at) * cut))
    period = custom(since, Nanos(records[-1].event.at + 1))
    before = sum(1 for record in records if record.event.at < since)
    plain = report_of(records, period)
    assert report_of(records, period, states=states_of(records, {int(before * part)})) == plain


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0, 1))
def test_the_rest_of_a_history_counts_the_same_with_the_beginning_read_or_recalled(
    seed: int, cut: float
) -> None:
    # Additive figures of the part = those of the whole less those of the first part, which recalls nothing.
    records = history(seed).core.records
    first, last = records[0].event.at, Nanos(records[-1].event.at + 1)
    border = Nanos(first + int((last - first) * cut) or 1)
    if border in (first, last):
        return
    whole, part = report_of(records, custom(first, last)), report_of(records, custom(border, last))
    began = report_of(records, custom(first, border))
    for name in set(whole.orders.__struct_fields__) - {"order_to_trade"}:
        assert getattr(part.orders, name) == getattr(whole.orders, name) - getattr(began.orders, name)
    assert part.doubts.open_at_end == whole.doubts.open_at_end
    assert part.positions == whole.positions


def test_of_the_time_before_a_snapshot_nothing_is_read() -> None:
    records = history(3).core.records
    middle = len(records) // 2
    since = Nanos(records[middle].event.at + 1)
    source = ListSource(records, states_of(records, {middle}))
    build(source, custom(since, Nanos(records[-1].event.at + 1)))
    assert source.read
    assert min(source.read) > middle


def test_an_order_that_was_forgotten_is_recalled_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "KEEP_ENDED", 1)
    ids = [ClientOrderId(f"n{number}") for number in range(30)]
    events: list[e.AnyEvent] = []
    for number, name in enumerate(ids):
        events += [
            e.OrderCreated(at(number), name, limit_buy("1 @ 100")),
            e.OrderInDoubt(at(number), name, "timeout"),
            e.OrderNeverArrived(at(number + 0.5), name),
        ]
    events += [e.OrderAccepted(at(40 + n), name, VenueOrderId(name)) for n, name in enumerate(ids[:3])]
    found = report_of(numbered(*events))
    assert (found.orders.created, found.orders.accepted, found.orders.never_arrived) == (30, 3, 30)
    assert (found.doubts.begun, found.doubts.time_ns) == (30, 30 * SECOND // 2)


def test_a_cancel_is_timed_from_the_first_request() -> None:
    name = ClientOrderId("n1")
    events = numbered(
        e.OrderCreated(at(0), name, limit_buy("1 @ 100")),
        e.OrderAccepted(at(1), name, VenueOrderId("1")),
        e.CancelRequested(at(10), name, "me"),
        e.CancelRequested(at(11), name, "me"),
        e.OrderCanceled(at(13), name),
    )
    found = {row.step: row.p50_ns for row in report_of(events).latencies}
    assert found["cancel asked-canceled"] == 3 * SECOND
    # The request may lie before the period.
    later = {row.step: row.count for row in report_of(events, custom(at(12), at(60))).latencies}
    assert later["cancel asked-canceled"] == 1


def test_callbacks_are_told_by_strategy_over_the_noted_minutes() -> None:
    noted = [
        e.MinuteNoted(at(60 * n), D(100 + n), {}, {"mm-1": CallbackTimes(p50, p99)})  # type: ignore[dict-item]
        for n, (p50, p99) in enumerate(((10.0, 90.0), (30.0, 400.0), (20.0, 80.0)))
    ]
    (row,) = report_of(numbered(*noted)).callbacks
    assert (row.strategy_id, row.minutes, row.p50_us, row.p99_us) == ("mm-1", 3, 20.0, 400.0)


def test_an_open_position_is_valued_by_the_newest_of_marks_and_fills() -> None:

    core = bought_and_sold()
    (bought, _) = [r for r in core.records if isinstance(r.event, e.OrderFilled)]
    records = [record for record in core.records if record.seq <= bought.seq]
    mark = e.MinuteNoted(Nanos(bought.event.at + SECOND), D(1000), {BTC.id: D(105)})
    records.append(e.Recorded(bought.seq + 1, mark))
    (held,) = report_of(records).positions
    assert (held.price, held.price_of, held.unrealized) == (D(105), "mark", D(5))
    assert held.price_at == mark.at


# --- the engine's day ------------------------------------------------------------------------------------


def day_of_the_engine(state: State, report: Report) -> None:
    results = state.results
    rows = [(quote, tally) for quote, tally in results.totals.items()]
    for group, found in (
        (report.totals, [("all", q, t) for q, t in rows]),
        (report.by_strategy, [(s, q, t) for s, each in results.strategies.items() for q, t in each.items()]),
    ):
        assert [(r.name, r.quote, r.fills, r.turnover, r.realized, r.fees) for r in group] == [
            (name, quote, t.fills, t.turnover, t.realized, t.fees) for name, quote, t in found
        ]
    hours = [(q, t.realized, t.fees) for each in results.hours.values() for q, t in each.items()]
    assert [(r.quote, r.realized, r.fees) for r in report.by_hour] == hours
    curves = [results.equity] if results.equity.noted else []
    assert [(c.max_drawdown, len(c.points)) for c in report.curves] == [
        (p.worst, len(p.points)) for p in (*curves, *results.realized.values())
    ]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_the_engines_day_is_the_reports(seed: int) -> None:
    core = history(seed, 200).core
    since = core.state.results.since
    if not since:
        return
    assert (core.state.latest_at - since) < DAY
    day_of_the_engine(core.state, report_of(core.records, custom(since, Nanos(since + DAY))))


def test_a_fill_right_after_the_days_border_belongs_to_the_new_day() -> None:
    # The engine opens its day at its next tick only.
    core = history(11, 150).core
    events = [record.event for record in core.records if not isinstance(record.event, e.DayOpened)]
    fills = [event for event in events if isinstance(event, e.OrderFilled) and event.moved_from is None]
    since = Nanos(fills[-1].at - 1)
    opened = e.DayOpened(Nanos(since - DAY), D(1), {}, since=Nanos(since - DAY))
    state = State()
    for record in numbered(opened, *events):
        apply(state, record)
    assert state.results.since == since
    last = [fill for fill in fills if fill.at >= since]
    assert sum(tally.fills for tally in state.results.totals.values()) == len(last)


def test_a_path_knows_its_deepest_fall_between_two_points() -> None:
    path = Path()
    for number, value in enumerate((100, 120, 60, 110, 121)):
        path.add(Nanos(T0 + number), Decimal(value), step=0)
    assert (path.worst, path.fraction, path.peak) == (D(60), D("0.5"), D(121))
    assert [(p.value, p.drawdown) for p in path.points.values()] == [(D(121), D(0))]


def test_a_run_that_began_before_the_snapshot_fills_the_period() -> None:

    events = numbered(started(-50), ready(at(-40)), e.RunStopped(at(70), "bye"))
    found = report_of(events, MINUTE, states=states_of(events, {2}))
    assert found.engine_ran_ns == found.uptime[0].ready_ns == 60 * SECOND
    assert found == report_of(events, MINUTE)
