"""A generated market for load: depth updates of 35 level changes and 1,260 bytes, and the truth at its end.

The best bid's size names the message: FIRST_LOTS + its number, in lots of 0.00001. So an order of that size
says which update it answers, and a book can be checked at the end.
"""

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

FIRST_LOTS = 1_000
LOT = 100_000  # lots in one coin
FIRST_ID = 70_000_000_000
_MID = 6_712_345  # in ticks of 0.01
_LEVELS = 1_000
_CHANGES = (10, 60)


class Market(msgspec.Struct):
    """`frames` holds whole WebSocket frames, message k from ends[k-1] to ends[k]; `last_ids` their u.

    `at_s`: when each was received, of a recording only.
    """

    snapshot: bytes
    frames: bytes
    ends: list[int]
    last_ids: list[int]
    best_bid: tuple[float, float]
    best_ask: tuple[float, float]
    at_s: list[float] = []

    def frame(self, number: int) -> bytes:
        return self.frames[self.ends[number - 1] if number else 0 : self.ends[number]]


def market_file(count: int) -> Path:
    """Make it once; later calls find it."""
    return kept(f"market-{count}", lambda: generate(count))


def kept(name: str, make: Callable[[], Market]) -> Path:
    """The file of that name; it is made if it isn't there."""
    folder = Path(tempfile.gettempdir()) / f"veloz-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.msgpack"
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.msgpack.encode(make()))
        part.rename(path)
    return path


def load(path: Path) -> Market:
    return msgspec.msgpack.decode(path.read_bytes(), type=Market)


def generate(count: int, *, seed: int = 7) -> Market:
    rng = random.Random(seed)
    sides = _first_book(rng)
    snapshot = _snapshot(*sides)
    mid, last_id = _MID, FIRST_ID
    frames, ends, last_ids = bytearray(), [], []
    for number in range(count):
        moved = _walk(rng, mid)
        changes = _changes(rng, sides, mid, moved, FIRST_LOTS + number)
        mid, first_id = moved, last_id + 1
        last_id += rng.randint(35, 70)
        frames += frame(_message(number, first_id, last_id, *changes))
        ends.append(len(frames))
        last_ids.append(last_id)
    bid, ask = mid - 1, mid
    return Market(
        snapshot,
        bytes(frames),
        ends,
        last_ids,
        (float(_price(bid)), float(_size(sides[0][bid]))),
        (float(_price(ask)), float(_size(sides[1][ask]))),
    )


def frame(payload: bytes) -> bytes:
    """One unmasked text frame (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


Side = dict[int, int]


def _first_book(rng: random.Random) -> tuple[Side, Side]:
    bids = {_MID - 1 - rank - int(rng.expovariate(0.3)): rng.randint(1, 400_000) for rank in range(_LEVELS)}
    asks = {_MID + rank + int(rng.expovariate(0.3)): rng.randint(1, 400_000) for rank in range(_LEVELS)}
    bids[_MID - 1] = asks[_MID] = FIRST_LOTS
    return bids, asks


def _walk(rng: random.Random, mid: int) -> int:
    return mid + (rng.randint(-3, 3) if rng.random() < 0.3 else 0)


def _changes(
    rng: random.Random, sides: tuple[Side, Side], old: int, mid: int, name: int
) -> tuple[Side, Side]:
    bids: Side = {tick: 0 for tick in range(mid, old) if tick in sides[0]}
    asks: Side = {tick: 0 for tick in range(old, mid) if tick in sides[1]}
    bids[mid - 1] = name
    asks[mid] = rng.randint(1, 400_000)
    wanted = rng.randint(*_CHANGES)
    while len(bids) + len(asks) < wanted:
        rank = 1 + int(rng.expovariate(0.04) if rng.random() < 0.8 else rng.random() * 900)
        is_bid = rng.random() < 0.5
        tick, side, known = (mid - 1 - rank, bids, sides[0]) if is_bid else (mid + rank, asks, sides[1])
        side[tick] = 0 if tick in known and rng.random() < 0.3 else rng.randint(1, 400_000)
    for side, known in ((bids, sides[0]), (asks, sides[1])):
        for tick, lots in side.items():
            if lots:
                known[tick] = lots
            else:
                known.pop(tick, None)
    return bids, asks


def _message(number: int, first_id: int, last_id: int, bids: Side, asks: Side) -> bytes:
    head = f'{{"e":"depthUpdate","E":{1_790_000_000_000 + number},"s":"BTCUSDT","U":{first_id},"u":{last_id}'
    text = f'{head},"b":[{_levels(bids, reverse=True)}],"a":[{_levels(asks)}]}}'
    return f'{{"stream":"btcusdt@depth@100ms","data":{text}}}'.encode()


def _snapshot(bids: Side, asks: Side) -> bytes:
    sides = f'"bids":[{_levels(bids, reverse=True)}],"asks":[{_levels(asks)}]'
    return f'{{"lastUpdateId":{FIRST_ID},{sides}}}'.encode()


def _levels(side: Side, *, reverse: bool = False) -> str:
    return ",".join(f'["{_price(tick)}","{_size(side[tick])}"]' for tick in sorted(side, reverse=reverse))


def _price(ticks: int) -> str:
    return f"{ticks // 100}.{ticks % 100:02d}000000"


def _size(lots: int) -> str:
    return f"{lots // LOT}.{lots % LOT:05d}000"
