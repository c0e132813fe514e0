"""A whole engine on a virtual clock: real core, loop and journal writer, with a model venue and disk.

One seed gives one history. The world can kill the engine at any moment and start it again from what the
journal holds; the venue lives on.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.scenario.model_venue import BTC, VENUE, Ledger, ModelAdapter, random_trade
from tests.unit.engine.totals import check_totals
from veloz_tui.domain.commands import AmendOrder, AnyCommand, CancelOrders, Kill, PlaceOrder
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Halted, OrderDenied, Rearmed, Recorded
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import ReportedStatus, TradePrinted
from veloz_tui.domain.types import (
    ClientOrderId,
    CommandId,
    InstrumentId,
    Mode,
    Nanos,
    OrderStatus,
    Side,
    StrategyId,
)
from veloz_tui.domain.views import Ack
from veloz_tui.engine.core import Engine
from veloz_tui.engine.fold import apply
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits
from veloz_tui.engine.settings import EngineSettings
from veloz_tui.engine.state import State, decode_state, encode_state
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.store import InlineStore, seeded_disk
from veloz_tui.journal.writer import JournalWriter
from veloz_tui.runtime.loop import EngineLoop

START_NS = 1_790_000_000_000_000_000
RECV_WINDOW_MS = 2_000
SETTINGS = EngineSettings(
    mode=Mode.DEMO,
    profile="demo",
    venues=(VENUE,),
    instruments=(BTC.id,),
    limits=Limits(default=InstrumentLimits(max_position_size=Decimal(100_000))),
    recv_window_ms=RECV_WINDOW_MS,
    breaker_failures=1_000,
    version="test",
)


class Recorder:
    """Implements loop.Watchers and remembers."""

    def __init__(self) -> None:
        self.records: list[Recorded] = []
        self.acks: dict[CommandId, Ack] = {}
        self.broken: InvariantBroken | None = None
        self.flag = ""

    def on_records(self, records: Sequence[Recorded]) -> None:
        self.records.extend(records)

    def on_ack(self, ack: Ack) -> None:
        self.acks[ack.command_id] = ack

    def on_book(self, instrument_id: InstrumentId, *, filled_seq: int) -> None: ...

    def on_trade(self, trade: TradePrinted) -> None: ...

    def start_host(self, strategy_id: StrategyId, run: int) -> None: ...

    def stop_host(self, strategy_id: StrategyId, run: int, reason: str) -> None: ...

    def check_parameters(self, strategy_id: StrategyId, check_id: CommandId, params_json: bytes) -> None: ...

    def give_parameters(self, strategy_id: StrategyId, run: int, params_json: bytes) -> None: ...

    def on_denied(self, strategy_id: StrategyId, run: int, denied: OrderDenied) -> None: ...

    def on_halted(self, halted: Halted) -> None:
        self.flag = halted.kill_id

    def on_rearmed(self, rearmed: Rearmed) -> None:
        self.flag = ""

    def stop(self, reason: str) -> None: ...

    def on_broken(self, error: InvariantBroken) -> None:
        self.broken = error


class World:
    """Use as an async context; `start` and `crash` as often as wanted."""

    def __init__(self, folder: Path, *, seed: int, trouble: float, disk_delay_s: float = 0.005) -> None:
        self.random = Random(seed)
        self.files = JournalFiles(folder)
        self.loop = asyncio.get_running_loop()
        self.ledger = Ledger(self.now)
        self.trouble = trouble
        self.disk_delay_s = disk_delay_s
        self.watcher = Recorder()
        self.wanted: dict[ClientOrderId, Decimal] = {}
        """The total that was last wanted in an order's stead."""
        self._tasks: list[asyncio.Task[None]] = []
        self._number = 0
        self.flag = ""

    def now(self) -> Nanos:
        return Nanos(START_NS + int(self.loop.time() * 1e9))

    # --- the engine's life ---

    def start(self) -> None:
        """Recover from the journal and run."""
        prepare(self.files, now=self.now(), journal_id="world")
        loaded = load(self.files, check_pages=False)
        state = State() if loaded.snapshot is None else decode_state(loaded.snapshot)
        for records in loaded.slices():
            for record in records:
                apply(state, record)
        self.engine = Engine(SETTINGS, state)
        self.watcher = Recorder()
        hook = seeded_disk(self.random, max_delay_s=self.disk_delay_s)
        self.journal = JournalWriter(
            InlineStore(self.files.database, hook=hook),
            end=loaded.end,
            on_durable=lambda seq: self.engine_loop.on_durable(seq),
            on_state=lambda state, reason: self.engine_loop.on_journal_state(state, reason),
            on_overflow=lambda: None,
        )
        self.adapter = ModelAdapter(
            self.ledger,
            lambda report: self.engine_loop.dispatch(report),
            random=self.random,
            trouble=self.trouble,
            recv_window_s=RECV_WINDOW_MS / 1000,
        )
        self.engine_loop = EngineLoop(
            self.engine, self.journal, {VENUE: self.adapter}, self.watcher, now=self.now
        )
        self._tasks = [self.loop.create_task(self.journal.run()), self.loop.create_task(self.adapter.run())]
        self.engine_loop.begin(self.engine.start(self.now(), account_tag="00", kill_flag=self.flag))

    async def crash(self) -> None:
        """kill -9: nothing is said any more, what wasn't durable is gone."""
        self.flag = self.watcher.flag or self.flag
        self.adapter.die()
        self.engine_loop.close()
        self.journal.append = lambda records: None  # type: ignore[method-assign]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what people and markets do ---

    def send(self, command: AnyCommand) -> None:
        self.engine_loop.dispatch(command)
        if isinstance(command, AmendOrder):
            order = self.engine.state.orders[command.client_order_id]
            if order.amendment is not None:
                self.wanted[command.client_order_id] = order.amendment.quantity

    def next_id(self) -> CommandId:
        self._number += 1
        return CommandId(f"c{self._number}")

    def place(self) -> None:
        """A random limit order, not too far from the market."""
        which = self.random.choice((Side.BUY, Side.SELL))
        price = Decimal(100) - which.sign * Decimal(self.random.randint(1, 100)) / 100
        request = OrderRequest(
            instrument_id=BTC.id,
            side=which,
            quantity=BTC.lot_size * self.random.randint(60, 900),
            price=price,
            post_only=True,
        )
        self.send(PlaceOrder(command_id=self.next_id(), by="test", request=request))

    def cancel_one(self) -> None:
        open_ids = list(self.engine.state.open_orders)
        if open_ids:
            chosen: ClientOrderId = self.random.choice(open_ids)
            self.send(CancelOrders(command_id=self.next_id(), by="test", client_order_ids=(chosen,)))

    def amend_one(self) -> None:
        """Another price, quantity or both for a random order."""
        open_ids = list(self.engine.state.open_orders)
        if not open_ids:
            return
        order = self.engine.state.orders[self.random.choice(open_ids)]
        price = Decimal(100) - order.side.sign * Decimal(self.random.randint(1, 100)) / 100
        self.send(
            AmendOrder(
                command_id=self.next_id(),
                by="test",
                client_order_id=order.client_order_id,
                price=price if self.random.random() < 0.7 else None,
                quantity=BTC.lot_size * self.random.randint(60, 900) if self.random.random() < 0.7 else None,
            )
        )

    def kill(self) -> None:
        self.send(Kill(command_id=self.next_id(), by="test", kill_id=f"k{self._number}"))

    async def live(self, seconds: float, *, amends: float = 0.0) -> None:
        """Let things happen at random moments; `amends` is the share of amendments."""
        end = self.loop.time() + seconds
        while self.loop.time() < end:
            await asyncio.sleep(self.random.expovariate(8))
            act = self.random.random()
            if amends and self.random.random() < amends:
                self.amend_one()
            elif act < 0.5:
                self.place()
            elif act < 0.75:
                self.cancel_one()
            else:
                random_trade(self.ledger, self.random)
            self.check()

    async def settle(self, seconds: float = 90.0) -> None:
        """No new wishes: doubts resolve, fills are fetched, everything agrees."""
        self.adapter._trouble = 0.0
        await asyncio.sleep(seconds)

    # --- what must hold ---

    def check(self) -> None:
        """At every moment."""
        if self.watcher.broken is not None:
            raise self.watcher.broken
        per_id: dict[str, int] = {}
        for order in self.ledger.orders:
            per_id[order.client_order_id] = per_id.get(order.client_order_id, 0) + 1
        assert all(count == 1 for count in per_id.values()), "two venue orders for one intent"
        self.check_amendments()
        booked = sum(len(order.trade_ids) for order in self.engine.state.orders.values())
        assert booked <= len(self.ledger.fills)
        check_totals(self.engine)

    def check_amendments(self) -> None:
        """An order and its successor are never both at the venue, nor do they fill more than was wanted."""
        for order in self.engine.state.orders.values():
            old = self.ledger.of(order.replaces) if order.replaces is not None else None
            new = self.ledger.of(order.client_order_id)
            if old is None or new is None:
                continue
            assert old.status is not ReportedStatus.OPEN, "the order and its successor at once"
            assert order.replaces is not None
            wanted = self.wanted[order.replaces]
            assert old.filled + new.request.quantity <= max(old.request.quantity, wanted)

    def check_settled(self) -> None:
        """Once quiet: beliefs equal the ledger, to the last unit."""
        self.check()
        state = self.engine.state
        believed = {i for i in state.open_orders if state.orders[i].status is OrderStatus.ACCEPTED}
        assert not [i for i in state.open_orders if state.orders[i].is_in_doubt]
        assert believed == {order.client_order_id for order in self.ledger.open}
        assert state.position(BTC.id).quantity == self.ledger.position
        for order in self.ledger.orders:
            assert ClientOrderId(order.client_order_id) in state.orders, "an order without its OrderCreated"

    def check_journal(self) -> None:
        """Folding the journal gives the live state; so does a snapshot of it."""
        folded = State()
        for records in load(self.files, check_pages=False).slices():
            for record in records:
                apply(folded, record)
        assert folded == self.engine.state
        assert decode_state(encode_state(folded)) == folded
