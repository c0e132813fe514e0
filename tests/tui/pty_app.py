"""A console on a real terminal with an engine in memory; reports what happened as lines on a pipe.

Arguments: descriptor of the report pipe, views a second, how many views, `observer` if it has no control.
"""

import asyncio
import os
import sys

from tests.tui import factories
from tests.tui.harness import FeedingEngine
from veloz_tui.control.client import KillOutcome
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.tui.app import VelozApp
from veloz_tui.tui.options import ConsoleOptions

REPORT = int(sys.argv[1])
HZ = float(sys.argv[2])
LIMIT = int(sys.argv[3])
IS_OBSERVER = "observer" in sys.argv[4:]


def report(text: str) -> None:
    os.write(REPORT, text.encode() + b"\n")


class PtyEngine(FeedingEngine):
    """Sends Views that change every time, beats, and tells what it was told."""

    async def feed(self) -> None:
        number = 0
        while number < LIMIT:
            await asyncio.sleep(1 / HZ)
            number += 1
            self.show(factories.moving_view(number))
            report(f"beat {number}")

    def fire(self, command: AnyCommand) -> bool:
        is_dry = getattr(command, "is_dry", False)
        report(f"{'dry' if is_dry else 'command'} {type(command).__name__}")
        return super().fire(command)

    async def kill(self, *, reason: str = "kill", kill_id: str = "") -> KillOutcome:
        report(f"kill {reason}")
        return await super().kill(reason=reason, kill_id=kill_id)


def main() -> None:
    engine = PtyEngine(has_control=not IS_OBSERVER)
    app = VelozApp(engine.connect, ConsoleOptions(reads_tmux=False, has_tour=False))
    try:
        farewell = app.run()
        driver = app.painter.driver
        report(f"ended {driver.hung_up if driver is not None else None} {farewell}")
    finally:
        report("finally")


if __name__ == "__main__":
    main()
