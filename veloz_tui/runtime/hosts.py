"""Runs the strategies: each in a process of its own, or inline; feeds them and hands on what they want."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, get_args

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.events import OrderCreated, OrderDenied, Recorded
from veloz_tui.domain.intents import ParametersChecked, StrategyHostChanged, StrategyReported
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.strategy_views import LogLine
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, Nanos, StrategyId
from veloz_tui.runtime.feeds import Feed
from veloz_tui.runtime.host_budgets import HostBudgets, budgets_of
from veloz_tui.runtime.host_link import HostLink
from veloz_tui.runtime.host_log import StrategyLog
from veloz_tui.runtime.host_probe import probe
from veloz_tui.runtime.host_start import start_message
from veloz_tui.runtime.inline import InlineStrategy
from veloz_tui.strategy.spec import StrategySnapshot, StrategySpec
from veloz_tui.strategy.wire import OwnEvent

__all__ = ["HostBudgets", "StrategyHosts", "StrategySnapshot", "StrategySpec"]

Running = HostLink | InlineStrategy
TICK_S: Final = 0.25
MAX_PROBES: Final = 4
_OWN_EVENTS: Final = frozenset(get_args(OwnEvent))
_DEFAULT_BUDGETS: Final = HostBudgets()


class StrategyHosts:
    """All running strategies. Every method but `aclose` is synchronous and quick, for the engine's loop.

    `on_report` must not raise. It is called from the event loop, for inline strategies from within `start`,
    `on_book`, `on_trade` and `on_records`: call those outside of Engine.handle. `order_of` looks into the
    engine's state. Lines that a strategy logs go to the log of this process, timers stay with the strategy.
    """

    def __init__(
        self,
        on_report: Callable[[StrategyReported | StrategyHostChanged | ParametersChecked], None],
        *,
        now: Callable[[], Nanos],
        order_of: Callable[[ClientOrderId], Order | None],
        folder: Path | None = None,
        budgets: HostBudgets = _DEFAULT_BUDGETS,
    ) -> None:
        self._on_report = on_report
        self._now = now
        self._order_of = order_of
        self._folder = folder
        self._budgets = budgets
        self._running: dict[StrategyId, Running] = {}
        self._links: dict[HostLink, asyncio.Task[None]] = {}
        self._feeds: dict[InstrumentId, Feed] = {}
        self._trade_takers: dict[InstrumentId, list[Running]] = {}
        self._logs: dict[StrategyId, StrategyLog] = {}
        self._probes: set[asyncio.Task[None]] = set()
        self._delivered = 0
        self._dropped_intents = 0
        self._tasks = asyncio.TaskGroup()
        self._watchdog: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "StrategyHosts":
        await self._tasks.__aenter__()
        self._watchdog = self._tasks.create_task(self._watch(), name="strategy watchdog")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
        if kind is asyncio.CancelledError:
            await self._tasks.__aexit__(kind, error, trace)
        else:  # an error of the body's own stays what it is: no group around it
            await self._tasks.__aexit__(None, None, None)

    # --- runs ---

    def start(
        self, strategy_id: StrategyId, run: int, spec: StrategySpec, snapshot: StrategySnapshot
    ) -> None:
        """Begin run `run`; StrategyHostChanged says when it runs, or why it doesn't."""
        earlier = self._running.get(strategy_id)
        if earlier is not None:
            self.stop(strategy_id, earlier.run_number, "started again")
        self._delivered = self._delivered or snapshot.seq
        missing = set(spec.instrument_ids) - {instrument.id for instrument in snapshot.instruments}
        if missing:
            error = f"{', '.join(sorted(missing))} is not known yet: start it when the venue is READY"
            self._on_report(StrategyHostChanged(strategy_id, run, is_running=False, error=error))
            return
        if spec.is_inline:
            self._start_inline(strategy_id, run, spec, snapshot)
            return
        link = HostLink(
            strategy_id,
            run,
            spec,
            snapshot,
            folder=self._folder,
            now=self._now,
            on_report=self._on_report,
            on_ready=self._on_ready,
            on_end=self._forget,
            budgets=budgets_of(spec, self._budgets),
            log=self._log_of(strategy_id),
        )
        self._running[strategy_id] = link
        self._links[link] = self._tasks.create_task(self._run(link), name=f"strategy {strategy_id} {run}")

    def stop(self, strategy_id: StrategyId, run: int, reason: str) -> None:
        """End a run: `on_stop`, one second of grace, then SIGKILL. Its intents count no more from now on."""
        running = self._running.get(strategy_id)
        if running is None or running.run_number != run:
            return
        self._forget(running)
        running.stop(reason)

    def check(self, strategy_id: StrategyId, check_id: CommandId, spec: StrategySpec) -> None:
        """Ask whether a strategy can take the parameters of `spec`; ParametersChecked answers, once.

        The running one is asked between two callbacks, a stopped one is loaded in a process for it.
        """
        running = self._running.get(strategy_id)
        if running is not None:
            running.check(check_id, spec.params_json)
        elif len(self._probes) >= MAX_PROBES:
            error = f"{MAX_PROBES} strategies are being asked already: try again in a moment"
            self._on_report(ParametersChecked(check_id, strategy_id, error))
        else:
            task = self._tasks.create_task(self._probe(strategy_id, check_id, spec))
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)

    def set_params(self, strategy_id: StrategyId, run: int, params_json: bytes) -> None:
        """Give run `run` parameters that were checked."""
        running = self._running.get(strategy_id)
        if running is not None and running.run_number == run:
            running.set_params(params_json)

    async def aclose(self) -> None:
        """Stop everything; returns when no process of ours is left."""
        for running in list(self._running.values()):
            self.stop(running.strategy_id, running.run_number, "the engine ends")
        for task in self._probes:
            task.cancel()
        if self._links:
            await asyncio.wait(self._links.values(), timeout=self._budgets.grace_s + 1)
        for link in list(self._links):
            link.kill()
        if self._links:
            await asyncio.wait(self._links.values(), timeout=5)
        if self._watchdog is not None:
            self._watchdog.cancel()

    @property
    def dropped_intents(self) -> int:
        """Intents that an ended run still sent."""
        return self._dropped_intents + sum(link.dropped_intents for link in self._links)

    def is_running(self, strategy_id: StrategyId) -> bool:
        """Whether it is there, in a process or inline."""
        return strategy_id in self._running

    def log_lines(self, strategy_id: StrategyId) -> tuple[LogLine, ...]:
        """The last lines of a strategy, over its runs."""
        known = self._logs.get(strategy_id)
        return () if known is None else tuple(known.kept)

    async def describe(
        self, strategy_id: StrategyId, spec: StrategySpec
    ) -> tuple[str, tuple[Parameter, ...]]:
        """Load a stopped strategy in a process of its own; return why it can't start, or its parameters."""
        nothing = StrategySnapshot(seq=0, instruments=())
        start = start_message(strategy_id, spec, nothing, self._folder, is_probe=True)
        return await probe(spec, start)

    def pid(self, strategy_id: StrategyId) -> int | None:
        """Return the process of a running strategy; None for inline ones."""
        running = self._running.get(strategy_id)
        return running.pid if isinstance(running, HostLink) else None

    # --- what strategies are told ---

    def on_book(self, instrument_id: InstrumentId, book: OrderBook, *, needs: int, at: Nanos) -> None:
        """A fresh book that already shows the fill of event `needs`, the newest there is.

        It is read now or when a strategy is ready for the next one.
        """
        feed = self._feeds.get(instrument_id)
        if feed is not None:
            feed.update(book, needs=needs, at=at, delivered=self._delivered)

    def on_book_stale(self, instrument_id: InstrumentId) -> None:
        """The book must not be read any more, until the next `on_book`."""
        feed = self._feeds.get(instrument_id)
        if feed is not None:
            feed.invalidate()

    def on_trade(self, trade: TradePrinted) -> None:
        """A trade of the tape; left out (and counted) for strategies that are 100 trades behind."""
        for running in tuple(self._trade_takers.get(trade.instrument_id, ())):
            running.send_trade(trade)

    def on_records(self, records: Sequence[Recorded]) -> None:
        """Durable events, in order and complete: each strategy gets those of its own orders."""
        for recorded in records:
            self._delivered = recorded.seq
            if self._running and type(recorded.event) in _OWN_EVENTS:
                self._send_own(recorded)
        for feed in tuple(self._feeds.values()):
            if feed.is_held:
                feed.offer(delivered=self._delivered)

    def on_denied(self, strategy_id: StrategyId, run: int, denied: OrderDenied) -> None:
        """A denial that the journal doesn't hold, for run `run` if that is the running one."""
        running = self._running.get(strategy_id)
        if running is not None and running.run_number == run:
            running.send_own(denied, seq=self._delivered, side=denied.request.side)

    def _send_own(self, recorded: Recorded) -> None:
        event = recorded.event
        assert isinstance(event, OwnEvent)
        request = self._request_of(event)
        if request is None:
            return
        running = self._running.get(request.strategy_id)
        if running is not None and recorded.seq > running.from_seq:
            running.send_own(event, seq=recorded.seq, side=request.side)

    def _request_of(self, event: OwnEvent) -> OrderRequest | None:
        if isinstance(event, OrderCreated | OrderDenied):
            return event.request
        order = self._order_of(event.client_order_id)
        return None if order is None else order.request

    # --- within ---

    def _start_inline(
        self, strategy_id: StrategyId, run: int, spec: StrategySpec, snapshot: StrategySnapshot
    ) -> None:
        inline = InlineStrategy(
            strategy_id,
            run,
            spec,
            snapshot,
            folder=self._folder,
            now=self._now,
            on_report=self._on_report,
            on_ready=self._on_ready,
            on_end=self._forget,
            log=self._log_of(strategy_id),
        )
        self._running[strategy_id] = inline
        inline.begin()

    def _log_of(self, strategy_id: StrategyId) -> StrategyLog:
        return self._logs.setdefault(strategy_id, StrategyLog(strategy_id, self._now))

    async def _probe(self, strategy_id: StrategyId, check_id: CommandId, spec: StrategySpec) -> None:
        error, parameters = await self.describe(strategy_id, spec)
        self._on_report(ParametersChecked(check_id, strategy_id, error, parameters))

    async def _run(self, link: HostLink) -> None:
        try:
            await link.run()
        finally:
            self._dropped_intents += link.dropped_intents
            del self._links[link]

    def _on_ready(self, running: Running, instrument_id: InstrumentId | None) -> None:
        if instrument_id is None:
            self._subscribe(running)
            return
        feed = self._feeds.get(instrument_id)
        if feed is not None:
            feed.give_back(running, delivered=self._delivered)

    def _subscribe(self, running: Running) -> None:
        for instrument_id in running.spec.instrument_ids:
            if "on_book" in running.wants:
                feed = self._feeds.setdefault(instrument_id, Feed(instrument_id))
                feed.subscribe(running, delivered=self._delivered)
            if "on_trade" in running.wants:
                self._trade_takers.setdefault(instrument_id, []).append(running)

    def _forget(self, running: Running) -> None:
        if self._running.get(running.strategy_id) is running:
            del self._running[running.strategy_id]
        for instrument_id in running.spec.instrument_ids:
            feed = self._feeds.get(instrument_id)
            if feed is not None:
                feed.unsubscribe(running)
                if not feed.has_subscribers:
                    del self._feeds[instrument_id]
            takers = self._trade_takers.get(instrument_id, [])
            if running in takers:
                takers.remove(running)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            now = loop.time()
            for running in list(self._running.values()):
                running.tick(now - last)
            last = now
