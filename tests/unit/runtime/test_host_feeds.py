"""What a strategy gets of the market, and when; its quotes and its timers. Real processes, no network."""

from decimal import Decimal
from pathlib import Path

from tests.unit.runtime.host_stage import SAYS_THE_BID, both, created, filled, stage
from tests.unit.strategy.factories import BTC_ID
from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import Nanos, Side
from veloz_tui.runtime.hosts import HostBudgets
from veloz_tui.runtime.inline import SAMPLE


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
        await s.started(SAYS_THE_BID)
        for cent in range(100):  # no await: the strategy can't have answered in between
            s.book(100.0 + cent / 100, 102.0)
        await s.engine.until(lambda: "100.99" in s.engine.doing)
        assert s.engine.doing == ["", "100.00", "100.99"]


async def test_a_stale_book_is_not_handed_out_when_the_strategy_gets_ready(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(SAYS_THE_BID)
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
        await s.started(SAYS_THE_BID, is_inline=is_inline)
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
        await s.started(SAYS_THE_BID)
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
    async with stage(tmp_path, HostBudgets(trades_behind=5)) as s:
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
