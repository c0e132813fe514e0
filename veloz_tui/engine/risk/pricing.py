"""What an order is worth in quote currency, and the worst price it may trade at."""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.book import Level, OrderBook
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ZERO, OrderType, Side, TimeInForce
from veloz_tui.engine.risk.inputs import RiskInputs

_DEPTHS: Final = (20, 200, 5_000)
"""Levels looked at, in growing steps: most orders fill in the first few; 5,000 is all that a venue shows."""


class Walk(msgspec.Struct, frozen=True):
    """What an order that takes now would get from the book."""

    filled: Decimal
    value: Decimal
    worst: Decimal | None
    """The last price reached; None: nothing there."""


def walk(book: OrderBook, *, instrument: Instrument, side: Side, quantity: Decimal) -> Walk:
    """Take `quantity` from the other side of the book; `filled` is less if the book is too thin."""
    result = Walk(ZERO, ZERO, None)
    for depth in _DEPTHS:
        levels = book.ask_levels(depth) if side is Side.BUY else book.bid_levels(depth)
        result = _take(levels, instrument=instrument, quantity=quantity)
        if result.filled == quantity or len(levels) < depth:
            break
    return result


def order_value(request: OrderRequest, inputs: RiskInputs) -> Decimal | None:
    """Return the most the order may turn over; None: it can't be priced.

    A MARKET order walks the book. A SELL with a price counts at the reference if that is higher: below the
    market it trades at the market, and its low price must not make it look small.
    """
    if request.order_type is OrderType.MARKET:
        if inputs.book is None:
            return None
        taken = walk(inputs.book, instrument=inputs.instrument, side=request.side, quantity=request.quantity)
        return taken.value if taken.filled == request.quantity else None
    if request.price is None:
        return None
    price = request.price
    if request.side is Side.SELL and inputs.reference is not None:
        price = max(price, inputs.reference)
    return price * request.quantity


def is_taker(request: OrderRequest, inputs: RiskInputs) -> bool:
    """Whether the order is expected to take: what can't be known counts as taking, for its higher fee."""
    if request.post_only:
        return False
    if request.order_type is not OrderType.LIMIT or request.time_in_force is not TimeInForce.GTC:
        return True
    if inputs.book is None or request.price is None:
        return True
    best = inputs.book.best_ask if request.side is Side.BUY else inputs.book.best_bid
    if best is None:
        return False
    touch = inputs.instrument.price_from_level(best[0])
    return request.price >= touch if request.side is Side.BUY else request.price <= touch


def order_fee(request: OrderRequest, inputs: RiskInputs, *, value: Decimal) -> Decimal | None:
    """Return the expected fee in quote currency; None: the fee tier isn't known."""
    rate = inputs.taker_fee if is_taker(request, inputs) else inputs.maker_fee
    return None if rate is None else value * rate


def _take(levels: list[Level], *, instrument: Instrument, quantity: Decimal) -> Walk:
    filled, value, worst = ZERO, ZERO, None
    for level, size in levels:
        part = min(instrument.quantity_from_level(size), quantity - filled)
        if part <= 0:
            continue
        worst = instrument.price_from_level(level)
        filled += part
        value += part * worst
        if filled == quantity:
            break
    return Walk(filled, value, worst)
