"""The whole engine process under a burst: CPU a message, nothing dropped, memory."""

import asyncio

from tests.bench.market import FIRST_LOTS
from tests.bench.processes import cpu_us, engine_process, memory_mb, profile, serving
from tests.bench.rows import Options, Row, median
from tests.bench.traders import TAKER, config

GOAL_US = 40.0
GOAL_MB = 20.0
WARM_UP = 500


async def run(options: Options) -> list[Row]:
    burst = options.size(40_000, 2_000)
    rounds = [await _round(burst) for _ in range(options.size(options.rounds, 1))]
    each = median(cpu / burst for cpu, _, _ in rounds)
    growth = max(grown for _, _, grown in rounds)
    lost = [burst - seen for _, seen, _ in rounds]
    return [
        Row("engine", f"CPU a message, burst of {burst:,}", f"{each:.1f} µs", "<= 40 µs", each <= GOAL_US),
        Row("engine", "messages the strategy did not see", str(max(lost)), "0", not any(lost)),
        Row("engine", "memory growth in the burst", f"{growth:.1f} MB", "< 20 MB", growth < GOAL_MB),
    ]


async def _round(burst: int) -> tuple[float, int, float]:
    """CPU microseconds, updates seen, megabytes grown."""
    total = WARM_UP + burst
    last, first = FIRST_LOTS + total - 1, FIRST_LOTS + WARM_UP - 1
    settings = config(params=f"first_lots = {first}\nlast_lots = {last}")
    async with serving(total) as server:
        with profile(settings, {"taker.py": TAKER}) as paths:
            async with engine_process(paths, sim_port=server.port) as engine:
                await asyncio.sleep(0.5)  # the strategy starts after READY
                await server.play(count=WARM_UP, rate=1000)
                await asyncio.sleep(0.3)
                before, memory = cpu_us(engine.pid), memory_mb(engine.pid)
                await server.play(first=WARM_UP, count=burst)
                seen = 0
                async with asyncio.timeout(60):
                    while not (seen := (await server.result()).last_quantity):
                        await asyncio.sleep(0.05)
                cpu = cpu_us(engine.pid) - before
                return cpu, seen, memory_mb(engine.pid) - memory
