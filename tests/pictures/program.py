"""The console on this terminal with a canned engine. Arguments: a pipe's descriptor, the name of the case."""

import asyncio
import sys

import msgspec

from tests.pictures.cases import CASES, entries
from tests.tui.harness import RecordingEngine
from veloz_tui.tui.app import VelozApp

BEAT_S = 0.25
"""An engine that says nothing would be a lost link."""


class CannedEngine(RecordingEngine):
    """Shows one View again and again."""

    async def run(self) -> None:
        beat = asyncio.create_task(self._beat())
        try:
            await super().run()
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)

    async def _beat(self) -> None:
        await asyncio.sleep(0)
        assert self.receiver is not None
        self.receiver.on_entries(entries())
        while True:
            self.show(self.view)
            await asyncio.sleep(BEAT_S)


def main() -> None:
    case = CASES[sys.argv[2]]
    options = msgspec.structs.replace(case.options, reads_tmux=False, has_tour=False)
    VelozApp(CannedEngine(case.view()).connect, options).run()


if __name__ == "__main__":
    main()
