"""The venue's limits in fixed windows aligned to its clock (protocol sheet, section 3)."""

from __future__ import annotations

from veloz_tui.sim.binance_errors import VenueError, too_many_orders
from veloz_tui.sim.settings import LimitSettings

SECOND_MS = 1000
TEN_SECONDS_MS = 10 * SECOND_MS
MINUTE_MS = 60 * SECOND_MS
FIVE_MINUTES_MS = 5 * MINUTE_MS
DAY_MS = 86_400 * SECOND_MS


class Window:
    """A counter that starts from zero at each multiple of its width."""

    __slots__ = ("_count", "_start", "width_ms")

    def __init__(self, width_ms: int) -> None:
        self.width_ms = width_ms
        self._start = -1
        self._count = 0

    def count(self, now: int) -> int:
        start = now // self.width_ms
        if start != self._start:
            self._start, self._count = start, 0
        return self._count

    def add(self, now: int, amount: int = 1) -> int:
        self._count = max(0, self.count(now) + amount)
        return self._count

    def ends_at(self, now: int) -> int:
        return (now // self.width_ms + 1) * self.width_ms


class RequestLimiter:
    """Request weight and raw requests of one address. Going on after a 429 earns a 418."""

    def __init__(self, limits: LimitSettings) -> None:
        self.limits = limits
        self.weight = Window(MINUTE_MS)
        self.raw = Window(FIVE_MINUTES_MS)
        self.connections = Window(FIVE_MINUTES_MS)
        self.banned_until = 0
        self._strikes = 0

    def charge(self, weight: int, now: int) -> None:
        """Count a request or refuse it with 429 or 418."""
        if now < self.banned_until:
            raise self._banned(now)
        over_weight = self.weight.count(now) + weight > self.limits.request_weight_1m
        if over_weight or self.raw.count(now) >= self.limits.raw_requests_5m:
            raise self._throttled(self.weight if over_weight else self.raw, now)
        self._strikes = 0
        self.weight.add(now, weight)
        self.raw.add(now)

    def refund(self, weight: int, now: int) -> None:
        """Successful order calls cost nothing (since 2026-04-02)."""
        self.weight.add(now, -weight)

    def ban(self, duration_ms: int, now: int) -> None:
        self.banned_until = now + duration_ms

    def _throttled(self, window: Window, now: int) -> VenueError:
        self._strikes += 1
        if self._strikes > self.limits.strikes_before_ban:
            self._strikes = 0
            self.ban(round(self.limits.ban_s * SECOND_MS), now)
            return self._banned(now)
        limit = self.limits.request_weight_1m
        message = (
            f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        if window is self.raw:
            message = f"Too many requests; current limit is {self.limits.raw_requests_5m} per 5 MINUTE."
        return VenueError(-1003, message, status=429, retry_after_ms=window.ends_at(now))

    def _banned(self, now: int) -> VenueError:
        del now
        message = (
            f"Way too much request weight used; IP banned until {self.banned_until}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return VenueError(-1003, message, status=418, retry_after_ms=self.banned_until)


class OrderLimiter:
    """An account's unfilled order count: an order's first fill gives its count back."""

    def __init__(self, limits: LimitSettings) -> None:
        self.limits = limits
        self.ten_seconds = Window(TEN_SECONDS_MS)
        self.day = Window(DAY_MS)

    def check(self, now: int) -> None:
        if self.day.count(now) >= self.limits.orders_1d:
            raise too_many_orders(self.limits.orders_1d, "1 DAY")
        if self.ten_seconds.count(now) >= self.limits.orders_10s:
            raise too_many_orders(self.limits.orders_10s, "10 SECOND")

    def add(self, now: int) -> None:
        self.ten_seconds.add(now)
        self.day.add(now)

    def first_fill(self, *, placed_at: int, now: int) -> None:
        for window in (self.ten_seconds, self.day):
            if placed_at // window.width_ms == now // window.width_ms:
                window.add(now, -1)
