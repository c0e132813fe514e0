"""What a strategy sees: books, trades of the tape, and its own orders and fills.

Prices and quantities are Decimal, made of the public levels by the instrument's tick and lot on demand; only
`levels()` hands out the floats themselves.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from veloz_tui.domain.book import Level
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import TERMINAL, OrderRequest
from veloz_tui.domain.types import (
    ZERO,
    Asset,
    InstrumentId,
    Nanos,
    OrderStatus,
    OrderType,
    Side,
    TradeId,
)

DEPTH = 20
"""Levels a side that a strategy can see."""
Levels = Callable[[int], tuple[list[Level], list[Level]]]
_EPOCH = Nanos(0)


class BookView:
    """The top of one book, never stale, never with an empty side. `at`: when the engine had it."""

    __slots__ = ("_asks", "_bids", "_deeper", "at", "instrument", "now")

    def __init__(
        self,
        instrument: Instrument,
        *,
        bids: Sequence[Level],
        asks: Sequence[Level],
        at: Nanos = _EPOCH,
        now: Nanos | None = None,
        deeper: Levels | None = None,
    ) -> None:
        """`deeper` returns more levels than the best ones on demand."""
        self.instrument = instrument
        self.at = at
        self.now = at if now is None else now
        self._bids = bids
        self._asks = asks
        self._deeper = deeper

    @property
    def instrument_id(self) -> InstrumentId:
        return self.instrument.id

    @property
    def best_bid(self) -> Decimal:
        return self.instrument.price_from_level(self._bids[0][0])

    @property
    def best_ask(self) -> Decimal:
        return self.instrument.price_from_level(self._asks[0][0])

    @property
    def best_bid_size(self) -> Decimal:
        return self.instrument.quantity_from_level(self._bids[0][1])

    @property
    def best_ask_size(self) -> Decimal:
        return self.instrument.quantity_from_level(self._asks[0][1])

    @property
    def mid(self) -> Decimal:
        """Halfway between the best prices; may lie between two ticks."""
        return (self.best_bid + self.best_ask) / 2

    @property
    def spread(self) -> Decimal:
        return self.best_ask - self.best_bid

    @property
    def age_ms(self) -> float:
        """How old the book was when the callback began."""
        return (self.now - self.at) / 1_000_000

    def levels(self, depth: int = 20) -> tuple[list[Level], list[Level]]:
        """Return (bids, asks) as (price, size) floats, best first: for statistics, not for orders.

        At most 20 a side, and within the callback: a book that is kept for later has moved on.
        """
        depth = min(depth, DEPTH)
        if self._deeper is not None:
            return self._deeper(depth)
        return list(self._bids[:depth]), list(self._asks[:depth])


class TradeView(msgspec.Struct, frozen=True, gc=False):
    """One trade of the public tape. `missed` trades before it were left out because we were busy."""

    instrument_id: InstrumentId
    price: Decimal
    quantity: Decimal
    aggressor: Side
    venue_at: Nanos
    missed: int = 0


class OrderUpdate(msgspec.Struct, frozen=True):
    """One of the strategy's own orders as it stands. `ref` is 0 for quotes and for orders of earlier runs."""

    ref: int
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    status: OrderStatus = OrderStatus.CREATED
    filled: Decimal = ZERO
    progressed: Decimal = ZERO
    """The venue's cumulative word; above `filled` while the fills are still to come."""
    client_order_id: str = ""
    """Empty until the engine has named it."""
    is_in_doubt: bool = False
    is_canceling: bool = False
    reason: str = ""
    at: Nanos = Nanos(0)

    @classmethod
    def of(
        cls, request: OrderRequest, *, ref: int, client_order_id: str = "", at: Nanos = _EPOCH
    ) -> "OrderUpdate":
        """A new order, of which nothing has been heard."""
        return cls(
            ref=ref,
            instrument_id=request.instrument_id,
            side=request.side,
            order_type=request.order_type,
            quantity=request.quantity,
            price=request.price,
            client_order_id=client_order_id,
            at=at,
        )

    @property
    def leaves(self) -> Decimal:
        return max(self.quantity - max(self.filled, self.progressed), ZERO)

    @property
    def is_open(self) -> bool:
        return self.status not in TERMINAL


class FillUpdate(msgspec.Struct, frozen=True):
    """One fill of the strategy's own. `position` is the strategy's, after it."""

    ref: int
    client_order_id: str
    instrument_id: InstrumentId
    trade_id: TradeId
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: Asset
    is_maker: bool
    position: Decimal
    at: Nanos = Nanos(0)
