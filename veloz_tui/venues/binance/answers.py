"""From raw answers, over REST or the WebSocket API, to the one form the outcome policy judges. Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.net.http import HttpOutcome, HttpResponse, NotSent
from veloz_tui.net.ratelimit import Kind
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.decoding import Shape
from veloz_tui.venues.binance.policy import Answer, Answered, Unanswered, Unwritten

_ERROR = Shape(wire.ErrorBody, "error")
_COUNT_HEADER = re.compile(r"x-mbx-(used-weight|order-count)-(\d{1,4})([smhd])")
_UNIT_MS = MappingProxyType({"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000})
_KINDS = MappingProxyType({"used-weight": Kind.WEIGHT, "order-count": Kind.ORDERS})
# Without a word from the venue: a ban lasts two minutes at least, a throttle until the minute's end at worst.
_DEFAULT_WAIT_MS = MappingProxyType({418: 120_000, 429: 10_000})
_TOO_MANY_ORDERS = -1015
Counts = dict[tuple[Kind, int], int]


def from_http(outcome: HttpOutcome) -> Answer:
    if isinstance(outcome, NotSent):
        return Unwritten(outcome.reason)
    if not isinstance(outcome, HttpResponse):
        return Unanswered(outcome.reason)
    if outcome.status < 300:
        return Answered(outcome.status, outcome.body)
    code, text = _envelope(outcome.body)
    seconds = outcome.headers.get("retry-after", "")
    wait_ms = int(seconds) * 1000 if seconds.isdecimal() and len(seconds) < 9 else None
    return Answered(outcome.status, outcome.body, code, text, _wait_ms(outcome.status, code, wait_ms))


def from_frame(frame: wire.ApiFrame, *, now_ms: int) -> Answer:
    """`now_ms`: the venue's time, for `retryAfter`, which is a point in time here."""
    if frame.status is None:
        return Unanswered("an answer without a status")
    error = frame.error
    if error is None:
        return Answered(frame.status, bytes(frame.result))
    until_ms = error.data.retry_after if error.data is not None else None
    wait_ms = None if until_ms is None else max(0, until_ms - now_ms)
    return Answered(frame.status, b"", error.code, error.msg, _wait_ms(frame.status, error.code, wait_ms))


def header_counts(headers: Mapping[str, str]) -> Counts:
    """What the venue says is used: X-MBX-USED-WEIGHT-1M, X-MBX-ORDER-COUNT-10S …"""
    found: Counts = {}
    for name, value in headers.items():
        match = _COUNT_HEADER.fullmatch(name)
        if match is not None and value.isdecimal() and len(value) < 12:
            found[_KINDS[match[1]], int(match[2]) * _UNIT_MS[match[3]]] = int(value)
    return found


def _envelope(body: bytes) -> tuple[int | None, str]:
    try:
        error = _ERROR.decode(body)
    except ProtocolError:
        return None, ""
    return error.code, error.msg


def _wait_ms(status: int, code: int | None, told_ms: int | None) -> int | None:
    if told_ms is not None or code == _TOO_MANY_ORDERS:  # the order count doesn't close the door
        return told_ms
    return _DEFAULT_WAIT_MS.get(status)
