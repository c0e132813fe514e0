"""The guardian: starts and watches the engine, owns the hard kill, holds the keys.

Small on purpose: no strategies, no journal, REST only. It answers guardian.sock, hears the engine's beats
and, when a kill makes no progress or the engine dies or hangs, fences it (SIGKILL) and sweeps the venues.
"""

import asyncio
import logging
import os
import random
import signal
import time
from collections import deque
from typing import Final

from veloz_tui import __version__
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.control.guardian import (
    GuardianDone,
    GuardianGiveWay,
    GuardianKill,
    GuardianPrepare,
    GuardianRefused,
    GuardianReply,
    GuardianRequest,
    GuardianShutdown,
    GuardianStatus,
    GuardianStatusRequest,
    KillProgress,
    serve_guardian,
)
from veloz_tui.control.identity import PeerIdentity
from veloz_tui.domain.types import Mode
from veloz_tui.domain.views import KillView
from veloz_tui.runtime import sim_child
from veloz_tui.runtime.clock import EngineClock
from veloz_tui.runtime.engine_child import ENGINE_STDERR, EngineChild
from veloz_tui.runtime.flag import raise_flag_soon, read_flag
from veloz_tui.runtime.kill_ready import keep_warm, make_ready
from veloz_tui.runtime.kill_record import write_report
from veloz_tui.runtime.kill_view import kill_view
from veloz_tui.runtime.kill_watch import KillWatch
from veloz_tui.runtime.link import (
    AdoptEngine,
    EngineLeaving,
    EngineRearmed,
    EngineStart,
    FromEngine,
    GuardianWatches,
    KeyMaterial,
    KillEngine,
    KillState,
    StopEngineRequest,
)
from veloz_tui.runtime.sweep import SweepReport
from veloz_tui.runtime.sweeps import Sweeps
from veloz_tui.runtime.venue_hosts import binance_hosts
from veloz_tui.venues.binance.kill_client import KillClient
from veloz_tui.venues.binance.requests import signer_for

_LOG = logging.getLogger(__name__)
TICK_S: Final = 0.05
LATE_TICK_S: Final = 1.0
"""A tick this late means that the host slept: beats get one fresh interval."""
STARTING_TIMEOUT_S: Final = 60.0
RESTARTS: Final = 3
RESTART_WINDOW_S: Final = 300.0


class Guardian:
    """One guardian of one profile; `run` returns its exit code."""

    def __init__(
        self,
        settings: Settings,
        paths: ProfilePaths,
        keys: tuple[KeyMaterial, ...],
        *,
        sim: sim_child.SimAddress | None = None,
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._keys = keys
        self._sim = sim
        self._engine: EngineChild | None = None
        self._is_leaving = False
        self._has_given_way = False
        self._exit_code = 0
        self._stop = asyncio.Event()
        self._restarts: deque[float] = deque(maxlen=RESTARTS + 1)
        self._killing = KillWatch()
        self._client: KillClient
        self._sweeps: Sweeps
        self._text = ""

    async def run(self, adopted: EngineChild | None = None, *, started: EngineChild | None = None) -> int:
        """Serve until shutdown. `adopted`: an engine that runs; `started`: one that waits for its order."""
        self._engine = started
        self._arm()
        async with serve_guardian(self._paths.guardian_socket, self._answer):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, self._kill_by_signal)
            loop.add_signal_handler(signal.SIGTERM, self._stop.set)
            for number in (signal.SIGHUP, signal.SIGINT):
                loop.add_signal_handler(number, lambda: None)
            if adopted is not None:
                adopted.send(GuardianWatches(os.getpid()))
            async with asyncio.TaskGroup() as tasks:
                work = [
                    tasks.create_task(self._supervise(adopted), name="supervise"),
                    tasks.create_task(self._watch(), name="watch"),
                    tasks.create_task(keep_warm(self._client, lambda: len(self._symbols())), name="warm"),
                ]
                await self._stop.wait()
                if not self._has_given_way:
                    await self._stop_engine()
                for task in work:
                    task.cancel()
                kill = self._killing.kill
                if kill is not None and not self._progress().is_done:
                    self._start_sweep(by=kill.by, reason=kill.reason)
        # An unfinished kill outlives the wish to leave; what a sweep raised is in the log.
        await self._sweeps.finish()
        await self._client.aclose()
        failed = self._engine.exit_code if self._engine is not None else None
        self._exit_code = self._exit_code or max(failed or 0, 0)
        if self._settings.profile.mode is Mode.DEMO and not self._exit_code and not self._has_given_way:
            # After a crash it stays: to be swept, and to be found again.
            await sim_child.end_ours(self._paths)
        return self._exit_code

    def _arm(self) -> None:
        """Everything a kill needs, once the keys are there."""
        self._client = self._kill_client()
        self._sweeps = Sweeps(self._client, on_progress=self._on_progress)

    def _kill_client(self) -> KillClient:
        config = self._settings.venues.binance
        key = next(k for k in self._keys if k.venue == "BINANCE")
        return KillClient(
            binance_hosts(config, sim_port=self._sim.port if self._sim else None),
            signer_for(api_key=key.api_key, secret=key.secret),
            now=EngineClock().now,
            jitter=random.random,
        )

    # --- the engine ---

    async def _supervise(self, adopted: EngineChild | None) -> None:
        """Start, listen, act on its end, start again."""
        is_restart = False
        while not self._stop.is_set():
            if adopted is not None:
                self._engine, adopted = adopted, None
            else:
                if self._engine is None:
                    self._engine = await self._spawn()
                self._engine.send(self._start_order(is_restart=is_restart))
            await self._engine.listen(self._on_message)
            await self._wait_for_end(self._engine)
            if self._is_leaving or self._stop.is_set():
                return
            await self._on_death(self._engine)
            self._engine = None
            is_restart = True

    async def _spawn(self) -> EngineChild:
        return await EngineChild.spawn(log=self._paths.logs / ENGINE_STDERR)

    def _start_order(self, *, is_restart: bool) -> EngineStart:
        return EngineStart(
            settings=self._settings,
            keys=self._keys,
            sim_port=self._sim.port if self._sim else None,
            sim_id=self._sim.sim_id if self._sim else "",
            guardian_socket=str(self._paths.guardian_socket),
            is_restart=is_restart,
        )

    async def _wait_for_end(self, engine: EngineChild) -> None:
        # A lost line with the process alive: it is watched by its pid, not killed for it.
        while engine.is_alive and not self._stop.is_set():
            await asyncio.sleep(TICK_S)

    async def _on_death(self, engine: EngineChild) -> None:
        """By policy: cancel (and go on), or kill (latched); then a new engine, a few times at most."""
        code = engine.exit_code
        engine.close()
        self._text = f"engine {engine.pid} ended ({code})"
        _LOG.error("%s", self._text)
        # A start that failed changes nothing at the venue.
        if engine.has_beaten or self._killing.kill is not None:
            if self._settings.engine.on_engine_death == "kill" and self._killing.kill is None:
                self._begin_kill(GuardianKill(kill_id=_kill_id(), by="guardian", reason="engine died"))
            self._start_sweep(by="guardian", reason="engine died")
            await self._sweeps.first_zero()
        now = time.monotonic()
        self._restarts.append(now)
        recent = sum(1 for at in self._restarts if now - at < RESTART_WINDOW_S)
        if code == 2 or recent > RESTARTS:  # a configuration that can't work, or a crash loop
            self._text += "; not started again: see logs/engine.stderr and logs/engine.log"
            self._exit_code = 2 if code == 2 else 1
            self._stop.set()
            self._is_leaving = True

    def _on_message(self, message: FromEngine) -> None:
        match message:
            case KillState():
                self._killing.hear(message, time.monotonic())
            case EngineRearmed():
                self._killing.end()
                self._sweeps.end()
                self._sweeps.forget()
            case AdoptEngine():
                _LOG.warning("the engine handed its keys over twice")
            case EngineLeaving():
                self._is_leaving = message.is_shutdown
                self._text = message.reason
                if message.is_shutdown:
                    self._stop.set()

    async def _stop_engine(self) -> None:
        engine = self._engine
        if engine is None or not engine.is_alive:
            return
        engine.send(StopEngineRequest("guardian stops"))
        deadline = time.monotonic() + 15.0
        while engine.is_alive and time.monotonic() < deadline:
            await asyncio.sleep(TICK_S)
        if engine.is_alive:
            _LOG.error("engine %d did not stop: fenced", engine.pid)
            await engine.fence()

    # --- watching ---

    async def _watch(self) -> None:
        """Beats and kills. A hung engine is fenced; a kill without progress goes the hard way."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            engine = self._engine
            if now - last > LATE_TICK_S and engine is not None:
                engine.beat_at = now
            last = now
            if engine is not None and engine.is_alive:
                await self._check_beats(engine)
                if engine.phase == "READY" and self._killing.kill is None:
                    self._sweeps.end()  # it has reconciled: what rests now is wanted
            await self._check_kill(now)

    async def _check_beats(self, engine: EngineChild) -> None:
        if not engine.is_heard:
            return  # nothing can be heard: it is watched by its pid
        limit = self._settings.engine.wedge_timeout_s if engine.phase == "READY" else STARTING_TIMEOUT_S
        if engine.phase != "FENCED" and engine.beat_age_s > limit:
            _LOG.error("engine %d is silent for %.1f s: fenced", engine.pid, engine.beat_age_s)
            await engine.fence()

    async def _check_kill(self, now: float) -> None:
        kill = self._killing.kill
        if kill is None or self._sweeps.has_begun or self._killing.is_certified:
            return
        is_gone = self._engine is None or not self._engine.is_alive
        why = self._killing.overdue(now, self._settings.kill) or ("engine gone" if is_gone else "")
        if why:
            await self._go_hard(kill, why)

    async def _go_hard(self, kill: GuardianKill, why: str) -> None:
        _LOG.error("kill %s: %s: fencing the engine", kill.kill_id, why)
        if self._engine is not None and self._engine.is_alive:
            await self._engine.fence()
        self._start_sweep(by=kill.by, reason=kill.reason)

    # --- kills ---

    def _kill_by_signal(self) -> None:
        self._begin_kill(GuardianKill(kill_id=_kill_id(), by="SIGUSR1", reason="signal"))

    def _begin_kill(self, kill: GuardianKill) -> None:
        """Tell the engine at once, make the flag durable beside it, start the timers. Idempotent by id.

        A kill that is certified is over: the next one begins anew.
        """
        earlier = self._killing.kill
        if earlier is not None and (kill.kill_id == earlier.kill_id or not self._progress().is_done):
            return
        self._killing.begin(kill, time.monotonic())
        self._sweeps.forget()
        if self._engine is not None and self._engine.is_alive:
            self._engine.send(KillEngine(kill.kill_id, kill.by, kill.reason))
        raise_flag_soon(self._paths.kill_flag, kill_id=kill.kill_id)

    def _start_sweep(self, *, by: str, reason: str) -> None:
        """Begin one, now that no engine is left that could send: of a kill that is its closed gate."""
        taken = self._killing.kill
        kill_id = taken.kill_id if taken is not None else _kill_id()
        report = SweepReport(kill_id=kill_id, venue="BINANCE", by=by, reason=reason)
        kill = self._settings.kill
        settle_s = self._settings.venues.binance.recv_window_ms / 1000 + kill.settle_s
        began = time.monotonic()
        if taken is not None:
            report.stamps["gate_closed"] = (began - self._killing.began_at) * 1000
            # What a fenced engine had on the wire is unknown: the longer time, always.
            settle_s += kill.settle_in_doubt_s
            began = self._killing.began_at
        self._sweeps.start(report, symbols=self._symbols(), settle_s=settle_s, began=began)

    def _symbols(self) -> set[str]:
        configured = {str(i) for i in self._settings.venues.binance.instruments}
        used = set(self._engine.instruments) if self._engine is not None else set()
        return {instrument_id.partition(".")[0] for instrument_id in configured | used}

    def _on_progress(self, report: SweepReport) -> None:
        self._killing.moved(time.monotonic())
        if self._killing.kill is not None:
            write_report(self._paths.state_directory, report)

    # --- guardian.sock ---

    async def _answer(self, request: GuardianRequest, asker: PeerIdentity) -> GuardianReply:
        match request:
            case GuardianKill():
                self._begin_kill(request)
                return self._progress()
            case GuardianPrepare():
                return await make_ready(self._client, self._engine, symbols=len(self._symbols()))
            case GuardianStatusRequest():
                is_killing = self._killing.kill is not None and self._engine is None
                return self._progress() if is_killing else self._status()
            case GuardianShutdown():
                self._stop.set()
                return GuardianDone("stopping")
            case GuardianGiveWay():
                return self._give_way(request)

    def _give_way(self, request: GuardianGiveWay) -> GuardianReply:
        """Leave the engine to the guardian that it started: ours can be told nothing and hears nothing."""
        engine = self._engine
        if engine is None or engine.pid != request.engine_pid or engine.is_heard:
            return GuardianRefused("the line to the engine is there")
        if self._sweeps.is_running or (self._killing.kill is not None and not self._progress().is_done):
            return GuardianRefused("a sweep is under way")
        _LOG.warning("the line to engine %d is lost: giving way to its new guardian", engine.pid)
        self._has_given_way = True
        self._stop.set()
        return GuardianDone("giving way")

    def _progress(self) -> KillProgress:
        view = self._kill_view()
        return KillProgress(
            kill=view, is_done=view.certified_zero_ms is not None, text=self._sweeps.failure or self._text
        )

    def _kill_view(self) -> KillView:
        kill = self._killing.kill
        report = self._sweeps.report if kill is not None else None
        return kill_view(kill, self._killing.said, report, flag=read_flag(self._paths.kill_flag))

    def _status(self) -> GuardianStatus:
        engine = self._engine
        return GuardianStatus(
            pid=os.getpid(),
            profile=self._paths.profile,
            mode=self._settings.profile.mode,
            version=__version__,
            engine_pid=engine.pid if engine else None,
            engine_phase=engine.phase if engine else "STOPPED",
            is_engine_alive=engine is not None and engine.is_alive,
            beat_age_ms=int(engine.beat_age_s * 1000) if engine else None,
            sim_port=self._sim.port if self._sim else None,
            kill=self._kill_view(),
            restarts=len(self._restarts),
            text=self._text,
        )


def _kill_id() -> str:
    return f"g{os.getpid()}-{time.monotonic_ns()}"
