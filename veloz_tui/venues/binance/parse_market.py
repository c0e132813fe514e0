"""Binance Spot's public streams and snapshots, from bytes to book changes and reports. Pure, and the hot
path.
"""

import msgspec

from veloz_tui.domain.book import Level
from veloz_tui.domain.reports import TopOfBook, TradePrinted
from veloz_tui.domain.types import MILLISECOND, InstrumentId, Nanos, Side
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.decoding import Shape
from veloz_tui.venues.book_sync import Change

_DEPTH = Shape(wire.DepthFrame, "depth update")
_TICKER = Shape(wire.BookTickerFrame, "book ticker")
_TRADE = Shape(wire.TradeFrame, "trade")
_FRAME = Shape(wire.StreamFrame, "stream frame")
_SNAPSHOT = Shape(wire.DepthSnapshot, "depth snapshot")
_TIME = Shape(wire.ServerTime, "server time")

_NAME_PREFIX = b'{"stream":"'
_LONGEST_NAME = 120


class Snapshot(msgspec.Struct):
    last_id: int
    bids: list[Level]
    asks: list[Level]


class PublicTrade(msgspec.Struct):
    """The report with the venue's trade id, which rises by one a trade."""

    trade_id: int
    report: TradePrinted


def stream_name(frame: bytes) -> bytes | None:
    """The stream of a combined frame, read without decoding it; None where it isn't spelled as usual."""
    if not frame.startswith(_NAME_PREFIX):
        return None
    start = len(_NAME_PREFIX)
    end = frame.find(b'"', start, start + _LONGEST_NAME)
    return frame[start:end] if end > 0 else None


def stream_frame(frame: bytes) -> wire.StreamFrame:
    """Any frame of a combined stream: data, the answer to a SUBSCRIBE, or a notice."""
    return _FRAME.decode(frame)


def depth(frame: bytes) -> Change:
    found = _DEPTH.decode(frame).data
    return Change(found.first_id, found.last_id, found.bids, found.asks, Nanos(found.venue_ms * MILLISECOND))


def top_of_book(frame: bytes, instrument_id: InstrumentId) -> TopOfBook | None:
    """None while one side is empty."""
    found = _TICKER.decode(frame).data
    if not (found.bid_price and found.ask_price):
        return None
    return TopOfBook(
        instrument_id,
        found.update_id,
        (found.bid_price, found.bid_size),
        (found.ask_price, found.ask_size),
    )


def trade(frame: bytes, instrument_id: InstrumentId) -> PublicTrade:
    found = _TRADE.decode(frame).data
    report = TradePrinted(
        instrument_id,
        found.price,
        found.quantity,
        Side.SELL if found.is_buyer_maker else Side.BUY,
        Nanos(found.venue_ms * MILLISECOND),
    )
    return PublicTrade(found.trade_id, report)


def snapshot(body: bytes) -> Snapshot:
    found = _SNAPSHOT.decode(body)
    return Snapshot(found.last_update_id, found.bids, found.asks)


def server_time_ms(body: bytes) -> int:
    return _TIME.decode(body).server_time
