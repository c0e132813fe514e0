"""Receive, decode, synchronise and apply a diff: our CPU a message beside floors and peers."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.bench import peers
from tests.bench.market import Market, load, market_file
from tests.bench.processes import START_S, ended, serving
from tests.bench.rows import Options, Row, absent, median

_GOALS = {"ccxt.pro": 1 / 3, "cryptofeed": 1 / 5, "nautilus_trader": 1 / 10, "C floor": 6.0}
SLOWLY = 50
_FLOORS = {"json + bisect, pure Python": "json", "websockets alone": "transport"}


class Measured(msgspec.Struct):
    cpu_us: float
    seen: int
    bid: tuple[float, float] | None = None
    ask: tuple[float, float] | None = None


async def run(options: Options) -> list[Row]:
    count = options.size(20_000, 1_000)
    market = load(market_file(count))
    with tempfile.TemporaryDirectory() as folder:
        stacks = _stacks(Path(folder), market)
        if not options.is_quick:
            stacks |= _peers(market)
        found: dict[str, list[Measured]] = {name: [] for name in stacks}
        for _ in range(options.size(options.rounds, 1)):
            for name, command in stacks.items():
                found[name].append(await _measure(command, count, market))
    ours = median(one.cpu_us / one.seen for one in found["veloz"])
    lost = max(count - one.seen for one in found["veloz"])
    rows = [
        Row("feed", "veloz: adapter and book", f"{ours:.1f} µs CPU a message"),
        Row("feed", "veloz: updates not seen in a burst", str(lost), "0", lost == 0),
    ]
    rows += [_beside(name, ours, each, count) for name, each in found.items() if name != "veloz"]
    if "C floor" not in stacks:
        rows.append(absent("feed", "C floor", "no C compiler"))
    return rows + [absent("feed", name, "--make-peers makes it") for name in peers.missing()]


def _beside(name: str, ours: float, found: list[Measured], count: int) -> Row:
    theirs = median(
        one.cpu_us / count for one in found
    )  # a peer that skips updates did all its work for these
    ratio = ours / theirs
    seen = min(1.0, median(one.seen / count for one in found))
    value = f"{theirs:.1f} µs, {seen:.1%} of updates seen; we x{ratio:.2f}"
    goal = _GOALS.get(name)
    return Row(
        "feed",
        name,
        value,
        "" if goal is None else f"x{goal:.2f} or less",
        None if goal is None else ratio <= goal,
    )


def _stacks(folder: Path, market: Market) -> dict[str, list[str]]:
    last_id = str(market.last_ids[-1])
    client = [sys.executable, "-m", "tests.bench.feed_client"]
    found = {"veloz": [*client, "veloz", "PORT", last_id]}
    found |= {name: [*client, stack, "PORT", last_id] for name, stack in _FLOORS.items()}
    library = _compiled(folder)
    if library is not None:
        found["C floor"] = [*client, "c", "PORT", last_id, str(library)]
    return found


def _peers(market: Market) -> dict[str, list[str]]:
    last_id = str(market.last_ids[-1])
    return {
        name: [str(python), str(peers.script(name, "feed")), "PORT", last_id]
        for name, python in peers.present().items()
    }


def _compiled(folder: Path) -> Path | None:
    """The C floor, made now; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "cfeed.so"
    source = Path(__file__).with_name("cfeed.c")
    done = subprocess.run([compiler, "-O3", "-shared", "-fPIC", "-o", str(library), str(source)], check=False)
    return library if done.returncode == 0 else None


async def _measure(command: Sequence[str], count: int, market: Market) -> Measured:
    async with serving(count) as server:
        filled = [str(server.port) if word == "PORT" else word for word in command]
        child = await asyncio.create_subprocess_exec(
            *filled, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert child.stdout is not None
        try:
            async with asyncio.timeout(START_S):
                while (line := await child.stdout.readline()).strip() != b"ready":
                    if not line:
                        raise RuntimeError(f"{command} ended")
            async with asyncio.timeout(START_S):
                while not (await server.result()).takers:
                    await asyncio.sleep(0.05)
            # Some fetch their snapshot only after the first updates.
            await server.play(count=SLOWLY, rate=100)
            await asyncio.sleep(0.5)
            await server.play(first=SLOWLY, count=count - SLOWLY)
            async with asyncio.timeout(START_S + count * 0.001):
                found = msgspec.json.decode(await child.stdout.readline(), type=Measured)
        finally:
            await ended(child)
    if found.bid is not None and _rounded(found.bid, found.ask) != _rounded(market.best_bid, market.best_ask):
        raise RuntimeError(f"{command[0]} {command[-3:]}: wrong book {found}, not {market.best_bid}")
    return found


def _rounded(*levels: tuple[float, float] | None) -> list[float]:
    """Some count in another way: exact decimals come out as neighbouring floats."""
    return [round(number, 6) for level in levels if level is not None for number in level]
