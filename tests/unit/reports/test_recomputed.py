"""Reports of whole journals on disk equal what other code makes of the same rows, to the last digit."""

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.bench import long_journal
from tests.bench.long_journal import INSTRUMENTS, VENUE, write
from tests.unit.reports import recomputed as again
from tests.unit.reports.histories import at
from veloz_tui.commands.report_source import JournalSource, Pace, Progress
from veloz_tui.domain import events as e
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.results import HOUR
from veloz_tui.domain.types import (
    SECOND,
    ChannelState,
    ClientOrderId,
    Mode,
    Nanos,
    Side,
    StrategyId,
    TradeId,
    VenueOrderId,
)
from veloz_tui.engine.state import State
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.reader import JournalReader
from veloz_tui.reports import json as as_json
from veloz_tui.reports.build import build
from veloz_tui.reports.period import Period, custom, nanos_of

STEPS = {
    "created-submitted": ("OrderCreated", "OrderSubmitted"),
    "submitted-accepted": ("OrderSubmitted", "OrderAccepted"),
    "created-accepted": ("OrderCreated", "OrderAccepted"),
    "cancel asked-canceled": ("CancelRequested", "OrderCanceled"),
}
COUNTS = {
    "created": "OrderCreated",
    "submitted": "OrderSubmitted",
    "accepted": "OrderAccepted",
    "canceled": "OrderCanceled",
    "cancel_requests": "CancelRequested",
    "trades": "OrderFilled",
}


class Halves:
    """A history in which every close is of half or all of a position: no quotient has endless digits."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._at = at(0)
        self._held = [Decimal(0)] * len(INSTRUMENTS)
        self._number = 0

    def facts(self, orders: int) -> Iterator[e.AnyEvent]:
        yield e.RunStarted(self._at, 1, "00", Mode.DEMO, "1")
        for one in INSTRUMENTS:
            yield e.InstrumentDefined(self._at, one)
        yield e.VenueStateChanged(self._at, VENUE, ChannelState.READY)
        equity = Decimal(1000)
        for _ in range(orders):
            self._at = Nanos(self._at + self._random.randint(1, 8 * HOUR))
            if self._random.random() < 0.3:
                equity += Decimal(self._random.randint(-999, 999)) / 7
                yield e.MinuteNoted(self._at, equity)
            yield from self._order()

    def _tick(self) -> Nanos:
        self._at = Nanos(self._at + self._random.randint(1, SECOND))
        return self._at

    def _order(self) -> Iterator[e.AnyEvent]:
        self._number += 1
        which = self._random.randrange(len(INSTRUMENTS))
        held, sides = self._held[which], (Side.BUY, Side.SELL)
        change = -held / self._random.choice((1, 2)) if held else Decimal(self._random.choice((-4, 4, 16)))
        if self._random.random() < 0.2:
            change = held or Decimal(8)
        side = sides[change < 0]
        name = ClientOrderId(f"n{self._number}")
        price = Decimal(self._random.randint(10**6, 10**7)) / 1000
        request = OrderRequest(
            INSTRUMENTS[which].id, side, abs(change), price=price, strategy_id=StrategyId(f"s{which % 2}")
        )
        if self._random.random() < 0.1:
            yield e.OrderDenied(self._tick(), name, request, "SIZE", "no", suppressed=2)
            return
        yield e.OrderCreated(self._tick(), name, request)
        yield e.OrderSubmitted(self._tick(), name)
        if self._random.random() < 0.1:
            yield e.OrderInDoubt(self._tick(), name, "timeout")
        yield e.OrderAccepted(self._tick(), name, VenueOrderId(name))
        if self._random.random() < 0.3:
            yield e.CancelRequested(self._tick(), name, "me")
            yield e.OrderCanceled(self._tick(), name)
            return
        yield self._fill(which, name, change, price)

    def _fill(self, which: int, name: ClientOrderId, change: Decimal, price: Decimal) -> e.OrderFilled:
        instrument, held = INSTRUMENTS[which], self._held[which]
        # A fee in the base asset only where it leaves the halves what they are.
        in_base = Decimal("0.5") if not held and change > 0 and self._random.random() < 0.5 else Decimal(0)
        self._held[which] += change - in_base
        fee = in_base or Decimal(self._random.randint(0, 999)) / 1000
        value = None if self._random.random() < 0.1 else in_base * price or fee
        return e.OrderFilled(
            self._tick(), name, instrument.id, TradeId(name), price, abs(change), fee,
            instrument.base if in_base else instrument.quote, self._random.random() < 0.5, value,
            base_fee=in_base,
        )  # fmt: skip


def told(files: JournalFiles, period: Period) -> dict[str, Any]:
    """Return the report as anyone may read it."""
    with JournalReader(files.database) as reader, Progress() as progress:
        found = build(JournalSource(reader, progress, Pace(is_gentle=False)), period)
    return dict(json.loads(as_json.render(found, ("strategy", "instrument", "hour"))))


def rows_of(report: dict[str, Any], group: str) -> dict[tuple[str, str], dict[str, Fraction]]:
    names = ("fills", "maker_fills", "turnover", "realized", "fees", "net")
    return {
        (_hour(row["name"]) if group == "by_hour" else row["name"], row["quote"]): {
            name: Fraction(row[name]) for name in names
        }
        for row in report[group]
    }


def _hour(name: str) -> str:
    from datetime import UTC, datetime

    return str(nanos_of(datetime.strptime(name, "%Y-%m-%dT%H:00Z").replace(tzinfo=UTC)) // HOUR)


def check(files: JournalFiles, period: Period) -> None:
    """Assert that both say the same of a period."""
    report, events = told(files, period), again.events_of(files.database)
    trades, (since, until) = again.trades_of(events), (period.since, period.until)
    for group, name in (("totals", ""), ("by_instrument", "instrument"), ("by_hour", "hour")):
        assert rows_of(report, group) == again.money(trades, since, until, name)
    # s0 has two instruments, each its alone: their earnings are the account's.
    assert rows_of(report, "by_strategy") == again.money(trades, since, until, "strategy")
    counted = again.counts(events, since, until)
    assert {name: report["orders"][name] for name in COUNTS} == {
        name: counted.get(kind, 0) for name, kind in COUNTS.items()
    }
    assert sum(row["denied"] for row in report["denials"]) == counted.get("OrderDenied", 0)
    for row in report["latencies"]:
        expected = again.waits(events, *STEPS[row["step"]], since, until)
        assert row["count"] == len(expected)
        if expected:
            assert row["p50_ns"] == expected[(len(expected) * 50 + 99) // 100 - 1]
            assert row["p99_ns"] == expected[(len(expected) * 99 + 99) // 100 - 1]
    equity = [curve for curve in report["curves"] if curve["basis"] == "equity"]
    worst = Fraction(equity[0]["max_drawdown"]) if equity else Fraction(0)
    assert worst == again.drawdown(events, since, until)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1))
def test_a_report_equals_the_journals_rows_worked_out_by_other_code(
    tmp_path_factory: pytest.TempPathFactory, seed: int, one: float, other: float
) -> None:
    files = JournalFiles(private(tmp_path_factory.mktemp("journal")))
    write(files, Halves(seed).facts(90))
    events = again.events_of(files.database)
    first, last = events[0]["at"], events[-1]["at"] + 1
    low, high = sorted((one, other))
    since = Nanos(first + int((last - first) * low))
    check(files, custom(since, Nanos(max(since + 1, first + int((last - first) * high)))))
    check(files, custom(Nanos(first), Nanos(last)))


def test_a_long_journal_is_reported_from_its_snapshot_as_its_rows_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.bench import long_journal

    monkeypatch.setattr(long_journal, "SNAPSHOT_EVERY", 1_000)
    monkeypatch.setattr(long_journal, "_CHUNK", 100)
    files = JournalFiles(private(tmp_path))
    write(files, Halves(5).facts(1_200))
    events = again.events_of(files.database)
    period = custom(Nanos(events[-300]["at"]), Nanos(events[-1]["at"] + 1))
    with JournalReader(files.database) as reader, Progress() as progress:
        state = JournalSource(reader, progress, Pace(is_gentle=False)).opening(period.since).state
    assert isinstance(state, State)
    assert state.seq >= 1_000
    check(files, period)


def private(folder: Path) -> Path:
    folder.chmod(0o700)
    return folder


def test_a_snapshot_that_lived_through_a_clocks_jump_is_not_where_a_report_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_journal, "SNAPSHOT_EVERY", 2)
    monkeypatch.setattr(long_journal, "_CHUNK", 2)
    facts = [e.CommandTaken(at(seconds), "me", "x") for seconds in (0, 1, 2, 3, 50, 4, 5, 6)]
    files = JournalFiles(private(tmp_path))
    write(files, iter(facts))
    with JournalReader(files.database) as reader, Progress() as progress:
        found = JournalSource(reader, progress, Pace(is_gentle=False)).opening(at(30))
    # The clock was ahead at event 5: the period begins there, and later snapshots know too much.
    assert found.end_seq == 4
    assert found.state is not None
    assert found.state.seq <= 4
