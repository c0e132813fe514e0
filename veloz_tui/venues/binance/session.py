"""What every part of one account's adapter shares: the key, the venue's clock, the request budget."""

import asyncio
import logging
from collections.abc import Callable

from veloz_tui.domain.types import MILLISECOND, Nanos
from veloz_tui.net.backoff import Backoff, Jitter
from veloz_tui.net.clock_skew import ClockSkew
from veloz_tui.net.connect_budget import ConnectBudget
from veloz_tui.net.ratelimit import Cost, Kind, RateBudget, Refusal, Ticket
from veloz_tui.venues.binance.answers import Counts
from veloz_tui.venues.binance.policy import Answer, Answered, Unwritten
from veloz_tui.venues.binance.requests import Params, Signer, stamped
from veloz_tui.venues.binance.settings import BinanceSettings
from veloz_tui.venues.wire_tap import WireTap

_LOG = logging.getLogger(__name__)


class Session:
    """Owned by the adapter; single-threaded. `now` is the engine's clock."""

    def __init__(
        self, settings: BinanceSettings, signer: Signer, *, now: Callable[[], Nanos], jitter: Jitter
    ) -> None:
        self.settings = settings
        self.signer = signer
        self.now = now
        self.jitter = jitter
        self.tap = WireTap(now=now)
        self.skew = ClockSkew()
        self.round_trip_ms: float | None = None
        self.clock_refused = asyncio.Event()
        """Set when the venue refused our time: sample it again now."""
        self.budget = RateBudget(
            cancel_reserve=settings.cancel_reserve, operator_reserve=settings.operator_reserve
        )
        # 300 connections in 5 minutes an address; the rest is for the guardian and other programs.
        self.connects = ConnectBudget(limit=100, window_s=300)

    def venue_ms(self) -> int:
        """The venue's clock, as far as we know it."""
        return int(self.now() / MILLISECOND + self.skew.offset_ms)

    def venue_nanos(self) -> Nanos:
        return Nanos(self.venue_ms() * MILLISECOND)

    def stamped(self, params: Params, *, recv_window_ms: int | None = None) -> dict[str, str | int]:
        window_ms = recv_window_ms if recv_window_ms is not None else self.settings.recv_window_ms
        return stamped(params, timestamp_ms=self.venue_ms(), recv_window_ms=window_ms)

    def new_backoff(self) -> Backoff:
        settings = self.settings
        return Backoff(base_s=settings.retry_base_s, cap_s=settings.retry_cap_s, jitter=self.jitter)

    def admit(self, cost: Cost) -> Ticket | Unwritten:
        found = self.budget.admit(cost, self.venue_ms())
        if isinstance(found, Refusal):
            return Unwritten(found.reason, until_ms=found.until_ms)
        return found

    def settle(self, ticket: Ticket, answer: Answer, counts: Counts | None = None) -> None:
        """Close the request's ticket and learn from its answer: counts, a closed door, a full order count."""
        now_ms = self.venue_ms()
        self.budget.settle(ticket, now_ms, counts)
        if not isinstance(answer, Answered):
            return
        if answer.retry_after_ms is not None:
            self.close_door(answer.retry_after_ms, f"HTTP {answer.status}: {answer.text}")
        if answer.code == -1015:
            self.budget.exhaust(Kind.ORDERS, now_ms)
        if answer.code == -1021:
            self.clock_refused.set()

    def close_door(self, wait_ms: int, reason: str) -> None:
        """The venue refuses everything for a while, new connections too."""
        _LOG.warning("Binance closed its door for %d ms: %s", wait_ms, reason)
        self.budget.close_door(until_ms=self.venue_ms() + wait_ms, reason=reason)
        self.connects.close_until(asyncio.get_running_loop().time() + wait_ms / 1000)

    def door_wait_s(self) -> float:
        """How long the venue's door stays closed; 0 = open."""
        now_ms = self.venue_ms()
        until_ms = self.budget.closed_until_ms(now_ms)
        return 0.0 if until_ms is None else (until_ms - now_ms) / 1000
