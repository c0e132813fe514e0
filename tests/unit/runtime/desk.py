"""A real engine, loop and journal on a virtual clock: the adapter only remembers, the disk obeys."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from tests.scenario.virtual_loop import run_virtual
from tests.unit.engine.factories import BTC, SETTINGS, T0, VENUE, account, balances, limit_buy
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Halted, OrderDenied, Rearmed, Recorded
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import (
    ChannelState,
    CommandId,
    InstrumentId,
    Nanos,
    OrderStatus,
    StrategyId,
    VenueId,
)
from veloz_tui.domain.views import Ack
from veloz_tui.engine import actions as a
from veloz_tui.engine.core import Engine
from veloz_tui.engine.state import State
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.store import InlineStore
from veloz_tui.journal.writer import JournalWriter
from veloz_tui.runtime.loop import EngineLoop
from veloz_tui.venues.base import VenueAdapter


class Adapter:
    """Implements VenueAdapter: writes down what reached it, in order, and what the gate was then."""

    venue: VenueId = VENUE

    def __init__(self, log: list[str], durable: Callable[[], int]) -> None:
        self.log = log
        self._durable = durable
        self.is_open = False
        self.submits: list[a.Submit] = []
        self.canceled: list[str] = []
        self.swept: list[tuple[InstrumentId, ...]] = []
        self.on_submit: Callable[[a.Submit], None] = lambda submit: None
        self.on_cancel: Callable[[a.Cancel], None] = lambda action: None

    async def run(self) -> None:
        """Nothing to connect to."""

    def set_gate(self, *, is_open: bool, reason: str) -> None:
        self.is_open = is_open
        self.log.append("gate open" if is_open else "gate closed")

    def submit(self, order: a.Submit, intent: DurableIntent) -> None:
        assert self.is_open, "a submit met a closed gate"
        assert order.seq <= self._durable(), "a submit came before its intent was durable"
        assert (intent.client_order_id, intent.seq) == (order.client_order_id, order.seq)
        assert order.client_order_id not in self.canceled, "a submit left after its own cancel"
        self.submits.append(order)
        self.log.append(f"submit {order.client_order_id}")
        self.on_submit(order)

    def cancel(self, action: a.Cancel) -> None:
        self.canceled.append(action.client_order_id)
        self.log.append(f"cancel {action.client_order_id}")
        self.on_cancel(action)

    def cancel_all(self, action: a.CancelAll) -> None:
        self.swept.append(action.instrument_ids)
        self.log.append("cancel all")

    def query(self, action: a.QueryOrder) -> None: ...

    def list_open_orders(self, action: a.ListOpenOrders) -> None:
        self.log.append(f"list {action.purpose}")

    def fetch_fills(self, action: a.FetchFills) -> None: ...

    def reconcile(self, action: a.Reconcile) -> None: ...

    def resync_book(self, action: a.ResyncBook) -> None: ...

    def warm_up(self) -> None:
        self.log.append("warm up")


class Watcher:
    """Implements loop.Watchers and remembers."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.records: list[Recorded] = []
        self.acks: list[Ack] = []
        self.halted: list[Halted] = []
        self.rearmed: list[Rearmed] = []
        self.stopped: list[str] = []
        self.broken: list[InvariantBroken] = []
        self.on_told: Callable[[Sequence[Recorded]], None] = lambda records: None

    def on_records(self, records: Sequence[Recorded]) -> None:
        self.records += records
        self.on_told(records)

    def on_ack(self, ack: Ack) -> None:
        self.acks.append(ack)

    def on_book(self, instrument_id: InstrumentId, *, filled_seq: int) -> None:
        self.log.append(f"book {instrument_id}")

    def on_trade(self, trade: TradePrinted) -> None:
        self.log.append("trade")

    def start_host(self, strategy_id: StrategyId, run: int) -> None:
        self.log.append(f"start {strategy_id} {run}")

    def stop_host(self, strategy_id: StrategyId, run: int, reason: str) -> None:
        self.log.append(f"stop {strategy_id} {run}")

    def check_parameters(self, strategy_id: StrategyId, check_id: CommandId, params_json: bytes) -> None:
        self.log.append(f"check {strategy_id} {params_json.decode()}")

    def give_parameters(self, strategy_id: StrategyId, run: int, params_json: bytes) -> None:
        self.log.append(f"give {strategy_id} {run} {params_json.decode()}")

    def on_denied(self, strategy_id: StrategyId, run: int, denied: OrderDenied) -> None:
        self.log.append(f"denied {strategy_id} {run} {denied.ref}")

    def on_halted(self, halted: Halted) -> None:
        self.halted.append(halted)

    def on_rearmed(self, rearmed: Rearmed) -> None:
        self.rearmed.append(rearmed)
        self.log.append("rearmed")

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)

    def on_broken(self, error: InvariantBroken) -> None:
        self.broken.append(error)


class LoopDesk:
    """`hold` makes the disk stand still, `let_go` lets it write; time is the virtual loop's."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.get_running_loop()
        self.log: list[str] = []
        self._disk = asyncio.Event()
        self._disk.set()
        self.fault: Exception | None = None
        self.stall_s = 0.0
        """For so long the whole process stands still right after the next write: no timer runs in time."""
        files = JournalFiles(folder)
        prepare(files, now=T0, journal_id="desk")
        self.files = files
        self.engine = Engine(SETTINGS, State())
        self.watcher = Watcher(self.log)
        self.journal = JournalWriter(
            InlineStore(files.database, hook=self._on_write),
            end=load(files, check_pages=False).end,
            on_durable=lambda seq: self.engine_loop.on_durable(seq),
            on_state=lambda state, reason: self.engine_loop.on_journal_state(state, reason),
            on_overflow=lambda: None,
        )
        self.adapter = Adapter(self.log, lambda: self.journal.durable_seq)
        adapters: dict[VenueId, VenueAdapter] = {VENUE: self.adapter}
        self.engine_loop = EngineLoop(self.engine, self.journal, adapters, self.watcher, now=self.now)
        self._number = 0
        self._task = self.loop.create_task(self.journal.run())

    async def _on_write(self, statement: str) -> None:
        await self._disk.wait()
        self.loop._jumping.now += self.stall_s  # type: ignore[attr-defined]
        self.stall_s = 0.0
        if self.fault is not None:
            raise self.fault

    def now(self) -> Nanos:
        return Nanos(T0 + int(self.loop.time() * 1e9))

    # --- the disk ---

    def hold(self) -> None:
        self._disk.clear()

    def let_go(self) -> None:
        self._disk.set()

    async def settle(self) -> None:
        """Everything that is due now happens; time stands still but for a millisecond."""
        await asyncio.sleep(0.001)

    # --- what is done ---

    async def begin(self) -> None:
        self.engine_loop.begin(self.engine.start(self.now(), account_tag="00"))
        for report in (
            r.InstrumentsReported(VENUE, (BTC,)),
            r.BookSnapshot(BTC.id, 1, [(99.99, 50.0)], [(100.01, 50.0)]),
            r.ChannelReported(VENUE, r.Channel.USER, ChannelState.SYNCING),
            r.VenueSnapshot(VENUE, self.now(), (), (), (), balances(), account()),
            r.ChannelReported(VENUE, r.Channel.USER, ChannelState.READY),
        ):
            self.engine_loop.dispatch(report)
        await self.settle()
        self.log.clear()

    def new_id(self) -> CommandId:
        self._number += 1
        return CommandId(f"c{self._number}")

    def place_raw(self) -> None:
        """Without looking at what becomes of it."""
        self.engine_loop.dispatch(
            c.PlaceOrder(command_id=self.new_id(), by="test", request=limit_buy("1 @ 97"))
        )

    def place(self, request: OrderRequest) -> Order:
        self.engine_loop.dispatch(c.PlaceOrder(command_id=self.new_id(), by="test", request=request))
        ack = self.watcher.acks[-1]
        assert ack.is_ok, ack.text
        return self.engine.state.orders[ack.client_order_ids[0]]

    def cancel(self, order: Order) -> None:
        self.engine_loop.dispatch(
            c.CancelOrders(command_id=self.new_id(), by="test", client_order_ids=(order.client_order_id,))
        )

    def kill(self) -> None:
        self.engine_loop.dispatch(c.Kill(command_id=self.new_id(), by="test", kill_id="k1"))

    @staticmethod
    def status(order: Order) -> OrderStatus:
        """The status now (mypy would believe an earlier assert on the attribute)."""
        return order.status

    @property
    def submitted(self) -> list[str]:
        return [submit.client_order_id for submit in self.adapter.submits]

    async def close(self) -> None:
        self.let_go()
        self.engine_loop.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def on_desk(folder: Path, test: Callable[[LoopDesk], Coroutine[None, None, None]]) -> None:
    """Run one test on a desk of its own."""

    async def main() -> None:
        desk = LoopDesk(folder)
        try:
            await desk.begin()
            await test(desk)
        finally:
            await desk.close()

    run_virtual(main())
