"""Strategies in processes of their own, good ones and bad ones. Real processes, no network."""

import asyncio
import os
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.strategy.factories import BTC, BTC_ID, MM, order_book, request, working
from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.events import (
    OrderAccepted,
    OrderCreated,
    OrderDenied,
    OrderFilled,
    Recorded,
    RunStopped,
)
from veloz_tui.domain.intents import (
    CancelIntent,
    ParametersChecked,
    PlaceIntent,
    QuoteIntent,
    StrategyHostChanged,
    StrategyReported,
)
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import Asset, ClientOrderId, CommandId, Nanos, Side, TradeId, VenueOrderId
from veloz_tui.runtime.host_budgets import budgets_of
from veloz_tui.runtime.host_process import Tail
from veloz_tui.runtime.hosts import HostBudgets, StrategyHosts, StrategySnapshot, StrategySpec
from veloz_tui.runtime.inline import SAMPLE

IMPORTS = "import os, sys, time\nfrom decimal import Decimal\nfrom veloz_tui.strategy.base import *\n\n"
QUICK = HostBudgets(start_s=15.0, name_s=0.3, callback_s=1.0, unread_s=10.0, grace_s=0.5)
both = pytest.mark.parametrize("is_inline", [False, True], ids=["hosted", "inline"])


class Engine:
    """What the engine would be told, and the orders that it knows."""

    def __init__(self) -> None:
        self.reports: list[StrategyReported] = []
        self.changes: list[StrategyHostChanged] = []
        self.checks: list[ParametersChecked] = []
        self.orders: dict[ClientOrderId, Order] = {}
        self.now = 1_000
        self._happened = asyncio.Event()

    def on_report(self, report: StrategyReported | StrategyHostChanged | ParametersChecked) -> None:
        if isinstance(report, StrategyReported):
            self.reports.append(report)
        elif isinstance(report, ParametersChecked):
            self.checks.append(report)
        else:
            self.changes.append(report)
        self._happened.set()

    async def until(self, condition: Callable[[], object], *, timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._happened.clear()
                await self._happened.wait()

    @property
    def is_running(self) -> bool:
        return bool(self.changes) and self.changes[-1].is_running

    @property
    def error(self) -> str:
        return self.changes[-1].error if self.changes and not self.changes[-1].is_running else ""

    @property
    def intents(self) -> list[object]:
        return [intent for report in self.reports for intent in report.intents]

    @property
    def doing(self) -> list[str]:
        return [report.doing for report in self.reports]


class Stage:
    """The hosts with one strategy written for the test."""

    def __init__(self, hosts: StrategyHosts, engine: Engine, folder: Path) -> None:
        self.hosts = hosts
        self.engine = engine
        self._folder = folder

    def start(
        self,
        code: str,
        *,
        run: int = 1,
        is_inline: bool = False,
        memory_mb: int = 512,
        snapshot: StrategySnapshot | None = None,
        params: bytes = b"{}",
    ) -> None:
        name = f"mine_{run}.py"
        (self._folder / name).write_text(IMPORTS + textwrap.dedent(code).lstrip("\n"))
        spec = StrategySpec(
            source=name,
            params_json=params,
            instrument_ids=(BTC_ID,),
            is_inline=is_inline,
            memory_mb=memory_mb,
        )
        self.hosts.start(MM, run, spec, snapshot or StrategySnapshot(seq=0, instruments=(BTC,)))

    async def started(self, code: str, *, is_inline: bool = False, memory_mb: int = 512) -> None:
        self.start(code, is_inline=is_inline, memory_mb=memory_mb)
        await self.engine.until(lambda: self.engine.is_running and self.engine.reports)

    def book(self, bid: float = 100.0, ask: float = 100.02, *, needs: int = 0, at: int = 5) -> None:
        self.hosts.on_book(BTC_ID, order_book(bid, ask), needs=needs, at=Nanos(at))

    def record(self, seq: int, event: object) -> None:
        self.records([(seq, event)])

    def records(self, events: Iterable[tuple[int, object]]) -> None:
        recorded = []
        for seq, event in events:
            if isinstance(event, OrderCreated):
                order = Order(
                    client_order_id=event.client_order_id,
                    request=event.request,
                    created_at=event.at,
                    created_seq=seq,
                )
                self.engine.orders[event.client_order_id] = order
            recorded.append(Recorded(seq, event))  # type: ignore[arg-type]
        self.hosts.on_records(recorded)


@asynccontextmanager
async def stage(folder: Path, budgets: HostBudgets = QUICK) -> AsyncIterator[Stage]:
    engine = Engine()
    async with StrategyHosts(
        engine.on_report,
        now=lambda: Nanos(engine.now),
        order_of=lambda order_id: engine.orders.get(order_id),
        folder=folder,
        budgets=budgets,
    ) as hosts:
        yield Stage(hosts, engine, folder)


def created(name: str, *, ref: int = 0, side: Side = Side.BUY) -> OrderCreated:
    return OrderCreated(Nanos(1), ClientOrderId(name), request(side), ref)


def filled(name: str, trade: int, quantity: str = "0.1") -> OrderFilled:
    return OrderFilled(
        at=Nanos(2),
        client_order_id=ClientOrderId(name),
        instrument_id=BTC_ID,
        trade_id=TradeId(str(trade)),
        price=Decimal(100),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_asset=Asset("BTC"),
        is_maker=True,
    )


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_zombie(pid: int) -> bool:
    """Ended, and nobody has collected it yet: nobody may, where init does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


# --- what a good one gets and wants ---


@both
async def test_a_book_becomes_a_quote(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.quote(book.instrument_id, bid=book.mid - 1, ask=book.mid + 1, size=Decimal("0.1"))
                    ctx.doing("quoting")
            """,
            is_inline=is_inline,
        )
        s.book(100.0, 100.02)
        await s.engine.until(lambda: s.engine.intents)
        assert s.engine.intents == [QuoteIntent(BTC_ID, Decimal("99.01"), Decimal("101.01"), Decimal("0.1"))]
        assert s.engine.reports[-1].doing == "quoting"
        assert s.engine.reports[-1].callback_us > 0


async def test_books_are_conflated_to_the_newest_while_one_is_looked_at(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.doing(str(book.best_bid))
            """
        )
        for cent in range(100):  # no await: the strategy can't have answered in between
            s.book(100.0 + cent / 100, 102.0)
        await s.engine.until(lambda: "100.99" in s.engine.doing)
        assert s.engine.doing == ["", "100.00", "100.99"]


async def test_a_stale_book_is_not_handed_out_when_the_strategy_gets_ready(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.doing(str(book.best_bid))
            """
        )
        s.book(100.0)
        s.book(100.01)
        s.hosts.on_book_stale(BTC_ID)
        await s.engine.until(lambda: "100.00" in s.engine.doing)
        s.book(99.0)
        await s.engine.until(lambda: "99.00" in s.engine.doing)
        assert s.engine.doing == ["", "100.00", "99.00"]


@both
async def test_one_sided_and_crossed_books_are_not_handed_out(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.doing(str(book.best_bid))
            """,
            is_inline=is_inline,
        )
        empty = OrderBook()
        empty.replace(bids=[(90.0, 1.0)], asks=[], update_id=1)
        s.hosts.on_book(BTC_ID, empty, needs=0, at=Nanos(1))
        s.book(105.0, 104.0)
        s.book(100.0, 100.02)
        await s.engine.until(lambda: "100.00" in s.engine.doing)
        assert s.engine.doing == ["", "100.00"]


@both
async def test_a_book_waits_for_the_fill_that_it_already_shows(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.doing(f"{book.best_bid} {ctx.position(book.instrument_id)}")
            """,
            is_inline=is_inline,
        )
        s.record(1, created("a"))
        s.book(100.0, needs=2)  # the engine has seen the fill, the disk not yet
        s.book(100.01, needs=2)
        s.record(2, filled("a", 1, "0.5"))
        await s.engine.until(lambda: any(doing.startswith("100.01") for doing in s.engine.doing))
        books = [report for report in s.engine.reports if report.doing.startswith("100")]
        assert [report.doing for report in books] == ["100.01 0.5"]
        assert books[0].book_seq == 2


async def test_a_book_does_not_wait_for_the_disk_for_ever(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.doing(str(book.best_bid))
            """
        )
        s.book(100.0, needs=7, at=0)
        s.book(100.01, needs=8, at=260_000_000)
        await s.engine.until(lambda: "100.01" in s.engine.doing)
        assert s.engine.reports[-1].book_seq == 0  # what its orders and position are known up to


async def test_an_inline_callback_that_wants_nothing_is_told_now_and_then(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    pass
            """,
            is_inline=True,
        )
        before = len(s.engine.reports)
        for cent in range(10 * SAMPLE):
            s.book(100.0 + cent / 100, 102.0)
        assert len(s.engine.reports) - before == 10


@both
async def test_own_events_arrive_all_and_in_order(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_fill(self, ctx, fill):
                    ctx.doing(f"{fill.ref} {fill.trade_id} {fill.position}")
            """,
            is_inline=is_inline,
        )
        events: list[tuple[int, object]] = [(1, created("a", ref=3))]
        events += [(n + 2, filled("a", n, "0.001")) for n in range(500)]
        s.records(events)
        await s.engine.until(lambda: f"3 499 {Decimal('0.5'):.3f}" in s.engine.doing)
        said = [text for text in s.engine.doing if text]
        assert said == [f"3 {n} {(n + 1) / 1000:.3f}" for n in range(500)]


async def test_other_peoples_events_are_not_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_order(self, ctx, order):
                    ctx.doing(order.client_order_id)
            """
        )
        foreign = request(strategy_id=type(MM)("other"))
        s.record(1, OrderCreated(Nanos(1), ClientOrderId("x"), foreign))
        s.record(2, OrderAccepted(Nanos(1), ClientOrderId("x"), VenueOrderId("1")))
        s.record(3, RunStopped(Nanos(1), "no order's"))
        s.record(4, created("a"))
        await s.engine.until(lambda: "a" in s.engine.doing)
        assert s.engine.doing == ["", "a"]


async def test_records_before_the_snapshot_are_not_counted_twice(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        old = working("a")
        s.engine.orders[old.client_order_id] = old
        snapshot = StrategySnapshot(
            seq=10, instruments=(BTC,), positions={BTC_ID: Decimal("0.5")}, orders=(old,)
        )
        s.start(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.doing(" ".join(o.client_order_id for o in ctx.orders()))
                def on_fill(self, ctx, fill):
                    ctx.doing(f"{fill.position}")
            """,
            snapshot=snapshot,
        )
        s.record(10, filled("a", 1, "0.1"))
        s.record(11, filled("a", 2, "0.2"))
        await s.engine.until(lambda: "0.7" in s.engine.doing)
        assert s.engine.doing == ["a", "0.7"]


@both
async def test_an_order_keeps_the_ref_it_was_asked_for_with(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    btc = ctx.instruments[0].id
                    self.ref = ctx.limit(btc, side=Side.BUY, quantity=Decimal(1), price=Decimal(100))
                def on_order(self, ctx, order):
                    assert order.ref == self.ref
                    ctx.cancel(order)
                    ctx.doing(order.status)
            """,
            is_inline=is_inline,
        )
        assert s.engine.intents == [PlaceIntent(1, request())]
        s.record(1, created("a", ref=1))
        s.record(2, OrderAccepted(Nanos(1), ClientOrderId("a"), VenueOrderId("1")))
        await s.engine.until(lambda: "ACCEPTED" in s.engine.doing)
        assert s.engine.intents[1:] == [CancelIntent(1, "a"), CancelIntent(1, "a")]


async def test_a_denial_reaches_the_strategy(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_order(self, ctx, order):
                    ctx.doing(f"{order.ref} {order.status} {order.reason} {len(ctx.orders())}")
            """
        )
        denied = OrderDenied(Nanos(1), ClientOrderId("a"), request(), "MAX", "too much", ref=5)
        s.record(1, denied)
        await s.engine.until(lambda: "5 DENIED too much 0" in s.engine.doing)


@both
async def test_a_denial_that_the_journal_left_out_reaches_its_run_only(
    tmp_path: Path, is_inline: bool
) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_order(self, ctx, order):
                    ctx.doing(f"{order.ref} {order.status} {order.reason} {len(ctx.orders())}")
            """,
            is_inline=is_inline,
        )
        s.record(1, created("a", ref=4))
        denied = OrderDenied(Nanos(1), ClientOrderId(""), request(), "MAX", "too much", ref=5)
        s.hosts.on_denied(MM, 2, denied)
        s.hosts.on_denied(MM, 1, denied)
        await s.engine.until(lambda: "5 DENIED too much 1" in s.engine.doing)
        assert sum("DENIED" in doing for doing in s.engine.doing) == 1


@both
async def test_a_trade_of_the_tape_is_told(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_trade(self, ctx, trade):
                    ctx.doing(f"{trade.aggressor} {trade.quantity} @ {trade.price}")
            """,
            is_inline=is_inline,
        )
        s.hosts.on_trade(TradePrinted(BTC_ID, 100.02, 0.5, Side.BUY, Nanos(1)))
        await s.engine.until(lambda: "BUY 0.50000 @ 100.02" in s.engine.doing)


async def test_trades_are_left_out_and_counted_when_the_strategy_is_behind(tmp_path: Path) -> None:
    async with stage(tmp_path, QUICK_TRADES) as s:
        await s.started(
            """
            class Mine(Strategy):
                missed = seen = 0
                def on_trade(self, ctx, trade):
                    self.seen += 1
                    self.missed += trade.missed
                    ctx.doing(f"{self.seen} {self.missed}")
            """
        )
        for _ in range(12):
            s.hosts.on_trade(TradePrinted(BTC_ID, 100.0, 1.0, Side.BUY, Nanos(1)))
        await s.engine.until(lambda: "5 0" in s.engine.doing)
        s.hosts.on_trade(TradePrinted(BTC_ID, 100.0, 1.0, Side.BUY, Nanos(1)))
        await s.engine.until(lambda: "6 7" in s.engine.doing)


QUICK_TRADES = HostBudgets(trades_behind=5)


@both
async def test_a_timer_runs_out_once(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                fired = 0
                def on_start(self, ctx):
                    ctx.timer("a", after_s=0.05)
                    ctx.timer("a", after_s=0.02)
                    ctx.timer("end", after_s=0.1)
                def on_timer(self, ctx, name):
                    self.fired += 1
                    ctx.doing(f"{name} {self.fired}")
            """,
            is_inline=is_inline,
        )
        await s.engine.until(lambda: "end 2" in s.engine.doing)
        assert s.engine.doing == ["", "a 1", "end 2"]
        assert s.engine.intents == []  # timers stay with the strategy


@both
async def test_prints_and_log_lines_reach_the_log(
    tmp_path: Path, is_inline: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.log("hello from mine")
                    for n in range(1000):
                        ctx.log("flood")
            """,
            is_inline=is_inline,
        )
    assert "mm-1: hello from mine" in caplog.text
    assert caplog.text.count("flood") == 49
    assert "951 more lines of this callback left out" in caplog.text


async def test_what_a_hosted_one_prints_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("INFO")
    async with stage(tmp_path) as s:
        await s.started('print("at import")\nclass Mine(Strategy):\n    pass\n')
    assert "mm-1: at import" in caplog.text
    assert capfd.readouterr().out == ""  # the terminal belongs to the console


# --- the bad ones ---


@both
async def test_an_exception_ends_it_with_file_and_line_and_drops_the_callbacks_intents(
    tmp_path: Path, is_inline: bool
) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.cancel_all()
                    ctx.position("ETHUSDT.BINANCE")
            """,
            is_inline=is_inline,
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == (
            "mine_1.py:8 in on_book: ValueError: ETHUSDT.BINANCE is not among this strategy's instruments: "
            "BTCUSDT.BINANCE"
        )
        assert s.engine.intents == []


@both
async def test_a_file_that_cannot_be_loaded_is_named(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        s.start("class Mine(Strategy)\n    pass\n", is_inline=is_inline)
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == "mine_1.py:5: expected ':'"


@both
async def test_calling_exit_is_a_fault_and_not_the_engines_end(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    sys.exit(3)
            """,
            is_inline=is_inline,
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == "mine_1.py:7 in on_book: SystemExit: 3"


async def test_a_process_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    sys.stderr.write("going down\\n")
                    sys.stderr.flush()
                    os._exit(7)
            """
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == "its process ended with exit code 7: going down"


async def test_a_spinner_is_named_and_then_killed(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    while True:
                        pass
            """
        )
        pid = s.hosts.pid(MM)
        assert pid is not None
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.doing[1].startswith("in on_book for ")
        assert s.engine.error.startswith("spinning in on_book for 1.")
    assert not is_alive(pid)


async def test_a_spinning_timer_is_named_even_with_books_waiting(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.timer("t", after_s=0.01)
                def on_book(self, ctx, book):
                    pass
                def on_timer(self, ctx, name):
                    while True:
                        pass
            """
        )
        await s.engine.until(lambda: len(s.engine.reports) >= 2)  # named: the timer has begun
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("spinning in on_timer for ")


async def test_a_sleeper_is_told_from_a_spinner(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    time.sleep(60)
            """
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("waiting in on_book for ")


async def test_the_shipped_budgets_name_within_2_s_and_kill_within_5_s() -> None:
    budgets = HostBudgets()
    assert budgets.name_s + 0.25 <= 2
    assert budgets.callback_s + 0.25 <= 5
    assert budgets.unread_s == 2
    assert budgets.unread_events == 1000


async def test_own_events_that_stay_unread_end_it(tmp_path: Path) -> None:
    budgets = HostBudgets(name_s=30, callback_s=60, unread_s=0.5)
    async with stage(tmp_path, budgets) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    time.sleep(60)
            """
        )
        s.book()
        s.record(1, created("a"))
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("own order events unread for ")
        assert s.engine.error.endswith("busy in on_book")


async def test_too_many_unread_own_events_end_it_at_once(tmp_path: Path) -> None:
    budgets = HostBudgets(name_s=30, callback_s=60, unread_s=60)
    async with stage(tmp_path, budgets) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    time.sleep(60)
            """
        )
        s.book()
        s.record(1, created("a"))
        s.records((n, filled("a", n, "0.0001")) for n in range(2, 1001))
        assert s.engine.is_running
        s.record(1001, filled("a", 1001, "0.0001"))
        assert s.engine.error == "1000 own order events unread: busy in on_book"


@both
async def test_a_flood_of_intents_ends_it(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    while True:
                        ctx.cancel_all()
            """,
            is_inline=is_inline,
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == "mine_1.py:8 in on_book: ValueError: more than 200 intents in one callback"
        assert s.engine.intents == []


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux")
async def test_memory_beyond_the_limit_ends_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    self.hoard = [bytes(1 << 20) for _ in range(10_000)]
            """,
            memory_mb=200,
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("mine_1.py:7 in on_book: MemoryError")
        assert s.engine.error.endswith("(its memory limit is 200 MB)")


async def test_bytes_that_are_no_frame_end_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            import socket
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    fd = int(sys.argv[sys.argv.index("--fd") + 1])
                    os.write(fd, b"\\xff" * 100)
            """
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("its process sent what can't be: a frame of 4294967295 bytes")


async def test_an_order_in_another_strategys_name_ends_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    ctx.strategy_id = "other"
                    ctx.market(book.instrument_id, side=Side.BUY, quantity=Decimal(1))
            """
        )
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert "an order that is not its own" in s.engine.error
        assert s.engine.intents == []


async def test_the_others_go_on_when_one_fails(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started("class Mine(Strategy):\n    def on_book(self, ctx, book):\n        1 / 0\n")
        (tmp_path / "good.py").write_text(
            IMPORTS + "class Good(Strategy):\n    def on_book(self, ctx, book):\n        ctx.doing('fine')\n"
        )
        spec = StrategySpec(source="good.py", instrument_ids=(BTC_ID,))
        s.hosts.start(type(MM)("good"), 1, spec, StrategySnapshot(seq=0, instruments=(BTC,)))
        await s.engine.until(lambda: len(s.engine.changes) == 2)
        s.book()
        await s.engine.until(lambda: s.engine.error and "fine" in s.engine.doing)
        assert s.engine.changes[-1].strategy_id == MM


async def test_a_strategy_on_an_instrument_that_is_not_known_yet_does_not_start(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        s.start("class Mine(Strategy):\n    pass\n", snapshot=StrategySnapshot(seq=0, instruments=()))
        assert s.engine.error == "BTCUSDT.BINANCE is not known yet: start it when the venue is READY"


# --- ends ---


async def test_stop_lets_it_say_its_last_word_and_drops_its_wishes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_stop(self, ctx):
                    ctx.log("bye")
                    ctx.market("BTCUSDT.BINANCE", side=Side.SELL, quantity=Decimal(1))
            """
        )
        pid = s.hosts.pid(MM)
        assert pid is not None
        s.hosts.stop(MM, 1, "stopped by test")
        s.book()
        await s.hosts.aclose()
        assert not is_alive(pid)
        assert "mm-1: bye" in caplog.text
        assert s.engine.intents == []
        assert s.hosts.dropped_intents == 1
        assert s.engine.is_running  # whoever stops it knows: no report


async def test_a_spinner_is_killed_after_the_grace_time_of_stop(tmp_path: Path) -> None:
    async with stage(tmp_path, HostBudgets(grace_s=0.2)) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_book(self, ctx, book):
                    while True:
                        pass
            """
        )
        pid = s.hosts.pid(MM)
        assert pid is not None
        s.book()
        s.hosts.stop(MM, 1, "stopped by test")
        await s.hosts.aclose()
        assert not is_alive(pid)


async def test_the_end_of_the_socket_ends_the_process(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started("class Mine(Strategy):\n    pass\n")
        pid = s.hosts.pid(MM)
        assert pid is not None
        (link,) = s.hosts._links
        assert link._transport is not None
        link._transport.abort()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == "its process ended with exit code 0"


async def test_intents_of_an_ended_run_are_dropped_when_the_next_one_runs(tmp_path: Path) -> None:
    slow = """
        class Mine(Strategy):
            def on_book(self, ctx, book):
                time.sleep(0.3)
                ctx.cancel_all()
        """
    async with stage(tmp_path, HostBudgets(grace_s=5)) as s:
        await s.started(slow)
        s.book()
        s.start("class Mine(Strategy):\n    pass\n", run=2)  # ends run 1 while it is in on_book
        await s.engine.until(lambda: len(s.engine.changes) == 2)
        await s.engine.until(lambda: len(s.engine.reports) == 2)
        await s.hosts.aclose()
        assert s.hosts.dropped_intents == 1
        assert s.engine.intents == []
        assert [change.run for change in s.engine.changes] == [1, 2]


DYING_ENGINE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.strategy.factories import BTC, BTC_ID, MM, order_book
from veloz_tui.runtime.hosts import StrategyHosts, StrategySnapshot, StrategySpec

async def main():
    folder = Path(sys.argv[1])
    hosts = StrategyHosts(lambda r: None, now=lambda: 1, order_of=lambda i: None, folder=folder)
    async with hosts as h:
        spec = StrategySpec(source="spin.py", instrument_ids=(BTC_ID,))
        h.start(MM, 1, spec, StrategySnapshot(seq=0, instruments=(BTC,)))
        while not (folder / "spinning").exists():
            h.on_book(BTC_ID, order_book(), needs=0, at=1)
            await asyncio.sleep(0.01)
        print(h.pid(MM), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends it by PR_SET_PDEATHSIG")
async def test_a_spinner_does_not_outlive_an_engine_that_was_killed(tmp_path: Path) -> None:
    code = """
        class Mine(Strategy):
            def on_book(self, ctx, book):
                open(__file__.replace("spin.py", "spinning"), "w").close()
                while True:
                    pass
        """
    (tmp_path / "spin.py").write_text(IMPORTS + textwrap.dedent(code))
    engine = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DYING_ENGINE, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert engine.stdout is not None
    pid = int(await asyncio.wait_for(engine.stdout.readline(), 20))
    await engine.wait()
    async with asyncio.timeout(5):
        while is_alive(pid) and not is_zombie(pid):
            await asyncio.sleep(0.01)


async def test_stopping_another_run_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started("class Mine(Strategy):\n    pass\n")
        s.hosts.stop(MM, 7, "an old run")
        assert s.hosts.pid(MM) is not None


# --- what it can reach ---


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_its_process_has_no_secret_no_foreign_descriptor_and_its_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VELOZ_SECRET", "canary-1d3c")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-1d3c")
    leaked = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    async with stage(tmp_path) as s:
        s.start(
            """
            import msgspec
            class Params(msgspec.Struct, frozen=True):
                note: str
            class Mine(Strategy):
                def __init__(self, params: Params) -> None:
                    pass
            """,
            params=b'{"note": "canary-1d3c"}',
        )
        await s.engine.until(lambda: s.engine.changes)
        pid = s.hosts.pid(MM)
        proc = Path(f"/proc/{pid}")
        assert b"canary" not in (proc / "environ").read_bytes()
        assert b"VELOZ" not in (proc / "environ").read_bytes()
        assert b"canary" not in (proc / "cmdline").read_bytes()
        descriptors = {int(fd.name): str(fd.readlink()) for fd in (proc / "fd").iterdir()}
        assert {0, 1, 2} < set(descriptors)
        others = [target for number, target in descriptors.items() if number > 2]
        assert len(others) == 1
        assert others[0].startswith("socket:")
        assert pid is not None
        assert os.getpgid(pid) == pid
    os.close(leaked)


PARAMS = """
    import msgspec
    from typing import Annotated
    class Params(msgspec.Struct, frozen=True):
        size: Annotated[Decimal, Setting(above=0)] = Decimal(1)

    class Mine(Strategy):
        def __init__(self, params: Params) -> None:
            self.params = params
        def on_book(self, ctx, book):
            ctx.doing(f"size {self.params.size}")
        def on_params(self, ctx):
            ctx.doing(f"now {self.params.size}")
"""


def check(on: Stage, check_id: str, params: bytes) -> None:
    spec = StrategySpec(source="mine_1.py", params_json=params, instrument_ids=(BTC_ID,))
    on.hosts.check(MM, CommandId(check_id), spec)


@both
async def test_a_running_strategy_says_whether_it_can_take_parameters_and_takes_them(
    tmp_path: Path, is_inline: bool
) -> None:
    async with stage(tmp_path) as on:
        await on.started(PARAMS, is_inline=is_inline)
        assert [one.name for one in on.engine.changes[0].parameters] == ["size"]
        check(on, "bad", b'{"size": "0"}')
        check(on, "good", b'{"size": "3"}')
        await on.engine.until(lambda: len(on.engine.checks) == 2)
        assert "size must be above 0, not 0" in on.engine.checks[0].error
        assert [one.value for one in on.engine.checks[1].parameters] == ["3"]
        on.book()
        await on.engine.until(lambda: "size 1" in on.engine.doing)
        on.hosts.set_params(MM, 1, b'{"size": "3"}')
        await on.engine.until(lambda: "now 3" in on.engine.doing)
        on.hosts.set_params(MM, 99, b'{"size": "4"}')  # of another run
        on.book(101, 101.02)
        await on.engine.until(lambda: "size 3" in on.engine.doing)
        assert on.engine.is_running


async def test_a_stopped_strategy_is_asked_in_a_process_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        (tmp_path / "mine_1.py").write_text(IMPORTS + textwrap.dedent(PARAMS))
        check(on, "good", b'{"size": "3"}')
        await on.engine.until(lambda: on.engine.checks)
        assert (on.engine.checks[0].error, on.engine.checks[0].parameters[0].value) == ("", "3")
        check(on, "bad", b'{"sise": "3"}')
        await on.engine.until(lambda: len(on.engine.checks) == 2)
        assert "no parameter sise (did you mean size?)" in on.engine.checks[1].error
        (tmp_path / "mine_1.py").write_text(IMPORTS + "os._exit(3)\n")
        check(on, "dies", b"{}")
        await on.engine.until(lambda: len(on.engine.checks) == 3)
        assert on.engine.checks[2].error == "its process ended with exit code 3"
        assert not on.engine.changes


async def test_a_check_is_answered_also_if_the_strategy_ends_before_it_looked(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.started(PARAMS + "        def on_trade(self, ctx, trade):\n            while True: pass\n")
        on.hosts.on_trade(TradePrinted(BTC_ID, 100.02, 0.5, Side.BUY, Nanos(1)))
        check(on, "late", b'{"size": "3"}')
        await on.engine.until(lambda: on.engine.error)
        await on.engine.until(lambda: on.engine.checks)
        assert "ended before" in on.engine.checks[0].error


async def test_a_hook_that_raises_ends_the_strategy(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.started(PARAMS.replace('ctx.doing(f"now {self.params.size}")', "raise ValueError('no')"))
        on.hosts.set_params(MM, 1, b'{"size": "3"}')
        await on.engine.until(lambda: on.engine.error)
        assert "in on_params: ValueError: no" in on.engine.error


async def test_a_strategys_own_limit_of_a_callback_counts(tmp_path: Path) -> None:
    spec = StrategySpec(source="x.py", instrument_ids=(BTC_ID,), callback_limit_s=9.0)
    assert budgets_of(spec, HostBudgets()) == HostBudgets(name_s=3.0, callback_s=9.0, unread_s=4.0)
    short = StrategySpec(source="x.py", instrument_ids=(BTC_ID,), callback_limit_s=0.45)
    assert budgets_of(short, HostBudgets()).unread_s == 2.0


async def test_what_it_logs_prints_and_writes_to_standard_error_is_kept_clean_and_over_its_runs(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.log("logged \\x1b[31mred")
                    print("printed")
                    sys.stderr.write("shouted\\n")
                    sys.stderr.flush()
            """
        )
        async with asyncio.timeout(10):
            while len(on.hosts.log_lines(MM)) < 3:
                await asyncio.sleep(0.01)
        on.hosts.stop(MM, 1, "enough")
        assert sorted(line.text for line in on.hosts.log_lines(MM)) == [
            "logged  [31mred",
            "printed",
            "shouted",
        ]
        assert all(line.at == on.engine.now for line in on.hosts.log_lines(MM))


async def test_one_that_only_shouts_is_not_read_all_the_time() -> None:
    lines: list[str] = []
    paused: list[str] = []

    class Pipe(asyncio.ReadTransport):
        def pause_reading(self) -> None:
            paused.append("paused")

        def is_closing(self) -> bool:
            return True

    tail = Tail(lines.extend)
    tail.connection_made(Pipe())
    tail.data_received(b"x" * 60_000 + b"\n")
    assert not paused
    tail.data_received(b"x" * 60_000 + b"\n")
    assert paused == ["paused"]
    assert len(lines) == 2
