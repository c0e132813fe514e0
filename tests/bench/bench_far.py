"""How old the picture is at the far end of a slow link, when everything on it changes ten times a second.

The link takes what it is given at once, as SSH and the network do, and gives out 50 kB/s; an emulator at its
end draws, answers, and the stamp on its screen tells the age of what is seen.
"""

import asyncio
import re
from collections import deque
from typing import Final

import pyte

from tests.bench.console import COLUMNS, PRIVATE, ROWS, Console, running
from tests.bench.processes import profile, until
from tests.bench.rows import Options, Row, median, quantile
from tests.bench.storm_console import DAY_MS, stamp_ms

BYTES_A_S: Final = 50_000
SLICE_S: Final = 0.02
LEAD_S: Final = 4.0
GOAL_MS: Final = 1_000.0
_STAMP: Final = re.compile(r" eq ([\d,]+)")


class Far(Console):
    """A terminal behind the link."""

    def __init__(self, pid: int, terminal: int) -> None:
        super().__init__(pid, terminal)
        self._link: deque[bytes] = deque()
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.ages_ms: list[float] = []

    def arrived(self, data: bytes) -> None:
        self._link.append(data)

    async def flow(self) -> None:
        """Give out what the link holds, at its speed, until canceled."""
        loop = asyncio.get_running_loop()
        due, budget = loop.time(), 0.0
        while True:
            due += SLICE_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            budget = min(budget, 0.0) + BYTES_A_S * SLICE_S  # what wasn't used is lost
            while self._link and budget > 0:
                taken = self._link.popleft()
                part, rest = taken[: max(1, int(budget))], taken[max(1, int(budget)) :]
                if rest:
                    self._link.appendleft(rest)
                budget -= len(part)
                self._stream.feed(PRIVATE.sub(b"", part))
                self.answer(part)
            self._look()

    def _look(self) -> None:
        found = _STAMP.search("\n".join(self._screen.display[:2]))
        if found is not None:
            self.ages_ms.append((stamp_ms() - int(found[1].replace(",", ""))) % DAY_MS)


async def run(options: Options) -> list[Row]:
    seconds = 15.0 if not options.is_quick else 2.0
    rounds = [await _round(seconds) for _ in range(options.size(options.rounds, 1))]
    p50 = median(quantile(ages, 0.5) for ages, _ in rounds)
    p99 = median(quantile(ages, 0.99) for ages, _ in rounds)
    kb_s = median(kb_s for _, kb_s in rounds)
    return [
        Row(
            "far", "age of the picture behind 50 kB/s, all of it changing at 10 Hz",
            f"p50 {p50:.0f} p99 {p99:.0f} ms", f"p99 <= {GOAL_MS:.0f} ms", p99 <= GOAL_MS,
        ),
        Row("far", "… and what it was given", f"{kb_s:.1f} kB/s"),
    ]  # fmt: skip


async def _round(seconds: float) -> tuple[list[float], float]:
    with profile("") as paths:
        async with running(Far, paths, "tests.bench.storm_console") as shown:
            flow = asyncio.create_task(shown.flow())
            try:
                await until(lambda: bool(shown.ages_ms))
                await asyncio.sleep(LEAD_S)
                shown.ages_ms.clear()
                before = shown.written
                await asyncio.sleep(seconds)
                return list(shown.ages_ms), (shown.written - before) / 1000 / seconds
            finally:
                flow.cancel()
                await asyncio.gather(flow, return_exceptions=True)
