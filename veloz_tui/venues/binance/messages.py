"""What Binance Spot's frames and answers look like: one struct a shape, field names of ours, wire names
beside.

Unknown fields are ignored, unknown enum words stay text (parse.py maps them), levels of public books are
bounded floats: msgspec refuses NaN, infinities and negatives while it decodes, in C. Everything of the
account is Decimal and is checked in parse.py. Field names: Binance spot API docs, "WebSocket Streams",
"User Data Stream", "WebSocket API", "REST API" of 2026-07-21.
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

LevelPrice = Annotated[float, Meta(gt=0, lt=1e18)]
LevelSize = Annotated[float, Meta(ge=0, lt=1e18)]
WireLevel = tuple[LevelPrice, LevelSize]
Id = Annotated[int, Meta(ge=0)]
Millis = Annotated[int, Meta(ge=0, lt=2**53)]


# --- Market streams: {"stream": name, "data": payload} ---


class StreamFrame(msgspec.Struct):
    """A combined-stream frame, or the answer to a SUBSCRIBE."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
    code: int | None = None
    msg: str = ""
    error: msgspec.Raw = msgspec.Raw()


class DepthUpdate(
    msgspec.Struct,
    gc=False,
    rename={"venue_ms": "E", "symbol": "s", "first_id": "U", "last_id": "u", "bids": "b", "asks": "a"},
):
    venue_ms: Millis
    symbol: str
    first_id: Id
    last_id: Id
    bids: list[WireLevel]
    asks: list[WireLevel]


class DepthFrame(msgspec.Struct, gc=False):
    data: DepthUpdate


class BookTicker(
    msgspec.Struct,
    gc=False,
    rename={
        "update_id": "u",
        "symbol": "s",
        "bid_price": "b",
        "bid_size": "B",
        "ask_price": "a",
        "ask_size": "A",
    },
):
    """The only stream payload with neither `e` nor a time."""

    update_id: Id
    symbol: str
    bid_price: LevelSize  # 0 when that side is empty
    bid_size: LevelSize
    ask_price: LevelSize
    ask_size: LevelSize


class BookTickerFrame(msgspec.Struct, gc=False):
    data: BookTicker


class Trade(
    msgspec.Struct,
    gc=False,
    rename={
        "venue_ms": "T",
        "symbol": "s",
        "trade_id": "t",
        "price": "p",
        "quantity": "q",
        "is_buyer_maker": "m",
    },
):
    venue_ms: Millis
    symbol: str
    trade_id: Id
    price: LevelPrice
    quantity: LevelSize
    is_buyer_maker: bool


class TradeFrame(msgspec.Struct, gc=False):
    data: Trade


class DepthSnapshot(msgspec.Struct, gc=False, rename="camel"):
    last_update_id: Id
    bids: list[WireLevel]
    asks: list[WireLevel]


# --- WebSocket API ---


class RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str = ""
    interval: str = ""
    interval_num: int = 0
    limit: int = 0
    count: int | None = None


class ErrorData(msgspec.Struct, rename="camel"):
    retry_after: int | None = None
    """Unix milliseconds (REST's Retry-After header: seconds)."""


class ErrorBody(msgspec.Struct):
    code: int
    msg: str = ""
    data: ErrorData | None = None


class ApiFrame(msgspec.Struct, rename="camel"):
    """A response (id, status, result or error) or an event (subscriptionId, event)."""

    id: int | str | None = None
    status: int | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: ErrorBody | None = None
    rate_limits: list[RateLimit] = []
    subscription_id: int | None = None
    event: msgspec.Raw = msgspec.Raw()


class EventName(msgspec.Struct, rename={"name": "e"}):
    name: str = ""


class Subscription(msgspec.Struct, rename="camel"):
    subscription_id: int


# --- Orders, trades, account ---


class WireFill(msgspec.Struct, rename="camel"):
    """One element of `fills` in a FULL answer."""

    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    trade_id: int


class WireOrder(msgspec.Struct, rename="camel"):
    """Answers to place (ACK, RESULT, FULL), cancel and queries; what a shape lacks is None."""

    symbol: str
    order_id: int
    client_order_id: str
    orig_client_order_id: str | None = None
    """Cancel answers only: the order's own id (`client_order_id` is then the cancel's)."""
    status: str | None = None
    side: str | None = None
    type: str | None = None
    time_in_force: str | None = None
    orig_qty: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    executed_qty: Decimal | None = None
    transact_time: int | None = None
    update_time: int | None = None
    time: int | None = None
    expiry_reason: str | None = None
    fills: list[WireFill] = []


class OrderListReport(msgspec.Struct, rename="camel"):
    """An order list inside the answer to cancel-all."""

    order_list_id: int
    order_reports: list[WireOrder]


class WireTrade(msgspec.Struct, rename="camel"):
    symbol: str
    id: int
    order_id: int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool


class WireBalance(msgspec.Struct):
    asset: str
    free: Decimal
    locked: Decimal


class WireCommissionRates(msgspec.Struct):
    maker: Decimal
    taker: Decimal


class WireAccount(msgspec.Struct, rename="camel"):
    can_trade: bool
    balances: list[WireBalance]
    uid: int | str | None = None
    commission_rates: WireCommissionRates | None = None
    update_time: int = 0


class WireKeyPermissions(msgspec.Struct, rename="camel"):
    """GET /sapi/v1/account/apiRestrictions."""

    ip_restrict: bool = False
    enable_reading: bool = False
    enable_withdrawals: bool = False
    enable_internal_transfer: bool = False
    permits_universal_transfer: bool = False
    enable_spot_and_margin_trading: bool = False
    enable_futures: bool = False
    enable_margin: bool = False


class ServerTime(msgspec.Struct, rename="camel"):
    server_time: Millis


# --- User data events ---


class ExecutionReport(
    msgspec.Struct,
    rename={
        "event_ms": "E",
        "symbol": "s",
        "client_id": "c",
        "original_client_id": "C",
        "side": "S",
        "type": "o",
        "time_in_force": "f",
        "quantity": "q",
        "price": "p",
        "stop_price": "P",
        "execution": "x",
        "status": "X",
        "reject_reason": "r",
        "expiry_reason": "eR",
        "order_id": "i",
        "last_quantity": "l",
        "cumulative": "z",
        "last_price": "L",
        "commission": "n",
        "commission_asset": "N",
        "venue_ms": "T",
        "trade_id": "t",
        "execution_id": "I",
        "is_maker": "m",
    },
):
    event_ms: int
    symbol: str
    client_id: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    stop_price: Decimal
    execution: str
    status: str
    order_id: int
    last_quantity: Decimal
    cumulative: Decimal
    last_price: Decimal
    venue_ms: int
    is_maker: bool = False
    original_client_id: str | None = ""
    reject_reason: str = "NONE"
    expiry_reason: str = "NONE"
    commission: Decimal | None = None
    commission_asset: str | None = None
    trade_id: int = -1
    execution_id: int = 0


class PositionBalance(msgspec.Struct, rename={"asset": "a", "free": "f", "locked": "l"}):
    asset: str
    free: Decimal
    locked: Decimal


class AccountPosition(msgspec.Struct, rename={"event_ms": "E", "update_ms": "u", "balances": "B"}):
    """Absolute balances of the assets that may have changed."""

    event_ms: int
    balances: list[PositionBalance]
    update_ms: int = 0
    """The account's last change: the clock of an account answer's `updateTime`."""


# --- exchangeInfo ---


class Filter(msgspec.Struct, rename="camel"):
    """Any of the symbol filters; fields of other kinds are absent."""

    filter_type: str
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    tick_size: Decimal | None = None
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    step_size: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    apply_min_to_market: bool | None = None
    apply_to_market: bool | None = None


class SymbolInfo(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    base_asset_precision: int = 8
    quote_asset_precision: int = 8
    filters: list[Filter] = []
    is_spot_trading_allowed: bool = True


class ExchangeInfo(msgspec.Struct, rename="camel"):
    symbols: list[SymbolInfo]
    rate_limits: list[RateLimit] = []
    server_time: int = 0
