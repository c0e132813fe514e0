"""An order, and the one table that says how its status moves.

TRANSITIONS is total: every (status, event) has an answer, a test walks each cell. A cell is the next status
the same status (nothing moves), or ANOMALY: the status stays and the fact is counted and alarmed. Evidence of
life at the venue wins over our guesses: NOT_SENT, REJECTED and NEVER_ARRIVED reopen on acceptance or fills.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from veloz_tui.domain.types import (
    ZERO,
    ClientOrderId,
    InstrumentId,
    Nanos,
    OrderStatus,
    OrderType,
    Side,
    StrategyId,
    TimeInForce,
    TradeId,
    VenueOrderId,
)

S = OrderStatus
TERMINAL: Final = frozenset(
    {S.DENIED, S.NOT_SENT, S.REJECTED, S.CANCELED, S.EXPIRED, S.FILLED, S.NEVER_ARRIVED}
)

REOPENABLE: Final = frozenset({S.NOT_SENT, S.REJECTED, S.NEVER_ARRIVED})
"""Ends that the venue can prove wrong: it turns out to have the order."""


class OrderEvent(Enum):
    """What can happen to an order that exists (the events of domain.events, without their data)."""

    SUBMITTED = "submitted"
    NOT_SENT = "not sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_DOUBT = "in doubt"
    PARTLY_FILLED = "partly filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    NEVER_ARRIVED = "never arrived"
    CANCEL_REQUESTED = "cancel requested"
    CANCEL_REJECTED = "cancel rejected"


class Anomaly(Enum):
    """The status stays as it is; the fact is counted and alarmed."""

    ANOMALY = "anomaly"


class Transition(msgspec.Struct, frozen=True):
    """The next status, and whether getting there is worth an alarm."""

    status: OrderStatus
    is_anomaly: bool = False


def _row(
    status: OrderStatus, moves: Mapping[OrderEvent, OrderStatus | Anomaly]
) -> dict[tuple[OrderStatus, OrderEvent], Transition]:
    row = {}
    for event in OrderEvent:
        move = moves.get(event, Anomaly.ANOMALY)
        if isinstance(move, Anomaly):
            row[status, event] = Transition(status, is_anomaly=True)
        else:
            # Leaving a terminal status is legal on venue evidence, and always worth an alarm.
            row[status, event] = Transition(move, is_anomaly=status in TERMINAL and move is not status)
    return row


E_ = OrderEvent
_ANYTHING_FROM_VENUE = {
    E_.ACCEPTED: S.ACCEPTED,
    E_.PARTLY_FILLED: S.ACCEPTED,
    E_.FILLED: S.FILLED,
    E_.CANCELED: S.CANCELED,
    E_.EXPIRED: S.EXPIRED,
}
_OVERLAYS = (E_.IN_DOUBT, E_.CANCEL_REQUESTED, E_.CANCEL_REJECTED)


def _overlays(status: OrderStatus) -> dict[OrderEvent, OrderStatus]:
    return dict.fromkeys(_OVERLAYS, status)


TRANSITIONS: Final = MappingProxyType(
    {
        **_row(
            S.CREATED,
            {
                **_ANYTHING_FROM_VENUE,  # a stream may be faster than the transport's own word
                **_overlays(S.CREATED),
                E_.SUBMITTED: S.SUBMITTED,
                E_.NOT_SENT: S.NOT_SENT,
                E_.REJECTED: S.REJECTED,
                E_.NEVER_ARRIVED: S.NEVER_ARRIVED,
            },
        ),
        **_row(
            S.SUBMITTED,
            {
                **_ANYTHING_FROM_VENUE,
                **_overlays(S.SUBMITTED),
                E_.SUBMITTED: S.SUBMITTED,
                E_.NOT_SENT: S.NOT_SENT,  # the transport proved that nothing was written
                E_.REJECTED: S.REJECTED,
                E_.NEVER_ARRIVED: S.NEVER_ARRIVED,
            },
        ),
        **_row(
            S.ACCEPTED,
            {
                **_ANYTHING_FROM_VENUE,
                **_overlays(S.ACCEPTED),
                E_.SUBMITTED: S.ACCEPTED,  # acceptance outran the transport's word
                E_.REJECTED: Anomaly.ANOMALY,  # e.g. a duplicate-id answer: the first one is alive
                E_.NOT_SENT: Anomaly.ANOMALY,
                E_.NEVER_ARRIVED: Anomaly.ANOMALY,
            },
        ),
        # After an end, a repeat or an echo changes nothing; a fill is booked whatever the status.
        **_row(
            S.FILLED,
            {
                E_.SUBMITTED: S.FILLED,
                E_.ACCEPTED: S.FILLED,
                E_.PARTLY_FILLED: S.FILLED,
                E_.FILLED: S.FILLED,
                E_.IN_DOUBT: S.FILLED,
                E_.CANCEL_REQUESTED: S.FILLED,
                E_.CANCEL_REJECTED: S.FILLED,
            },
        ),
        **_row(
            S.CANCELED,
            {
                E_.SUBMITTED: S.CANCELED,
                E_.ACCEPTED: S.CANCELED,
                E_.CANCELED: S.CANCELED,
                E_.EXPIRED: S.CANCELED,
                E_.FILLED: S.FILLED,
                E_.IN_DOUBT: S.CANCELED,
                E_.CANCEL_REQUESTED: S.CANCELED,
                E_.CANCEL_REJECTED: S.CANCELED,
            },
        ),
        **_row(
            S.EXPIRED,
            {
                E_.SUBMITTED: S.EXPIRED,
                E_.ACCEPTED: S.EXPIRED,
                E_.CANCELED: S.EXPIRED,
                E_.EXPIRED: S.EXPIRED,
                E_.FILLED: S.FILLED,
                E_.IN_DOUBT: S.EXPIRED,
                E_.CANCEL_REQUESTED: S.EXPIRED,
                E_.CANCEL_REJECTED: S.EXPIRED,
            },
        ),
        **_row(
            S.REJECTED,
            {
                **_ANYTHING_FROM_VENUE,
                **_overlays(S.REJECTED),
                E_.SUBMITTED: S.REJECTED,
                E_.REJECTED: S.REJECTED,
            },
        ),
        **_row(
            S.NOT_SENT,
            {**_ANYTHING_FROM_VENUE, **_overlays(S.NOT_SENT), E_.NOT_SENT: S.NOT_SENT},
        ),
        **_row(
            S.NEVER_ARRIVED,
            {
                **_ANYTHING_FROM_VENUE,
                **_overlays(S.NEVER_ARRIVED),
                E_.SUBMITTED: S.NEVER_ARRIVED,
                E_.REJECTED: S.REJECTED,
                E_.NEVER_ARRIVED: S.NEVER_ARRIVED,
            },
        ),
        **_row(S.DENIED, _overlays(S.DENIED)),
    }
)


class OrderRequest(msgspec.Struct, frozen=True):
    """What an order asks for, before and after it has a ClientOrderId."""

    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    order_type: OrderType = OrderType.LIMIT
    price: Decimal | None = None
    """None for MARKET."""
    stop_price: Decimal | None = None
    """The trigger of STOP_LIMIT."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    """Only to shrink a position. Spot venues don't know this: the engine enforces it."""
    strategy_id: StrategyId = StrategyId("manual")
    """Who asked: `manual`, a strategy, or `external` for orders that aren't ours."""


class Amendment(msgspec.Struct, frozen=True):
    """What is to be placed once the order has ended, less what it filled until then."""

    at: Nanos
    quantity: Decimal
    price: Decimal
    stop_price: Decimal | None = None


class Order(msgspec.Struct, kw_only=True):
    """One order's life. Changed only by State.apply; leaves, average price and `is_open` are derived."""

    client_order_id: ClientOrderId
    request: OrderRequest
    created_at: Nanos
    created_seq: int
    status: OrderStatus = OrderStatus.CREATED
    venue_order_id: VenueOrderId | None = None
    venue_client_id: str = ""
    """The id the venue knows it by: ours, but for EXTERNAL orders."""
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    progressed: Decimal = ZERO
    """The venue's cumulative word; above `filled` while fills are still to be fetched."""
    trade_ids: set[TradeId] = msgspec.field(default_factory=set)
    in_doubt_since: Nanos | None = None
    cancel_requested_at: Nanos | None = None
    submitted_at: Nanos | None = None
    updated_at: Nanos = Nanos(0)
    ended_at: Nanos | None = None
    reason: str = ""
    ref: int = 0
    """The strategy's own number of it; 0: not placed one by one (manual, or a quote)."""
    amendment: Amendment | None = None
    """Wanted in its stead, and not placed yet."""
    replaces: ClientOrderId | None = None
    replaced_by: ClientOrderId | None = None

    @property
    def instrument_id(self) -> InstrumentId:
        return self.request.instrument_id

    @property
    def side(self) -> Side:
        return self.request.side

    @property
    def quantity(self) -> Decimal:
        return self.request.quantity

    @property
    def strategy_id(self) -> StrategyId:
        return self.request.strategy_id

    @property
    def is_external(self) -> bool:
        return self.request.strategy_id == "external"

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def is_open(self) -> bool:
        """It may rest at the venue, or may get there: it counts in exposure."""
        return self.status not in TERMINAL

    @property
    def is_in_doubt(self) -> bool:
        return self.in_doubt_since is not None

    @property
    def is_stop(self) -> bool:
        return self.request.order_type is OrderType.STOP_LIMIT

    @property
    def done(self) -> Decimal:
        """How much is gone from `leaves`: booked fills, or the venue's cumulative word if that is more."""
        return max(self.filled, self.progressed)

    @property
    def untold(self) -> Decimal:
        """Traded by the venue's word, but not yet in the position: its fills are still to be fetched."""
        return max(self.progressed - self.filled, ZERO)

    @property
    def leaves(self) -> Decimal:
        return max(self.quantity - self.done, ZERO)

    @property
    def amended_leaves(self) -> Decimal:
        """What a pending amendment would place now; 0 without one."""
        return ZERO if self.amendment is None else max(self.amendment.quantity - self.done, ZERO)

    @property
    def exposed(self) -> Decimal:
        """What counts in limits: the larger of what works and of what may follow it; never both."""
        return max(self.leaves, self.amended_leaves)

    @property
    def exposed_value(self) -> Decimal:
        """As `exposed`, at the orders' own prices; 0 where there is none."""
        value = self.leaves * (self.request.price or ZERO)
        return value if self.amendment is None else max(value, self.amended_leaves * self.amendment.price)

    @property
    def average_price(self) -> Decimal | None:
        return self.filled_quote / self.filled if self.filled else None
