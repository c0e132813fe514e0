"""Recorded traffic replayed through parse, book_sync and the book, against the venue's own best bid and ask.

bookTicker shares depth's update ids: where a ticker's id equals the id a depth event ended on, the replayed
best bid and ask must equal it, price and size.
"""

import json
from collections.abc import Iterator

import msgspec
import pytest

from tests.venues import recorded
from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.reports import BookDelta, BookSnapshot, BookStale, TopOfBook
from veloz_tui.domain.types import InstrumentId
from veloz_tui.venues.binance import parse_market
from veloz_tui.venues.binance.parse import VENUE
from veloz_tui.venues.book_sync import BookSync, BookUpdate


class Replay:
    """One instrument's book, fed as the adapter feeds it."""

    def __init__(self, symbol: str) -> None:
        self.instrument: InstrumentId = instrument_id(symbol=symbol, venue=VENUE)
        self.sync = BookSync(self.instrument, jitter=lambda: 0.0)
        self.book = OrderBook()
        self.tops: dict[int, TopOfBook] = {}
        self.compared = 0
        self.mismatches: list[str] = []
        self.crossed = 0
        self.stale: list[str] = []
        self.sync.restart("start")

    def depth(self, frame: bytes) -> None:
        self.take(self.sync.on_change(parse_market.depth(frame)))

    def snapshot(self, body: bytes) -> None:
        found = parse_market.snapshot(body)
        self.take(
            self.sync.on_snapshot(
                epoch=self.sync.epoch, last_id=found.last_id, bids=found.bids, asks=found.asks
            )
        )

    def ticker(self, frame: bytes) -> None:
        top = parse_market.top_of_book(frame, self.instrument)
        assert top is not None
        self.tops[top.update_id] = top
        self.compare()

    def take(self, updates: tuple[BookUpdate, ...]) -> None:
        for update in updates:
            match update:
                case BookSnapshot():
                    self.book.replace(bids=update.bids, asks=update.asks, update_id=update.update_id)
                case BookDelta():
                    self.book.apply(bids=update.bids, asks=update.asks, update_id=update.update_id)
                case BookStale():
                    self.stale.append(update.reason)
            self.crossed += self.book.is_crossed
            self.compare()

    def compare(self) -> None:
        top = self.tops.pop(self.book.update_id, None) if self.sync.is_live else None
        if top is None:
            return
        self.compared += 1
        if (self.book.best_bid, self.book.best_ask) != (top.bid, top.ask):
            self.mismatches.append(f"{top.update_id}: {self.book.best_bid} {self.book.best_ask} / {top}")


def feed(replay: Replay, frame: bytes) -> None:
    name = parse_market.stream_name(frame)
    if name is None:
        if b'"lastUpdateId"' in frame[:30]:
            replay.snapshot(frame)
    elif b"@depth" in name:
        replay.depth(frame)
    elif name.endswith(b"@bookTicker"):
        replay.ticker(frame)


@pytest.fixture(scope="module")
def btcusdt() -> Replay:
    replay = Replay("BTCUSDT")
    for _, frame in recorded.stamped_lines("binance_spot/hft_spot_btcusdt_20240808.gz"):
        feed(replay, frame)
    return replay


def test_the_replayed_book_equals_the_venues_best_prices_at_every_exact_point(btcusdt: Replay) -> None:
    assert btcusdt.compared > 500
    assert btcusdt.mismatches == []


def test_the_recording_has_no_gap_and_the_book_never_crosses(btcusdt: Replay) -> None:
    assert btcusdt.sync.gaps == 0
    assert btcusdt.stale == []
    assert btcusdt.crossed == 0


def test_a_dropped_change_is_noticed_and_a_new_snapshot_asked_for() -> None:
    replay, dropped = Replay("BTCUSDT"), 0
    for _, frame in recorded.stamped_lines("binance_spot/hft_spot_btcusdt_20240808.gz"):
        if replay.sync.is_live and b"depthUpdate" in frame and not dropped:
            dropped += 1
            continue
        feed(replay, frame)
        if replay.stale:
            break
    assert dropped == 1
    assert replay.stale[0].startswith("gap")
    assert replay.sync.snapshot_after_s is not None


def cryptofeed_frames() -> Iterator[tuple[str, bytes]]:
    for record in recorded.json_lines("binance_spot/cryptofeed_BINANCE_20211012.jsonl.zst"):
        if record["t"] == "http" and "/depth?" in record["url"]:
            symbol = record["url"].partition("symbol=")[2].partition("&")[0]
            yield symbol, record["data"].encode()
        elif record["t"] == "recv":
            frame = record["data"].encode()
            yield json.loads(frame)["stream"].partition("@")[0].upper(), frame


def test_four_instruments_recorded_by_another_program_match_their_best_prices() -> None:
    replays = {symbol: Replay(symbol) for symbol in ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")}
    for symbol, frame in cryptofeed_frames():
        feed(replays[symbol], frame)
    assert all(replay.sync.is_live for replay in replays.values())
    assert sum(replay.compared for replay in replays.values()) > 5
    assert [line for replay in replays.values() for line in replay.mismatches] == []


def test_every_recorded_trade_decodes() -> None:
    count = 0
    for _, frame in recorded.stamped_lines("binance_spot/hft_spot_btcusdt_20240808.gz"):
        if (parse_market.stream_name(frame) or b"").endswith(b"@trade"):
            found = parse_market.trade(frame, instrument_id(symbol="BTCUSDT", venue=VENUE))
            trade, raw = found.report, msgspec.json.decode(frame)["data"]
            assert found.trade_id == raw["t"]
            assert (trade.price, trade.quantity) == (float(raw["p"]), float(raw["q"]))
            assert (trade.aggressor == "SELL") is raw["m"]
            count += 1
    assert count == 9757
