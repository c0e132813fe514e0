"""python-binance's AsyncClient, socket and depth managers, unmodified, behind the conversation's words.

Only its base URLs are changed, through the class attributes it has for them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine

from binance import AsyncClient, BinanceSocketManager, DepthCacheManager
from binance.exceptions import BinanceAPIException

from tests.clients.script import Fields, Handler, converse

BOOKS_KEPT = 200
LEVELS = 1000
STATUS = {"NEW": "OPEN", "PARTIALLY_FILLED": "OPEN"}
TYPE = {"LIMIT_MAKER": "LIMIT", "STOP_LOSS_LIMIT": "STOP_LIMIT"}
WIRE_TYPE = {"limit": "LIMIT", "ioc": "LIMIT", "fok": "LIMIT", "post_only": "LIMIT_MAKER"}
Json = dict[str, object]
Wire = dict[str, str]
"""One of the venue's own objects: this client hands them out as they came."""


class PythonBinance:
    def __init__(self) -> None:
        self.client: AsyncClient
        self.sockets: BinanceSocketManager
        self.books: deque[Json] = deque(maxlen=BOOKS_KEPT)
        self.prints: list[Json] = []
        self.orders: dict[str, Json] = {}
        self.fills: dict[str, Json] = {}
        self.balances: dict[str, list[str]] = {}
        self._following: list[asyncio.Task[None]] = []

    def handlers(self) -> dict[str, Handler]:
        return {
            "connect": self.connect,
            "rules": self.rules,
            "ticker": self.ticker,
            "book": self.book,
            "recent_prints": self.recent_prints,
            "candles": self.candles,
            "follow_market": self.follow_market,
            "books": self.followed_books,
            "prints": self.followed_prints,
            "follow_user": self.follow_user,
            "user_orders": self.user_orders,
            "user_fills": self.user_fills,
            "user_balances": self.user_balances,
            "account_balances": self.account_balances,
            "place": self.place,
            "place_raw": self.place_raw,
            "replace": self.replace,
            "order": self.order,
            "open_orders": self.open_orders,
            "cancel": self.cancel,
            "cancel_all": self.cancel_all,
            "fills": self.my_fills,
            "listen_key": self.listen_key,
        }

    async def connect(self, fields: Fields) -> object:
        """`secret`: an HMAC secret or an Ed25519 private key as PEM."""
        AsyncClient.API_URL = fields["http"] + "/api"
        AsyncClient.WS_API_URL = fields["sockets"] + "/ws-api/v3"
        BinanceSocketManager.STREAM_URL = fields["sockets"] + "/"
        secret = fields["secret"]
        keys = {"private_key": secret} if "PRIVATE KEY" in secret else {"api_secret": secret}
        self.client = await AsyncClient.create(fields["api_key"], **keys)
        self.sockets = BinanceSocketManager(self.client)
        await self.client.get_account()
        return len((await self.client.get_exchange_info())["symbols"])

    # Public data

    async def rules(self, fields: Fields) -> object:
        info = await self.client.get_symbol_info(fields["symbol"])
        filters = {one["filterType"]: one for one in info["filters"]}
        price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
        return {
            "tick_size": price["tickSize"],
            "lot_size": lot["stepSize"],
            "min_notional": filters["NOTIONAL"]["minNotional"],
            "min_quantity": lot["minQty"],
            "max_quantity": lot["maxQty"],
            "min_price": price["minPrice"],
            "max_price": price["maxPrice"],
            "is_trading": info["status"] == "TRADING",
        }

    async def ticker(self, fields: Fields) -> object:
        found = await self.client.get_ticker(symbol=fields["symbol"])
        return {
            "bid": found["bidPrice"],
            "bid_quantity": found["bidQty"],
            "ask": found["askPrice"],
            "ask_quantity": found["askQty"],
            "last": found["lastPrice"],
        }

    async def book(self, fields: Fields) -> object:
        ask = self.client.ws_get_order_book if fields["wire"] == "ws" else self.client.get_order_book
        found = await ask(symbol=fields["symbol"], limit=int(fields["levels"]))
        sides = ([[float(price), float(total)] for price, total in found[name]] for name in ("bids", "asks"))
        bids, asks = sides
        return {"update_id": found["lastUpdateId"], "bids": bids, "asks": asks}

    async def recent_prints(self, fields: Fields) -> object:
        """`kind`: `trades` or `aggregates`."""
        if fields["kind"] == "aggregates":
            found = await self.client.get_aggregate_trades(symbol=fields["symbol"], limit=50)
            return [_print(one["a"], one["p"], one["q"], is_sell=one["m"]) for one in found]
        found = await self.client.get_recent_trades(symbol=fields["symbol"], limit=50)
        return [_print(one["id"], one["price"], one["qty"], is_sell=one["isBuyerMaker"]) for one in found]

    async def candles(self, fields: Fields) -> object:
        """Open time, open, high, low, close, volume."""
        ask = self.client.get_klines
        found = await ask(symbol=fields["symbol"], interval="1m", limit=int(fields["limit"]))
        return [one[:6] for one in found]

    async def follow_market(self, fields: Fields) -> None:
        symbol = fields["symbol"]
        manager = DepthCacheManager(self.client, symbol, limit=LEVELS, ws_interval=100, bm=self.sockets)
        trades = self.sockets.trade_socket(symbol)
        await manager.__aenter__()
        await trades.__aenter__()

        async def book() -> None:
            cache = await manager.recv()
            bids, asks = cache.get_bids(), cache.get_asks()
            # The only way to tell which update the cache stands at.
            self.books.append({"update_id": manager._last_update_id, "bids": bids, "asks": asks})

        async def trade() -> None:
            found = await trades.recv()
            self.prints.append(_print(found["t"], found["p"], found["q"], is_sell=found["m"]))

        self._follow(book)
        self._follow(trade)

    async def followed_books(self, _fields: Fields) -> object:
        """All since the last time."""
        found = list(self.books)
        self.books.clear()
        return found

    async def followed_prints(self, _fields: Fields) -> object:
        return self.prints

    # Our account, told by the user stream

    async def follow_user(self, _fields: Fields) -> None:
        user = self.sockets.user_socket()
        await user.__aenter__()

        async def event() -> None:
            found = await user.recv()
            if found["e"] == "executionReport":
                order = _reported_order(found)
                self.orders[str(order["client_id"])] = order
                if found["x"] == "TRADE":
                    self.fills[str(found["t"])] = _reported_fill(found)
            elif found["e"] == "outboundAccountPosition":
                self.balances |= {one["a"]: [one["f"], one["l"]] for one in found["B"]}

        self._follow(event)

    async def user_orders(self, _fields: Fields) -> object:
        return self.orders

    async def user_fills(self, _fields: Fields) -> object:
        return list(self.fills.values())

    async def user_balances(self, _fields: Fields) -> object:
        return self.balances

    # Our account, asked for

    async def account_balances(self, fields: Fields) -> object:
        found = await (self.client.ws_get_account if fields["wire"] == "ws" else self.client.get_account)()
        return {one["asset"]: [one["free"], one["locked"]] for one in found["balances"]}

    async def place(self, fields: Fields) -> object:
        kind = fields["kind"]
        params = {"symbol": fields["symbol"], "side": fields["side"], "newClientOrderId": fields["client_id"]}
        if kind == "market_cost":
            params |= {"type": "MARKET", "quoteOrderQty": fields["cost"]}
        elif kind == "market":
            params |= {"type": "MARKET", "quantity": fields["quantity"]}
        else:
            params |= {"type": WIRE_TYPE.get(kind, "STOP_LOSS_LIMIT")}
            params |= {"quantity": fields["quantity"], "price": fields["price"]}
            if kind != "post_only":
                params["timeInForce"] = kind.upper() if kind in ("ioc", "fok") else "GTC"
            if kind == "stop_limit":
                params["stopPrice"] = fields["stop_price"]
        create = self.client.ws_create_order if fields["wire"] == "ws" else self.client.create_order
        return _order(await create(**params))

    async def place_raw(self, fields: Fields) -> object:
        return await self.client.create_order(**fields)

    async def replace(self, fields: Fields) -> object:
        """Cancel `venue_id` and place another limit order."""
        client = self.client
        is_socket = fields["wire"] == "ws"
        replace = client.ws_cancel_and_replace_order if is_socket else client.cancel_replace_order
        params = {name: fields[name] for name in ("symbol", "side", "quantity", "price")}
        params |= {"type": "LIMIT", "timeInForce": "GTC", "newClientOrderId": fields["client_id"]}
        params |= {"cancelOrderId": fields["venue_id"], "cancelReplaceMode": "STOP_ON_FAILURE"}
        return _order((await replace(**params))["newOrderResponse"])

    async def order(self, fields: Fields) -> object:
        ask = self.client.ws_get_order if fields["wire"] == "ws" else self.client.get_order
        return _order(await ask(symbol=fields["symbol"], origClientOrderId=fields["client_id"]))

    async def open_orders(self, fields: Fields) -> object:
        ask = self.client.ws_get_open_orders if fields["wire"] == "ws" else self.client.get_open_orders
        return [_order(one) for one in await ask(symbol=fields["symbol"])]

    async def cancel(self, fields: Fields) -> object:
        cancel = self.client.ws_cancel_order if fields["wire"] == "ws" else self.client.cancel_order
        params = {"symbol": fields["symbol"]}
        if "client_id" in fields:
            params["origClientOrderId"] = fields["client_id"]
        else:
            params["orderId"] = fields["venue_id"]
        return _order(await cancel(**params))

    async def cancel_all(self, fields: Fields) -> object:
        client = self.client
        is_socket = fields["wire"] == "ws"
        cancel = client.ws_cancel_all_open_orders if is_socket else client.cancel_all_open_orders
        return [_order(one) for one in await cancel(symbol=fields["symbol"])]

    async def my_fills(self, fields: Fields) -> object:
        ask = self.client.ws_get_my_trades if fields["wire"] == "ws" else self.client.get_my_trades
        return [_fill(one) for one in await ask(symbol=fields["symbol"])]

    async def listen_key(self, _fields: Fields) -> object:
        """What the venue removed; the client still has the call."""
        return await self.client.stream_get_listen_key()

    def _follow(self, once: Callable[[], Coroutine[object, object, None]]) -> None:
        async def follow() -> None:
            while True:
                await once()

        self._following.append(asyncio.create_task(follow()))


# The venue's objects, in the conversation's words.


def _print(trade_id: object, price: str, quantity: str, *, is_sell: bool) -> Json:
    taker = "SELL" if is_sell else "BUY"
    return {"trade_id": str(trade_id), "price": price, "quantity": quantity, "taker": taker}


def _order(found: Wire) -> Json:
    # A bare acknowledgment has only the ids; a cancel's answer names the cancel in clientOrderId.
    kind, status = found.get("type"), found.get("status")
    return {
        "client_id": found.get("origClientOrderId") or found["clientOrderId"],
        "venue_id": str(found["orderId"]),
        "symbol": found["symbol"],
        "side": found.get("side"),
        "type": TYPE.get(kind, kind) if kind else None,
        "post_only": kind == "LIMIT_MAKER" if kind else None,
        "time_in_force": found.get("timeInForce"),
        "status": STATUS.get(status, status) if status else None,
        "quantity": found.get("origQty"),
        "filled": found.get("executedQty"),
        "price": _positive(found.get("price")),
        "stop_price": _positive(found.get("stopPrice")),
        "cost": found.get("cummulativeQuoteQty"),
    }


def _reported_order(found: Wire) -> Json:
    kind, status = found["o"], found["X"]
    return {
        "client_id": found["C"] or found["c"],
        "venue_id": str(found["i"]),
        "symbol": found["s"],
        "side": found["S"],
        "type": TYPE.get(kind, kind),
        "post_only": kind == "LIMIT_MAKER",
        "time_in_force": found["f"],
        "status": STATUS.get(status, status),
        "quantity": found["q"],
        "filled": found["z"],
        "price": _positive(found["p"]),
        "stop_price": _positive(found["P"]),
        "cost": found["Z"],
    }


def _positive(price: str | None) -> str | None:
    return price if price and float(price) else None


def _fill(found: Wire) -> Json:
    return {
        "trade_id": str(found["id"]),
        "venue_id": str(found["orderId"]),
        "side": "BUY" if found["isBuyer"] else "SELL",
        "price": found["price"],
        "quantity": found["qty"],
        "fee": found["commission"],
        "fee_asset": found["commissionAsset"],
        "is_maker": found["isMaker"],
    }


def _reported_fill(found: Wire) -> Json:
    return {
        "trade_id": str(found["t"]),
        "venue_id": str(found["i"]),
        "side": found["S"],
        "price": found["L"],
        "quantity": found["l"],
        "fee": found["n"],
        "fee_asset": found["N"],
        "is_maker": found["m"],
    }


if __name__ == "__main__":
    asyncio.run(converse(PythonBinance().handlers(), refusals=(BinanceAPIException,)))
