"""A real console at 200x55: what a frame costs it, what it writes, how soon it is there, and what it holds.

The market is fast (1,000 updates a second, orders coming and going, a full orders pane), then it stands
still. CPU is the whole process's between the ends of two frames: taking in the view, composing, painting.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import msgspec

from tests.bench.console import Console, console, cpu_s
from tests.bench.processes import START_S, Server, engine_process, memory_mb, profile, serving, until
from tests.bench.rows import Options, Row, median, quantile
from tests.bench.traders import RESTER, TAKER, Trader, profile_of
from veloz_tui.config.paths import ProfilePaths

GOAL_FRAME_MS = 10.0
GOAL_HZ = 9.0
GOAL_CORE = 0.15
GOAL_KB_S = 120.0
GOAL_IDLE_CORE = 0.01
GOAL_PAINT_S = 0.5
GOAL_MB = 60.0
RATE = 1_000
RESTING = 40
LEAD_S = 1.0
STILL_S = 2.0
STILL_HZ = 1.5
STILL_WITHIN_S = 40.0
"""A clock ticks once a second."""


class Found(msgspec.Struct, frozen=True):
    """Of one round. `frames_ms`: CPU of each frame."""

    paint_s: float
    frames_ms: Sequence[float]
    core: float
    kb_s: float
    hz: float
    idle_core: float
    mb: float


async def run(options: Options) -> list[Row]:
    seconds = 8.0 if not options.is_quick else 1.0
    await _round(0.1)  # compiles, as an installation has
    rounds, stock = [], []
    for _ in range(options.size(options.rounds, 1)):
        rounds.append(await _round(seconds))
        stock.append(await _stock_round(seconds))
    p50 = median(quantile(one.frames_ms, 0.5) for one in rounds)
    p99 = median(quantile(one.frames_ms, 0.99) for one in rounds)
    hz = median(one.hz for one in rounds)
    core, kb_s = median(one.core for one in rounds), median(one.kb_s for one in rounds)
    idle, paint = median(one.idle_core for one in rounds), median(one.paint_s for one in rounds)
    mb = median(one.mb for one in rounds)
    return [
        Row(
            "frame", "CPU a frame at 200x55, fast market", f"p50 {p50:.1f} p99 {p99:.1f} ms",
            f"p50 <= {GOAL_FRAME_MS:.0f} ms", p50 <= GOAL_FRAME_MS,
        ),
        # What it saves by painting less often is no saving.
        Row("frame", "frames a second, fast market", f"{hz:.1f}", f">= {GOAL_HZ:g}", hz >= GOAL_HZ),
        _row("share of a core, fast market", core * 100, "%", GOAL_CORE * 100),
        _row("to the terminal, fast market", kb_s, "kB/s", GOAL_KB_S),
        _row("share of a core, nothing moves", idle * 100, "%", GOAL_IDLE_CORE * 100),
        _row("first screen after the start", paint, "s", GOAL_PAINT_S, digits=2),
        _row("memory", mb, "MB", GOAL_MB),
        *_beside(stock, p50=p50, hz=hz, kb_s=kb_s, mb=mb),
    ]  # fmt: skip


def _beside(stock: Sequence["_Stock"], *, p50: float, hz: float, kb_s: float, mb: float) -> list[Row]:
    """The same panes on Textual's own widgets, and how many times ours that is."""
    theirs_ms = median(quantile(one.busy.frames_ms, 0.5) for one in stock)
    theirs_hz = median(one.busy.hz for one in stock)
    theirs_kb = median(one.busy.kb_s for one in stock)
    theirs_mb = median(one.mb for one in stock)
    return [
        Row("frame", "DataTables: CPU a frame", f"p50 {theirs_ms:.1f} ms, x{theirs_ms / p50:.1f} ours"),
        Row("frame", "DataTables: frames a second", f"{theirs_hz:.1f}, x{theirs_hz / hz:.2f} ours"),
        Row("frame", "DataTables: to the terminal", f"{theirs_kb:.1f} kB/s, x{theirs_kb / kb_s:.1f} ours"),
        Row("frame", "DataTables: memory", f"{theirs_mb:.1f} MB, x{theirs_mb / mb:.1f} ours"),
    ]


def _row(what: str, value: float, unit: str, goal: float, *, digits: int = 1) -> Row:
    return Row("frame", what, f"{value:.{digits}f} {unit}", f"<= {goal:g} {unit}", value <= goal)


async def _round(seconds: float) -> Found:
    async with _desk() as (server, paths):
        await server.play(count=int(RATE * 0.2), rate=RATE)  # its orders rest
        async with asyncio.timeout(START_S):
            while (await server.result()).resting < RESTING:
                await asyncio.sleep(0.05)
        async with console(paths) as shown:
            await until(lambda: shown.painted_s is not None)
            await server.begin(first=int(RATE * 0.2), rate=RATE)
            await asyncio.sleep(LEAD_S)
            busy = await _watched(shown, seconds)
            await server.stop()
            await _until_still(shown)
            idle = await _watched(shown, seconds)
            assert shown.painted_s is not None
            return Found(
                paint_s=shown.painted_s,
                frames_ms=busy.frames_ms,
                core=busy.core,
                kb_s=busy.kb_s,
                hz=busy.hz,
                idle_core=idle.core,
                mb=memory_mb(shown.pid),
            )


class _Stock(msgspec.Struct, frozen=True):
    busy: "_Watched"
    mb: float


async def _stock_round(seconds: float) -> _Stock:
    async with _desk() as (server, paths):
        await server.play(count=int(RATE * 0.2), rate=RATE)
        async with console(paths, "tests.bench.stock_console", paths.profile) as shown:
            await until(lambda: shown.painted_s is not None)
            await server.begin(first=int(RATE * 0.2), rate=RATE)
            await asyncio.sleep(LEAD_S)
            busy = await _watched(shown, seconds)
            await server.stop()
            return _Stock(busy, memory_mb(shown.pid))


async def _until_still(shown: Console) -> None:
    """Orders that have ended leave the picture one by one, a while after the market stands still."""
    async with asyncio.timeout(STILL_WITHIN_S):
        while True:
            before = len(shown.frames)
            await asyncio.sleep(STILL_S)
            if len(shown.frames) - before <= STILL_S * STILL_HZ:
                return


class _Watched(msgspec.Struct, frozen=True):
    frames_ms: Sequence[float]
    core: float
    kb_s: float
    hz: float


async def _watched(shown: Console, seconds: float) -> _Watched:
    """What it did in so many seconds."""
    began, cpu, written, first = time.monotonic(), cpu_s(shown.pid), shown.written, len(shown.frames)
    await asyncio.sleep(seconds)
    took_s = time.monotonic() - began
    ends = shown.frames[first:]
    return _Watched(
        frames_ms=[(after - before) * 1000 for before, after in pairwise(ends)],
        core=(cpu_s(shown.pid) - cpu) / took_s,
        kb_s=(shown.written - written) / 1000 / took_s,
        hz=len(ends) / took_s,
    )


@asynccontextmanager
async def _desk() -> AsyncIterator[tuple[Server, ProfilePaths]]:
    text = profile_of([
        Trader("rester", "rester.py", f"count = {RESTING}"),
        Trader("taker", "taker.py", f"every = {RATE // 10}"),
    ])  # fmt: skip
    async with serving(20_000) as server:
        with profile(text, {"rester.py": RESTER, "taker.py": TAKER}) as paths:
            async with engine_process(paths, sim_port=server.port):
                await asyncio.sleep(0.5)  # strategies start after READY
                yield server, paths
