"""The busiest second of a recorded spot market, as often as wanted, as a market for the canned venue.

Its frames are the venue's own, with later ids in each repetition. Between two repetitions one made-up diff
puts the book back to where the second began, so that every repetition is as the first one was.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.bench.market import Market, frame, kept
from veloz_tui.sim.recording import Frame, Recording, load

FILE = Path(__file__).parents[3] / "shared/data/binance_spot/hft_spot_btcusdt_20240808.gz"
_IDS = re.compile(rb'"([Uut])":(\d+)')
Levels = dict[str, str]


class _Diff(msgspec.Struct):
    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _Book:
    """Sizes by price, as the wire's text."""

    def __init__(self, bids: Levels, asks: Levels, last_id: int) -> None:
        self.bids, self.asks, self.last_id = bids, asks, last_id

    def follow(self, frames: Sequence[Frame]) -> None:
        for one in frames:
            if "@depth" in one.stream:
                diff = msgspec.json.decode(one.payload, type=_Diff)
                if diff.u > self.last_id:
                    self._apply(diff)

    def _apply(self, diff: _Diff) -> None:
        for levels, changes in ((self.bids, diff.b), (self.asks, diff.a)):
            levels.update(changes)
            for price, size in changes:
                if not float(size):
                    del levels[price]
        self.last_id = diff.u


def busiest_second(repetitions: int) -> Path:
    """Its market file for `serving`. Every repetition has as many messages."""
    return kept(f"busiest-second-{repetitions}", lambda: _market(load(str(FILE)), repetitions))


def _market(recording: Recording, repetitions: int) -> Market:
    start, end = _busiest(recording.frames)
    window = recording.frames[start:end]
    before, after = _first_book(recording), _first_book(recording)
    before.follow(recording.frames[:start])
    after.follow(recording.frames[:end])
    span = max(_last_number(window, "Uu") - before.last_id, len(window)) + 1
    frames, ends, at_s = bytearray(), [], []
    for number in range(repetitions):
        for one in window:
            frames += frame(_moved(one.combined, number * span))
            ends.append(len(frames))
            at_s.append(number + one.at_s - window[0].at_s)
        back = _back(before, after, first_id=after.last_id + 1, last_id=before.last_id + span)
        frames += frame(_moved(back, number * span))
        ends.append(len(frames))
        at_s.append(at_s[-1])
    # Nobody compares the end of this one: every repetition ends where it began.
    return Market(_snapshot(before), bytes(frames), ends, [], (0.0, 0.0), (0.0, 0.0), at_s)


def _busiest(frames: Sequence[Frame]) -> tuple[int, int]:
    best, start = (0, 0), 0
    for end, one in enumerate(frames, 1):
        while one.at_s - frames[start].at_s >= 1:
            start += 1
        if end - start > best[1] - best[0]:
            best = start, end
    return best


def _first_book(recording: Recording) -> _Book:
    ((_, snapshot),) = recording.snapshots.items()
    bids, asks = (
        {f"{price:.8f}": f"{size:.8f}" for price, size in levels} for levels in (snapshot.bids, snapshot.asks)
    )
    return _Book(bids, asks, snapshot.lastUpdateId)


def _last_number(frames: Sequence[Frame], names: str) -> int:
    found = (pair for one in frames for pair in _IDS.findall(one.payload))
    return max(int(number) for name, number in found if name.decode() in names)


def _moved(text: bytes, by: int) -> bytes:
    return _IDS.sub(lambda found: b'"%s":%d' % (found[1], int(found[2]) + by), text)


def _back(before: _Book, after: _Book, *, first_id: int, last_id: int) -> bytes:
    bids, asks = _changes(after.bids, before.bids), _changes(after.asks, before.asks)
    data = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first_id, "u": last_id, "b": bids, "a": asks}
    return msgspec.json.encode({"stream": "btcusdt@depth@100ms", "data": data})


def _changes(now: Levels, wanted: Levels) -> list[tuple[str, str]]:
    gone = [(price, "0.00000000") for price in now if price not in wanted]
    return gone + [(price, size) for price, size in wanted.items() if now.get(price) != size]


def _snapshot(book: _Book) -> bytes:
    return msgspec.json.encode({
        "lastUpdateId": book.last_id,
        "bids": sorted(book.bids.items(), key=lambda level: -float(level[0])),
        "asks": sorted(book.asks.items(), key=lambda level: float(level[0])),
    })  # fmt: skip
