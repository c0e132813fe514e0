"""The guardian's sweeps under way: one of an engine's death may go on beside a kill's."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from veloz_tui.runtime.sweep import Sweep, SweepReport
from veloz_tui.venues.binance.kill_client import KillClient

_LOG = logging.getLogger(__name__)
POLL_S: Final = 0.05


class Sweeps:
    """Owns their tasks. `report` is the latest one's, None once its reason is over."""

    def __init__(self, client: KillClient, *, on_progress: Callable[[SweepReport], None]) -> None:
        self._client = client
        self._on_progress = on_progress
        self._tasks: set[asyncio.Task[SweepReport]] = set()
        self._latest: asyncio.Task[SweepReport] | None = None
        self.report: SweepReport | None = None
        self.failure = ""

    @property
    def has_begun(self) -> bool:
        """One was started since `forget`, running or not."""
        return self._latest is not None

    @property
    def is_running(self) -> bool:
        return self._latest is not None and not self._latest.done()

    def forget(self) -> None:
        """What comes next is another matter; what is under way goes on."""
        self._latest = self.report = None

    def start(self, report: SweepReport, *, symbols: Iterable[str], settle_s: float, began: float) -> None:
        """Begin one, unless one is at it already."""
        if self.is_running:
            return
        self.report = report
        sweep = Sweep(
            self._client,
            report,
            symbols=symbols,
            settle_s=settle_s,
            began=began,
            on_progress=self._on_progress,
        )
        self._latest = asyncio.create_task(sweep.run(), name=f"sweep {report.kill_id}")
        self._tasks.add(self._latest)
        self._latest.add_done_callback(self._on_done)

    def end(self) -> None:
        """Stop them: a sweep cancels whatever it finds, so it must not outlive its reason."""
        for task in list(self._tasks):
            task.cancel()

    async def first_zero(self, *, within_s: float = 10.0) -> None:
        """A new engine starts once nothing is open, or after a while: it sweeps by itself if halted."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self.report is None or "first_zero" in self.report.stamps:
                return
            await asyncio.sleep(POLL_S)

    async def finish(self) -> None:
        """Wait for what is under way, for as long as it takes."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_done(self, task: "asyncio.Task[SweepReport]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.critical("the sweep failed", exc_info=task.exception())
            self.failure = f"sweep failed: {task.exception()}; cancel at the venue"
