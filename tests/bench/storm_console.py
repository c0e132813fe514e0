"""`python -m tests.bench.storm_console`: a console to which ten times a second everything changes.

Its equity is the time of the view in milliseconds, so that who reads the screen knows how old it is.
"""

import asyncio
import itertools
import time
from decimal import Decimal
from typing import Final

import msgspec

from tests.tui.harness import FeedingEngine
from tests.tui.random_views import random_view
from veloz_tui.tui.app import VelozApp
from veloz_tui.tui.options import ConsoleOptions

HZ: Final = 10.0
DAY_MS: Final = 86_400_000
DIFFERENT: Final = 30


class StormEngine(FeedingEngine):
    """An engine in memory, whose views have next to nothing in common."""

    async def feed(self) -> None:
        for view in itertools.cycle([random_view(seed) for seed in range(DIFFERENT)]):
            await asyncio.sleep(1 / HZ)
            account = msgspec.structs.replace(view.account, equity=Decimal(stamp_ms()))
            self.show(msgspec.structs.replace(view, account=account))


def stamp_ms() -> int:
    """Milliseconds of the day; the same for every process of this machine."""
    return time.time_ns() // 1_000_000 % DAY_MS


if __name__ == "__main__":
    VelozApp(StormEngine().connect, ConsoleOptions(reads_tmux=False, has_tour=False)).run()
