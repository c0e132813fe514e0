"""The hard kill: cancel everything at a venue over REST, list, cancel again, until zero is certified.

Used by the guardian when the engine doesn't do it, and by `veloz kill` when nobody is alive. Polls at 1, 2
and 3 round trips, then every second by symbol and every 10 s account-wide (oftener only when zero is near); a
venue that can't be reached is tried for ever, at most 5 s apart, and is UNVERIFIED until it answers. Nothing
that goes wrong here, a full disk least of all, ends it before zero is certified.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from veloz_tui.venues.binance.kill_client import KillClient

_LOG = logging.getLogger(__name__)
ACCOUNT_WIDE_EVERY: Final = 10
FIRST_POLLS: Final = 3
LONGEST_PAUSE_S: Final = 5.0


class SweepReport(msgspec.Struct):
    """What came of it; written to `kill-*.json` and imported by the next engine."""

    kill_id: str
    venue: str
    by: str
    reason: str
    stamps: dict[str, float] = msgspec.field(default_factory=dict)
    """gate_closed (the engine is fenced), cancels_sent, first_zero, certified_zero: ms since it began."""
    canceled: int = 0
    still_open: int | None = None
    """None: not known (yet): UNVERIFIED."""
    problem: str = ""

    @property
    def is_certified(self) -> bool:
        return "certified_zero" in self.stamps


class Sweep:
    """One kill at one venue. `run` returns when zero is certified."""

    def __init__(
        self,
        client: KillClient,
        report: SweepReport,
        *,
        symbols: Iterable[str],
        settle_s: float,
        began: float,
        on_progress: Callable[[SweepReport], None],
    ) -> None:
        """`began`: time.monotonic() of the kill; `settle_s` counts from now, when nothing new can leave."""
        self._client = client
        self.report = report
        self._symbols = set(symbols)
        self._on_progress = on_progress
        self._began = began
        self._certify_after = time.monotonic() + settle_s

    async def run(self) -> SweepReport:
        """Cancel and list until nothing can be open any more."""
        await self._cancel()
        polls = 0
        was_quiet = True
        while True:
            polls += 1
            asked_at = time.monotonic()
            is_near = was_quiet and asked_at > self._certify_after
            is_wide = polls <= FIRST_POLLS or polls % ACCOUNT_WIDE_EVERY == 0 or is_near
            open_symbols = await self._list(is_wide=is_wide)
            was_quiet = not open_symbols
            if open_symbols is None:
                await self._cancel()  # blindly: it costs next to nothing, and works where a list doesn't
            elif open_symbols:
                self._symbols |= open_symbols
                await self._cancel(open_symbols)
            elif is_wide:
                self._stamp("first_zero")
                if asked_at > self._certify_after:
                    self._stamp("certified_zero")
                    return self.report
            await asyncio.sleep(self._pause_s(polls, asked_at, found=open_symbols))

    def _pause_s(self, polls: int, asked_at: float, *, found: set[str] | None) -> float:
        if found is None:
            return min(0.5 * polls, LONGEST_PAUSE_S) + self._client.closed_for_s()
        if polls < FIRST_POLLS:
            return 0.0  # the answer itself took a round trip
        left_s = self._certify_after - asked_at
        if left_s > 0:
            return min(1.0, left_s + 0.001)
        return 1.0 if found else 0.0  # found nothing by symbol: the whole account comes next

    async def _cancel(self, symbols: Iterable[str] | None = None) -> None:
        wanted = sorted(self._symbols if symbols is None else symbols)
        outcomes = await self._client.cancel_all(wanted)
        self.report.canceled += sum(len(outcome.canceled) for outcome in outcomes)
        problems = [outcome.reason for outcome in outcomes if not outcome.is_done]
        self.report.problem = problems[0] if problems else ""
        self._stamp("cancels_sent")

    async def _list(self, *, is_wide: bool) -> set[str] | None:
        """Return the symbols with open orders, None if the venue gave no usable answer."""
        if is_wide:
            listings = [await self._client.open_orders()]
        else:
            listings = list(await asyncio.gather(*map(self._client.open_orders, sorted(self._symbols))))
        found: set[str] = set()
        count = 0
        for listing in listings:
            if listing.orders is None:
                self.report.still_open = None
                self.report.problem = listing.reason
                self._tell()
                return None
            count += len(listing.orders)
            found |= {order.instrument_id.partition(".")[0] for order in listing.orders}
        self.report.still_open = count
        self.report.problem = ""
        self._tell()
        return found

    def _stamp(self, stage: str) -> None:
        self.report.stamps.setdefault(stage, (time.monotonic() - self._began) * 1000)
        self._tell()

    def _tell(self) -> None:
        try:
            self._on_progress(self.report)
        except OSError as error:  # a full disk must not end a kill
            _LOG.error("kill %s: its report can't be written: %s", self.report.kill_id, error)
