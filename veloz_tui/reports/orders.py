"""Orders' lives by the table of domain.order: how many, how fast, which were in doubt and for how long."""

from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, cast

from veloz_tui.domain import events as e
from veloz_tui.domain.event import Event
from veloz_tui.domain.order import TERMINAL, TRANSITIONS, OrderEvent, OrderRequest
from veloz_tui.domain.types import ZERO, ClientOrderId, Nanos, OrderStatus
from veloz_tui.engine.state import MAX_ENDED
from veloz_tui.reports.period import Period
from veloz_tui.reports.report import DenialRow, Doubts, LatencyRow, OrderCounts

Moved = (
    e.OrderSubmitted
    | e.OrderNotSent
    | e.OrderAccepted
    | e.OrderRejected
    | e.OrderInDoubt
    | e.OrderCanceled
    | e.OrderExpired
    | e.OrderNeverArrived
)
MOVES: Final[dict[type[Event], tuple[OrderEvent, str]]] = {
    e.OrderSubmitted: (OrderEvent.SUBMITTED, "submitted"),
    e.OrderNotSent: (OrderEvent.NOT_SENT, "not_sent"),
    e.OrderAccepted: (OrderEvent.ACCEPTED, "accepted"),
    e.OrderRejected: (OrderEvent.REJECTED, "rejected"),
    e.OrderInDoubt: (OrderEvent.IN_DOUBT, ""),
    e.OrderCanceled: (OrderEvent.CANCELED, "canceled"),
    e.OrderExpired: (OrderEvent.EXPIRED, "expired"),
    e.OrderNeverArrived: (OrderEvent.NEVER_ARRIVED, "never_arrived"),
}
KEEP_ENDED: Final = MAX_ENDED
"""Ended orders remembered. One that is forgotten is read again if something more happens to it."""
STEPS: Final = ("created-submitted", "submitted-accepted", "created-accepted", "cancel asked-canceled")


class OrderLife:
    """What has to be remembered of an order."""

    __slots__ = ("accepted", "cancel_asked_at", "created_at", "doubt_since", "filled", "quantity", "seen",
                 "side", "status", "strategy", "submitted_at", "was_doubted")  # fmt: skip

    def __init__(self, request: OrderRequest, at: Nanos, status: OrderStatus = OrderStatus.CREATED) -> None:
        self.side = request.side.sign
        self.strategy = request.strategy_id
        self.quantity = request.quantity
        self.filled = ZERO
        self.status = status
        self.created_at = at
        self.submitted_at: Nanos | None = None
        self.cancel_asked_at: Nanos | None = None
        self.accepted = False
        self.doubt_since: Nanos | None = None
        self.was_doubted = False
        self.seen: frozenset[str] = frozenset()

    @property
    def is_external(self) -> bool:
        return self.strategy == "external"


class Orders:
    """The orders of the period; what happened in it is counted. Who was there before is to be recalled."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._is_recalling = False
        self.lives: dict[ClientOrderId, OrderLife] = {}
        self._counts: Counter[str] = Counter()
        self._denied: Counter[str] = Counter()
        self._suppressed: Counter[str] = Counter()
        self._ended: OrderedDict[ClientOrderId, None] = OrderedDict()
        self._waits = {step: array("q") for step in STEPS}
        self._in_doubt: dict[ClientOrderId, OrderLife] = {}
        self._doubts_begun = 0
        self._doubt_times: list[int] = []

    def missing(self, events: Iterable[e.AnyEvent]) -> set[ClientOrderId]:
        """Return the orders that these events, in order, are about and that have to be recalled first."""
        found: set[ClientOrderId] = set()
        born: set[ClientOrderId] = set()
        for event in events:
            match event:
                case e.OrderCreated():
                    born.add(event.client_order_id)
                case e.OrderFilled(moved_from=str() as guess):
                    found |= {event.client_order_id, guess} - born
                case e.OrderFilled() | e.CancelRequested() | e.ExternalOrderSeen():
                    found |= {event.client_order_id} - born
                case _ if type(event) in MOVES:
                    found |= {ClientOrderId(getattr(event, "client_order_id"))} - born  # noqa: B009
        return found - self.lives.keys()

    def forget(self) -> None:
        """Let go of the orders that ended first; not between `missing` and the events it was asked about."""
        while len(self._ended) > KEEP_ENDED:
            del self.lives[self._ended.popitem(last=False)[0]]

    def recall(self, events: Iterable[e.AnyEvent]) -> None:
        """Take in what orders went through before, in order; nothing of it is counted (again)."""
        self._is_recalling = True
        for event in events:
            match event:
                case e.OrderCreated():
                    self.created(event, event.at)
                case e.ExternalOrderSeen():
                    self.external(event, event.at)
                case e.CancelRequested():
                    self.cancel_requested(event, event.at)
                case e.OrderFilled():
                    self.filled(event, event.at)
                case _ if type(event) in MOVES:
                    self.moved(cast(Moved, event), event.at)
        self._is_recalling = False

    def created(self, event: e.OrderCreated, at: Nanos) -> None:
        self.lives[event.client_order_id] = OrderLife(event.request, event.at)
        self._count("created", at)

    def denied(self, event: e.OrderDenied, at: Nanos) -> None:
        if at >= self._period.since:
            self._denied[event.code] += 1
            self._suppressed[event.code] += event.suppressed

    def external(self, event: e.ExternalOrderSeen, at: Nanos) -> None:
        known = self.lives.get(event.client_order_id)
        life = OrderLife(event.request, event.at, OrderStatus.ACCEPTED)
        if known is None:
            self._count("external", at)
        else:  # seen before, by its trades only
            life.filled = known.filled
            self._ended.pop(event.client_order_id, None)
            self._in_doubt.pop(event.client_order_id, None)
        self.lives[event.client_order_id] = life

    def cancel_requested(self, event: e.CancelRequested, at: Nanos) -> None:
        life = self.lives[event.client_order_id]
        if not life.is_external:
            self._count("cancel_requests", at)
        if life.cancel_asked_at is None:
            life.cancel_asked_at = event.at

    def moved(self, event: Moved, at: Nanos) -> None:
        """Let one of MOVES happen to an order; each is counted once an order, repeats are echoes."""
        life = self.lives[event.client_order_id]
        move, name = MOVES[type(event)]
        if name and name not in life.seen:
            life.seen |= {name}
            if not life.is_external:
                self._count(name, at)
                self._note_wait(life, move, event.at, is_inside=self._counts_at(at))
        self._move(event.client_order_id, life, move, at)

    def filled(self, event: e.OrderFilled, at: Nanos) -> OrderLife:
        """Let a fill happen to its order, and return the order."""
        life = self.lives[event.client_order_id]
        life.filled += event.quantity
        is_whole = life.filled >= life.quantity
        if event.moved_from in self.lives:
            self.lives[event.moved_from].filled -= event.quantity
        if not life.is_external:
            self._count("trades", at)
            if is_whole and "filled" not in life.seen:
                life.seen |= {"filled"}
                self._count("filled", at)
        move = OrderEvent.FILLED if is_whole else OrderEvent.PARTLY_FILLED
        self._move(event.client_order_id, life, move, at)
        return life

    # --- the results ---

    def counts(self) -> OrderCounts:
        trades, submitted = self._counts["trades"], self._counts["submitted"]
        ratio = (Decimal(submitted) / trades).quantize(Decimal("0.01")) if trades else None
        return OrderCounts(**self._counts, order_to_trade=ratio)

    def denials(self) -> tuple[DenialRow, ...]:
        return tuple(DenialRow(code, n, self._suppressed[code]) for code, n in self._denied.most_common())

    def doubts(self, known_until: Nanos) -> Doubts:
        """Return the doubts; those still open count up to `known_until`."""
        still = [self._inside(life, known_until) for life in self._in_doubt.values()]
        times = [*self._doubt_times, *still]
        return Doubts(self._doubts_begun, len(still), sum(times), max(times, default=0))

    def latencies(self) -> tuple[LatencyRow, ...]:
        return tuple(_latency(step, sorted(waits)) for step, waits in self._waits.items())

    # --- inside ---

    def _move(self, client_order_id: ClientOrderId, life: OrderLife, move: OrderEvent, at: Nanos) -> None:
        life.status = TRANSITIONS[life.status, move].status
        self._note_end(client_order_id, life)
        if move is OrderEvent.IN_DOUBT:
            if life.status not in TERMINAL and life.doubt_since is None:
                life.doubt_since, life.was_doubted = at, True
                self._in_doubt[client_order_id] = life
                self._doubts_begun += self._counts_at(at)
            return
        told = move in (OrderEvent.ACCEPTED, OrderEvent.PARTLY_FILLED, OrderEvent.FILLED)
        if life.doubt_since is not None and (told or life.status in TERMINAL):
            if self._counts_at(at):
                self._doubt_times.append(self._inside(life, at))
            life.doubt_since = None
            del self._in_doubt[client_order_id]

    def _note_end(self, client_order_id: ClientOrderId, life: OrderLife) -> None:
        if life.status not in TERMINAL:
            self._ended.pop(client_order_id, None)
        elif client_order_id not in self._ended:
            self._ended[client_order_id] = None

    def _inside(self, life: OrderLife, end: Nanos) -> int:
        assert life.doubt_since is not None
        return self._period.overlap(life.doubt_since, end)

    def _note_wait(self, life: OrderLife, move: OrderEvent, at: Nanos, *, is_inside: bool) -> None:
        waits: tuple[tuple[str, Nanos | None], ...]
        if move is OrderEvent.SUBMITTED:
            life.submitted_at = at
            # Acceptance can outrun the transport's word: that tells no time.
            waits = () if life.accepted else (("created-submitted", life.created_at),)
        elif move is OrderEvent.ACCEPTED:
            life.accepted = True
            waits = (("created-accepted", life.created_at), ("submitted-accepted", life.submitted_at))
        elif move is OrderEvent.CANCELED:
            waits = (("cancel asked-canceled", life.cancel_asked_at),)
        else:
            return
        for step, since in waits:
            if since is not None and is_inside and not life.was_doubted:
                self._waits[step].append(max(at - since, 0))

    def _count(self, name: str, at: Nanos) -> None:
        if self._counts_at(at):
            self._counts[name] += 1

    def _counts_at(self, at: Nanos) -> bool:
        return at >= self._period.since and not self._is_recalling


def _latency(step: str, waits: Sequence[int]) -> LatencyRow:
    return LatencyRow(step, len(waits), percentile(waits, 50), percentile(waits, 99))


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Return the nearest-rank percentile of sorted values; None of none."""
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]
