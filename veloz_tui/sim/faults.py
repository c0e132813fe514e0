"""Scripted faults: what goes wrong, on which request or frame, how often.

A fault is JSON, sent to `POST /sim/faults` (one object or a list; the answer lists their ids):

    {"action": "drop_response", "operation": "order.place", "nth": 1, "count": 1}

Matching (all optional): `operation` is the WebSocket API's method name and serves both wires (`order.place`
is also `POST /api/v3/order`); `endpoint` is `METHOD /path`; `transport` is `rest`, `ws-api` or `streams`;
`symbol`; `nth` skips until the nth matching request (1 = the next); `count` is how many are hit (0 = all from
then on); `probability` with `seed` hits at random. The first added that hits wins.

Actions on requests (`rest`, `ws-api`):
  drop_response        act, then never answer; `close` true: then drop the connection too
  delay_response       act (user events go out), answer after `ms`
  delay_before         wait `ms`, then act and answer
  reset_before         abort the connection before acting
  reset_mid_body       act, send half of the answer, abort the connection (TCP reset)
  truncate_body        act, answer 200 with half of the JSON as a complete body
  http_error           answer `status` (500, 503, 429, 418 …) with `code`, `msg` or raw `body`; `act` true
                       acts first; `retry_after_s` adds the header (REST) or data.retryAfter (WS API)
  duplicate_request    act twice (a proxy repeats the request), answer the first
  patch_response       act, then merge `patch` into the answer (unknown fields, unknown enum values)
  event_before_response  user events at once, the answer after `ms`
  response_before_event  the answer at once, user events after `ms`
  not_found            answer -2013 (a cancel: -2011) without acting; order.status unless named
  empty_list           answer `[]` without acting; openOrders.status unless named
  stale_snapshot       depth answers the book as it was when the venue started
  frozen_account       account.status answers as it was when the fault was added
Actions on frames (`transport` streams with `kind` depth, trade, bookTicker …; ws-api with `kind` user):
  gap, duplicate, reorder, malformed, oversized; patch_event with `patch` (user events only)
Immediate actions (done at once, not kept), on `target` streams | ws-api | all:
  disconnect           abort the sockets
  silence, unsilence   sockets stay alive (pings go on) but carry no data; new ones too until unsilence
  malformed_frame, oversized_frame   sent to each socket once
  server_shutdown      the event, then the closing after `ms`
  clock_offset, latency (one way), read_lag (order queries find nothing younger), ban (418) with `ms`
  revoke_key           with `api_key`
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec

REQUEST_ACTIONS = frozenset({
    "drop_response", "delay_response", "delay_before", "reset_before", "reset_mid_body", "truncate_body",
    "http_error", "duplicate_request", "patch_response", "event_before_response", "response_before_event",
    "not_found", "empty_list", "stale_snapshot", "frozen_account",
})  # fmt: skip
FRAME_ACTIONS = frozenset({"gap", "duplicate", "reorder", "malformed", "oversized", "patch_event"})
IMMEDIATE_ACTIONS = frozenset({
    "disconnect", "silence", "unsilence", "malformed_frame", "oversized_frame", "server_shutdown",
    "clock_offset", "latency", "read_lag", "ban", "revoke_key",
})  # fmt: skip
FAULTS_MAX = 1000
# What an action means when its fault names no operation.
_OWN_OPERATION = {
    "not_found": "order.status",
    "empty_list": "openOrders.status",
    "stale_snapshot": "depth",
    "frozen_account": "account.status",
}


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One scripted fault; see the module's text for each field."""

    action: str
    operation: str | None = None
    endpoint: str | None = None
    transport: str | None = None
    symbol: str | None = None
    kind: str | None = None
    nth: int = 1
    count: int = 1
    probability: float = 1.0
    seed: int = 0
    ms: float = 0.0
    close: bool = False
    act: bool = False
    status: int = 503
    code: int = -1000
    msg: str = "An unknown error occurred while processing the request."
    body: str | None = None
    retry_after_s: int | None = None
    patch: dict[str, object] | None = None
    target: str = "all"
    api_key: str | None = None
    fault_id: int = 0


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """One request or frame that a fault could hit."""

    transport: str
    operation: str = ""
    endpoint: str = ""
    symbol: str = ""
    kind: str = ""


class _Armed:
    __slots__ = ("fault", "hits", "rng", "seen")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.rng = random.Random(fault.seed)  # noqa: S311 - scripted, not secret
        self.seen = 0
        self.hits = 0

    def matches(self, occasion: Occasion) -> bool:
        fault = self.fault
        wanted = (
            (fault.operation, occasion.operation),
            (fault.endpoint, occasion.endpoint),
            (fault.transport, occasion.transport),
            (fault.symbol, occasion.symbol),
            (fault.kind, occasion.kind),
        )
        return all(want is None or want == got for want, got in wanted)

    def hit(self) -> bool:
        self.seen += 1
        if self.seen < self.fault.nth or self.rng.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True

    @property
    def is_spent(self) -> bool:
        return 0 < self.fault.count <= self.hits


class Faults:
    """The armed faults, in order."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._next_id = 1
        self._has_frame_faults = False

    def add(self, fault: Fault) -> int:
        """Arm a fault. Raises ValueError for an unknown action or one too many."""
        if fault.action not in REQUEST_ACTIONS | FRAME_ACTIONS:
            raise ValueError(f"unknown action {fault.action}")
        if len(self._armed) >= FAULTS_MAX:
            raise ValueError(f"more than {FAULTS_MAX} faults")
        if fault.operation is None and fault.endpoint is None:
            fault.operation = _OWN_OPERATION.get(fault.action)
        fault.fault_id = self._next_id
        self._next_id += 1
        self._armed.append(_Armed(fault))
        self._note()
        return fault.fault_id

    def clear(self, fault_id: int | None = None) -> None:
        self._armed = [one for one in self._armed if fault_id not in (None, one.fault.fault_id)]
        self._note()

    def listed(self) -> Iterable[tuple[Fault, int]]:
        """Each armed fault with the number of its hits."""
        return [(one.fault, one.hits) for one in self._armed]

    @property
    def touches_frames(self) -> bool:
        return self._has_frame_faults

    @property
    def has_request_faults(self) -> bool:
        return any(one.fault.action in REQUEST_ACTIONS for one in self._armed)

    def take_request(self, occasion: Occasion) -> Fault | None:
        return self._take(occasion, REQUEST_ACTIONS) if self._armed else None

    def take_frame(self, occasion: Occasion) -> Fault | None:
        return self._take(occasion, FRAME_ACTIONS) if self._has_frame_faults else None

    def _take(self, occasion: Occasion, actions: frozenset[str]) -> Fault | None:
        for armed in self._armed:
            if armed.fault.action not in actions or not armed.matches(occasion) or not armed.hit():
                continue
            if armed.is_spent:
                self._armed.remove(armed)
                self._note()
            return armed.fault
        return None

    def _note(self) -> None:
        self._has_frame_faults = any(one.fault.action in FRAME_ACTIONS for one in self._armed)
