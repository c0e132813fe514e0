"""Reads recorded Binance Spot market data: combined-stream frames as they came, REST snapshots, rules.

Two formats: `*.gz` lines of `<receive time, ns> <JSON>` with the snapshot inline; and captures of header,
HTTP and socket traffic, as `.jsonl[.zst]` objects (`t`, `ts`, `url`, `data`) or as `.raw[.zst]` text lines.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from veloz_tui.sim.instruments import Instrument

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "USD")
_RAW_LINE = re.compile(r"(?:(?P<url>\S+) -> )?(?P<ts>[0-9.]+): (?P<data>.*)", re.DOTALL)


class RecordingError(Exception):
    """The file isn't a usable recording; the message says why in one line."""


class Frame(msgspec.Struct, frozen=True):
    """`combined` is the frame's text as recorded, `payload` the part a raw connection would have got."""

    at_s: float
    stream: str
    combined: bytes
    payload: bytes


class DepthSnapshot(msgspec.Struct, frozen=True):
    lastUpdateId: int  # noqa: N815 - the wire's name
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class Recording(msgspec.Struct):
    """Frames in the order received; the first snapshot of each symbol."""

    frames: list[Frame] = msgspec.field(default_factory=list)
    snapshots: dict[str, DepthSnapshot] = msgspec.field(default_factory=dict)
    exchange_info: bytes | None = None

    @property
    def streams(self) -> set[str]:
        return {frame.stream for frame in self.frames}

    @property
    def symbols(self) -> list[str]:
        return list(dict.fromkeys(frame.stream.split("@")[0].upper() for frame in self.frames))


class _Line(msgspec.Struct):
    # One line of a capture, whichever its format.
    at_s: float
    data: str
    url: str = ""


def load(path: str) -> Recording:
    """Read a whole recording. Raises RecordingError."""
    file = Path(path)
    recording = Recording()
    try:
        lines = _nanosecond_lines(file) if file.suffix == ".gz" else _capture_lines(file)
        # Captures list HTTP traffic apart from the socket's: the times put them in order.
        for line in sorted(lines, key=lambda one: one.at_s):
            _take(recording, line)
    except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
        raise RecordingError(f"the recording {path} can't be read: {error}") from error
    if not recording.frames:
        raise RecordingError(f"the recording {path} holds no combined-stream frames")
    if (unnamed := recording.snapshots.pop("", None)) is not None:
        # An inline snapshot doesn't say its symbol; such files record one.
        recording.snapshots[recording.symbols[0]] = unnamed
    return recording


def instruments(recording: Recording) -> list[Instrument]:
    """Trading rules from the recorded exchangeInfo, else from the finest price and quantity steps seen."""
    listed = _listed_rules(recording.exchange_info) if recording.exchange_info else {}
    return [listed.get(symbol) or _observed_rules(recording, symbol) for symbol in recording.symbols]


def _take(recording: Recording, line: _Line) -> None:
    if line.data.startswith('{"stream"'):
        head = line.data.index(',"data":')
        stream = msgspec.json.decode(line.data[len('{"stream":') : head], type=str)
        combined = line.data.encode()
        payload = line.data[head + len(',"data":') : -1].encode()
        recording.frames.append(Frame(line.at_s, stream, combined, payload))
    elif '"lastUpdateId"' in line.data[:200]:
        symbol = parse_qs(urlsplit(line.url).query).get("symbol", [""])[0]
        snapshot = msgspec.json.decode(line.data, type=DepthSnapshot)
        recording.snapshots.setdefault(symbol, snapshot)
    elif line.url.endswith("/exchangeInfo"):
        recording.exchange_info = line.data.encode()


def _nanosecond_lines(file: Path) -> Iterator[_Line]:
    with gzip.open(file, "rt", encoding="utf-8") as text:
        for line in text:
            moment, _, data = line.rstrip("\n").partition(" ")
            yield _Line(int(moment) / 1e9, data)


def _capture_lines(file: Path) -> Iterator[_Line]:
    with _open_text(file) as text:
        is_json = ".jsonl" in file.name
        for line in text:
            parsed = _json_line(line) if is_json else _raw_line(line)
            if parsed is not None:
                yield parsed


def _open_text(file: Path) -> io.TextIOBase:
    if file.suffix != ".zst":
        return file.open(encoding="utf-8")
    import zstandard  # noqa: PLC0415 - an optional package, needed for compressed captures only

    return io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file.open("rb")), encoding="utf-8")


def _json_line(line: str) -> _Line | None:
    entry = msgspec.json.decode(line, type=dict[str, object])
    if entry.get("t") not in ("http", "recv"):
        return None
    return _Line(float(str(entry["ts"])), str(entry["data"]), str(entry.get("url", "")))


def _raw_line(line: str) -> _Line | None:
    if " <-" in line[:400]:
        return None
    match = _RAW_LINE.fullmatch(line.rstrip("\n"))
    return None if match is None else _Line(float(match["ts"]), match["data"], match["url"] or "")


def _listed_rules(raw: bytes) -> dict[str, Instrument]:
    found = {}
    for entry in msgspec.json.decode(raw, type=_ExchangeInfo).symbols:
        rules = {str(one["filterType"]): one for one in entry.filters}
        notional = rules.get("NOTIONAL") or rules.get("MIN_NOTIONAL") or {}
        price, lot = rules.get("PRICE_FILTER", {}), rules.get("LOT_SIZE", {})
        found[entry.symbol] = Instrument(
            symbol=entry.symbol,
            base=entry.baseAsset,
            quote=entry.quoteAsset,
            tick_size=Decimal(str(price["tickSize"])),
            lot_size=Decimal(str(lot["stepSize"])),
            min_notional=Decimal(str(notional.get("minNotional", "0"))),
            min_price=Decimal(str(price["minPrice"])),
        )
    return found


class _Symbol(msgspec.Struct):
    symbol: str
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    filters: list[dict[str, object]]


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


def _observed_rules(recording: Recording, symbol: str) -> Instrument:
    quote = next((one for one in _QUOTES if symbol.endswith(one)), symbol[-3:])
    snapshot = recording.snapshots.get(symbol)
    levels = [*snapshot.bids, *snapshot.asks] if snapshot is not None else []
    tick = _finest([price for price, _ in levels])
    return Instrument(
        symbol=symbol,
        base=symbol.removesuffix(quote),
        quote=quote,
        tick_size=tick,
        lot_size=_finest([quantity for _, quantity in levels]),
        min_notional=Decimal(5) if quote.endswith("USDT") else Decimal("0.0001"),
        min_price=tick,
    )


def _finest(values: list[Decimal]) -> Decimal:
    exponents = [value.normalize().as_tuple().exponent for value in values]
    return Decimal(1).scaleb(min((one for one in exponents if isinstance(one, int)), default=-8))
