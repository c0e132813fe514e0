"""Sample payloads that others collected from Binance Spot, and payloads that nobody should send.

Each order, account and user-stream sample decodes to the values that a plain JSON reading gives, or is
refused with ProtocolError. Nothing ever raises anything else.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues import recorded
from veloz_tui.domain.errors import ProtocolError
from veloz_tui.domain.reports import BalancesReported, OrderReport, ReportedStatus
from veloz_tui.domain.types import InstrumentId, Nanos, OrderType, Side, TimeInForce
from veloz_tui.venues.binance import answers, parse, parse_instruments, parse_market
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.decoding import Shape

Json = dict[str, Any]
_FRAME = Shape(wire.ApiFrame, "frame")
_AT = Nanos(0)


def _text_of(record: dict[str, str]) -> tuple[str, str]:
    """(what was asked, the JSON that came back): `GET /api/v3/order` or the WebSocket API's method."""
    text = record["text"]
    if "\n= " in text:
        request, _, body = text.partition("\n= ")
        method = json.loads(request.splitlines()[0].lstrip("> ").replace("|1|", "1"))["method"]
        return method, body.replace("|1|", "1")
    method, path, _, body = (text + "\n").split("\n", 3)
    return f"{method.strip()} {path.strip()}", body


def samples(*asked: str) -> list[bytes]:
    """The result of every spot sample of these requests."""
    found = []
    for record in recorded.json_lines("rest_samples/jkorf_binance.jsonl.zst"):
        if "/Spot/" not in record["file"]:
            continue
        request, body = _text_of(record)
        if request not in asked or not body.strip():
            continue
        value = json.loads(body)
        if request.startswith(("GET", "POST", "DELETE")):
            value = value.get("data", value) if isinstance(value, dict) else value
        else:
            value = value.get("event") or value["result"]
        found.append(json.dumps(value).encode())
    assert found, f"no samples of {asked}"
    return found


def expect_order(report: OrderReport, raw: Json) -> None:
    """Compare with a plain reading of the answer, field by field."""
    words = {"PARTIALLY_FILLED": "OPEN", "NEW": "OPEN", "EXPIRED_IN_MATCH": "EXPIRED"}
    assert report.client_order_id == raw.get("origClientOrderId", raw["clientOrderId"])
    assert report.instrument_id == f"{raw['symbol']}.BINANCE"
    assert report.venue_order_id == str(raw["orderId"])
    assert report.status == words.get(raw["status"], raw["status"])
    assert report.side == raw["side"]
    assert report.quantity == Decimal(raw["origQty"])
    assert report.cumulative == Decimal(raw["executedQty"])
    assert (report.price or 0) == Decimal(raw["price"])
    assert (report.stop_price or 0) == Decimal(raw.get("stopPrice", "0"))
    milliseconds: int = raw.get("transactTime") or raw.get("updateTime") or raw["time"]
    assert report.venue_at == milliseconds * 1_000_000
    got = [(fill.trade_id, fill.price, fill.quantity, fill.fee, fill.fee_asset) for fill in report.fills]
    assert got == [
        (
            str(fill["tradeId"]),
            Decimal(fill["price"]),
            Decimal(fill["qty"]),
            Decimal(fill["commission"]),
            fill["commissionAsset"],
        )
        for fill in raw.get("fills", [])
    ]


def test_orders_of_place_cancel_and_query_decode_to_the_right_values() -> None:
    requests = ("POST /api/v3/order", "DELETE /api/v3/order", "GET /api/v3/order")
    for body in samples(*requests, "order.place", "order.cancel", "order.status"):
        expect_order(parse.order(body), json.loads(body))


def test_lists_of_orders_decode_to_the_right_values() -> None:
    for body in samples("GET /api/v3/openOrders", "GET /api/v3/allOrders", "openOrders.status", "allOrders"):
        for report, raw in zip(parse.orders(body), json.loads(body), strict=True):
            expect_order(report, raw)


def test_canceled_orders_decode_lists_included() -> None:
    for body in samples("DELETE /api/v3/openOrders", "openOrders.cancelAll"):
        raw = [order for element in json.loads(body) for order in element.get("orderReports", [element])]
        for report, order in zip(parse.canceled_orders(body), raw, strict=True):
            expect_order(report, order)


def test_trades_decode_to_the_right_values() -> None:
    for body in samples("GET /api/v3/myTrades", "myTrades"):
        raw = sorted(json.loads(body), key=lambda trade: trade["id"])
        for fill, trade in zip(parse.trades(body), raw, strict=True):
            assert fill.trade_id == str(trade["id"])
            assert fill.venue_order_id == str(trade["orderId"])
            assert (fill.price, fill.quantity) == (Decimal(trade["price"]), Decimal(trade["qty"]))
            assert (fill.fee, fill.fee_asset) == (Decimal(trade["commission"]), trade["commissionAsset"])
            assert (fill.side is Side.BUY, fill.is_maker) == (trade["isBuyer"], trade["isMaker"])
            assert fill.venue_at == trade["time"] * 1_000_000


def test_accounts_decode_to_the_right_values() -> None:
    for body in samples("GET /api/v3/account", "account.status"):
        raw = json.loads(body)
        account = parse.account(body)
        assert (account.can_trade, account.account_uid) == (raw["canTrade"], str(raw.get("uid", "")))
        report = parse.balances(body, requested_at=_AT)
        # Not the time of the answer: an answer that comes late is no newer for it.
        assert report.venue_at == (raw["updateTime"] * 1_000_000 if raw.get("updateTime") else None)
        got = {one.asset: (one.free, one.locked) for one in report.balances}
        assert got == {
            one["asset"]: (Decimal(one["free"]), Decimal(one["locked"])) for one in raw["balances"]
        }


def test_instruments_decode_with_their_steps_and_bounds() -> None:
    for body in samples("GET /api/v3/exchangeInfo", "exchangeInfo"):
        raw = json.loads(body)
        info = parse_instruments.exchange_info(body)
        assert info.refused == ()
        for instrument, symbol in zip(info.instruments, raw["symbols"], strict=True):
            filters = {one["filterType"]: one for one in symbol["filters"]}
            assert instrument.symbol == symbol["symbol"]
            price, lot = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
            assert instrument.tick_size == Decimal(price.get("tickSize", "1E-8"))
            assert instrument.lot_size == Decimal(lot.get("stepSize", "1E-8"))
            assert instrument.min_quantity == Decimal(lot.get("minQty", "0"))
            assert instrument.is_trading is (symbol["status"] == "TRADING")


def test_user_stream_events_decode_or_are_known_to_need_nothing() -> None:
    names = []
    for body in samples("userDataStream.subscribe.signature"):
        raw, event = json.loads(body), parse.user_event(body)
        names.append(event.name)
        if isinstance(event.report, OrderReport):
            assert event.report.client_order_id == raw["c"]
            assert event.report.quantity == Decimal(raw["q"])
            assert event.report.price == Decimal(raw["p"])
            assert event.report.venue_at == raw["T"] * 1_000_000
        elif isinstance(event.report, BalancesReported):
            assert {one.asset for one in event.report.balances} == {one["a"] for one in raw["B"]}
            assert event.report.venue_at == raw["u"] * 1_000_000
    assert {"executionReport", "outboundAccountPosition"} <= set(names)


READERS: dict[str, Callable[[bytes], object]] = {
    "order": parse.order,
    "orders": parse.orders,
    "canceled": parse.canceled_orders,
    "trades": parse.trades,
    "account": parse.account,
    "balances": lambda body: parse.balances(body, requested_at=_AT),
    "user event": parse.user_event,
    "exchange info": parse_instruments.exchange_info,
    "depth": parse_market.depth,
    "snapshot": parse_market.snapshot,
    "frame": parse_market.stream_frame,
    "trade": lambda body: parse_market.trade(body, InstrumentId("X")),
    "ticker": lambda body: parse_market.top_of_book(body, InstrumentId("X")),
    "time": parse_market.server_time_ms,
    "api frame": lambda body: answers.from_frame(_FRAME.decode(body), now_ms=0),
}


def read_all(body: bytes) -> int:
    """How many readers took it. Any exception but ProtocolError fails the test."""
    taken = 0
    for reader in READERS.values():
        try:
            reader(body)
        except ProtocolError:
            continue
        taken += 1
    return taken


def test_no_sample_of_any_kind_crashes_any_reader() -> None:
    count = 0
    for record in recorded.json_lines("rest_samples/jkorf_binance.jsonl.zst"):
        text = record["text"]
        for part in (text, text.partition("\n= ")[2], text.split("\n", 3)[-1]):
            read_all(part.encode())
            count += 1
    assert count > 1000


# --- What nobody should send ---

EXECUTION: Json = {
    "e": "executionReport", "E": 1790000000101, "s": "BTCUSDT", "c": "vz-1", "S": "BUY", "o":
    "LIMIT", "f": "GTC", "q": "0.01000000", "p": "60000.00", "P": "0.00000000", "F": "0.00000000",
    "g": -1, "C": "", "x": "TRADE", "X": "PARTIALLY_FILLED", "r": "NONE", "i": 101, "l":
    "0.00400000", "z": "0.00400000", "L": "60000.00", "n": "0.00000400", "N": "BTC", "T":
    1790000000100, "t": 9001, "I": 555, "w": True, "m": True, "M": True, "O": 1790000000000, "Z":
    "240.00000000", "Y": "240.00000000", "Q": "0.00000000", "W": 1790000000000, "V": "EXPIRE_MAKER",
}  # fmt: skip
AMOUNTS = ("q", "p", "P", "z", "l", "L", "n")
NOT_AMOUNTS: tuple[object, ...] = (
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "-1",
    "1E+400",
    "",
    "x",
    None,
    [],
    {},
)


def execution(**changes: object) -> OrderReport:
    report = parse.user_event(json.dumps({**EXECUTION, **changes}).encode()).report
    assert isinstance(report, OrderReport)
    return report


@pytest.mark.parametrize("field", AMOUNTS)
@pytest.mark.parametrize("value", NOT_AMOUNTS, ids=repr)
def test_what_is_not_an_amount_is_refused(field: str, value: object) -> None:
    if field == "n" and value is None:  # no commission
        assert execution(n=None, N=None).fill is not None
        return
    with pytest.raises(ProtocolError):
        execution(**{field: value})


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "infinity", "-1", "1e400", "0", "x", "", None])
@pytest.mark.parametrize("side", ["b", "a"])
def test_a_public_price_that_is_no_price_is_refused(side: str, value: object) -> None:
    data = {"e": "depthUpdate", "E": 1, "s": "X", "U": 1, "u": 2, "b": [], "a": [], side: [[value, "1"]]}
    with pytest.raises(ProtocolError):
        parse_market.depth(json.dumps({"stream": "x@depth", "data": data}).encode())


@given(word=st.text(max_size=12))
def test_an_unknown_status_is_never_guessed(word: str) -> None:
    known = {"NEW", "PENDING_NEW", "PARTIALLY_FILLED", "PENDING_CANCEL", "FILLED", "CANCELED", "REJECTED"}
    if word not in known | {"EXPIRED", "EXPIRED_IN_MATCH"}:
        assert execution(X=word).status is ReportedStatus.UNKNOWN
        assert execution(X=word).raw_status == word


@given(word=st.text(max_size=12))
def test_an_unknown_type_or_time_in_force_never_loses_an_order(word: str) -> None:
    report = execution(o=word, f=word)
    assert report.quantity == Decimal("0.01")
    assert report.order_type in OrderType
    assert report.time_in_force in TimeInForce


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(ProtocolError):
        execution(S="SHORT")


@pytest.mark.parametrize(
    ("execution_type", "status", "own"),
    [("CANCELED", "CANCELED", "vz-1"), ("EXPIRED", "EXPIRED", "vz-1"), ("REPLACED", "NEW", "vz-1")],
)
def test_the_order_is_named_by_the_original_id_when_a_request_ended_it(
    execution_type: str, status: str, own: str
) -> None:
    report = execution(c="web_cancel_77", C="vz-1", x=execution_type, X=status, t=-1)
    assert report.client_order_id == own
    assert report.fill is None


def test_without_an_original_id_the_order_is_named_by_its_own() -> None:
    assert (
        execution(x="EXPIRED", X="EXPIRED", C="", eR="UNFILLED_IOC_QUANTITY_EXPIRED").client_order_id
        == "vz-1"
    )
    assert execution(x="TRADE", C="odd").client_order_id == "vz-1"


def test_the_reason_of_an_end_is_kept() -> None:
    assert execution(x="EXPIRED", X="EXPIRED", eR="INSUFFICIENT_LIQUIDITY").reason == "INSUFFICIENT_LIQUIDITY"


def test_a_prevented_self_trade_is_no_fill() -> None:
    report = execution(x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH", v=3, A="0.006", t=-1)
    assert report.status is ReportedStatus.EXPIRED
    assert report.fill is None


@settings(max_examples=300)
@given(
    field=st.sampled_from(sorted(EXECUTION)),
    value=st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2)
    ),
)
def test_no_changed_field_crashes_a_reader(field: str, value: object) -> None:
    read_all(json.dumps({**EXECUTION, field: value}).encode())


def broken() -> Iterator[bytes]:
    whole = json.dumps(EXECUTION).encode()
    yield from (whole[:cut] for cut in range(0, len(whole), 7))
    yield b"\xff\xfe\x00"
    yield b'{"e":"\xc3\x28"}'
    yield b"[" * 100_000
    yield b'{"data":' * 50_000
    yield b"null"
    yield b"1e999"


def test_broken_bytes_are_refused() -> None:
    for body in broken():
        assert read_all(body) <= 3  # shapes without a mandatory field take an empty object


@settings(max_examples=300)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_never_crash_a_reader(body: bytes) -> None:
    read_all(body)


@settings(max_examples=200)
@given(
    value=st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), st.text(max_size=5), st.integers()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.sampled_from(["e", "data", "stream", "symbol", "b", "a", "U", "u"]), inner),
        ),
        max_leaves=12,
    )
)
def test_arbitrary_json_never_crashes_a_reader(value: object) -> None:
    read_all(msgspec.json.encode(value))
