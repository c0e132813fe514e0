"""What one misbehaving strategy costs the market data: the engine with it beside the engine undisturbed.

As in `bench_consoles`: from the send of an update to the callback of an inline strategy, in interleaved
rounds. Each misdeed has rounds of its own, begins within the measured stretch and lasts as long as it is let.
"""

import asyncio
import tempfile
from pathlib import Path

import msgspec

from tests.bench.bench_consoles import (
    DEEDS_AFTER,
    MORE_ROUNDS,
    RATE,
    WARM_UP,
    Latency,
    beside,
    latency_of,
    medians,
    told,
)
from tests.bench.market import FIRST_LOTS
from tests.bench.processes import engine_process, profile, serving
from tests.bench.rows import Options, Row
from tests.bench.traders import MISDEED, WITNESS, Trader, profile_of

UNDISTURBED = "undisturbed"
DEEDS = {
    "raise": "one raises",
    "sleep": "one sleeps in a callback",
    "spin": "one spins",
    "eat": "one eats memory",
    "talk": "one floods the log",
    "burst": "one wants 20,000 orders at once",
    "flood": "one floods orders that are denied",
    "quote": "one moves its quote on each update",
    "accepted": "one floods orders that are accepted",
}
QUICK = ("raise", "accepted")
"""One that ends and one that goes on: the others differ in the strategy's code only."""


async def run(options: Options) -> list[Row]:
    count = options.size(2_000, 300)
    deeds = QUICK if options.is_quick else tuple(DEEDS)
    found: dict[str, list[Latency]] = {name: [] for name in (UNDISTURBED, *deeds)}
    for _ in range(options.size(max(1, options.rounds + MORE_ROUNDS), 1)):
        for name, rounds in found.items():
            rounds.append(await _measure(name, count))
    alone = medians(found[UNDISTURBED])
    lost = {name: sum(one.lost for one in rounds) for name, rounds in found.items()}
    value = f"p50 {alone[0]:.0f} p99 {alone[1]:.0f} µs"
    return [
        Row("misdeeds", f"{UNDISTURBED}, {RATE} messages/s", value),
        *(beside("misdeeds", DEEDS[name], found[name], alone=alone) for name in deeds),
        Row("misdeeds", "updates the witness never saw, in all", told(lost), "0", not any(lost.values())),
    ]


async def _measure(name: str, count: int) -> Latency:
    with tempfile.TemporaryDirectory() as folder:
        stamps = Path(folder) / "stamps.json"
        traders = [Trader("witness", "witness.py", f'path = "{stamps}"')]
        if name != UNDISTURBED:
            start = FIRST_LOTS + WARM_UP + DEEDS_AFTER
            params = f'from_lots = {start}\ndeed = "{name}"'
            traders.append(Trader(name, "misdeed.py", params, inline=False, is_limited=name != "accepted"))
        files = {"witness.py": WITNESS, "misdeed.py": MISDEED}
        async with serving(WARM_UP + count) as server:
            with profile(profile_of(traders), files) as paths:
                async with engine_process(paths, sim_port=server.port):
                    await asyncio.sleep(1.5)  # a hosted strategy takes a moment to start
                    await server.play(count=WARM_UP, rate=RATE)
                    await server.reset()
                    await server.play(first=WARM_UP, count=count, rate=RATE)
                    await asyncio.sleep(0.5)
                    sent = await server.sent()
        # The witness has written them down when it was stopped.
        seen = msgspec.json.decode(stamps.read_bytes(), type=list[tuple[int, int]])
    return latency_of(sent, {lots - FIRST_LOTS: at for lots, at in seen})
