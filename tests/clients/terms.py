"""The words both sides are translated to before they are compared: rules, books, orders, fills.

A field that is None wasn't told.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

Level = tuple[float, float]
Balances = dict[str, tuple[Decimal, Decimal]]
"""asset -> (free, locked); assets with nothing are left out"""


Candle = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]
"""open time in ms, open, high, low, close, volume"""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What one instrument demands of an order."""

    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_price: Decimal
    max_price: Decimal
    is_trading: bool


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal
    last: Decimal | None = None


class Book(msgspec.Struct, frozen=True):
    """Best first on both sides."""

    update_id: int
    bids: list[Level]
    asks: list[Level]


class Print(msgspec.Struct, frozen=True):
    """One trade of the public tape. `taker`: the side that took."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    taker: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """`type`: LIMIT, MARKET, STOP_LIMIT. `status`: OPEN, FILLED, CANCELED, EXPIRED, REJECTED."""

    client_id: str | None = None
    venue_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    type: str | None = None
    post_only: bool | None = None
    time_in_force: str | None = None
    status: str | None = None
    quantity: Decimal | None = None
    filled: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    cost: Decimal | None = None


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of ours."""

    trade_id: str
    venue_id: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool


class Refusal(msgspec.Struct, frozen=True):
    """`classes`: the client's exception, most special class first."""

    classes: list[str]
    text: str


Thing = Rules | Ticker | Book | Print | Order | Fill


def differences(found: Thing, truth: Thing, *, untold: frozenset[str] = frozenset()) -> list[str]:
    """`field: found != truth` for each difference; fields in `untold` may be None in `found`."""
    if type(found) is not type(truth):
        return [f"{type(found).__name__} != {type(truth).__name__}"]
    named = [(name, getattr(found, name), getattr(truth, name)) for name in truth.__struct_fields__]
    return [
        f"{name}: {mine} != {true}"
        for name, mine, true in named
        if mine != true and not (mine is None and name in untold)
    ]


def summary(thing: Thing) -> str:
    """One line for the table."""
    if isinstance(thing, Book):
        best = "/".join(str(side[0][0]) if side else "-" for side in (thing.bids, thing.asks))
        return f"{len(thing.bids)}+{len(thing.asks)} levels {best} at {thing.update_id}"
    if isinstance(thing, Order):
        kind = f"{thing.side} {thing.type} {thing.time_in_force} {_plain(thing.quantity)}"
        return f"{kind} @ {_plain(thing.price)} {thing.status} filled {_plain(thing.filled)}"
    values = (getattr(thing, name) for name in thing.__struct_fields__)
    return " ".join(_plain(value) for value in values)


def held(balances: Balances) -> str:
    """`BTC 1+0.5` for a free 1 and a locked 0.5."""
    named = sorted(balances.items())
    return ", ".join(f"{asset} {_plain(free)}+{_plain(locked)}" for asset, (free, locked) in named)


def _plain(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
