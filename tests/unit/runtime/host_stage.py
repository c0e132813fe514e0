"""Strategy hosts on a stage: processes of strategies written for a test, and what the engine would hear."""

import asyncio
import os
import textwrap
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.strategy.factories import BTC, BTC_ID, MM, order_book, request
from veloz_tui.domain.events import OrderCreated, OrderFilled, Recorded
from veloz_tui.domain.intents import ParametersChecked, StrategyHostChanged, StrategyReported
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import Asset, ClientOrderId, Nanos, Side, TradeId
from veloz_tui.runtime.hosts import HostBudgets, StrategyHosts, StrategySnapshot, StrategySpec

IMPORTS = "import os, sys, time\nfrom decimal import Decimal\nfrom veloz_tui.strategy.base import *\n\n"
QUICK = HostBudgets(start_s=15.0, name_s=0.3, callback_s=1.0, unread_s=10.0, grace_s=0.5)
both = pytest.mark.parametrize("is_inline", [False, True], ids=["hosted", "inline"])
# Strategies that several tests run.
IDLE = "class Mine(Strategy):\n    pass\n"
SAYS_THE_BID = """
    class Mine(Strategy):
        def on_book(self, ctx, book):
            ctx.doing(str(book.best_bid))
"""
SPINS = """
    class Mine(Strategy):
        def on_book(self, ctx, book):
            while True:
                pass
"""
SLEEPS = """
    class Mine(Strategy):
        def on_book(self, ctx, book):
            time.sleep(60)
"""


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
        name: str = "",
    ) -> None:
        name = name or f"mine_{run}.py"
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
