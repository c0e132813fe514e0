"""The engine process: puts core, journal, venues, strategies and control socket together, and runs them.

Started by the guardian with one inherited descriptor; the start order with the keys comes over it. Order of
start: locks, journal, core, control socket, venues; consoles may attach while venues still reconcile.
"""

import asyncio
import logging
import os
import random
import re
import shutil
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Final

from veloz_tui import __version__
from veloz_tui.config.lock import ProfileLock
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control.server import ControlServer, Identity
from veloz_tui.domain.commands import AnyCommand, Kill, KillPrepare, Shutdown, StartStrategy
from veloz_tui.domain.errors import ConfigError, InvariantBroken, JournalError
from veloz_tui.domain.ids import account_tag
from veloz_tui.domain.reports import BookDelta, DiskReported, VenueSnapshot
from veloz_tui.domain.types import ChannelState, CommandId, InstrumentId, Mode, VenueId
from veloz_tui.domain.views import View
from veloz_tui.engine.core import Engine
from veloz_tui.engine.state import encode_state
from veloz_tui.engine.turn import Turn
from veloz_tui.engine.views import Surroundings, build_view
from veloz_tui.journal.connections import Durability
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.opening import open_writer
from veloz_tui.journal.writer import JournalWriter
from veloz_tui.runtime.clock import EngineClock
from veloz_tui.runtime.compose import BINANCE, binance_settings, engine_settings
from veloz_tui.runtime.demo import FirstOrders
from veloz_tui.runtime.describing import Describer
from veloz_tui.runtime.epoch_mark import EpochMark
from veloz_tui.runtime.flag import read_flag
from veloz_tui.runtime.garbage import quiet_garbage_collection
from veloz_tui.runtime.guardian_keeper import GuardianKeeper
from veloz_tui.runtime.guardian_link import GuardianLink, Order
from veloz_tui.runtime.kill_record import take_reports
from veloz_tui.runtime.link import (
    AdoptEngine,
    Beat,
    EngineLeaving,
    EngineStart,
    KillEngine,
    KillState,
    PrepareKill,
)
from veloz_tui.runtime.loop import EngineLoop
from veloz_tui.runtime.query_desk import QueryDesk
from veloz_tui.runtime.recovery import Recovered, recover
from veloz_tui.runtime.watchers import NodeWatchers
from veloz_tui.runtime.why_desk import WhyDesk
from veloz_tui.runtime.wire_view import WireView
from veloz_tui.venues.base import VenueAdapter, VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.requests import signer_for

_LOG = logging.getLogger(__name__)
BEAT_S: Final = 0.1
LAG_PROBE_S: Final = 0.1
LOOK_AT_DISK_S: Final = 10.0
EXIT_BROKEN: Final = 70


class Node:
    """One running engine. `run` returns its exit code."""

    def __init__(self, start: EngineStart, paths: ProfilePaths, link: GuardianLink) -> None:
        self._start = start
        self._settings = start.settings
        self._paths = paths
        self._guardian = GuardianKeeper(
            link,
            paths,
            hand_over=AdoptEngine(os.getpid(), start.settings, start.keys, start.sim_port, start.sim_id),
            on_order=self._on_order,
            report=self._dispatch,
            is_leaving=lambda: self._stopping.is_set(),
        )
        self._clock = EngineClock()
        self._stopping = asyncio.Event()
        self._was_ready = False
        self._exit_code = 0
        self._lag_ms: float | None = None
        self._commands = 0
        self._leaving = EngineLeaving("stopped")
        self._account_lock: ProfileLock | None = None

    async def run(self) -> int:
        """Recover, connect, run until told to stop or broken."""
        recovered = await recover(JournalFiles(self._paths.journal.parent), now=self._clock.now())
        self._refuse_other_sim(recovered)
        self._account_tag = account_tag(self._settings.profile.name)
        mark = EpochMark(self._paths.state_directory.parent / f"ids-{self._account_tag}.epoch")
        self._epoch = mark.claim(last=recovered.state.epoch, now=self._clock.now())
        engine = Engine(engine_settings(self._settings, version=__version__), recovered.state)
        self._engine = engine
        self._first_orders: FirstOrders | None = None
        if recovered.is_new and self._settings.profile.mode is Mode.DEMO:
            self._first_orders = FirstOrders(engine, self._dispatch)
        async with AsyncExitStack() as stack:
            self._journal = await self._open_journal(recovered)
            binance = self._binance()
            self._adapters: dict[VenueId, VenueAdapter] = {BINANCE: binance}
            self._watchers = NodeWatchers(
                engine=engine,
                settings=self._settings,
                paths=self._paths,
                guardian=self._guardian,
                now=self._clock.now,
                dispatch=self._dispatch,
                on_stop=self.stop,
                on_broken=self._on_broken,
                snapshot=self._write_snapshot,
            )
            self._loop = EngineLoop(
                engine, self._journal, self._adapters, self._watchers, now=self._clock.now
            )
            self._query_desk = self._desk(WireView(BINANCE, binance.tap, engine.state))
            stack.callback(self._query_desk.close)
            self._server = self._control_server()
            self._watchers.server = self._server
            await stack.enter_async_context(self._watchers.hosts)
            await self._run_parts()
        return self._exit_code

    async def _run_parts(self) -> None:
        journal = asyncio.create_task(self._journal.run(), name="journal")
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(work, name=name) for name, work in self._parts().items()]
                self._begin()
                await self._server.start()
                quiet_garbage_collection()
                await self._stopping.wait()
                await self._leave(running)
        finally:
            await self._close_journal(journal)

    def _begin(self) -> None:
        flag = read_flag(self._paths.kill_flag)
        reports = take_reports(self._paths.state_directory)
        stamps: dict[str, float] = next((r.stamps for r in reversed(reports) if r.kill_id == flag), {})
        self._loop.begin(
            self._engine.start(
                self._clock.now(),
                account_tag=self._account_tag,
                epoch=self._epoch,
                sim_id=self._start.sim_id,
                kill_flag=flag,
                kill_stamps=stamps,
            )
        )

    def _parts(self) -> dict[str, Coroutine[None, None, None]]:
        parts: dict[str, Coroutine[None, None, None]] = {
            f"venue {venue}": adapter.run() for venue, adapter in self._adapters.items()
        }
        return {
            **parts,
            "beats": self._beat(),
            "guardian": self._guardian.run(),
            "lag": self._probe_lag(),
            "disk": self._watch_disk(),
            "autostart": self._autostart(),
        }

    def _binance(self) -> BinanceSpotAdapter:
        config = self._settings.venues.binance
        key = next(k for k in self._start.keys if k.venue == BINANCE)
        return BinanceSpotAdapter(
            binance_settings(config, sim_port=self._start.sim_port),
            signer_for(api_key=key.api_key, secret=key.secret),
            self._on_report,
            now=self._clock.now,
            jitter=random.random,
        )

    def _desk(self, wire: WireView) -> QueryDesk:
        engine, now = self._engine, self._clock.now
        return QueryDesk(
            engine,
            WhyDesk(engine, self._paths.journal, wire, now=now, undurable=lambda: self._loop.undurable),
            Describer(engine, self._settings, self._watchers.hosts, now=now),
            now=now,
        )

    def _control_server(self) -> ControlServer:
        return ControlServer(
            self._paths.engine_socket,
            self._paths.session_token,
            self._dispatch,
            self._build_view,
            identity=Identity(
                profile=self._settings.profile.name,
                mode=self._settings.profile.mode,
                version=__version__,
                guardian_path=self._start.guardian_socket,
            ),
            on_control=self._on_control,
            on_query=self._query_desk.answer,
            now=self._clock.now,
        )

    # --- messages in ---

    def _dispatch(self, message: object) -> None:
        self._loop.dispatch(message)

    def _on_report(self, report: VenueReport) -> None:
        if isinstance(report, VenueSnapshot) and not self._holds_account(report):
            return
        self._loop.dispatch(report)
        if self._first_orders is not None and isinstance(report, BookDelta):
            self._first_orders.look(self._clock.now())
            if self._first_orders.is_done:
                self._first_orders = None

    def _holds_account(self, snapshot: VenueSnapshot) -> bool:
        """One engine a venue account on this machine, whatever the profiles: the second one stops."""
        uid = snapshot.account.account_uid
        if self._account_lock is not None or self._settings.profile.mode is Mode.DEMO:
            return True  # each DEMO has a venue of its own, and all of them number accounts alike
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"account-{snapshot.venue}-{uid}")[:80]
        path = self._paths.state_directory.parent / f"{name}.lock"
        lock = ProfileLock(path, purpose=f"an engine on {snapshot.venue} account {uid}")
        try:
            lock.acquire()
        except ConfigError as error:
            sys.stderr.write(f"veloz engine: {error}\n")
            self._exit_code = error.exit_code
            self.stop(str(error))
            return False
        self._account_lock = lock
        return True

    def _on_control(self, holder: str, _text: str) -> None:
        self._loop.on_consoles(self._server.peer_count, holder)

    def _on_order(self, order: Order) -> None:
        match order:
            case KillEngine():
                command: AnyCommand = Kill(
                    command_id=self._next_id(), by=order.by, kill_id=order.kill_id, reason=order.reason
                )
            case PrepareKill():
                command = KillPrepare(command_id=self._next_id(), by="guardian")
            case _:
                command = Shutdown(command_id=self._next_id(), by=order.reason)
        self._loop.dispatch(command)

    def _next_id(self) -> CommandId:
        self._commands += 1
        return CommandId(f"node-{self._commands}")

    async def _autostart(self) -> None:
        """Strategies that ask for it start once every venue is READY, unless halted or after a death."""
        if self._start.is_restart:
            return
        while self._phase() != "READY":
            await asyncio.sleep(BEAT_S)
        for strategy in self._settings.strategies:
            if strategy.autostart and not self._engine.state.is_halted:
                self._loop.dispatch(
                    StartStrategy(command_id=self._next_id(), by="autostart", strategy_id=strategy.name)
                )

    # --- the journal ---

    async def _open_journal(self, recovered: Recovered) -> JournalWriter:
        durability = Durability(self._settings.journal.durability)
        return await open_writer(
            recovered.loaded,
            durability=durability,
            on_durable=lambda seq: self._loop.on_durable(seq),
            on_state=lambda state, reason: self._loop.on_journal_state(state, reason),
            on_overflow=self._on_overflow,
        )

    def _on_overflow(self) -> None:
        self._loop.dispatch(
            Kill(command_id=self._next_id(), by="journal", kill_id=self._next_id(), reason="journal full")
        )

    async def _write_snapshot(self) -> None:
        state = self._engine.state
        seq, blob = state.seq, encode_state(state)
        try:
            await self._journal.write_snapshot(seq, blob)
        except JournalError as error:
            _LOG.warning("no snapshot: %s", error)

    async def _close_journal(self, task: asyncio.Task[None]) -> None:
        if self._exit_code != EXIT_BROKEN:
            self._loop.end(self._leaving.reason)
            await self._write_snapshot()
        try:
            await self._journal.close()
        except JournalError as error:
            _LOG.error("%s", error)
        await asyncio.gather(task, return_exceptions=True)

    def _refuse_other_sim(self, recovered: Recovered) -> None:
        known = recovered.state.sim_id
        if known and self._start.sim_id and known != self._start.sim_id:
            raise JournalError(
                f"the journal belongs to simulated venue {known}, and {self._start.sim_id} is running - "
                f"{self._paths.journal} - run `veloz demo --reset` to begin both afresh"
            )

    # --- guardian, beats, lag ---

    async def _beat(self) -> None:
        while True:
            state = self._engine.state
            instruments = {str(i) for i in self._settings.venues.binance.instruments}
            instruments.update(str(state.orders[i].instrument_id) for i in state.open_orders)
            self._guardian.send(
                Beat(
                    pid=os.getpid(),
                    epoch=state.epoch,
                    phase=self._phase(),
                    durable_seq=self._journal.durable_seq,
                    instruments=tuple(sorted(instruments)),
                )
            )
            self._send_kill_state()
            await asyncio.sleep(BEAT_S)

    def _phase(self) -> str:
        if self._stopping.is_set():
            return "STOPPING"
        # READY once, READY for good: a venue that is lost again is no reason to watch this process less.
        states = [self._engine.state.venues.get(venue) for venue in self._adapters]
        self._was_ready = self._was_ready or all(state is ChannelState.READY for state in states)
        return "READY" if self._was_ready else "STARTING"

    def _send_kill_state(self) -> None:
        record = self._engine.state.kill
        if record is None or not self._engine.state.is_halted:
            return
        view = self._build_view(frozenset(), 0).kill
        self._guardian.send(
            KillState(record.kill_id, dict(record.stamps), view.canceled, view.total, view.unverified)
        )

    async def _probe_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_PROBE_S
            await asyncio.sleep(LAG_PROBE_S)
            self._lag_ms = max(0.0, (loop.time() - due) * 1000)

    async def _watch_disk(self) -> None:
        folder = self._paths.journal.parent
        while True:
            usage = await asyncio.to_thread(shutil.disk_usage, folder)
            self._loop.dispatch(DiskReported(usage.free // 1_000_000, str(folder)))
            await asyncio.sleep(LOOK_AT_DISK_S)

    # --- views and the end ---

    def _build_view(self, watched: frozenset[InstrumentId], depth: int) -> View:
        engine = self._engine
        turn = Turn(state=engine.state, live=engine.live, settings=engine.settings, now=self._clock.now())
        books = sorted(watched) or list(engine.settings.instruments[:1])
        return build_view(
            turn, Surroundings(pid=os.getpid(), lag_ms=self._lag_ms), watched=books, depth=depth
        )

    def stop(self, reason: str) -> None:
        self._leaving = EngineLeaving(reason)
        self._stopping.set()

    def _on_broken(self, error: InvariantBroken) -> None:
        self._exit_code = EXIT_BROKEN
        self._leaving = EngineLeaving(f"invariant broken: {error}", is_shutdown=False)
        asyncio.get_running_loop().call_later(1.0, self._stopping.set)  # time for the cancels to leave

    async def _leave(self, running: Sequence[asyncio.Task[None]]) -> None:
        self._loop.close()
        await asyncio.sleep(0.2)  # the last answers and cancels leave
        await self._server.close()
        await self._watchers.aclose()
        self._guardian.send(self._leaving)
        for task in running:
            task.cancel()
