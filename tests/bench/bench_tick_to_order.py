"""From the venue's send of an update to the arrival of the order that names it, wire to wire.

The floor answers with a canned order, decoding nothing. The second table is the desk as people run it: four
strategies in processes of their own, intents on the disk before an order leaves, a console attached.
"""

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.bench.console import console
from tests.bench.processes import EngineProcess, Server, engine_process, profile, serving
from tests.bench.rows import Options, Row, absent, median, quantile
from tests.bench.traders import TAKER, config
from veloz_tui.config.paths import ProfilePaths

FLOOR_FACTOR = 3.0
GOAL_FULL_P50_US = 1_000.0
GOAL_OUTSIDE_US = 5_000.0
WARM_UP = 100
Waits = tuple[float, float]
"""p50 and p99 in microseconds."""


async def run(options: Options) -> list[Row]:
    rows: list[Row] = []
    for rate in (200,) if options.is_quick else (200, 1_000):
        count = options.size(rate * 4, 100)
        rows += await _inline(options, rate, count)
    rows += await _as_run(options)
    rows.append(absent("tick2order", "ccxt.pro, nautilus_trader", "no order client is run for peers"))
    return rows


async def _inline(options: Options, rate: int, count: int) -> list[Row]:
    floors, ours, answered = [], [], 0
    for _ in range(options.size(options.rounds, 1)):
        floors.append(await _floor(rate, count))
        waits = await _engine(config(), rate, count)
        answered += len(waits)
        ours.append(_both(waits))
    floor, own = median(p50 for p50, _ in floors), median(p50 for p50, _ in ours)
    ratio = own / floor
    value = f"p50 {own:.0f} p99 {median(p99 for _, p99 in ours):.0f} µs; x{ratio:.1f} of the floor's p50"
    share = answered / (count * len(ours))
    floor_value = f"p50 {floor:.0f} p99 {median(p99 for _, p99 in floors):.0f} µs"
    what = f"{rate}/s, inline, process, {share:.0%} answered"
    return [
        Row("tick2order", what, value, f"x{FLOOR_FACTOR:.0f} or less", ratio <= FLOOR_FACTOR),
        Row("tick2order", f"{rate}/s, floor: no decode, canned order", floor_value),
    ]


async def _as_run(options: Options) -> list[Row]:
    rate, count = 200, options.size(800, 60)
    whole: list[Waits] = []
    outside: list[Waits] = []
    durable: list[float] = []
    for _ in range(options.size(options.rounds, 1)):
        text = config(strategies=4, inline=False, durability="power", params="every = 4")
        async with _desk(text) as (server, engine, paths):
            async with console(paths):
                await asyncio.sleep(2.5)
                waits = await _played(server, rate, count)
            journal_waits = _journal_waits(paths)
            del engine
        whole.append(_both(waits))
        durable += journal_waits
        outside.append((0.0, whole[-1][1] - quantile(journal_waits, 0.99)))
    p50, p99 = median(one for one, _ in whole), median(one for _, one in whole)
    rest = max(0.0, median(one for _, one in outside))
    return [
        Row(
            "tick2order", f"{rate}/s, 4 hosts, power, console", f"p50 {p50:.0f} p99 {p99:.0f} µs",
            "p50 <= 1 ms", p50 <= GOAL_FULL_P50_US,
        ),
        Row(
            "tick2order", "… p99 less the journal wait's p99", f"{rest:.0f} µs",
            "<= 5 ms", rest <= GOAL_OUTSIDE_US,
        ),
        Row(
            "tick2order", "… intent durable and sent after",
            f"p50 {median(durable):.0f} p99 {quantile(durable, 0.99):.0f} µs",
        ),
    ]  # fmt: skip


async def _engine(text: str, rate: int, count: int) -> list[float]:
    async with _desk(text) as (server, _engine_process, _paths):
        return await _played(server, rate, count)


async def _floor(rate: int, count: int) -> Waits:
    async with serving(5_000) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.floor_order", str(server.port), stdin=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(20):
                while (await server.result()).takers < 1:
                    await asyncio.sleep(0.05)
            return _both(await _played(server, rate, count))
        finally:
            child.terminate()
            await child.wait()


async def _played(server: Server, rate: int, count: int) -> list[float]:
    await server.play(count=WARM_UP, rate=200)
    await asyncio.sleep(0.3)
    await server.reset()
    await server.play(first=WARM_UP, count=count, rate=rate)
    await asyncio.sleep(0.5)
    return (await server.result()).latencies_us


@asynccontextmanager
async def _desk(text: str) -> AsyncIterator[tuple[Server, EngineProcess, ProfilePaths]]:
    async with serving(5_000) as server:
        with profile(text, {"taker.py": TAKER}) as paths:
            async with engine_process(paths, sim_port=server.port) as engine:
                await asyncio.sleep(1.5)  # hosted strategies take a moment to start
                yield server, engine, paths


def _journal_waits(paths: ProfilePaths) -> list[float]:
    """Microseconds between an intent's making and the note that it was written to the socket."""
    made: dict[str, int] = {}
    waits = []
    connection = sqlite3.connect(f"file:{paths.journal}?mode=ro", uri=True)
    with contextlib.closing(connection):
        query = (
            "select kind, client_order_id, body from event where kind in ('OrderCreated', 'OrderSubmitted')"
        )
        for kind, order_id, body in connection.execute(query):
            at = int(json.loads(body)["at"])
            if kind == "OrderCreated":
                made[order_id] = at
            elif order_id in made:
                waits.append((at - made[order_id]) / 1000)
    return waits


def _both(waits: list[float]) -> Waits:
    return quantile(waits, 0.5), quantile(waits, 0.99)
