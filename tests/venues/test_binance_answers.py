"""Raw answers of both wires brought to one form, and what the session learns from them."""

import random

import pytest

from tests.venues.desk import API_KEY, SECRET
from veloz_tui.domain.types import Nanos
from veloz_tui.net.http import HttpResponse, NotSent, SentUnknown
from veloz_tui.net.ratelimit import Cost, Kind, Lane, Limit, Ticket
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.answers import from_frame, from_http, header_counts
from veloz_tui.venues.binance.decoding import Shape
from veloz_tui.venues.binance.parse_instruments import counts, limits
from veloz_tui.venues.binance.policy import Answered, Unanswered, Unwritten
from veloz_tui.venues.binance.requests import HmacSigner
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.settings import BinanceSettings, loopback

FRAME = Shape(wire.ApiFrame, "frame")
THROTTLED = b'{"code":-1003,"msg":"Too much request weight used"}'


def frame(text: str) -> wire.ApiFrame:
    return FRAME.decode(text.encode())


def test_transport_failures_keep_what_they_prove() -> None:
    assert from_http(NotSent("ConnectError")) == Unwritten("ConnectError")
    assert from_http(SentUnknown("timeout")) == Unanswered("timeout")


def test_an_error_envelope_is_read_and_anything_else_is_no_envelope() -> None:
    refused = from_http(HttpResponse(400, {}, b'{"code":-2010,"msg":"Duplicate order sent.","new":1}'))
    assert refused == Answered(
        400, b'{"code":-2010,"msg":"Duplicate order sent.","new":1}', -2010, "Duplicate order sent."
    )
    page = from_http(HttpResponse(502, {}, b"<html>Bad gateway</html>"))
    assert isinstance(page, Answered)
    assert page.code is None


@pytest.mark.parametrize(
    ("status", "headers", "wait_ms"),
    [
        (429, {"retry-after": "12"}, 12_000),
        (418, {"retry-after": "120"}, 120_000),
        (418, {}, 120_000),
        (429, {}, 10_000),
        (429, {"retry-after": "soon"}, 10_000),
        (429, {"retry-after": "9" * 30}, 10_000),
        (400, {}, None),
    ],
)
def test_how_long_the_door_stays_closed(status: int, headers: dict[str, str], wait_ms: int | None) -> None:
    answer = from_http(HttpResponse(status, headers, THROTTLED))
    assert isinstance(answer, Answered)
    assert answer.retry_after_ms == wait_ms


def test_too_many_orders_does_not_close_the_door() -> None:
    answer = from_http(HttpResponse(429, {}, b'{"code":-1015,"msg":"Too many new orders"}'))
    assert isinstance(answer, Answered)
    assert answer.retry_after_ms is None


def test_the_socket_tells_a_point_in_time() -> None:
    text = (
        '{"id":8,"status":418,"error":{"code":-1003,"msg":"banned","data":'
        '{"serverTime":1790000000000,"retryAfter":1790000400000}},"rateLimits":[]}'
    )
    answer = from_frame(frame(text), now_ms=1790000000000)
    assert answer == Answered(418, b"", -1003, "banned", 400_000)


def test_an_answer_without_a_status_proves_nothing() -> None:
    assert isinstance(from_frame(frame('{"id":1,"result":{}}'), now_ms=0), Unanswered)


def test_counts_come_from_headers_and_from_rate_limit_arrays() -> None:
    headers = {
        "x-mbx-used-weight": "9",
        "x-mbx-used-weight-1m": "17",
        "x-mbx-order-count-10s": "3",
        "x-mbx-order-count-1d": "40",
        "x-mbx-used-weight-5m": "-1",
        "content-type": "json",
    }
    assert header_counts(headers) == {
        (Kind.WEIGHT, 60_000): 17,
        (Kind.ORDERS, 10_000): 3,
        (Kind.ORDERS, 86_400_000): 40,
    }
    array = [
        wire.RateLimit("ORDERS", "SECOND", 10, 100, 2),
        wire.RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6000, 5),
        wire.RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6000, -1),
        wire.RateLimit("MOON_PHASES", "LUNATION", 1, 1, 1),
    ]
    assert counts(array) == {(Kind.ORDERS, 10_000): 2, (Kind.WEIGHT, 60_000): 5}
    assert limits(array)[0] == Limit(Kind.ORDERS, 10_000, 100)


def session() -> Session:
    found = Session(
        BinanceSettings(hosts=loopback(port=1), symbols=()),
        HmacSigner(api_key=API_KEY, secret=SECRET),
        now=lambda: Nanos(1_790_000_000_000_000_000),
        jitter=random.Random(1).random,
    )
    found.budget.configure([Limit(Kind.WEIGHT, 60_000, 6000), Limit(Kind.ORDERS, 10_000, 100)])
    return found


async def test_a_throttled_answer_closes_the_door_for_requests_and_connections() -> None:
    one = session()
    ticket = one.admit(Cost(Lane.STRATEGY))
    assert isinstance(ticket, Ticket)
    one.settle(ticket, Answered(429, THROTTLED, -1003, "x", retry_after_ms=5_000))
    assert one.door_wait_s() == 5
    blocked = one.admit(Cost(Lane.CANCEL))
    assert isinstance(blocked, Unwritten)
    assert blocked.until_ms is not None
    assert one.connects.wait_s(0.0) > 0


async def test_a_refused_timestamp_asks_for_a_look_at_the_clock() -> None:
    one = session()
    ticket = one.admit(Cost(Lane.STRATEGY))
    assert isinstance(ticket, Ticket)
    one.settle(ticket, Answered(400, b"", -1021, "outside of the recvWindow"))
    assert one.clock_refused.is_set()


async def test_a_full_order_count_stops_orders_only() -> None:
    one = session()
    ticket = one.admit(Cost(Lane.STRATEGY, orders=1))
    assert isinstance(ticket, Ticket)
    one.settle(ticket, Answered(429, b"", -1015, "Too many new orders"))
    assert isinstance(one.admit(Cost(Lane.STRATEGY, orders=1)), Unwritten)
    assert isinstance(one.admit(Cost(Lane.CANCEL)), Ticket)
    assert one.door_wait_s() == 0


async def test_timestamps_follow_the_venues_clock() -> None:
    one = session()
    local_ms = 1_790_000_000_000
    one.skew.add(sent_ms=local_ms, server_ms=local_ms - 2_500, received_ms=local_ms)
    assert one.stamped({"a": 1}) == {"a": 1, "recvWindow": 5000, "timestamp": local_ms - 2_500}
