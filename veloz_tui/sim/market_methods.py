"""Public methods: the same for REST and the WebSocket API (protocol sheet, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from veloz_tui.sim.binance_errors import VenueError, missing, unknown_symbol
from veloz_tui.sim.exchange import Exchange, Listing
from veloz_tui.sim.instruments import describe, exchange_filters, rate_limits
from veloz_tui.sim.numbers import ZERO, text
from veloz_tui.sim.placement import required, whole
from veloz_tui.sim.tape import DAY_MS, INTERVALS_MS, AggregatedTrade, Candle, PublicTrade, candle_row

Params = Mapping[str, str]
DEPTH_MAX = 5000
STATUSES = ("TRADING", "END_OF_DAY", "HALT", "BREAK", "CANCEL_ONLY")


def ping(_exchange: Exchange, _params: Params) -> object:
    return {}


def time(exchange: Exchange, _params: Params) -> object:
    return {"serverTime": exchange.clock.ms()}


def exchange_info(exchange: Exchange, params: Params) -> object:
    listings = _listings(exchange, params)
    status = params.get("symbolStatus")
    if status is not None and status not in STATUSES:
        raise VenueError(-1122, "Invalid symbolStatus.")
    instruments = [one.instrument for one in listings if status in (None, one.instrument.status)]
    wanted = _permissions(params)
    if wanted is not None and "SPOT" not in wanted:
        instruments = []
    return {
        "timezone": "UTC",
        "serverTime": exchange.clock.ms(),
        "rateLimits": rate_limits(exchange.limits),
        "exchangeFilters": exchange_filters(),
        "symbols": [describe(instrument) for instrument in instruments],
        "sors": [],
    }


def depth(exchange: Exchange, params: Params) -> object:
    listing = exchange.listing(required(params, "symbol"))
    return snapshot(listing, limit(params, default=100, most=DEPTH_MAX))


def snapshot(listing: Listing, levels: int) -> dict[str, object]:
    """The book as the REST snapshot and the partial depth streams show it."""
    book = listing.book
    return {
        "lastUpdateId": book.update_id,
        "bids": [(text(price), text(total)) for price, total in book.depth("BUY", levels)],
        "asks": [(text(price), text(total)) for price, total in book.depth("SELL", levels)],
    }


def trades(exchange: Exchange, params: Params) -> object:
    tape = exchange.listing(required(params, "symbol")).tape
    from_id = whole(params, "fromId")
    found = [trade for trade in tape.trades if from_id is None or trade.trade_id >= from_id]
    count = limit(params, default=500, most=1000)
    return [_trade(trade) for trade in (found[-count:] if from_id is None else found[:count])]


def aggregated_trades(exchange: Exchange, params: Params) -> object:
    tape = exchange.listing(required(params, "symbol")).tape
    from_id, start, end = (whole(params, name) for name in ("fromId", "startTime", "endTime"))
    found = [
        trade
        for trade in tape.aggregated
        if (from_id is None or trade.aggregate_id >= from_id) and _is_within(trade.time, start, end)
    ]
    count = limit(params, default=500, most=1000)
    picked = found[-count:] if from_id is None and start is None else found[:count]
    return [aggregated_trade(trade) for trade in picked]


def klines(exchange: Exchange, params: Params) -> object:
    tape = exchange.listing(required(params, "symbol")).tape
    interval = required(params, "interval")
    if interval not in INTERVALS_MS:
        raise VenueError(-1120, "Invalid interval.")
    start, end = whole(params, "startTime"), whole(params, "endTime")
    found = [one for one in tape.candles(interval) if _is_within(one.open_time, start, end)]
    count = limit(params, default=500, most=1000)
    picked = found[-count:] if start is None else found[:count]
    return [candle_row(candle, INTERVALS_MS[interval]) for candle in picked]


def average_price(exchange: Exchange, params: Params) -> object:
    listing = exchange.listing(required(params, "symbol"))
    now = exchange.clock.ms()
    price = listing.tape.average_price(now) or exchange.last_price(listing.instrument.symbol) or ZERO
    return {"mins": 5, "price": text(price), "closeTime": now}


def ticker_price(exchange: Exchange, params: Params) -> object:
    return _one_or_all(
        params,
        [
            {
                "symbol": listing.instrument.symbol,
                "price": text(exchange.last_price(listing.instrument.symbol) or ZERO),
            }
            for listing in _listings(exchange, params)
        ],
    )


def ticker_book(exchange: Exchange, params: Params) -> object:
    return _one_or_all(params, [_book_ticker(listing) for listing in _listings(exchange, params)])


def ticker_day(exchange: Exchange, params: Params) -> object:
    now = exchange.clock.ms()
    rows = [day_statistics(listing, now) for listing in _listings(exchange, params)]
    return _one_or_all(params, [_mini(row) for row in rows] if params.get("type") == "MINI" else rows)


def limit(params: Params, *, default: int, most: int) -> int:
    value = whole(params, "limit")
    if value is None:
        return default
    if value < 1:
        raise VenueError(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(value, most)


def symbol_count(params: Params) -> int | None:
    """How many symbols a request asks for; None stands for all."""
    if "symbol" in params:
        return 1
    return len(_symbol_list(params["symbols"])) if "symbols" in params else None


def day_statistics(listing: Listing, now: int) -> dict[str, object]:
    """The 24-hour ticker of the REST API."""
    day = listing.tape.day(now) or _flat(listing, now)
    change = day.close - day.open
    weighted = day.quote_volume / day.volume if day.volume else day.close
    bid, ask = listing.book.best("BUY"), listing.book.best("SELL")
    last = listing.tape.trades[-1].quantity if listing.tape.trades else ZERO
    return {
        "symbol": listing.instrument.symbol,
        "priceChange": text(change),
        "priceChangePercent": f"{change / day.open * 100 if day.open else ZERO:.3f}",
        "weightedAvgPrice": text(weighted),
        "prevClosePrice": text(day.open),
        "lastPrice": text(day.close),
        "lastQty": text(last),
        "bidPrice": text(bid[0] if bid else ZERO),
        "bidQty": text(bid[1] if bid else ZERO),
        "askPrice": text(ask[0] if ask else ZERO),
        "askQty": text(ask[1] if ask else ZERO),
        "openPrice": text(day.open),
        "highPrice": text(day.high),
        "lowPrice": text(day.low),
        "volume": text(day.volume),
        "quoteVolume": text(day.quote_volume),
        "openTime": now - DAY_MS,
        "closeTime": now,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.count,
    }


def aggregated_trade(trade: AggregatedTrade) -> dict[str, object]:
    return {
        "a": trade.aggregate_id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "f": trade.first_id,
        "l": trade.last_id,
        "T": trade.time,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def _trade(trade: PublicTrade) -> dict[str, object]:
    return {
        "id": trade.trade_id,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.price * trade.quantity),
        "time": trade.time,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def _book_ticker(listing: Listing) -> dict[str, object]:
    bid = listing.book.best("BUY") or (ZERO, ZERO)
    ask = listing.book.best("SELL") or (ZERO, ZERO)
    return {
        "symbol": listing.instrument.symbol,
        "bidPrice": text(bid[0]),
        "bidQty": text(bid[1]),
        "askPrice": text(ask[0]),
        "askQty": text(ask[1]),
    }


def _mini(row: dict[str, object]) -> dict[str, object]:
    names = ("symbol", "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume")
    times = ("openTime", "closeTime", "firstId", "lastId", "count")
    return {name: row[name] for name in (*names, *times)}


def _flat(listing: Listing, now: int) -> Candle:
    best = listing.book.best("BUY")
    price: Decimal = listing.book.last_price or (best[0] if best else ZERO)
    return Candle(now, price, price, price, price)


def _listings(exchange: Exchange, params: Params) -> list[Listing]:
    if "symbol" in params and "symbols" in params:
        raise VenueError(-1128, "Combination of optional parameters invalid.")
    if "symbol" in params:
        return [exchange.listing(required(params, "symbol"))]
    if "symbols" in params:
        return [exchange.listing(symbol) for symbol in _symbol_list(params["symbols"])]
    return list(exchange.listings.values())


def _symbol_list(raw: str) -> list[str]:
    try:
        symbols = msgspec.json.decode(raw, type=list[str])
    except msgspec.DecodeError:
        raise VenueError(-1100, "Illegal characters found in parameter 'symbols'.") from None
    if not symbols or len(set(symbols)) != len(symbols):
        raise missing("symbols") if not symbols else unknown_symbol()
    return symbols


def _permissions(params: Params) -> list[str] | None:
    raw = params.get("permissions")
    if raw is None:
        return None
    if not raw.startswith("["):
        return [raw]
    try:
        return msgspec.json.decode(raw, type=list[str])
    except msgspec.DecodeError:
        raise VenueError(-1100, "Illegal characters found in parameter 'permissions'.") from None


def _one_or_all(params: Params, rows: list[dict[str, object]]) -> object:
    return rows[0] if "symbol" in params else rows


def _is_within(moment: int, start: int | None, end: int | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment <= end)
