"""ccxt.pro's binance, unmodified, behind the conversation's words (ccxt.pro is also the whole of async ccxt).

Only its base URLs are changed, through the documented `urls`; numbers are kept as text (`number = str`).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Coroutine

import ccxt
import ccxt.pro

from tests.clients.script import Fields, Handler, converse

BOOKS_KEPT = 200
STATUS = {"open": "OPEN", "closed": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED"}
Json = dict[str, object]


class Ccxt:
    def __init__(self) -> None:
        self.exchange = ccxt.pro.binance()
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
        }

    async def connect(self, fields: Fields) -> object:
        """`secret`: an HMAC secret or an Ed25519 private key as PEM."""
        self.exchange = ccxt.pro.binance({"apiKey": fields["api_key"], "secret": fields["secret"]})
        self.exchange.number = str
        self.exchange.urls["api"] = _moved(self.exchange.urls["api"], fields["http"], fields["sockets"])
        await self.exchange.load_markets()
        return len(self.exchange.markets)

    # Public data

    async def rules(self, fields: Fields) -> object:
        market = self.exchange.markets_by_id[fields["symbol"]][0]
        amount, price, cost = (market["limits"][name] for name in ("amount", "price", "cost"))
        return {
            "tick_size": market["precision"]["price"],
            "lot_size": market["precision"]["amount"],
            "min_notional": cost["min"],
            "min_quantity": amount["min"],
            "max_quantity": amount["max"],
            "min_price": price["min"],
            "max_price": price["max"],
            "is_trading": market["active"],
        }

    async def ticker(self, fields: Fields) -> object:
        found = await self.exchange.fetch_ticker(self._unified(fields))
        return {
            "bid": found["bid"],
            "bid_quantity": found["bidVolume"],
            "ask": found["ask"],
            "ask_quantity": found["askVolume"],
            "last": found["last"],
        }

    async def book(self, fields: Fields) -> object:
        return _book(await self.exchange.fetch_order_book(self._unified(fields), int(fields["levels"])))

    async def recent_prints(self, fields: Fields) -> object:
        """`kind`: `trades`, or `aggregates`, the client's default."""
        method = {"trades": "publicGetTrades", "aggregates": "publicGetAggTrades"}[fields["kind"]]
        symbol, params = self._unified(fields), {"fetchTradesMethod": method}
        return [_print(one) for one in await self.exchange.fetch_trades(symbol, limit=50, params=params)]

    async def candles(self, fields: Fields) -> object:
        """Open time, open, high, low, close, volume."""
        return await self.exchange.fetch_ohlcv(self._unified(fields), "1m", limit=int(fields["limit"]))

    async def follow_market(self, fields: Fields) -> None:
        symbol = self._unified(fields)

        async def book() -> None:
            # Copied before anything else can run: the client goes on changing this very object.
            self.books.append(_book(await self.exchange.watch_order_book(symbol)))

        async def trades() -> None:
            self.prints += [_print(one) for one in await self.exchange.watch_trades(symbol)]

        # The first answers: both subscriptions stand.
        await book()
        self._follow(book)
        self._follow(trades)

    async def followed_books(self, _fields: Fields) -> object:
        """All since the last time."""
        found = list(self.books)
        self.books.clear()
        return found

    async def followed_prints(self, _fields: Fields) -> object:
        return self.prints

    # Our account, told by the user stream

    async def follow_user(self, _fields: Fields) -> None:
        async def orders() -> None:
            for one in await self.exchange.watch_orders():
                found = _order(one)
                self.orders[str(found["client_id"])] = found

        async def fills() -> None:
            for one in await self.exchange.watch_my_trades():
                self.fills[one["id"]] = _fill(one)

        async def balances() -> None:
            self.balances = _balances(await self.exchange.watch_balance())

        for once in (orders, fills, balances):
            self._follow(once)

    async def user_orders(self, _fields: Fields) -> object:
        return self.orders

    async def user_fills(self, _fields: Fields) -> object:
        return list(self.fills.values())

    async def user_balances(self, _fields: Fields) -> object:
        return self.balances

    # Our account, asked for

    async def account_balances(self, fields: Fields) -> object:
        if fields["wire"] == "ws":
            # 4.5.90 parses this answer without the market type, so of Spot only the raw answer is left.
            found = (await self.exchange.fetch_balance_ws())["info"]["balances"]
            return {one["asset"]: [one["free"], one["locked"]] for one in found}
        return _balances(await self.exchange.fetch_balance())

    async def place(self, fields: Fields) -> object:
        side, kind = fields["side"].lower(), fields["kind"]
        params: dict[str, object] = {"clientOrderId": fields["client_id"]}
        if kind == "post_only":
            params["postOnly"] = True
        elif kind in ("ioc", "fok"):
            params["timeInForce"] = kind.upper()
        elif kind == "stop_limit":
            params["stopLossPrice"] = fields["stop_price"]
        elif kind == "market_cost":
            params["cost"] = fields["cost"]
        create = self.exchange.create_order_ws if fields["wire"] == "ws" else self.exchange.create_order
        word = "market" if kind.startswith("market") else "limit"
        quantity, price = fields.get("quantity", "0"), fields.get("price")
        return _order(await create(self._unified(fields), word, side, quantity, price, params))

    async def place_raw(self, fields: Fields) -> object:
        """The venue's own parameters: the unified call would round them first."""
        return await self.exchange.private_post_order(dict(fields))

    async def replace(self, fields: Fields) -> object:
        """Cancel `venue_id` and place another limit order."""
        replace = self.exchange.edit_order_ws if fields["wire"] == "ws" else self.exchange.edit_order
        terms = (fields["venue_id"], self._unified(fields), "limit", fields["side"].lower())
        params = {"newClientOrderId": fields["client_id"]}
        return _order(await replace(*terms, fields["quantity"], fields["price"], params))

    async def order(self, fields: Fields) -> object:
        ask = self.exchange.fetch_order_ws if fields["wire"] == "ws" else self.exchange.fetch_order
        return _order(await ask(None, self._unified(fields), {"clientOrderId": fields["client_id"]}))

    async def open_orders(self, fields: Fields) -> object:
        exchange = self.exchange
        ask = exchange.fetch_open_orders_ws if fields["wire"] == "ws" else exchange.fetch_open_orders
        return [_order(one) for one in await ask(self._unified(fields))]

    async def cancel(self, fields: Fields) -> object:
        cancel = self.exchange.cancel_order_ws if fields["wire"] == "ws" else self.exchange.cancel_order
        params = {"clientOrderId": fields["client_id"]} if "client_id" in fields else {}
        return _canceled(await cancel(fields.get("venue_id"), self._unified(fields), params))

    async def cancel_all(self, fields: Fields) -> object:
        exchange = self.exchange
        cancel = exchange.cancel_all_orders_ws if fields["wire"] == "ws" else exchange.cancel_all_orders
        return [_canceled(one) for one in await cancel(self._unified(fields))]

    async def my_fills(self, fields: Fields) -> object:
        ask = self.exchange.fetch_my_trades_ws if fields["wire"] == "ws" else self.exchange.fetch_my_trades
        return [_fill(one) for one in await ask(self._unified(fields))]

    def _unified(self, fields: Fields) -> str:
        return str(self.exchange.markets_by_id[fields["symbol"]][0]["symbol"])

    def _follow(self, once: Callable[[], Coroutine[object, object, None]]) -> None:
        async def follow() -> None:
            while True:
                await once()

        self._following.append(asyncio.create_task(follow()))


def _moved(urls: object, http: str, sockets: str) -> object:
    if isinstance(urls, dict):
        return {name: _moved(url, http, sockets) for name, url in urls.items()}
    if not isinstance(urls, str):
        return urls
    return re.sub(r"^wss://[^/]+", sockets, re.sub(r"^https://[^/]+", http, urls))


# The client's objects, in the conversation's words. `ccxt.Exchange`'s structures are plain dicts.


def _book(found: dict[str, object]) -> Json:
    bids, asks = (
        [[float(level[0]), float(level[1])] for level in _rows(found[side])] for side in ("bids", "asks")
    )
    return {"update_id": found["nonce"], "bids": bids, "asks": asks}


def _rows(levels: object) -> list[list[float]]:
    assert isinstance(levels, list)
    return levels


def _print(found: dict[str, object]) -> Json:
    taker = str(found["side"]).upper()
    return {"trade_id": found["id"], "price": found["price"], "quantity": found["amount"], "taker": taker}


def _order(found: dict[str, object]) -> Json:
    kind = str(found["type"]).upper()
    if found["stopPrice"] is not None and kind == "LIMIT":
        kind = "STOP_LIMIT"
    is_post_only = found["postOnly"]
    return {
        "client_id": found["clientOrderId"],
        "venue_id": found["id"],
        "symbol": str(found["symbol"]).replace("/", ""),
        "side": str(found["side"]).upper(),
        "type": kind,
        "post_only": is_post_only,
        # The client's own word for post-only.
        "time_in_force": "GTC" if found["timeInForce"] == "PO" else found["timeInForce"],
        "status": STATUS.get(str(found["status"]), found["status"]),
        "quantity": found["amount"],
        "filled": found["filled"],
        # The client puts the average price there.
        "price": None if kind == "MARKET" else found["price"],
        "stop_price": found["stopPrice"],
        "cost": found["cost"],
    }


def _canceled(found: dict[str, object]) -> Json:
    # Here the client shows the id of the cancel, not of the order.
    return _order(found) | {"client_id": None}


def _fill(found: dict[str, object]) -> Json:
    fee = found["fee"]
    assert isinstance(fee, dict)
    return {
        "trade_id": found["id"],
        "venue_id": found["order"],
        "side": str(found["side"]).upper(),
        "price": found["price"],
        "quantity": found["amount"],
        "fee": fee["cost"],
        "fee_asset": fee["currency"],
        "is_maker": found["takerOrMaker"] == "maker",
    }


def _balances(found: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    free, used = found["free"], found["used"]
    return {asset: [free[asset], used[asset]] for asset in free}


if __name__ == "__main__":
    asyncio.run(converse(Ccxt().handlers(), refusals=(ccxt.BaseError,)))
