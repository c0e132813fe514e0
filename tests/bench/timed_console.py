"""`python -m tests.bench.timed_console PROFILE FILE`: the console, which notes when x has come to it.

A line in the file for each, in monotonic nanoseconds.
"""

import sys
import time
from pathlib import Path

from textual import events

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.tui import app
from veloz_tui.tui.options import ConsoleOptions


class TimedApp(app.VelozApp):
    """The console as it is."""

    notes: Path

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == "x":
            at = time.monotonic_ns()
            with self.notes.open("a") as file:
                file.write(f"{at}\n")
        await super().on_event(event)


if __name__ == "__main__":
    TimedApp.notes = Path(sys.argv[2])
    app.VelozApp = TimedApp  # type: ignore[misc]
    sys.exit(app.run_console(ProfilePaths.of(sys.argv[1]), ConsoleOptions(has_tour=False)))
