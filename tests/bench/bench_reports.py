"""A trading engine beside a report of a long journal: what the report costs it. And how long reports take."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.bench_order_rtt import Trader, _adapter
from tests.bench.long_journal import DAY_NS, Life, write
from tests.bench.processes import START_S, ended, serving
from tests.bench.rows import Options, Row, median
from veloz_tui.config.lock import ProfileLock
from veloz_tui.domain.types import Nanos
from veloz_tui.journal.files import JournalFiles

GOAL_P50 = 1.2
GOAL_P99 = 2.0
GOAL_P99_MORE_US = 1_000.0
DAYS = 30
_PERIODS = {"a day": ("daily",), "a month": ("monthly",)}


async def run(options: Options) -> list[Row]:
    """Interleaved rounds: order round trips of the adapter with and without a report beside it."""
    with tempfile.TemporaryDirectory(prefix="vz-reports-") as folder:
        home = Path(folder)
        events = await asyncio.to_thread(_make, home, options.size(200_000, 500))
        rows = [await _alone(home, name, words, events) for name, words in _PERIODS.items()]
        with ProfileLock(_state(home) / "engine.lock", purpose="a benchmark"):  # as an engine that trades
            return [*rows, *await _beside(home, options)]


def _state(home: Path) -> Path:
    return home / ".local" / "state" / "veloz" / "demo"


def _make(home: Path, orders: int) -> int:
    journal = _state(home)
    journal.mkdir(parents=True, mode=0o700)
    begins = Nanos(time.time_ns() - DAYS * DAY_NS)
    return write(JournalFiles(journal), Life(1, begins=begins, days=DAYS, orders=orders).facts())


async def _spawn(home: Path, *words: str) -> asyncio.subprocess.Process:
    keep = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    command = [sys.executable, "-m", "veloz_tui", "--profile", "demo", "report", *words]
    return await asyncio.create_subprocess_exec(
        *command,
        env={**keep, "HOME": str(home)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _alone(home: Path, name: str, words: tuple[str, ...], events: int) -> Row:
    began = time.perf_counter()
    child = await _spawn(home, *words, "--format", "json")
    _, said = await child.communicate()
    if child.returncode:
        raise RuntimeError(said.decode())
    return Row("reports", f"{name}, of {events:,} events", f"{time.perf_counter() - began:.1f} s")


@asynccontextmanager
async def _reporting(home: Path) -> AsyncIterator[None]:
    """Reports of all there is, one after another, until the block ends."""

    is_reading = asyncio.Event()

    async def again() -> None:
        while True:
            child = await _spawn(home, "custom", "--from", "2001-01-01", "--to", "2200-01-01")
            try:
                # Its start costs what any command's does; what is measured is the reading.
                while child.returncode is None and not _gives_way(child.pid):
                    await asyncio.sleep(0.05)
                is_reading.set()
                await child.communicate()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await ended(child)

    running = asyncio.create_task(again())
    try:
        async with asyncio.timeout(START_S):
            await is_reading.wait()
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _gives_way(pid: int) -> bool:
    try:
        return os.sched_getscheduler(pid) == os.SCHED_IDLE
    except ProcessLookupError:
        return True


async def _beside(home: Path, options: Options) -> list[Row]:
    orders = options.size(2_000, 20)
    alone: list[tuple[float, float]] = []
    beside: list[tuple[float, float]] = []
    async with serving(1_000) as server, _adapter(server) as trader:
        for _ in range(options.size(options.rounds, 1)):
            alone.append(await _round_trips(trader, orders))
            async with _reporting(home):
                beside.append(await _round_trips(trader, orders))
    (quiet50, quiet99), (busy50, busy99) = (
        (median(one[0] for one in each), median(one[1] for one in each)) for each in (alone, beside)
    )
    p99_goal = max(GOAL_P99 * quiet99, quiet99 + GOAL_P99_MORE_US)
    return [
        Row("reports", "order round trip alone", f"p50 {quiet50:.0f} p99 {quiet99:.0f} µs"),
        Row(
            "reports",
            "order round trip beside a report, p50",
            f"{busy50:.0f} µs, x{busy50 / quiet50:.2f}",
            f"x{GOAL_P50} or less",
            busy50 <= GOAL_P50 * quiet50,
        ),
        Row(
            "reports",
            "order round trip beside a report, p99",
            f"{busy99:.0f} µs, x{busy99 / quiet99:.2f}",
            "x2 or +1 ms",
            busy99 <= p99_goal,
        ),
    ]


async def _round_trips(trader: Trader, orders: int) -> tuple[float, float]:
    p50, p99, _ = await trader.measure(orders)
    return p50, p99
