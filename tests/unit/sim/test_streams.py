"""Market streams: continuity, agreement with the snapshot and the ticker, control messages, limits."""

from __future__ import annotations

import pytest
from aiohttp import WSMsgType

from tests.unit.sim.support import Client, Json, as_json, as_rows, settings, venue
from veloz_tui.sim.connection import OUTBOX_MAX, encode_frame
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, LimitSettings, MarketSettings

ALL_BTC = "btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade/btcusdt@aggTrade"
LIVE = MarketSettings(instruments=DEFAULT_INSTRUMENTS[:2], speed=4.0)


async def test_diffs_are_contiguous_and_agree_with_snapshot_and_ticker() -> None:
    async with venue(settings(market=LIVE)) as client:
        async with client.socket(f"/stream?streams={ALL_BTC}") as socket:
            diffs: list[Json] = []
            tickers: dict[int, Json] = {}
            snapshot: Json = {}
            while len(diffs) < 12:
                frame = await socket.receive()
                data = as_json(frame["data"])
                if frame["stream"] == "btcusdt@depth@100ms":
                    diffs.append(data)
                elif frame["stream"] == "btcusdt@bookTicker":
                    tickers[int(str(data["u"]))] = data
                if len(diffs) == 3 and not snapshot:
                    params = {"symbol": "BTCUSDT", "limit": 5000}
                    snapshot = (await client.rest("GET", "/api/v3/depth", params, signed=False)).body
        _check_continuity(diffs)
        checked = _replay(snapshot, diffs, tickers)
        assert checked > 0


def _check_continuity(diffs: list[Json]) -> None:
    last = int(str(diffs[0]["u"]))
    for diff in diffs[1:]:
        assert diff["U"] == last + 1
        last = int(str(diff["u"]))


def _replay(snapshot: Json, diffs: list[Json], tickers: dict[int, Json]) -> int:
    # The reference procedure of the protocol sheet's section 7.1; returns the exact-u points compared.
    book = [{str(level[0]): level[1] for level in snapshot[side]} for side in ("bids", "asks")]  # type: ignore[attr-defined]
    last_id, checked, bridged = int(str(snapshot["lastUpdateId"])), 0, False
    for diff in diffs:
        first, final = int(str(diff["U"])), int(str(diff["u"]))
        if final <= last_id:
            continue
        assert first <= last_id + 1
        bridged, last_id = True, final
        for side, changes in zip(book, (diff["b"], diff["a"]), strict=True):
            for price, quantity in changes:  # type: ignore[attr-defined]
                side[price] = quantity
                if float(quantity) == 0:
                    del side[price]
        best_bid, best_ask = max(book[0], key=float), min(book[1], key=float)
        assert float(best_bid) < float(best_ask)
        if (ticker := tickers.get(final)) is not None:
            seen = (ticker["b"], ticker["B"], ticker["a"], ticker["A"])
            assert seen == (best_bid, book[0][best_bid], best_ask, book[1][best_ask])
            checked += 1
    assert bridged
    return checked


async def test_every_kind_of_stream_speaks() -> None:
    names = [
        "btcusdt@trade", "btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@depth", "btcusdt@depth@100ms",
        "btcusdt@depth5", "btcusdt@depth10@100ms", "btcusdt@depth20@100ms", "btcusdt@kline_1m",
        "btcusdt@miniTicker", "btcusdt@ticker", "!miniTicker@arr",
    ]  # fmt: skip
    path = "/stream?streams=" + "/".join(names)
    kinds: dict[str, object] = {}
    async with venue(settings(market=LIVE)) as client, client.socket(path) as socket:
        waiting = set(names)
        while waiting:
            frame = await socket.receive()
            waiting.discard(str(frame["stream"]))
            data = frame["data"]
            kinds[str(frame["stream"])] = data.get("e") if isinstance(data, dict) else "list"
    assert kinds["btcusdt@depth"] == "depthUpdate"
    assert kinds["btcusdt@kline_1m"] == "kline"
    assert kinds["btcusdt@ticker"] == "24hrTicker"
    assert kinds["btcusdt@depth5"] is kinds["btcusdt@bookTicker"] is None


async def test_raw_connections_get_bare_payloads() -> None:
    async with venue() as client, client.socket("/ws/btcusdt@trade/ethusdt@trade") as socket:
        for symbol in ("ETHUSDT", "BTCUSDT"):
            await _someone_trades(client, symbol)
            assert (await socket.receive())["s"] == symbol


async def test_a_trade_says_who_was_the_maker() -> None:
    async with venue() as client, client.socket("/ws/btcusdt@trade") as socket:
        await _someone_trades(client, "BTCUSDT", side="SELL")
        assert (await socket.receive())["m"] is True


async def test_subscriptions_are_controlled_by_messages() -> None:
    async with venue() as client, client.socket("/ws") as socket:
        await socket.send({"method": "SUBSCRIBE", "params": ["btcusdt@trade", "x@trade"], "id": 1})
        assert await socket.receive() == {"result": None, "id": 1}
        await socket.send({"method": "UNSUBSCRIBE", "params": ["x@trade"], "id": "two"})
        assert await socket.receive() == {"result": None, "id": "two"}
        await socket.send({"method": "LIST_SUBSCRIPTIONS", "id": 3})
        assert await socket.receive() == {"result": ["btcusdt@trade"], "id": 3}
        await socket.send({"method": "SET_PROPERTY", "params": ["combined", True], "id": 4})
        assert await socket.receive() == {"result": None, "id": 4}
        await _someone_trades(client, "BTCUSDT")
        assert (await socket.receive())["stream"] == "btcusdt@trade"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 3),
        ('{"id":1}', 2),
        ('{"method":"DANCE","id":1}', 2),
        ('{"method":"SET_PROPERTY","params":["shape",true],"id":1}', 0),
        ('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1),
    ],
)
async def test_bad_control_messages_get_a_code(text: str, code: int) -> None:
    async with venue() as client, client.socket("/ws") as socket:
        await socket.ws.send_str(text)
        assert (await socket.receive())["code"] == code


async def test_too_many_streams_on_one_socket_are_refused() -> None:
    limits = LimitSettings(streams_per_connection=2)
    async with venue(settings(limits=limits)) as client, client.socket("/ws/a@trade/b@trade") as socket:
        await socket.send({"method": "SUBSCRIBE", "params": ["c@trade"], "id": 1})
        assert (await socket.receive())["code"] == 2


async def test_too_many_messages_a_second_end_the_connection() -> None:
    async with venue() as client, client.socket("/ws") as socket:
        for number in range(6):
            await socket.send({"method": "LIST_SUBSCRIPTIONS", "id": number})
        with pytest.raises(ConnectionError):
            for _ in range(7):
                await socket.receive()
        assert socket.ws.close_code == 1008


async def test_too_many_connections_are_refused() -> None:
    async with venue(settings(limits=LimitSettings(connections_5m=1))) as client:
        async with client.socket("/ws"):
            pass
        reply = await client.rest("GET", "/ws", signed=False)
        assert reply.body["code"] == -1034


async def test_the_server_pings_with_a_payload_and_drops_the_silent() -> None:
    limits = LimitSettings(ping_interval_s=0.05, pong_timeout_s=0.2)
    async with venue(settings(limits=limits)) as client:
        async with client.session.ws_connect(client.sim.ws_url + "/ws", autoping=False) as deaf:
            message = await deaf.receive(timeout=5)
            assert (message.type, bool(message.data)) == (WSMsgType.PING, True)
            while message.type is WSMsgType.PING:
                message = await deaf.receive(timeout=5)
            assert message.type is WSMsgType.CLOSE
        async with client.session.ws_connect(client.sim.ws_url + "/ws", autoping=False) as polite:
            for _ in range(8):
                message = await polite.receive(timeout=5)
                assert message.type is WSMsgType.PING
                await polite.pong(message.data)


async def test_a_connection_has_a_lifetime() -> None:
    limits = LimitSettings(connection_lifetime_s=0.1)
    async with venue(settings(limits=limits)) as client, client.socket("/ws") as socket:
        with pytest.raises(ConnectionError):
            await socket.receive()


async def test_a_client_that_never_reads_is_cut_off_and_harms_nobody() -> None:
    async with venue() as client, client.socket("/ws/a@trade"), client.socket("/ws") as other:
        deaf, _ = client.sim.venue.sockets.matching("streams")
        frame = b'{"x":"' + b"x" * 100_000 + b'"}'
        for _ in range(OUTBOX_MAX + 100):
            deaf.send(frame)
        assert deaf.is_closing
        await other.send({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        assert as_rows((await other.receive())["result"]) == []


async def _someone_trades(client: Client, symbol: str, *, side: str = "BUY") -> None:
    trade = {"action": "trade", "symbol": symbol, "side": side, "quantity": "0.001"}
    await client.admin("/sim/market", trade)


def test_frames_are_encoded_as_the_rfc_says() -> None:
    for size, head in (
        (5, b"\x81\x05"),
        (200, b"\x81\x7e\x00\xc8"),
        (70_000, b"\x81\x7f" + (70_000).to_bytes(8)),
    ):
        assert encode_frame(b"x" * size) == head + b"x" * size
