"""The guardian's judgment: when it fences, what counts as progress, when its sweeps end."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.unit.runtime.venue import KEYS, SimVenue, sim_venue, until
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.config.settings import load_settings
from veloz_tui.control.guardian import (
    GuardianDone,
    GuardianGiveWay,
    GuardianKill,
    GuardianPrepare,
    GuardianRefused,
    GuardianReply,
)
from veloz_tui.control.identity import PeerIdentity
from veloz_tui.runtime.engine_child import EngineChild
from veloz_tui.runtime.flag import read_flag
from veloz_tui.runtime.guardian import Guardian
from veloz_tui.runtime.kill_record import take_reports
from veloz_tui.runtime.kill_view import kill_view
from veloz_tui.runtime.link import EngineRearmed, KillState
from veloz_tui.runtime.sim_child import SimAddress
from veloz_tui.runtime.sweep import SweepReport

KILL = GuardianKill(kill_id="k1", by="test", reason="why not")
FAR_S = 60.0


def settings(folder: Path) -> Settings:
    """DEMO's, with short settle times."""
    environ = {"HOME": str(folder)}
    found = load_settings("demo", environ=environ)
    kill = msgspec.structs.replace(
        found.kill, settle_s=0.05, settle_in_doubt_s=0.05, gate_deadline_ms=150, progress_deadline_s=0.4
    )
    binance = msgspec.structs.replace(found.venues.binance, recv_window_ms=50)
    venues = msgspec.structs.replace(found.venues, binance=binance)
    return msgspec.structs.replace(found, kill=kill, venues=venues)


class Watch:
    """A guardian that watches a process which stands in for the engine, with a real venue behind it."""

    def __init__(self, guardian: Guardian, engine: EngineChild, venue: SimVenue, paths: ProfilePaths) -> None:
        self.guardian = guardian
        self.engine = engine
        self.venue = venue
        self.paths = paths

    def kill(self, kill_id: str = "k1") -> None:
        self.guardian._begin_kill(msgspec.structs.replace(KILL, kill_id=kill_id))

    def says(self, *stages: str, kill_id: str = "k1", canceled: int = 0) -> None:
        """What the engine reports of a kill."""
        self.guardian._on_message(KillState(kill_id, dict.fromkeys(stages, 1.0), canceled))

    @property
    def is_fenced(self) -> bool:
        return not self.engine.is_alive

    @property
    def is_certified(self) -> bool:
        return self.guardian._progress().is_done

    async def steps(self, count: int) -> None:
        """Let the guardian look `count` times."""
        await asyncio.sleep(0.055 * count)


@asynccontextmanager
async def watching(tmp_path: Path, *, phase: str = "READY") -> AsyncIterator[Watch]:
    environ = {"HOME": str(tmp_path)}
    paths = ProfilePaths.of("demo", environ=environ)
    paths.create()
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(120)"], stdin=subprocess.DEVNULL
    )
    try:
        async with sim_venue() as venue:
            guardian = Guardian(settings(tmp_path), paths, KEYS, sim=SimAddress(0, venue.sim.port, "sim"))
            guardian._arm()
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", venue.sim.port
            )  # nobody listens to it
            engine = EngineChild(process.pid, reader, writer, process)
            engine.phase = phase
            guardian._engine = engine
            watch = asyncio.create_task(guardian._watch())
            try:
                yield Watch(guardian, engine, venue, paths)
                assert not watch.done()
            finally:
                watch.cancel()
                guardian._sweeps.end()
                await asyncio.gather(watch, return_exceptions=True)
                await guardian._sweeps.finish()
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
                await guardian._client.aclose()
    finally:
        process.kill()
        process.wait()


async def beating(w: Watch, until_: Callable[[], bool]) -> None:
    """The engine is well until then."""
    async with asyncio.timeout(10):
        while not until_():
            w.engine.beat_at = time.monotonic()
            await asyncio.sleep(0.01)


# --- When it goes the hard way ----------------------------------------------------------------------------


async def test_a_kill_without_a_closed_gate_is_taken_over(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        await w.venue.place()
        w.kill()
        await beating(w, lambda: w.is_fenced)
        await until(lambda: w.is_certified)
        assert await w.venue.open() == 0
        await until(lambda: read_flag(w.paths.kill_flag) == "k1")
        (report,) = take_reports(w.paths.state_directory)
        assert (report.kill_id, report.canceled, report.is_certified) == ("k1", 1, True)
        assert next(iter(report.stamps)) == "gate_closed"


async def test_an_open_gate_is_taken_over_whatever_else_goes_on(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill()
        canceled = 0
        async with asyncio.timeout(10):
            while not w.is_fenced:
                canceled += 1
                w.says("cancels_sent", canceled=canceled)
                await beating(w, later(0.05))
        assert canceled > 1


async def test_a_kill_without_progress_is_taken_over(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill()
        w.says("gate_closed")
        began = time.monotonic()
        await beating(w, lambda: w.is_fenced)
        assert time.monotonic() - began >= 0.4


async def test_progress_is_waited_for(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill()
        w.says("gate_closed")
        for number in range(8):
            await beating(w, later(0.1))
            w.says("gate_closed", "cancels_sent", canceled=number)
        assert not w.is_fenced


async def test_a_certificate_that_is_pending_is_no_reason(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill()
        w.says("gate_closed", "first_zero")
        await beating(w, later(0.7))
        assert not w.is_fenced
        assert not w.is_certified
        w.says("gate_closed", "first_zero", "certified_zero")
        assert w.is_certified


async def test_an_engine_that_dies_during_a_kill_is_taken_over(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        await w.venue.place()
        w.kill()
        w.says("gate_closed", "first_zero")
        os.kill(w.engine.pid, signal.SIGKILL)
        await until(lambda: w.is_certified)
        assert await w.venue.open() == 0


async def test_a_kill_that_finds_the_engine_just_dead_has_a_closed_gate(tmp_path: Path) -> None:
    """Its death is acted on before the kill is looked at: the gate is closed for good all the same."""
    async with watching(tmp_path) as w:
        os.kill(w.engine.pid, signal.SIGKILL)
        w.engine._process.wait()  # type: ignore[union-attr]
        w.kill()
        await w.guardian._on_death(w.engine)
        await until(lambda: w.is_certified)
        assert w.guardian._kill_view().gate_closed_ms is not None


async def test_a_certified_kill_of_before_says_nothing_of_this_one(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.says("gate_closed", "first_zero", "certified_zero", kill_id="k0")
        w.kill("k1")
        w.says("gate_closed", "first_zero", "certified_zero", kill_id="k0")  # sent before it heard of k1
        assert not w.is_certified
        await beating(w, lambda: w.is_fenced)


async def test_a_kill_under_way_in_the_engine_is_joined(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill("k1")
        w.says("gate_closed", "first_zero", kill_id="of-the-console")
        await beating(w, later(0.6))
        assert not w.is_fenced
        w.says("gate_closed", "first_zero", "certified_zero", kill_id="of-the-console")
        assert w.is_certified
        await beating(w, later(0.6))
        assert not w.is_fenced


# --- Once, and again --------------------------------------------------------------------------------------


async def test_a_kill_is_idempotent_while_it_runs(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill("k1")
        w.says("gate_closed", "first_zero")
        w.kill("k2")
        w.kill("k1")
        assert w.guardian._killing.kill is not None
        assert w.guardian._killing.kill.kill_id == "k1"


async def test_after_the_certificate_the_next_kill_begins_anew(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill("k1")
        w.says("gate_closed", "first_zero", "certified_zero")
        w.kill("k1")
        certified = [w.is_certified]
        w.kill("k2")
        certified.append(w.is_certified)
        w.says("gate_closed", "first_zero", "certified_zero", kill_id="k2")
        assert [*certified, w.is_certified] == [True, False, True]


async def test_a_second_hard_kill_sweeps_again(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.kill("k1")
        await beating(w, lambda: w.is_certified)
        await w.venue.place()
        w.kill("k2")
        await until(lambda: w.is_certified)
        assert await w.venue.open() == 0


async def test_a_rearm_ends_the_sweeps(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        await w.venue.fault("http_error", operation="openOrders.status", status=503, code=-1008, count=0)
        w.kill()
        await beating(w, lambda: w.guardian._sweeps.is_running)
        w.guardian._on_message(EngineRearmed("full"))
        await until(lambda: not w.guardian._sweeps.is_running)
        await w.venue.heal()
        await w.venue.place()
        await w.steps(3)
        assert await w.venue.open() == 1


async def test_a_sweep_of_a_death_ends_when_the_next_engine_is_ready(tmp_path: Path) -> None:
    async with watching(tmp_path, phase="STARTING") as w:
        await w.venue.fault("http_error", operation="openOrders.status", status=503, code=-1008, count=0)
        w.guardian._start_sweep(by="guardian", reason="engine died")
        await beating(w, later(0.2))
        assert w.guardian._sweeps.is_running
        w.engine.phase = "READY"
        await beating(w, lambda: not w.guardian._sweeps.is_running)


async def test_a_kills_sweep_goes_on_whatever_the_engine_says(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        await w.venue.fault("http_error", operation="openOrders.status", status=503, code=-1008, count=0)
        w.kill()
        await beating(w, lambda: w.guardian._sweeps.is_running)
        await w.steps(4)
        assert w.guardian._sweeps.is_running


# --- Beats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phase", "silent_s", "fenced"), [("READY", 3.5, True), ("STARTING", 3.5, False)])
async def test_a_silent_engine_is_fenced_by_its_phase(
    tmp_path: Path, phase: str, silent_s: float, *, fenced: bool
) -> None:
    async with watching(tmp_path, phase=phase) as w:
        w.engine.beat_at = time.monotonic() - silent_s
        await w.steps(4)
        assert w.is_fenced is fenced


async def test_a_lost_line_is_no_reason_to_fence_an_engine_that_lives(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.engine.is_heard = False
        w.engine.beat_at = time.monotonic() - FAR_S
        await w.steps(4)
        assert not w.is_fenced


async def asked_to_give_way(w: Watch, *, engine_pid: int | None = None) -> GuardianReply:
    request = GuardianGiveWay(engine_pid or w.engine.pid)
    return await w.guardian._answer(request, PeerIdentity(pid=1, uid=0))


async def test_only_a_guardian_without_a_line_gives_way_and_only_to_its_own_engines(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        assert isinstance(await asked_to_give_way(w), GuardianRefused)
        w.engine.is_heard = False
        assert isinstance(await asked_to_give_way(w, engine_pid=w.engine.pid + 1), GuardianRefused)
        assert not w.guardian._stop.is_set()
        assert isinstance(await asked_to_give_way(w), GuardianDone)
        assert w.guardian._stop.is_set()
        assert not w.is_fenced


async def test_a_guardian_with_a_kill_to_finish_does_not_give_way(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        w.engine.is_heard = False
        w.kill()
        assert isinstance(await asked_to_give_way(w), GuardianRefused)
        assert not w.guardian._stop.is_set()


async def test_a_start_that_takes_over_a_minute_is_fenced(tmp_path: Path) -> None:
    async with watching(tmp_path, phase="STARTING") as w:
        w.engine.beat_at = time.monotonic() - FAR_S - 1
        await until(lambda: w.is_fenced)


async def test_a_beating_engine_is_left_alone(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        await beating(w, later(0.5))
        assert not w.is_fenced


def later(seconds: float) -> Callable[[], bool]:
    """True from then on."""
    at = time.monotonic() + seconds
    return lambda: time.monotonic() >= at


# --- What it tells ----------------------------------------------------------------------------------------


def test_nothing_known_is_nothing_claimed() -> None:
    view = kill_view(None, None, None, flag="")
    assert not view.is_halted
    assert view.certified_zero_ms is None


def test_a_flag_alone_is_a_halt() -> None:
    assert kill_view(None, None, None, flag="k9").kill_id == "k9"
    assert kill_view(None, None, None, flag="k9").is_halted


def test_a_sweeps_word_outranks_the_engines() -> None:
    state = KillState("k1", {"gate_closed": 1.0}, canceled=2, total=5, unverified=("BIN 3",))
    report = SweepReport("k1", "BINANCE", "a", "b", {"first_zero": 9.0}, 4, None, "unreachable")
    assert kill_view(KILL, state, None, flag="").unverified == ("BIN 3",)
    view = kill_view(KILL, state, report, flag="")
    assert (view.gate_closed_ms, view.first_zero_ms, view.canceled, view.total) == (1.0, 9.0, 4, 5)
    assert (view.unverified, view.text) == (("BIN ?",), "unreachable")
    report.still_open = 2
    assert kill_view(KILL, state, report, flag="").unverified == ("BIN 2",)
    report.still_open = 0
    assert kill_view(KILL, state, report, flag="").unverified == ()


# --- Before a kill ----------------------------------------------------------------------------------------


async def prepared(w: Watch) -> GuardianReply:
    me = PeerIdentity(pid=os.getpid(), uid=os.getuid())
    return await w.guardian._answer(GuardianPrepare(by="test"), me)


async def clock_asked(w: Watch) -> int:
    return (await w.venue.status()).requests.get("rest GET /api/v3/time", 0)


async def test_the_first_stroke_opens_the_guardians_own_connections(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        reply = await prepared(w)
        assert isinstance(reply, GuardianDone)
        assert await clock_asked(w) >= len(w.guardian._symbols())
        assert f"engine {w.engine.pid} told" in reply.text


async def test_without_an_engine_it_says_so_and_is_warm_itself(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        os.kill(w.engine.pid, signal.SIGKILL)
        await until(lambda: not w.engine.is_alive)
        reply = await prepared(w)
        assert isinstance(reply, GuardianDone)
        assert "no engine: the guardian would sweep alone" in reply.text
        assert await clock_asked(w) >= len(w.guardian._symbols())


async def test_a_venue_that_does_not_answer_is_no_warm_one(tmp_path: Path) -> None:
    async with watching(tmp_path) as w:
        await w.venue.sim.stop()
        reply = await prepared(w)
        assert isinstance(reply, GuardianRefused)
        assert "not warm: BINANCE does not answer the guardian" in reply.text
