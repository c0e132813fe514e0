"""Every method of the venue: its weight, whether it is signed, and its names on both wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from veloz_tui.sim import market_methods as market
from veloz_tui.sim import trading_methods as trading
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.exchange import Exchange
from veloz_tui.sim.placement import whole

Params = Mapping[str, str]
Weight = Callable[[Params], int]


class PublicMethod(Protocol):
    def __call__(self, exchange: Exchange, params: Params, /) -> object: ...


class SignedMethod(Protocol):
    def __call__(self, exchange: Exchange, account: Account, params: Params, /) -> object: ...


class Operation(msgspec.Struct, frozen=True):
    """`name` is the WebSocket API's; `endpoint` is `METHOD /path`. `is_command`: free when it succeeds."""

    name: str
    endpoint: str
    weight: Weight
    public: PublicMethod | None = None
    signed: SignedMethod | None = None
    is_command: bool = False


def _fixed(weight: int) -> Weight:
    return lambda _params: weight


def _depth_weight(params: Params) -> int:
    limit = whole(params, "limit") or 100
    return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250)


def _by_symbols(*, one: int, some: int) -> Weight:
    return lambda params: one if market.symbol_count(params) == 1 else some


def _day_weight(params: Params) -> int:
    count = market.symbol_count(params)
    if count is None or count > 100:
        return 80
    return 2 if count <= 20 else 40


def _open_orders_weight(params: Params) -> int:
    return 6 if "symbol" in params else 80


def _my_trades_weight(params: Params) -> int:
    return 5 if "orderId" in params else 20


def _test_weight(params: Params) -> int:
    return 20 if params.get("computeCommissionRates") == "true" else 1


_API = "/api/v3"
OPERATIONS = (
    Operation("ping", f"GET {_API}/ping", _fixed(1), market.ping),
    Operation("time", f"GET {_API}/time", _fixed(1), market.time),
    Operation("exchangeInfo", f"GET {_API}/exchangeInfo", _fixed(20), market.exchange_info),
    Operation("depth", f"GET {_API}/depth", _depth_weight, market.depth),
    Operation("trades.recent", f"GET {_API}/trades", _fixed(25), market.trades),
    Operation("trades.historical", f"GET {_API}/historicalTrades", _fixed(25), market.trades),
    Operation("trades.aggregate", f"GET {_API}/aggTrades", _fixed(4), market.aggregated_trades),
    Operation("klines", f"GET {_API}/klines", _fixed(2), market.klines),
    Operation("uiKlines", f"GET {_API}/uiKlines", _fixed(2), market.klines),
    Operation("avgPrice", f"GET {_API}/avgPrice", _fixed(2), market.average_price),
    Operation("ticker.24hr", f"GET {_API}/ticker/24hr", _day_weight, market.ticker_day),
    Operation("ticker", f"GET {_API}/ticker", _day_weight, market.ticker_day),
    Operation("ticker.tradingDay", f"GET {_API}/ticker/tradingDay", _day_weight, market.ticker_day),
    Operation("ticker.price", f"GET {_API}/ticker/price", _by_symbols(one=2, some=4), market.ticker_price),
    Operation("ticker.book", f"GET {_API}/ticker/bookTicker", _by_symbols(one=2, some=4), market.ticker_book),
    Operation("order.place", f"POST {_API}/order", _fixed(1), signed=trading.place, is_command=True),
    Operation("order.test", f"POST {_API}/order/test", _test_weight, signed=trading.test),
    Operation("order.cancel", f"DELETE {_API}/order", _fixed(1), signed=trading.cancel, is_command=True),
    Operation(
        "order.cancelReplace",
        f"POST {_API}/order/cancelReplace",
        _fixed(1),
        signed=trading.cancel_replace,
        is_command=True,
    ),
    Operation(
        "order.amend.keepPriority",
        f"PUT {_API}/order/amend/keepPriority",
        _fixed(4),
        signed=trading.amend,
    ),
    Operation(
        "openOrders.cancelAll",
        f"DELETE {_API}/openOrders",
        _fixed(1),
        signed=trading.cancel_all,
        is_command=True,
    ),
    Operation("order.status", f"GET {_API}/order", _fixed(4), signed=trading.order_status),
    Operation("openOrders.status", f"GET {_API}/openOrders", _open_orders_weight, signed=trading.open_orders),
    Operation("allOrders", f"GET {_API}/allOrders", _fixed(20), signed=trading.all_orders),
    Operation("myTrades", f"GET {_API}/myTrades", _my_trades_weight, signed=trading.my_trades),
    Operation("account.status", f"GET {_API}/account", _fixed(20), signed=trading.account_status),
    Operation("account.commission", f"GET {_API}/account/commission", _fixed(20), signed=trading.commission),
    Operation(
        "account.rateLimits.orders",
        f"GET {_API}/rateLimit/order",
        _fixed(40),
        signed=trading.order_rate_limits,
    ),
    Operation("openOrderLists.status", f"GET {_API}/openOrderList", _fixed(6), signed=trading.nothing_listed),
    Operation("allOrderLists", f"GET {_API}/allOrderList", _fixed(20), signed=trading.nothing_listed),
    Operation(
        "myPreventedMatches", f"GET {_API}/myPreventedMatches", _fixed(2), signed=trading.nothing_listed
    ),
    Operation("myAllocations", f"GET {_API}/myAllocations", _fixed(20), signed=trading.nothing_listed),
    Operation("order.amendments", f"GET {_API}/order/amendments", _fixed(4), signed=trading.nothing_listed),
    Operation(
        "sapi.apiRestrictions",
        "GET /sapi/v1/account/apiRestrictions",
        _fixed(1),
        signed=trading.api_restrictions,
    ),
    Operation("sapi.coins", "GET /sapi/v1/capital/config/getall", _fixed(10), signed=trading.coins),
)
BY_NAME = {operation.name: operation for operation in OPERATIONS if not operation.name.startswith("sapi.")}
BY_ENDPOINT = {operation.endpoint: operation for operation in OPERATIONS}
# Answers of what a general client asks for beside Spot: nothing is listed there.
EMPTY_ENDPOINTS: dict[str, object] = {
    "GET /sapi/v1/margin/allPairs": [],
    "GET /sapi/v1/margin/isolated/allPairs": [],
    "GET /sapi/v1/system/status": {"status": 0, "msg": "normal"},
    "GET /fapi/v1/exchangeInfo": {"timezone": "UTC", "rateLimits": [], "exchangeFilters": [], "symbols": []},
    "GET /dapi/v1/exchangeInfo": {"timezone": "UTC", "rateLimits": [], "exchangeFilters": [], "symbols": []},
    "GET /eapi/v1/exchangeInfo": {"timezone": "UTC", "optionContracts": [], "optionSymbols": []},
}
REMOVED_PATHS = frozenset({"/api/v3/userDataStream", "/api/v1/userDataStream"})
