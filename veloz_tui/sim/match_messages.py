"""What goes into a matching book and what comes out of it. Pure values."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

Side = Literal["BUY", "SELL"]
OrderType = Literal[
    "LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"
]
TimeInForce = Literal["GTC", "IOC", "FOK"]
SelfTradeMode = Literal["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]

# The owner of every order that belongs to no account: the generated participants.
BACKGROUND = 0
IOC_EXPIRED = "UNFILLED_IOC_QUANTITY_EXPIRED"
FOK_EXPIRED = "UNFILLED_FOK_ORDER_EXPIRED"
NO_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the book sees it. `quote_quantity` caps what a taker may spend of the quote asset."""

    order_id: int
    side: Side
    type: OrderType = "LIMIT"
    owner: int = BACKGROUND
    price: Decimal | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    self_trade: SelfTradeMode = "NONE"


class Match(msgspec.Struct, frozen=True):
    maker_id: int
    maker_owner: int
    taker_id: int
    taker_owner: int
    taker_side: Side
    price: Decimal
    quantity: Decimal


class Prevented(msgspec.Struct, frozen=True):
    """The quantities are what each order loses by it, zero for the one that isn't affected."""

    maker_id: int
    taker_id: int
    price: Decimal
    maker_quantity: Decimal
    taker_quantity: Decimal


class Rested(msgspec.Struct, frozen=True):
    order_id: int


class Expired(msgspec.Struct, frozen=True):
    """`reason` is empty when self-trade prevention ended the order."""

    order_id: int
    reason: str


class Triggered(msgspec.Struct, frozen=True):
    order_id: int


MatchEvent = Match | Prevented | Rested | Expired | Triggered
