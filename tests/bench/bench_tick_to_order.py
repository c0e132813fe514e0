"""From the venue's send of an update to the arrival of the order that names it, wire to wire.

The floor answers with a canned order, decoding nothing; peers do as their documentation has it. The second
table is the desk as people run it: four strategies in processes of their own, intents on the disk before an
order leaves, a console attached.
"""

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.bench import peers
from tests.bench.console import console
from tests.bench.market import FIRST_LOTS, LOT
from tests.bench.processes import START_S, Server, engine_process, profile, serving
from tests.bench.rows import Options, Row, absent, median, quantile
from tests.bench.traders import TAKER, config
from veloz_tui.config.paths import ProfilePaths

OURS = "inline, process"
FLOOR = "floor: no decode, canned order"
FLOOR_FACTOR = 3.0
PEER_FACTORS = {"ccxt.pro": {200: 1 / 2, 1_000: 1 / 3}, "nautilus_trader": {200: 1 / 4, 1_000: 1 / 10}}
_FLOOR_CLIENT = (sys.executable, "-m", "tests.bench.floor_order", "PORT")
GOAL_FULL_P50_US = 1_000.0
GOAL_OUTSIDE_US = 5_000.0
WARM_UP = 100
Waits = tuple[float, float]
"""p50 and p99 in microseconds."""


async def run(options: Options) -> list[Row]:
    rows: list[Row] = []
    traders = {} if options.is_quick else _traders()
    for rate in (200,) if options.is_quick else (200, 1_000):
        count = options.size(rate * 4, 100)
        rows += await _inline(options, rate, count, traders)
    rows += await _as_run(options)
    why = "left out of a quick run" if options.is_quick else "--make-peers makes it"
    return rows + [absent("tick2order", name, why) for name in peers.TRADERS if name not in traders]


def _traders() -> dict[str, Sequence[str]]:
    present = peers.present()
    return {
        name: (str(present[name]), str(peers.script(name, "orders")), "PORT")
        for name in peers.TRADERS
        if name in present
    }


async def _inline(options: Options, rate: int, count: int, traders: Mapping[str, Sequence[str]]) -> list[Row]:
    waits: dict[str, list[list[float]]] = {name: [] for name in (FLOOR, OURS, *traders)}
    for _ in range(options.size(options.rounds, 1)):
        waits[FLOOR].append(await _client(_FLOOR_CLIENT, rate, count))
        waits[OURS].append(await _engine(config(), rate, count))
        for name, command in traders.items():
            waits[name].append(await _client(command, rate, count))
    own = _p50(waits[OURS])
    floor, is_complete = own / _p50(waits[FLOOR]), all(len(one) == count for one in waits[OURS])
    rows = [
        Row(
            "tick2order", f"{rate}/s, {OURS}, {_answered(waits[OURS], count)}",
            f"{_shown(waits[OURS])}; x{floor:.1f} of the floor's p50",
            f"x{FLOOR_FACTOR:.0f} or less, all answered", floor <= FLOOR_FACTOR and is_complete,
        ),
        Row("tick2order", f"{rate}/s, {FLOOR}", _shown(waits[FLOOR])),
    ]  # fmt: skip
    return rows + [
        _peer(name, waits[name], own, rate=rate, count=count, is_complete=is_complete) for name in traders
    ]


def _peer(
    name: str, waits: list[list[float]], own: float, *, rate: int, count: int, is_complete: bool
) -> Row:
    """`is_complete`: we answered every update; else our p50 would be that of the lucky ones."""
    what = f"{rate}/s, {name}, {_answered(waits, count)}"
    if not any(waits):
        return absent("tick2order", what, "it placed no order here")
    ratio, goal = own / _p50(waits), PEER_FACTORS[name].get(rate)
    shown = "" if goal is None else f"we x{goal:.2f} or less"
    passed = None if goal is None else ratio <= goal and is_complete
    return Row("tick2order", what, f"{_shown(waits)}; we x{ratio:.2f}", shown, passed)


def _p50(waits: list[list[float]]) -> float:
    """Median of the rounds; of those in which there were orders at all."""
    return median(quantile(one, 0.5) for one in waits if one)


def _shown(waits: list[list[float]]) -> str:
    return f"p50 {_p50(waits):.0f} p99 {median(quantile(one, 0.99) for one in waits if one):.0f} µs"


def _answered(waits: list[list[float]], count: int) -> str:
    return f"{sum(map(len, waits)) / (count * len(waits)):.0%} answered"


async def _as_run(options: Options) -> list[Row]:
    rate, count = 200, options.size(800, 60)
    whole: list[Waits] = []
    outside: list[float] = []
    durable: list[float] = []
    for _ in range(options.size(options.rounds, 1)):
        text = config(strategies=4, inline=False, durability="power", params="every = 4")
        async with _desk(text) as (server, paths):
            async with console(paths):
                await asyncio.sleep(2.5)
                waits = await _played(server, rate, count)
            journal_waits = _journal_waits(paths)
        whole.append(_both(list(waits.values())))
        durable += journal_waits.values()
        outside += [wait - journal_waits[number] for number, wait in waits.items() if number in journal_waits]
    p50, p99 = median(one for one, _ in whole), median(one for _, one in whole)
    rest = quantile(outside, 0.99)
    return [
        Row(
            "tick2order", f"{rate}/s, 4 hosts, power, console", f"p50 {p50:.0f} p99 {p99:.0f} µs",
            "p50 <= 1 ms", p50 <= GOAL_FULL_P50_US,
        ),
        Row(
            "tick2order", "… outside the journal wait, order by order",
            f"p50 {quantile(outside, 0.5):.0f} p99 {rest:.0f} µs", "p99 <= 5 ms", rest <= GOAL_OUTSIDE_US,
        ),
        Row(
            "tick2order", "… intent durable and sent after",
            f"p50 {median(durable):.0f} p99 {quantile(durable, 0.99):.0f} µs",
        ),
    ]  # fmt: skip


async def _engine(text: str, rate: int, count: int) -> list[float]:
    async with _desk(text) as (server, _):
        return list((await _played(server, rate, count)).values())


async def _client(command: Sequence[str], rate: int, count: int) -> list[float]:
    """One that isn't ours, in a process of its own; PORT stands for the venue's. Empty: it never came."""
    async with serving(5_000) as server:
        filled = [str(server.port) if word == "PORT" else word for word in command]
        child = await asyncio.create_subprocess_exec(
            *filled, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(START_S):
                while (await server.result()).takers < 1:
                    if child.returncode is not None:
                        return []
                    await asyncio.sleep(0.05)
            return list((await _played(server, rate, count)).values())
        except TimeoutError:
            return []
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def _played(server: Server, rate: int, count: int) -> dict[int, float]:
    """Microseconds by the update that an order named."""
    await server.play(count=WARM_UP, rate=200)
    await asyncio.sleep(0.3)
    await server.reset()
    await server.play(first=WARM_UP, count=count, rate=rate)
    await asyncio.sleep(0.5)
    return (await server.result()).latencies_us


@asynccontextmanager
async def _desk(text: str) -> AsyncIterator[tuple[Server, ProfilePaths]]:
    async with serving(5_000) as server:
        with profile(text, {"taker.py": TAKER}) as paths:
            async with engine_process(paths, sim_port=server.port):
                await asyncio.sleep(1.5)  # hosted strategies take a moment to start
                yield server, paths


def _journal_waits(paths: ProfilePaths) -> dict[int, float]:
    """Microseconds from an intent's making to the note that it was written to the socket, by update.

    Of the strategies that name the same update the first to be written counts, as it does at the venue.
    """
    made: dict[str, tuple[int, int]] = {}
    waits: dict[int, float] = {}
    connection = sqlite3.connect(f"file:{paths.journal}?mode=ro", uri=True)
    with contextlib.closing(connection):
        query = (
            "select kind, client_order_id, body from event"
            " where kind in ('OrderCreated', 'OrderSubmitted') order by seq"
        )
        for kind, order_id, text in connection.execute(query):
            body = json.loads(text)
            if kind == "OrderCreated":
                lots = round(float(body["request"]["quantity"]) * LOT)
                made[order_id] = lots - FIRST_LOTS, int(body["at"])
            elif order_id in made:
                number, at = made[order_id]
                waits.setdefault(number, (int(body["at"]) - at) / 1000)
    return waits


def _both(waits: list[float]) -> Waits:
    return quantile(waits, 0.5), quantile(waits, 0.99)
