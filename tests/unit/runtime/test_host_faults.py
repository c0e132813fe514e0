"""Bad strategies: each is named and ended, and the others go on. Real processes, no network."""

import sys
from pathlib import Path

import pytest

from tests.unit.runtime.host_stage import IDLE, IMPORTS, SLEEPS, SPINS, both, created, filled, is_alive, stage
from tests.unit.strategy.factories import BTC, BTC_ID, MM
from veloz_tui.runtime.host_budgets import budgets_of
from veloz_tui.runtime.hosts import HostBudgets, StrategySnapshot, StrategySpec


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
        await s.started(SPINS)
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
        await s.started(SLEEPS)
        s.book()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("waiting in on_book for ")


async def test_the_shipped_budgets_name_within_2_s_and_kill_within_5_s() -> None:
    budgets = HostBudgets()
    assert budgets.name_s + 0.25 <= 2
    assert budgets.callback_s + 0.25 <= 5
    assert budgets.unread_s == 2
    assert budgets.unread_events == 1000


async def test_a_strategys_own_limit_of_a_callback_counts(tmp_path: Path) -> None:
    spec = StrategySpec(source="x.py", instrument_ids=(BTC_ID,), callback_limit_s=9.0)
    assert budgets_of(spec, HostBudgets()) == HostBudgets(name_s=3.0, callback_s=9.0, unread_s=4.0)
    short = StrategySpec(source="x.py", instrument_ids=(BTC_ID,), callback_limit_s=0.45)
    assert budgets_of(short, HostBudgets()).unread_s == 2.0


async def test_own_events_that_stay_unread_end_it(tmp_path: Path) -> None:
    budgets = HostBudgets(name_s=30, callback_s=60, unread_s=0.5)
    async with stage(tmp_path, budgets) as s:
        await s.started(SLEEPS)
        s.book()
        s.record(1, created("a"))
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error.startswith("own order events unread for ")
        assert s.engine.error.endswith("busy in on_book")


async def test_too_many_unread_own_events_end_it_at_once(tmp_path: Path) -> None:
    budgets = HostBudgets(name_s=30, callback_s=60, unread_s=60)
    async with stage(tmp_path, budgets) as s:
        await s.started(SLEEPS)
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
        s.start(IDLE, snapshot=StrategySnapshot(seq=0, instruments=()))
        assert s.engine.error == "BTCUSDT.BINANCE is not known yet: start it when the venue is READY"
