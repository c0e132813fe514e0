"""The engine's hold on its guardian: one that is gone is replaced by a new one, which gets the keys.

A line can be lost while both ends live. Then neither can do its work for the other, and the engine is the one
with the orders: it starts a new guardian, and the old one gives way to that (`Guardian._give_way`).
"""

import asyncio
import logging
import subprocess
from collections.abc import Callable
from typing import Final

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain.reports import GuardianReported
from veloz_tui.runtime.guardian_link import GuardianLink, Order, Word, restart_guardian
from veloz_tui.runtime.link import AdoptEngine, FromEngine, GuardianWatches

_LOG = logging.getLogger(__name__)
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 2.0
WATCHES_WITHIN_S: Final = 30.0


class GuardianKeeper:
    """Owns the line, and those that take its place. `report` is told when nobody watches, and who does."""

    def __init__(
        self,
        link: GuardianLink,
        paths: ProfilePaths,
        *,
        hand_over: AdoptEngine,
        on_order: Callable[[Order], None],
        report: Callable[[GuardianReported], None],
        is_leaving: Callable[[], bool],
    ) -> None:
        self._link = link
        self._paths = paths
        self._hand_over = hand_over
        self._on_order = on_order
        self._report = report
        self._is_leaving = is_leaving
        self._is_watched = True
        self._patience: asyncio.TimerHandle | None = None

    def send(self, message: FromEngine) -> None:
        """Never waits, and says nothing to nobody: what is lost so is said again with the next beat."""
        self._link.send(message)

    async def run(self) -> None:
        """Hand on what the guardian orders; replace it when it is gone, for as long as it takes."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._link.run(self._on_message)
            if self._patience is not None:
                self._patience.cancel()
            if self._is_leaving():
                return
            pause_s = FIRST_PAUSE_S if self._is_watched else min(pause_s * 2, LONGEST_PAUSE_S)
            self._is_watched = False
            self._report(GuardianReported(is_alive=False, reason="its line closed"))
            await asyncio.sleep(pause_s)
            await self._replace()

    def _on_message(self, word: Word) -> None:
        if not isinstance(word, GuardianWatches):
            self._on_order(word)
            return
        self._is_watched = True
        self._report(GuardianReported(is_alive=True, reason=f"pid {word.pid}"))

    async def _replace(self) -> None:
        await self._link.close()
        try:
            descriptor, process = restart_guardian(
                self._paths.profile, log=self._paths.logs / "guardian.stderr"
            )
        except OSError as error:  # no memory, no process: CANCEL_ONLY until one can be started
            _LOG.error("no guardian: %s", error)
            return
        self._link = await GuardianLink.connect(descriptor)
        self._link.send(self._hand_over)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(WATCHES_WITHIN_S, self._give_up, process)

    def _give_up(self, process: "subprocess.Popen[bytes]") -> None:
        """It was started and never came to watch: its end closes the line, and the next one is tried."""
        if not self._is_watched and process.poll() is None:
            _LOG.error("guardian %d does not come to watch: ended", process.pid)
            process.kill()
