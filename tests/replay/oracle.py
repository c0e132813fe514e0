"""What a recording says, read apart from the program: its numbered diffs and the venue's own best prices.

bookTicker shares depth's update ids: where a ticker's id is the id a diff ends on, the replayed best bid and
ask must equal it, price and size.
"""

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO

import msgspec

Level = tuple[float, float]
_NANOS_PER_S = 1_000_000_000


class NotSpot(Exception):
    """The file is no Binance spot recording; the message says why in one line."""


class Diff(msgspec.Struct, frozen=True):
    """One depth update: covers the ids first to last, both included."""

    first: int
    last: int


class Market(msgspec.Struct):
    """One symbol: its diffs in order, and the best bid and ask by update id."""

    diffs: list[Diff] = []
    tops: dict[int, tuple[Level, Level]] = {}
    trades: int = 0

    @property
    def exact(self) -> set[int]:
        """Ids at which both a diff ends and a ticker speaks."""
        return self.tops.keys() & {diff.last for diff in self.diffs}


class Oracle(msgspec.Struct):
    markets: dict[str, Market] = {}
    frames: int = 0

    def market(self, symbol: str) -> Market:
        return self.markets.setdefault(symbol, Market())


def read(path: Path) -> Oracle:
    """Read a whole recording. Raises NotSpot."""
    oracle = Oracle()
    try:
        for text in _frames(path):
            found = json.loads(text)
            if isinstance(found, dict) and "stream" in found:
                _take(oracle, str(found["stream"]), found["data"])
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise NotSpot(f"{path.name} can't be read: {error}") from error
    if not any(market.diffs for market in oracle.markets.values()):
        raise NotSpot(f"{path.name} holds no depth diffs of combined streams")
    return oracle


def cut(path: Path, target: Path, *, seconds: float) -> Path:
    """Copy the first seconds of a recording of nanosecond lines."""
    if path.suffix != ".gz":
        raise NotSpot(f"{path.name}: only .gz recordings can be cut")
    with gzip.open(path, "rt", encoding="utf-8") as lines, gzip.open(target, "wt", encoding="utf-8") as out:
        end = None
        for line in lines:
            at = int(line.partition(" ")[0])
            end = at + int(seconds * _NANOS_PER_S) if end is None else end
            if at > end:
                break
            out.write(line)
    return target


def _take(oracle: Oracle, stream: str, data: dict[str, object]) -> None:
    name, _, kind = stream.partition("@")
    market = oracle.market(name.upper())
    oracle.frames += 1
    if kind.startswith("depth"):
        if "pu" in data:
            raise NotSpot("a futures recording (its diffs carry pu): spot only")
        market.diffs.append(Diff(_int(data["U"]), _int(data["u"])))
    elif kind == "bookTicker":
        market.tops[_int(data["u"])] = (_level(data, "b", "B"), _level(data, "a", "A"))
    elif kind == "trade":
        market.trades += 1


def _int(value: object) -> int:
    return int(str(value))


def _level(data: dict[str, object], price: str, size: str) -> Level:
    return float(str(data[price])), float(str(data[size]))


def _frames(path: Path) -> Iterator[str]:
    with closing(_open(path)) as lines:
        for line in lines:
            if path.suffix == ".gz":
                yield line.partition(" ")[2]
            elif ".jsonl" in path.name:
                entry = json.loads(line)
                if entry.get("t") == "recv":
                    yield str(entry["data"])
            elif " <-" not in line[:400] and " -> " not in line[:400]:
                yield line.partition(": ")[2]


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    if path.suffix != ".zst":
        return path.open(encoding="utf-8")
    import zstandard

    return io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(path.open("rb")), encoding="utf-8")
