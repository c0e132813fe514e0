"""The processes of a running demo with a console attached: memory, and how fast it is up."""

import asyncio
import contextlib
import os
import signal
import time

import msgspec

from tests.bench.console import console
from tests.bench.processes import memory_mb, profile, until
from tests.bench.rows import Options, Row, median
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control.guardian import GuardianStatus, GuardianStatusRequest, ask_guardian
from veloz_tui.runtime.launch import ensure_running
from veloz_tui.runtime.sim_child import SimAddress, address_file

GUARDIAN_MB = 60.0
ENGINE_MB = 150.0
START_S = 3.0


class Found(msgspec.Struct):
    start_s: float
    guardian_mb: float
    engine_mb: float
    sim_mb: float


async def run(options: Options) -> list[Row]:
    rounds = [
        await _round(10.0 if not options.is_quick else 0.3)
        for _ in range(options.size(min(3, options.rounds), 1))
    ]

    def of(name: str) -> float:
        return median(getattr(one, name) for one in rounds)

    def row(what: str, value: float, unit: str, goal: float | None, digits: int = 1) -> Row:
        passed = None if goal is None else value <= goal
        return Row(
            "memory",
            what,
            f"{value:.{digits}f} {unit}",
            "" if goal is None else f"<= {goal:g} {unit}",
            passed,
        )

    return [
        row("engine, 3 instruments (goal: 3 venues x 20)", of("engine_mb"), "MB", ENGINE_MB),
        row("guardian", of("guardian_mb"), "MB", GUARDIAN_MB),
        row("simulated venue", of("sim_mb"), "MB", None),
        row("guardian, venue and engine up", of("start_s"), "s", START_S, 2),
    ]


async def _round(seconds: float) -> Found:
    with profile('[profile]\nmode = "DEMO"\n') as paths:
        began = time.perf_counter()
        await asyncio.to_thread(ensure_running, "demo", paths.config_file, say=lambda _: None)
        start_s = time.perf_counter() - began
        status = _status(paths)
        sim = msgspec.json.decode(address_file(paths).read_bytes(), type=SimAddress).pid
        try:
            return await _look(paths, status, sim, start_s, seconds)
        finally:
            await _end(status, sim)


async def _look(
    paths: ProfilePaths, status: GuardianStatus, sim: int, start_s: float, seconds: float
) -> Found:
    assert status.engine_pid is not None
    async with console(paths) as shown:
        await until(lambda: shown.painted_s is not None)
        await asyncio.sleep(seconds)
        return Found(
            start_s=start_s,
            guardian_mb=memory_mb(status.pid),
            engine_mb=memory_mb(status.engine_pid),
            sim_mb=memory_mb(sim),
        )


def _status(paths: ProfilePaths) -> GuardianStatus:
    reply = ask_guardian(paths.guardian_socket, GuardianStatusRequest(), timeout_s=5.0)
    if not isinstance(reply, GuardianStatus):
        raise RuntimeError(f"the guardian says {reply}")
    return reply


async def _end(status: GuardianStatus, sim: int) -> None:
    """The engine in order, then what is left; nobody restarts what its guardian let go."""
    for pid in (status.pid, status.engine_pid, sim):
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await until(lambda: not any(map(_is_alive, (status.pid, status.engine_pid, sim))), within_s=8)
    for pid in (status.pid, status.engine_pid, sim):
        if _is_alive(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid or 0, signal.SIGKILL)


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
