"""Recorded markets: frames verbatim, snapshots that fit, drops listed, orders against the overlay."""

from __future__ import annotations

import gzip
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from tests.unit.sim.support import Client, Json, Socket, as_json, as_rows, settings, venue
from veloz_tui.sim.recording import RecordingError, instruments, load
from veloz_tui.sim.settings import MarketSettings, ReplaySettings, SimSettings

DATA = Path(__file__).parents[4] / "shared" / "data" / "binance_spot"
HFT = DATA / "hft_spot_btcusdt_20240808.gz"
CRYPTOFEED = DATA / "cryptofeed_BINANCE_20211012.jsonl.zst"
needs_data = pytest.mark.skipif(
    not DATA.exists(), reason="the recorded market data isn't beside the checkout"
)

DEPTH = "tinusdt@depth@100ms"
TICKER = "tinusdt@bookTicker"
TRADE = "tinusdt@trade"


def diff(first: int, last: int, bids: list[list[str]], asks: list[list[str]]) -> tuple[str, Json]:
    return DEPTH, {"e": "depthUpdate", "E": 1, "s": "TINUSDT", "U": first, "u": last, "b": bids, "a": asks}


def trade(trade_id: int, price: str, quantity: str, *, buyer_is_maker: bool) -> tuple[str, Json]:
    return TRADE, {
        "e": "trade", "E": 1, "s": "TINUSDT", "t": trade_id, "p": price, "q": quantity, "T": 1,
        "m": buyer_is_maker, "M": True,
    }  # fmt: skip


SNAPSHOT: Json = {"lastUpdateId": 5, "bids": [["10.00", "5.0"], ["9.99", "9.0"]], "asks": [["10.02", "4.0"]]}
FRAMES: list[tuple[str, Json] | Json] = [
    diff(1, 3, [["9.00", "1.0"]], []),
    SNAPSHOT,
    diff(4, 6, [["10.00", "4.0"]], []),
    (TICKER, {"u": 6, "s": "TINUSDT", "b": "10.00", "B": "4.0", "a": "10.02", "A": "4.0"}),
    trade(1, "10.00", "6.0", buyer_is_maker=True),
    diff(7, 8, [["10.00", "0.0"]], [["10.02", "1.0"]]),
]


def write(path: Path, frames: list[tuple[str, Json] | Json] = FRAMES) -> tuple[Path, list[str]]:
    """A recording of its own, and the texts of its stream frames."""
    texts = []
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for number, frame in enumerate(frames):
            body = frame if isinstance(frame, dict) else {"stream": frame[0], "data": frame[1]}
            text = msgspec.json.encode(body).decode()
            out.write(f"{1_700_000_000_000_000_000 + number * 1_000_000} {text}\n")
            if not isinstance(frame, dict):
                texts.append(text)
    return path, texts


def replaying(path: Path, **changes: object) -> SimSettings:
    replay = msgspec.structs.replace(ReplaySettings(path=str(path), speed=0), **changes)
    return settings(market=MarketSettings(replay=replay))


async def frames_of(socket: Socket, count: int) -> list[str]:
    return [str((await socket.ws.receive(timeout=10)).data) for _ in range(count)]


async def test_frames_are_played_verbatim_once_everything_is_subscribed(tmp_path: Path) -> None:
    path, texts = write(tmp_path / "tiny.gz")
    async with venue(replaying(path)) as client, client.socket(f"/stream?streams={DEPTH}/{TICKER}") as first:
        assert (await _status(client))["started"] is False
        async with client.socket(f"/ws/{TRADE}") as second:
            assert await frames_of(first, 4) == [text for text in texts if TRADE not in text]
            assert (await second.receive())["t"] == 1
            assert (await _status(client))["finished"] is True


async def test_the_snapshot_is_the_recorded_one_and_moves_with_the_replay(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "tiny.gz")
    async with venue(replaying(path, start="admin")) as client, client.socket(f"/ws/{DEPTH}") as socket:
        early = await _depth(client)
        assert (early["lastUpdateId"], len(as_rows(early["bids"]))) == (5, 2)
        await client.admin("/sim/replay/start", {})
        await frames_of(socket, 3)
        late = await _depth(client)
        assert late["lastUpdateId"] == 8
        assert late["bids"] == [["9.99000000", "9.00000000"]]
        assert late["asks"] == [["10.02000000", "1.00000000"]]


async def test_rules_are_derived_from_what_was_seen(tmp_path: Path) -> None:
    (rules,) = instruments(load(str(write(tmp_path / "tiny.gz")[0])))
    assert (rules.symbol, rules.base, rules.quote) == ("TINUSDT", "TIN", "USDT")
    assert (rules.tick_size, rules.lot_size) == (Decimal("0.01"), Decimal(1))


async def test_a_resting_order_fills_after_the_queue_before_it(tmp_path: Path) -> None:
    path, _ = write(tmp_path / "tiny.gz")
    sim = replaying(path, start="admin")
    async with venue(sim) as client, client.socket("/ws-api/v3") as api:
        await api.subscribe_user()
        order = {
            "symbol": "TINUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "3", "price": "10",
        }  # fmt: skip
        await api.call("order.place", order)
        await client.admin("/sim/replay/start", {})
        new, fill = await api.reports(2)
        # Five were displayed before it, one of them left, and six traded.
        assert (new["x"], fill["x"], fill["l"], fill["L"]) == ("NEW", "TRADE", "2.00000000", "10.00000000")


async def test_dropped_diffs_are_listed_and_never_the_last(tmp_path: Path) -> None:
    many: list[tuple[str, Json] | Json] = [
        {"lastUpdateId": 0, "bids": [["1.0", "1.0"]], "asks": [["2.0", "1.0"]]}
    ]
    many += [diff(number, number, [["1.0", f"{number}.0"]], []) for number in range(1, 201)]
    path, _ = write(tmp_path / "many.gz", many)
    async with venue(replaying(path, drop_probability=0.2, drop_seed=3)) as client:
        async with client.socket(f"/ws/{DEPTH}") as socket:
            seen: list[int] = []
            while not seen or seen[-1] != 200:
                seen.append(int(str((await socket.receive())["u"])))
        async with client.session.get(client.sim.base_url + "/sim/replay/dropped") as got:
            dropped = as_rows(await got.json())
        missing = {number for last, new in pairwise([0, *seen]) for number in range(last + 1, new)}
        assert {one["u"] for one in dropped} == missing
        assert 10 < len(missing) < 80
        assert {one["symbol"] for one in dropped} == {"TINUSDT"}


@pytest.mark.parametrize("content", [b"", b"no gzip at all", gzip.compress(b"1 {}\n"), gzip.compress(b"x\n")])
def test_an_unreadable_recording_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="recording") as caught:
        load(str(path))
    assert "\n" not in str(caught.value)


def test_text_captures_are_read_too(tmp_path: Path) -> None:
    stream = (
        '{"stream":"abcbtc@trade","data":{"e":"trade","s":"ABCBTC","t":1,"p":"1.5","q":"2","T":1,"m":true}}'
    )
    snapshot = '{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[["1.6","2"]]}'
    lines = [
        "wss://stream/ws <-> 1700000000.1",
        'wss://stream/ws <- 1700000000.1: {"method":"SUBSCRIBE"}',
        f"1700000000.3: {stream}",
        f"https://api/api/v3/depth?symbol=ABCBTC&limit=1000 -> 1700000000.2: {snapshot}",
    ]
    path = tmp_path / "capture.raw"
    path.write_text("\n".join(lines) + "\n")
    recording = load(str(path))
    assert [frame.combined.decode() for frame in recording.frames] == [stream]
    assert recording.frames[0].payload.decode() == stream[len('{"stream":"abcbtc@trade","data":') : -1]
    assert recording.snapshots["ABCBTC"].lastUpdateId == 7


@needs_data
def test_recorded_rules_come_from_the_recorded_exchange_info() -> None:
    recording = load(str(CRYPTOFEED))
    rules = {one.symbol: one for one in instruments(recording)}
    assert set(rules) == {"NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"}
    assert (rules["RUNEEUR"].quote, rules["NKNUSDT"].tick_size) == ("EUR", Decimal("0.0001"))
    assert set(recording.snapshots) == set(rules)


@needs_data
@pytest.mark.parametrize(("count", "checks"), [(4000, 30), pytest.param(None, 500, marks=pytest.mark.slow)])
async def test_a_real_recording_passes_its_own_oracle_over_the_wire(count: int | None, checks: int) -> None:
    """No gap, never crossed, and wherever a ticker's u is a diff's u both show the same best."""
    expected = [frame.combined.decode() for frame in load(str(HFT)).frames[:count]]
    path = "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade"
    async with venue(replaying(HFT)) as client, client.socket(path) as socket:
        await frames_of(socket, 1)
        checker = _Oracle(await _depth(client, "BTCUSDT"))
        checker.take(expected[0])
        for text in expected[1:]:
            got = str((await socket.ws.receive(timeout=10)).data)
            assert got == text
            checker.take(got)
    assert checker.checked >= checks


class _Oracle:
    def __init__(self, snapshot: Json) -> None:
        self.checked = 0
        self._last_id = int(str(snapshot["lastUpdateId"]))
        self._sides = [dict(snapshot[name]) for name in ("bids", "asks")]  # type: ignore[call-overload]
        self._tickers: dict[int, Json] = {}

    def take(self, text: str) -> None:
        frame = msgspec.json.decode(text, type=Json)
        data = as_json(frame["data"])
        if frame["stream"] == "btcusdt@bookTicker":
            self._tickers[int(str(data["u"]))] = data
        if frame["stream"] != "btcusdt@depth@100ms" or int(str(data["u"])) <= self._last_id:
            return
        assert int(str(data["U"])) <= self._last_id + 1
        self._last_id = int(str(data["u"]))
        for side, name in zip(self._sides, ("b", "a"), strict=True):
            for price, quantity in data[name]:  # type: ignore[attr-defined]
                side[price] = quantity
                if float(quantity) == 0:
                    del side[price]
        ticker = self._tickers.get(self._last_id)
        if ticker is not None:
            bid, ask = max(self._sides[0], key=float), min(self._sides[1], key=float)
            seen = (ticker["b"], ticker["B"], ticker["a"], ticker["A"])
            assert seen == (bid, self._sides[0][bid], ask, self._sides[1][ask])
            self.checked += 1


async def _depth(client: Client, symbol: str = "TINUSDT") -> Json:
    params = {"symbol": symbol, "limit": 5000}
    return (await client.rest("GET", "/api/v3/depth", params, signed=False)).body


async def _status(client: Client) -> Json:
    async with client.session.get(client.sim.base_url + "/sim/replay/status") as got:
        return as_json(await got.json())
