"""Turns what happened in a book into the venue's market streams, at the venue's cadence."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from veloz_tui.sim.exchange import Exchange, Listing
from veloz_tui.sim.market_methods import aggregated_trade, day_statistics, snapshot
from veloz_tui.sim.numbers import text
from veloz_tui.sim.stream_hub import StreamHub
from veloz_tui.sim.tape import INTERVALS_MS, AggregatedTrade, Candle, PublicTrade

Level = tuple[str, str]
PARTIAL_DEPTHS = (5, 10, 20)


class _DepthWindow:
    # The changes of one symbol since the last diff of one cadence.
    __slots__ = ("asks", "bids", "first_id", "last_id")

    def __init__(self, last_id: int) -> None:
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.first_id = last_id + 1
        self.last_id = last_id

    def take(self, symbol: str, now: int) -> dict[str, object] | None:
        if self.last_id < self.first_id:
            return None
        payload: dict[str, object] = {
            "e": "depthUpdate",
            "E": now,
            "s": symbol,
            "U": self.first_id,
            "u": self.last_id,
            "b": _levels(self.bids, descending=True),
            "a": _levels(self.asks, descending=False),
        }
        self.first_id = self.last_id + 1
        self.bids, self.asks = {}, {}
        return payload


class Publisher:
    """`on_step` sends what goes out in real time; the two `flush` methods are called by timers."""

    def __init__(self, exchange: Exchange, hub: StreamHub) -> None:
        self._exchange = exchange
        self._hub = hub
        self._best: dict[str, object] = {}
        self._windows: dict[str, tuple[_DepthWindow, _DepthWindow]] = {}
        self._seconds = 0

    def on_step(self, symbol: str, trades: list[PublicTrade], aggregated: list[AggregatedTrade]) -> None:
        hub, name, now = self._hub, symbol.lower(), self._exchange.clock.ms()
        if trades and hub.has(f"{name}@trade"):
            for trade in trades:
                hub.publish(f"{name}@trade", _trade(symbol, trade, now), symbol=symbol, kind="trade")
        if aggregated and hub.has(f"{name}@aggTrade"):
            for one in aggregated:
                payload = {"e": "aggTrade", "E": now, "s": symbol} | aggregated_trade(one)
                hub.publish(f"{name}@aggTrade", payload, symbol=symbol, kind="aggTrade")
        self._publish_best(self._exchange.listings[symbol], symbol, name)

    def flush_depth(self) -> None:
        """Every 100 ms."""
        for symbol, listing in self._exchange.listings.items():
            self._collect(symbol, listing)
            payload = self._windows[symbol][0].take(symbol, self._exchange.clock.ms())
            if payload is not None:
                name = symbol.lower()
                self._hub.publish(f"{name}@depth@100ms", payload, symbol=symbol, kind="depth")
                self._publish_partial(listing, name, "@100ms")

    def flush_second(self) -> None:
        """Every second, right after `flush_depth`."""
        self._seconds += 1
        now = self._exchange.clock.ms()
        minis = []
        for symbol, listing in self._exchange.listings.items():
            name = symbol.lower()
            self._collect(symbol, listing)
            payload = self._windows[symbol][1].take(symbol, now)
            if payload is not None:
                for suffix in ("", "@1000ms"):
                    self._hub.publish(f"{name}@depth{suffix}", payload, symbol=symbol, kind="depth")
            self._publish_partial(listing, name, "")
            self._publish_candles(listing, name, now)
            if any(self._hub.has(stream) for stream in (f"{name}@ticker", f"{name}@miniTicker")):
                self._publish_tickers(listing, name, now)
            if self._hub.has("!miniTicker@arr"):
                minis.append(_mini(day_statistics(listing, now), now))
        if minis:
            self._hub.publish("!miniTicker@arr", minis, symbol="", kind="miniTicker")

    def _collect(self, symbol: str, listing: Listing) -> None:
        book = listing.book
        windows = self._windows.get(symbol)
        if windows is None:
            book.take_changes()
            windows = self._windows[symbol] = (_DepthWindow(book.update_id), _DepthWindow(book.update_id))
            return
        if not book.has_changes():
            return
        bids, asks = book.take_changes()
        for window in windows:
            window.bids |= bids
            window.asks |= asks
            window.last_id = book.update_id

    def _publish_best(self, listing: Listing, symbol: str, name: str) -> None:
        book = listing.book
        bid, ask = book.best("BUY"), book.best("SELL")
        if self._best.get(symbol) == (bid, ask) or bid is None or ask is None:
            return
        self._best[symbol] = (bid, ask)
        stream = f"{name}@bookTicker"
        if self._hub.has(stream):
            payload = {
                "u": book.update_id,
                "s": symbol,
                "b": text(bid[0]),
                "B": text(bid[1]),
                "a": text(ask[0]),
                "A": text(ask[1]),
            }
            self._hub.publish(stream, payload, symbol=symbol, kind="bookTicker")

    def _publish_partial(self, listing: Listing, name: str, suffix: str) -> None:
        for levels in PARTIAL_DEPTHS:
            stream = f"{name}@depth{levels}{suffix}"
            if self._hub.has(stream):
                payload = snapshot(listing, levels)
                self._hub.publish(stream, payload, symbol=listing.instrument.symbol, kind="partial")

    def _publish_candles(self, listing: Listing, name: str, now: int) -> None:
        for interval in INTERVALS_MS:
            stream = f"{name}@kline_{interval}"
            if (interval == "1s" or self._seconds % 2 == 0) and self._hub.has(stream):
                candle = listing.tape.current(interval)
                if candle is not None:
                    payload = _candle(listing.instrument.symbol, candle, interval, now)
                    self._hub.publish(stream, payload, symbol=listing.instrument.symbol, kind="kline")

    def _publish_tickers(self, listing: Listing, name: str, now: int) -> None:
        row = day_statistics(listing, now)
        symbol = listing.instrument.symbol
        self._hub.publish(f"{name}@ticker", _ticker(row, now), symbol=symbol, kind="ticker")
        self._hub.publish(f"{name}@miniTicker", _mini(row, now), symbol=symbol, kind="miniTicker")


def _levels(changes: dict[Decimal, Decimal], *, descending: bool) -> list[Level]:
    ordered: Iterable[tuple[Decimal, Decimal]] = sorted(changes.items(), reverse=descending)
    return [(text(price), text(total)) for price, total in ordered]


def _trade(symbol: str, trade: PublicTrade, now: int) -> dict[str, object]:
    return {
        "e": "trade",
        "E": now,
        "s": symbol,
        "t": trade.trade_id,
        "p": text(trade.price),
        "q": text(trade.quantity),
        "T": trade.time,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def _candle(symbol: str, candle: Candle, interval: str, now: int) -> dict[str, object]:
    end = candle.open_time + INTERVALS_MS[interval] - 1
    return {
        "e": "kline",
        "E": now,
        "s": symbol,
        "k": {
            "t": candle.open_time,
            "T": end,
            "s": symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": text(candle.open),
            "c": text(candle.close),
            "h": text(candle.high),
            "l": text(candle.low),
            "v": text(candle.volume),
            "n": candle.count,
            "x": now > end,
            "q": text(candle.quote_volume),
            "V": text(candle.taker_volume),
            "Q": text(candle.taker_quote_volume),
            "B": "0",
        },
    }


_MINI_FIELDS = {
    "s": "symbol",
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
}
_TICKER_FIELDS = _MINI_FIELDS | {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}


def _mini(row: dict[str, object], now: int) -> dict[str, object]:
    named = {short: row[name] for short, name in _MINI_FIELDS.items()}
    return {"e": "24hrMiniTicker", "E": now} | named


def _ticker(row: dict[str, object], now: int) -> dict[str, object]:
    named = {short: row[name] for short, name in _TICKER_FIELDS.items()}
    return {"e": "24hrTicker", "E": now} | named
