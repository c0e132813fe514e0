"""Who is told what happens in the engine: consoles, strategies, the kill flag, the log, snapshots."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings, StrategySettings
from veloz_tui.control.server import ControlServer
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Halted, OrderDenied, Rearmed, Recorded
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, Nanos, StrategyId
from veloz_tui.domain.views import Ack
from veloz_tui.engine.core import Engine
from veloz_tui.engine.entries import entry_of
from veloz_tui.engine.parameters import params_of
from veloz_tui.runtime.compose import strategy_spec
from veloz_tui.runtime.flag import lower_flag, raise_flag
from veloz_tui.runtime.guardian_keeper import GuardianKeeper
from veloz_tui.runtime.hosts import StrategyHosts
from veloz_tui.runtime.link import EngineRearmed, KillState
from veloz_tui.strategy.spec import StrategySnapshot

_LOG = logging.getLogger(__name__)
MAX_TASKS: Final = 64


class NodeWatchers:
    """Implements loop.Watchers. `server` is set once the control socket was made."""

    def __init__(
        self,
        *,
        engine: Engine,
        settings: Settings,
        paths: ProfilePaths,
        guardian: GuardianKeeper,
        now: Callable[[], Nanos],
        dispatch: Callable[[object], None],
        on_stop: Callable[[str], None],
        on_broken: Callable[[InvariantBroken], None],
        snapshot: Callable[[], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._paths = paths
        self._guardian = guardian
        self._now = now
        self._on_stop = on_stop
        self._on_broken = on_broken
        self._snapshot = snapshot
        self._next_snapshot = engine.state.seq + settings.journal.snapshot_every
        self._tasks: set[asyncio.Task[None]] = set()
        self.server: ControlServer | None = None
        self.hosts = StrategyHosts(
            dispatch,
            now=now,
            order_of=self._order_of,
            folder=paths.strategies,
        )

    # --- loop.Watchers ---

    def on_records(self, records: Sequence[Recorded]) -> None:
        state = self._engine.state
        entries = [entry for r in records if (entry := entry_of(state, r)) is not None]
        if entries and self.server is not None:
            self.server.publish_entries(entries)
        self.hosts.on_records(records)
        if records[-1].seq >= self._next_snapshot:
            self._next_snapshot = records[-1].seq + self._settings.journal.snapshot_every
            self._spawn(self._snapshot())

    def on_ack(self, ack: Ack) -> None:
        if self.server is not None:
            self.server.reply(ack)

    def on_book(self, instrument_id: InstrumentId, *, filled_seq: int) -> None:
        market = self._engine.live.books[instrument_id]
        if market.is_fresh:
            self.hosts.on_book(instrument_id, market.book, needs=filled_seq, at=market.updated_at)
        else:
            self.hosts.on_book_stale(instrument_id)

    def on_trade(self, trade: TradePrinted) -> None:
        self.hosts.on_trade(trade)

    def start_host(self, strategy_id: StrategyId, run: int) -> None:
        config = self._config(strategy_id)
        state = self._engine.state
        positions = state.strategy_positions.get(strategy_id, {})
        snapshot = StrategySnapshot(
            seq=state.seq,
            instruments=tuple(state.instruments[i] for i in config.instruments if i in state.instruments),
            positions={i: p.quantity for i, p in positions.items()},
            orders=tuple(
                state.orders[i] for i in state.open_orders if state.orders[i].strategy_id == strategy_id
            ),
        )
        params_json = params_of(state, self._engine.settings, strategy_id)
        self.hosts.start(strategy_id, run, strategy_spec(config, params_json), snapshot)

    def check_parameters(self, strategy_id: StrategyId, check_id: CommandId, params_json: bytes) -> None:
        self.hosts.check(strategy_id, check_id, strategy_spec(self._config(strategy_id), params_json))

    def give_parameters(self, strategy_id: StrategyId, run: int, params_json: bytes) -> None:
        self.hosts.set_params(strategy_id, run, params_json)

    def stop_host(self, strategy_id: StrategyId, run: int, reason: str) -> None:
        self.hosts.stop(strategy_id, run, reason)

    def on_denied(self, strategy_id: StrategyId, run: int, denied: OrderDenied) -> None:
        self.hosts.on_denied(strategy_id, run, denied)

    def on_halted(self, halted: Halted) -> None:
        """In a thread: the flag's fsync must not hold up the cancels of the same turn."""
        self._spawn(asyncio.to_thread(raise_flag, self._paths.kill_flag, kill_id=halted.kill_id))
        # Right after this turn, which closes the gate: a guardian that waits for the next beat might fence.
        asyncio.get_running_loop().call_soon(self._tell_guardian)

    def on_rearmed(self, rearmed: Rearmed) -> None:
        try:
            lower_flag(self._paths.kill_flag)
        except OSError as error:  # trading is on all the same; the next start will be halted
            _LOG.error("kill flag %s not removed: %s", self._paths.kill_flag, error)
        self._guardian.send(EngineRearmed(rearmed.level))

    def stop(self, reason: str) -> None:
        self._on_stop(reason)

    def on_broken(self, error: InvariantBroken) -> None:
        self._on_broken(error)

    # --- the rest ---

    def _config(self, strategy_id: StrategyId) -> StrategySettings:
        return next(s for s in self._settings.strategies if s.name == strategy_id)

    def _tell_guardian(self) -> None:
        record = self._engine.state.kill
        if record is not None:
            self._guardian.send(KillState(record.kill_id, dict(record.stamps)))

    async def aclose(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Awaitable[None]) -> None:
        if len(self._tasks) >= MAX_TASKS:
            _LOG.error("%d background tasks already: one was left out", MAX_TASKS)
            return
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("background task failed", exc_info=task.exception())

    def _order_of(self, client_order_id: ClientOrderId) -> Order | None:
        return self._engine.state.orders.get(client_order_id)
