"""One venue's request budget, kept so that cancels always have room.

The venue counts in fixed windows aligned to its clock (Binance: a minute window starts at :00) and reports
its own count with each answer. Our estimate of a window is the last count it reported plus what is in
flight. Each lane may fill a window up to its own ceiling only: strategies and reconciliation stop first,
then the operator; cancels are never refused. Only the venue itself can close the door (429 with Retry-
After, 418), and then everything waits. Pure: times are the venue's, in Unix milliseconds.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

_DEFAULT_CANCEL_RESERVE = 0.2
_DEFAULT_OPERATOR_RESERVE = 0.1


class Lane(Enum):
    CANCEL = "cancel"
    OPERATOR = "operator"
    STRATEGY = "strategy"
    RECONCILE = "reconcile"


class Kind(Enum):
    """What a window counts."""

    WEIGHT = "weight"
    REQUESTS = "requests"
    ORDERS = "orders"


class Limit(msgspec.Struct, frozen=True):
    """At most `limit` of `kind` in each aligned window of `interval_ms`."""

    kind: Kind
    interval_ms: int
    limit: int


class Cost(msgspec.Struct, frozen=True):
    """What one request takes from the windows."""

    lane: Lane
    weight: int = 1
    orders: int = 0


class Ticket(msgspec.Struct, frozen=True):
    """A request in flight; give it back with `settle`."""

    cost: Cost
    started_ms: int


class Refusal(msgspec.Struct, frozen=True):
    """Wait until `until_ms` (venue time); `reason` names what is full or who closed the door."""

    until_ms: int
    reason: str


class WindowUse(msgspec.Struct, frozen=True):
    """One window for the screen."""

    limit: Limit
    used: int


class _Window:
    __slots__ = ("base", "in_flight", "limit", "started_ms")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.started_ms = 0
        self.base = 0  # the venue's last count, plus our settled requests it didn't report on
        self.in_flight = 0

    def roll(self, now_ms: int) -> None:
        started_ms = now_ms - now_ms % self.limit.interval_ms
        if started_ms > self.started_ms:
            self.started_ms = started_ms
            self.base = 0

    def units(self, cost: Cost) -> int:
        match self.limit.kind:
            case Kind.WEIGHT:
                return cost.weight
            case Kind.REQUESTS:
                return 1
            case Kind.ORDERS:
                return cost.orders

    @property
    def used(self) -> int:
        return self.base + self.in_flight

    @property
    def ends_ms(self) -> int:
        return self.started_ms + self.limit.interval_ms


class RateBudget:
    """Ask `admit` before each request, `settle` its ticket after it, whatever the outcome."""

    __slots__ = ("_closed_reason", "_closed_until_ms", "_reserves", "_windows")

    def __init__(
        self,
        limits: Iterable[Limit] = (),
        *,
        cancel_reserve: float = _DEFAULT_CANCEL_RESERVE,
        operator_reserve: float = _DEFAULT_OPERATOR_RESERVE,
    ) -> None:
        self._reserves = (cancel_reserve, operator_reserve)
        self._windows: dict[tuple[Kind, int], _Window] = {}
        self._closed_until_ms = 0
        self._closed_reason = ""
        self.configure(limits)

    def configure(self, limits: Iterable[Limit]) -> None:
        """Take the venue's published limits; counts of windows already known are kept."""
        for limit in limits:
            key = (limit.kind, limit.interval_ms)
            if key in self._windows:
                self._windows[key].limit = limit
            else:
                self._windows[key] = _Window(limit)

    def admit(self, cost: Cost, now_ms: int) -> Ticket | Refusal:
        """A ticket to send now, or until when to wait. Cancels are refused only while the venue's door is
        closed.
        """
        if now_ms < self._closed_until_ms:
            return Refusal(self._closed_until_ms, self._closed_reason)
        full = None if cost.lane is Lane.CANCEL else self._first_full(cost, now_ms)
        if full is not None:
            return Refusal(full.ends_ms, f"{full.limit.kind.value} per {full.limit.interval_ms // 1000} s")
        for window in self._windows.values():
            window.roll(now_ms)
            window.in_flight += window.units(cost)
        return Ticket(cost, now_ms)

    def _first_full(self, cost: Cost, now_ms: int) -> _Window | None:
        full: _Window | None = None
        for window in self._windows.values():
            window.roll(now_ms)
            units = window.units(cost)
            too_much = units > 0 and window.used + units > self._ceiling(window.limit, cost.lane)
            if too_much and (full is None or window.ends_ms > full.ends_ms):
                full = window
        return full

    def _ceiling(self, limit: Limit, lane: Lane) -> int:
        cancel_reserve, operator_reserve = self._reserves
        kept = 0.0 if limit.kind is Kind.ORDERS else cancel_reserve  # cancels don't count as orders
        if lane is not Lane.OPERATOR:
            kept += operator_reserve
        return int(limit.limit * (1 - kept) + 1e-9)

    def settle(
        self, ticket: Ticket, now_ms: int, reported: Mapping[tuple[Kind, int], int] | None = None
    ) -> None:
        """Close a ticket. `reported` holds the venue's own counts by (kind, interval); missing ones are
        estimated.
        """
        for key, window in self._windows.items():
            window.roll(now_ms)
            window.in_flight = max(0, window.in_flight - window.units(ticket.cost))
            # An answer to a request of the previous window may carry the previous window's count.
            count = None if ticket.started_ms < window.started_ms else (reported or {}).get(key)
            if count is None:
                window.base += window.units(ticket.cost)
            elif window.limit.kind is Kind.ORDERS:
                window.base = count  # goes down when an order gets its first fill
            else:
                window.base = max(window.base, count)

    def exhaust(self, kind: Kind, now_ms: int) -> None:
        """The venue says that a window of this kind is full (-1015): count it as full until it ends."""
        windows = [window for window in self._windows.values() if window.limit.kind is kind]
        if not windows:
            return
        # Without the window's name, assume the shortest: a longer one, if full, answers with the same code
        # again.
        window = min(windows, key=lambda one: one.limit.interval_ms)
        window.roll(now_ms)
        window.base = max(window.base, window.limit.limit)

    def close_door(self, *, until_ms: int, reason: str) -> None:
        """The venue refuses everything until then (429 with Retry-After, 418). Never shortened by a later
        answer.
        """
        if until_ms > self._closed_until_ms:
            self._closed_until_ms = until_ms
            self._closed_reason = reason

    def closed_until_ms(self, now_ms: int) -> int | None:
        return self._closed_until_ms if now_ms < self._closed_until_ms else None

    def uses(self, now_ms: int) -> list[WindowUse]:
        for window in self._windows.values():
            window.roll(now_ms)
        return [WindowUse(window.limit, window.used) for window in self._windows.values()]
