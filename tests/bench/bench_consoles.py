"""What consoles and other strategies cost the market data: the engine with them beside the engine alone.

Latency is from the venue's send of an update to the callback of an inline strategy, on one clock. In every
case the trouble begins within the measured stretch or lasts through it, and a round counts only if it was
really there: attached consoles painted, misdeeds stand in the journal.
"""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tests.bench.console import Console, console
from tests.bench.market import FIRST_LOTS
from tests.bench.processes import engine_process, profile, serving, until
from tests.bench.rows import Options, Row, median, quantile
from tests.bench.traders import MISDEED, WITNESS, Trader, profile_of
from veloz_tui.config.paths import ProfilePaths

MORE_ROUNDS = 2
"""Than others have: seven."""
RATE = 500
WARM_UP = 200
DEEDS_AFTER = 100
KILL_AFTER_S = 1.2
LINK_BYTES_S = 50_000
LONG_S = 60
LONG = "2 consoles stalled"
"""Also once for a minute: what fills up slowly shows late."""
GOAL_P50 = 1.2
GOAL_P99 = 2.0
GOAL_P99_MORE_US = 1_000.0
DEEDS = ("spin", "raise", "burst", "flood")
FAULT_S = 15.0
"""Within five seconds a spinner is to be stopped."""


class Latency(msgspec.Struct, frozen=True):
    """Of one round, in microseconds."""

    p50: float
    p99: float
    lost: int


@asynccontextmanager
async def _alone(_paths: ProfilePaths) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _attached(paths: ProfilePaths) -> AsyncIterator[None]:
    async with _consoles(paths) as both:
        before = [len(each.frames) for each in both]
        yield
        if any(len(each.frames) <= frames for each, frames in zip(both, before, strict=True)):
            raise RuntimeError("a console that should be attached painted nothing")


@asynccontextmanager
async def _stalled(paths: ProfilePaths) -> AsyncIterator[None]:
    """One whose terminal reads nothing, and one that is stopped itself."""
    async with _consoles(paths) as (silent, frozen):
        silent.stop_reading()
        os.kill(frozen.pid, signal.SIGSTOP)
        yield


@asynccontextmanager
async def _killed(paths: ProfilePaths) -> AsyncIterator[None]:
    async with _consoles(paths) as both, asyncio.TaskGroup() as tasks:
        for number, each in enumerate(both, 1):
            tasks.create_task(_kill(each.pid, after_s=number * KILL_AFTER_S))
        yield


@asynccontextmanager
async def _hung_up(paths: ProfilePaths) -> AsyncIterator[None]:
    """Their terminals vanish; they have to notice, and go."""
    async with _consoles(paths) as both:
        loop = asyncio.get_running_loop()
        for number, each in enumerate(both, 1):
            loop.call_later(number * KILL_AFTER_S, each.hang_up)
        yield
        await until(lambda: not any(_is_alive(each.pid) for each in both))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before, or while it was read
        return False


@asynccontextmanager
async def _far(paths: ProfilePaths) -> AsyncIterator[None]:
    """Behind slow links."""
    async with _consoles(paths) as both:
        tasks = [asyncio.create_task(each.read_slowly(LINK_BYTES_S)) for each in both]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _kill(pid: int, *, after_s: float) -> None:
    await asyncio.sleep(after_s)
    os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def _consoles(paths: ProfilePaths) -> AsyncIterator[tuple[Console, Console]]:
    async with console(paths) as one, console(paths) as other:
        await until(lambda: one.painted_s is not None and other.painted_s is not None)
        await asyncio.sleep(1.0)  # both show the market
        yield one, other


@asynccontextmanager
async def _misbehaving(paths: ProfilePaths) -> AsyncIterator[None]:
    """They are in the profile, and begin by themselves."""
    yield
    async with asyncio.timeout(FAULT_S):
        while not _noted(paths) >= set(DEEDS):
            await asyncio.sleep(0.2)


MISBEHAVING = f"{len(DEEDS)} strategies misbehaving"
CASES = {
    "engine alone": _alone,
    "2 consoles attached": _attached,
    "2 consoles stalled": _stalled,
    "2 consoles killed": _killed,
    "2 terminals hung up": _hung_up,
    f"2 consoles behind {LINK_BYTES_S // 1000} kB/s": _far,
    MISBEHAVING: _misbehaving,
}


async def run(options: Options) -> list[Row]:
    count = options.size(2_000, 300)
    found: dict[str, list[Latency]] = {name: [] for name in CASES}
    for _ in range(options.size(max(1, options.rounds + MORE_ROUNDS), 1)):
        for name in CASES:
            found[name].append(await _measure(name, count))
    lost = {name: sum(one.lost for one in each) for name, each in found.items()}
    alone, *others = found.values()
    p50, p99 = medians(alone)
    value = f"p50 {p50:.0f} p99 {p99:.0f} µs"
    rows = [Row("consoles", f"engine alone, {RATE} messages/s", value)]
    for name, each in zip(list(found)[1:], others, strict=True):
        rows.append(beside("consoles", name, each, alone=(p50, p99)))
    if not options.is_quick:
        alone_long, stalled_long = [await _measure(name, LONG_S * RATE) for name in ("engine alone", LONG)]
        long = f"{LONG} for {LONG_S} s"
        rows.append(beside("consoles", long, [stalled_long], alone=(alone_long.p50, alone_long.p99)))
        lost["the long rounds"] = alone_long.lost + stalled_long.lost
    return [
        *rows,
        Row("consoles", "updates the strategy never saw, in all", told(lost), "0", not any(lost.values())),
    ]


def medians(rounds: Sequence[Latency]) -> tuple[float, float]:
    return median(one.p50 for one in rounds), median(one.p99 for one in rounds)


def beside(bench: str, name: str, rounds: Sequence[Latency], *, alone: tuple[float, float]) -> Row:
    p50, p99 = medians(rounds)
    goal = max(GOAL_P99 * alone[1], alone[1] + GOAL_P99_MORE_US)
    return Row(
        bench, name,
        f"p50 {p50:.0f} (x{p50 / alone[0]:.2f}) p99 {p99:.0f} µs (x{p99 / alone[1]:.2f})",
        f"p50 <= x{GOAL_P50}, p99 <= {goal:.0f} µs", p50 <= GOAL_P50 * alone[0] and p99 <= goal,
    )  # fmt: skip


def told(lost: Mapping[str, int]) -> str:
    return ", ".join(f"{count} ({name})" for name, count in lost.items() if count) or "0"


async def _measure(name: str, count: int) -> Latency:
    with tempfile.TemporaryDirectory() as folder:
        stamps = Path(folder) / "stamps.json"
        traders = [Trader("witness", "witness.py", f'path = "{stamps}"')]
        if name == MISBEHAVING:
            start = FIRST_LOTS + WARM_UP + DEEDS_AFTER
            params = (f'from_lots = {start}\ndeed = "{deed}"' for deed in DEEDS)
            traders += [
                Trader(deed, "misdeed.py", text, inline=False, is_limited=True)
                for deed, text in zip(DEEDS, params, strict=True)
            ]
        files = {"witness.py": WITNESS, "misdeed.py": MISDEED}
        async with serving(WARM_UP + count) as server:
            with profile(profile_of(traders), files) as paths:
                async with engine_process(paths, sim_port=server.port):
                    await asyncio.sleep(1.5)  # hosted strategies take a moment to start
                    await server.play(count=WARM_UP, rate=RATE)
                    await server.reset()
                    async with CASES[name](paths):
                        await server.play(first=WARM_UP, count=count, rate=RATE)
                        await asyncio.sleep(0.5)
                    sent = await server.sent()
        # The witness has written them down when it was stopped.
        seen = msgspec.json.decode(stamps.read_bytes(), type=list[tuple[int, int]])
    return latency_of(sent, {lots - FIRST_LOTS: at for lots, at in seen})


def latency_of(sent: Mapping[int, int], seen: Mapping[int, int]) -> Latency:
    waits = [(seen[number] - at) / 1000 for number, at in sent.items() if number in seen]
    return Latency(quantile(waits, 0.5), quantile(waits, 0.99), len(sent) - len(waits))


def _noted(paths: ProfilePaths) -> set[str]:
    """Strategies that were stopped for what they did, or refused an order."""
    connection = sqlite3.connect(f"file:{paths.journal}?mode=ro", uri=True)
    query = "select body from event where kind in ('StrategyChanged', 'OrderDenied')"
    with contextlib.closing(connection):
        events = [json.loads(body) for (body,) in connection.execute(query)]
    faulted = {event["strategy_id"] for event in events if event.get("state") == "FAULTED"}
    return faulted | ({event["request"]["strategy_id"] for event in events if "request" in event} & {"flood"})
