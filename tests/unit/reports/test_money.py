"""The report's money: the engine's to the last digit, and what other arithmetic makes of the same trades."""

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.factories import BTC, T0, Core, D, fill, limit_buy, limit_sell, report
from tests.unit.reports.histories import history, numbered, report_of
from veloz_tui.domain import events as e
from veloz_tui.domain.results import DAY, EXACT
from veloz_tui.domain.types import SECOND, ZERO, Nanos, RearmLevel, StrategyId
from veloz_tui.reports.period import custom
from veloz_tui.reports.report import MoneyRow, Report

SEEDS = st.integers(0, 2**32)
TINY = Fraction(1, 10**18)


class Ledger:
    """The money of a list of events, worked out by fractions: cash flows and average cost, no Position."""

    def __init__(self) -> None:
        self.side: dict[str, int] = {}
        self.held: Fraction = Fraction(0)
        self.cost: Fraction = Fraction(0)
        self.trades: dict[str, int] = defaultdict(int)
        self.turnover: dict[str, Fraction] = defaultdict(Fraction)
        self.valued: Fraction = Fraction(0)
        self.paid: dict[str, Fraction] = defaultdict(Fraction)
        self.cash: Fraction = Fraction(0)
        self.owner: dict[str, str] = {}

    def read(self, records: list[e.Recorded]) -> "Ledger":
        for event in (record.event for record in records):
            if isinstance(event, e.OrderCreated | e.ExternalOrderSeen):
                self.side[event.client_order_id] = 1 if event.request.side == "BUY" else -1
                self.owner[event.client_order_id] = event.request.strategy_id
            elif isinstance(event, e.OrderFilled):
                self.read_fill(event)
        return self

    def read_fill(self, event: e.OrderFilled) -> None:
        who = self.owner[event.client_order_id]
        worth = Fraction(event.price) * Fraction(event.quantity)
        self.trades[who] += 1
        self.turnover[who] += worth
        if event.moved_from is not None:
            guess = self.owner[event.moved_from]
            self.trades[guess] -= 1
            self.turnover[guess] -= worth
            return
        self.paid[event.fee_asset] += Fraction(event.fee)
        self.valued += Fraction(event.fee_value or 0)
        # A fee in base is sold at the fill's price to pay for it: the wallet moves by the rest.
        base = Fraction(event.fee) if event.fee_asset == "BTC" else Fraction(0)
        moved = self.side[event.client_order_id] * Fraction(event.quantity) - base
        self.cash -= moved * Fraction(event.price)
        self.move(moved, Fraction(event.price))

    def move(self, moved: Fraction, price: Fraction) -> None:
        after = self.held + moved
        if self.held * moved >= 0:
            self.cost += moved * price
        elif after * self.held > 0:
            self.cost *= after / self.held
        else:
            self.cost = after * price
        self.held = after

    @property
    def realized(self) -> Fraction:
        """What came in, and what is still in the position at its cost."""
        return self.cash + self.cost


def near(value: object, exact: Fraction) -> bool:
    return abs(Fraction(str(value)) - exact) < TINY


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_totals_equal_the_engines_fold_to_the_last_digit(seed: int) -> None:
    core = history(seed).core
    found = report_of(core.records)
    position = core.state.position(BTC.id)
    total = one(found)
    assert (total.realized, total.fees) == (position.realized, position.fees)
    assert {row.instrument_id: row.quantity for row in found.positions} == (
        {BTC.id: position.quantity} if position.quantity else {}
    )
    for row in found.by_strategy:
        own = core.state.strategy_positions[StrategyId(row.name)][BTC.id]
        assert (row.realized, row.fees) == (own.realized, own.fees)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_totals_equal_an_account_by_fractions(seed: int) -> None:
    core = history(seed).core
    found, ledger = report_of(core.records), Ledger().read(core.records)
    total = one(found)
    assert total.fills == sum(ledger.trades.values())
    assert Fraction(total.turnover) == sum(ledger.turnover.values())
    assert {a: Fraction(v) for a, v in total.fee_assets.items()} == {
        a: v for a, v in ledger.paid.items() if v
    }
    assert Fraction(total.fees) == ledger.valued
    assert near(total.realized, ledger.realized)
    assert near(total.net, ledger.realized - ledger.valued)
    for row in found.by_strategy:
        assert (row.fills, Fraction(row.turnover)) == (ledger.trades[row.name], ledger.turnover[row.name])
    assert total.unvalued_fees.get("BNB", ZERO) == total.fee_assets.get("BNB", ZERO)  # type: ignore[call-overload]


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.lists(st.floats(0, 1), max_size=6))
def test_periods_that_share_no_instant_add_up_to_the_whole(seed: int, cuts: list[float]) -> None:
    records = history(seed).core.records
    first, last = records[0].event.at, records[-1].event.at + 1
    borders = sorted({first, last, *(first + int((last - first) * cut) for cut in cuts)})
    parts = [report_of(records, custom(Nanos(a), Nanos(b))) for a, b in pairwise(borders)]
    assert added([additive(part) for part in parts]) == additive(report_of(records))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_hours_and_instruments_add_up_to_the_total(seed: int) -> None:
    found = report_of(history(seed).core.records)
    for rows in (found.by_hour, found.by_instrument):
        assert sum(row.fills for row in rows) == one(found).fills
        realized = ZERO
        for row in rows:
            realized = EXACT.add(realized, row.realized)
        assert realized == one(found).realized


def one(report: Report) -> MoneyRow:
    """The total in USDT; of nothing if there was no fill."""
    (row,) = report.totals or (MoneyRow("total", "all", BTC.quote, 0, 0, ZERO, ZERO, ZERO, ZERO, {}, {}),)
    return row


def additive(report: Report) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for row in report.rows(("strategy", "instrument", "hour")):
        for name in ("fills", "maker_fills", "turnover", "realized", "fees", "net"):
            found[f"{row.group} {row.name} {name}"] = Fraction(getattr(row, name))
        for asset, amount in row.fee_assets.items():
            found[f"{row.group} {row.name} paid {asset}"] = Fraction(amount)
        for asset, amount in row.unvalued_fees.items():
            found[f"{row.group} {row.name} unvalued {asset}"] = Fraction(amount)
    for name in set(report.orders.__struct_fields__) - {"order_to_trade"}:
        found[name] = Fraction(getattr(report.orders, name))
    for denial in report.denials:
        found[f"denied {denial.code}"] = Fraction(denial.denied + denial.suppressed)
    for step in report.latencies:
        found[step.step] = Fraction(step.count)
    for venue in report.uptime:
        found[f"{venue.venue} up"], found[f"{venue.venue} downs"] = (
            Fraction(venue.ready_ns),
            Fraction(venue.downs),
        )
    found["doubts"], found["doubt"] = Fraction(report.doubts.begun), Fraction(report.doubts.time_ns)
    found["ran"], found["halts"] = Fraction(report.engine_ran_ns), Fraction(len(report.halts))
    return {name: value for name, value in found.items() if value}


def added(parts: list[dict[str, Fraction]]) -> dict[str, Fraction]:
    total: dict[str, Fraction] = defaultdict(Fraction)
    for part in parts:
        for name, value in part.items():
            total[name] += value
    return {name: value for name, value in total.items() if value}


# --- single stories --------------------------------------------------------------------------------------


def bought_and_sold() -> Core:
    core = Core()
    for number, (what, order) in enumerate((("1 @ 100", limit_buy), ("1 @ 110", limit_sell)), start=1):
        working = core.working(order(what), venue_order_id=str(number))
        trade = fill(working, number, what, venue_order_id=str(number), fee="0.1")
        core.send(report(working, "FILLED", fill=trade, venue_order_id=str(number)))
        core.later(s=DAY // SECOND)
    return core


def test_what_was_bought_on_another_day_is_realized_on_the_day_it_is_sold() -> None:
    records = bought_and_sold().records
    days = [report_of(records, custom(Nanos(T0 + n * DAY), Nanos(T0 + (n + 1) * DAY))) for n in (0, 1)]
    assert [(one(day).realized, one(day).net) for day in days] == [(D(0), D("-0.1")), (D(10), D("9.9"))]
    (held,) = days[0].positions
    assert (held.quantity, held.price, held.unrealized) == (D(1), D(100), D(0))
    assert days[1].positions == ()


def test_an_event_on_the_border_belongs_to_the_period_that_begins() -> None:
    records = bought_and_sold().records
    (first, _) = [record.event.at for record in records if isinstance(record.event, e.OrderFilled)]
    before = report_of(records, custom(Nanos(first - DAY), Nanos(first)))
    after = report_of(records, custom(Nanos(first), Nanos(first + 1)))
    assert (before.totals, one(after).fills) == ((), 1)


def test_an_event_stamped_earlier_than_the_one_before_it_counts_once() -> None:
    # Another run's clock may have been ahead.
    records = bought_and_sold().records
    fills = [record for record in records if isinstance(record.event, e.OrderFilled)]
    border = Nanos(fills[1].event.at - 5)
    ahead = e.Recorded(0, e.CommandTaken(Nanos(border + 1), "me", "x"))
    asked = e.Recorded(0, e.Rearmed(Nanos(border + 1), RearmLevel.FULL, "me"))
    moved = [*records[: records.index(fills[0])], ahead, asked, *records[records.index(fills[0]) :]]
    whole = custom(Nanos(T0), Nanos(border + DAY))
    halves = (custom(Nanos(T0), border), custom(border, Nanos(border + DAY)))
    parts = [report_of(moved, half) for half in halves]
    assert sum(one(part).fills for part in parts) == one(report_of(moved, whole)).fills == 2


def test_the_curve_is_realized_pnl_where_equity_was_noted_once() -> None:
    (curve,) = report_of(bought_and_sold().records).curves
    assert curve.basis == "realized"
    assert [point.value for point in curve.points] == [D(0), D("-0.1"), D("9.8")]
    assert (curve.max_drawdown, curve.max_drawdown_fraction) == (D("0.1"), None)


def test_the_curve_is_equity_where_it_was_noted_and_its_drawdown_is_of_the_peak() -> None:
    days = [e.DayOpened(Nanos(T0 + n * DAY), D(v), {}) for n, v in enumerate((100, 120, 90, 110))]
    (curve,) = report_of(numbered(*days)).curves
    assert (curve.basis, curve.max_drawdown, curve.max_drawdown_fraction) == ("equity", D(30), D("0.25"))
    assert [point.value for point in curve.points] == [100, 120, 90, 110]


def test_an_unvalued_fee_is_told_apart_and_never_as_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "FILLED", fill=fill(order, 1, "1 @ 100", fee="0.01", fee_asset="BNB")))
    total = one(report_of(core.records))
    assert (total.fees, total.unvalued_fees) == (D(0), {"BNB": D("0.01")})


def test_the_random_histories_hold_what_these_tests_are_about() -> None:
    events = [record.event for seed in range(12) for record in history(seed).core.records]
    fills = [event for event in events if isinstance(event, e.OrderFilled)]
    assert len(fills) > 100
    assert any(fill.moved_from for fill in fills)
    assert {fill.fee_asset for fill in fills} == {"USDT", "BTC", "BNB"}
    assert {"OrderInDoubt", "OrderDenied", "Halted"} <= {type(event).__name__ for event in events}
    thirds = [report_of(history(seed).core.records) for seed in range(12)]
    assert any(len(row.realized.as_tuple().digits) >= 25 for found in thirds for row in found.totals)


def test_a_cut_between_a_small_and_a_large_gain_loses_no_digit() -> None:
    # 28 digits of a tenth and 28 of five thousand: their difference has more.
    core = Core()
    trades = (("3 @ 100", limit_buy), ("1 @ 100.01", limit_sell), ("1 @ 5000.7", limit_sell))
    for number, (what, order) in enumerate(trades, start=1):
        working = core.working(order(f"{what.split()[0]} @ 100"), venue_order_id=str(number))
        trade = fill(working, number, what, venue_order_id=str(number))
        core.send(report(working, "FILLED", fill=trade, venue_order_id=str(number)))
        core.later(s=1)
    engine = core.state.position(BTC.id).realized
    assert len(engine.as_tuple().digits) == 28
    last = next(r.event.at for r in reversed(core.records) if isinstance(r.event, e.OrderFilled))
    parts = (custom(Nanos(T0), last), custom(last, Nanos(last + 1)))
    before, after = [one(report_of(core.records, part)).realized for part in parts]
    assert EXACT.add(before, after) == engine
