"""Frames survive any cut of the stream, and what a host sends is not believed."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategy.factories import BTC_ID, MM, request
from veloz_tui.domain.intents import CancelIntent, LogIntent, PlaceIntent, QuoteIntent
from veloz_tui.domain.types import InstrumentId, Nanos, StrategyId
from veloz_tui.strategy.base import Intent
from veloz_tui.strategy.wire import (
    Book,
    Done,
    FrameReader,
    Hello,
    Stop,
    WireError,
    check_intents,
    decode_from_host,
    decode_to_host,
    encode_body,
    frame,
)

D = Decimal


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 2**32 - 1)), max_size=8), st.data())
def test_frames_arrive_whole_however_the_stream_is_cut(
    bodies: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    stream = b"".join(frame(body, run=run, seq=run * 2, now=5) for body, run in bodies)
    reader, received = FrameReader(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        received += [(f.body, f.run, f.seq, f.now) for f in reader.feed(stream[:cut])]
        stream = stream[cut:]
    assert received == [(body, run, run * 2, 5) for body, run in bodies]


def test_a_frame_too_long_to_be_true_is_refused_before_it_is_awaited() -> None:
    with pytest.raises(WireError, match="2097152 bytes"):
        list(FrameReader().feed(frame(b"", run=1, seq=1, now=1).replace(b"\0\0\0\0", b"\0\x20\0\0", 1)))


def test_messages_come_back_as_they_were() -> None:
    book = Book(BTC_ID, Nanos(3), [(1.0, 2.0)], [(1.5, 2.0)])
    assert decode_to_host(encode_body(book)) == book
    done = Done("on_book", (QuoteIntent(BTC_ID, D("1.10"), None, D(1)), LogIntent("x")), 1.5, "fine")
    assert decode_from_host(encode_body(done)) == done


def test_a_host_cannot_speak_as_the_engine() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_from_host(encode_body(Stop("now")))
    with pytest.raises(msgspec.ValidationError):
        decode_to_host(encode_body(Hello(("on_book",))))


def check(*intents: Intent) -> None:
    check_intents(intents, strategy_id=MM, instrument_ids=(BTC_ID,))


def test_what_a_context_makes_passes() -> None:
    check(
        PlaceIntent(1, request()),
        QuoteIntent(BTC_ID, D(1), D(2), D(1), D(0)),
        QuoteIntent(BTC_ID, None, None, D(0)),
        CancelIntent(),
        LogIntent("x"),
    )


NAN = D("NaN")
ETH = InstrumentId("ETHUSDT.BINANCE")


@pytest.mark.parametrize(
    "intent",
    [
        PlaceIntent(0, request()),
        PlaceIntent(1, request(strategy_id=StrategyId("manual"))),
        PlaceIntent(1, request(quantity="-1")),
        PlaceIntent(1, request(quantity="NaN")),
        PlaceIntent(1, request(price="Infinity")),
        PlaceIntent(1, msgspec.structs.replace(request(), instrument_id=ETH)),
        PlaceIntent(1, msgspec.structs.replace(request(), stop_price=NAN)),
        PlaceIntent(1, msgspec.structs.replace(request(), price=None)),
        QuoteIntent(ETH, D(1), D(2), D(1)),
        QuoteIntent(BTC_ID, NAN, D(2), D(1)),
        QuoteIntent(BTC_ID, D(-1), D(2), D(1)),
        QuoteIntent(BTC_ID, D(2), D(2), D(1)),
        QuoteIntent(BTC_ID, D(1), D(2), NAN),
        QuoteIntent(BTC_ID, D(1), D(2), D(-1)),
        QuoteIntent(BTC_ID, D(1), D(2), D(1), NAN),
        QuoteIntent(BTC_ID, D(1), D(2), D(1), D(-1)),
    ],
)
def test_what_a_context_never_makes_is_refused(intent: Intent) -> None:
    with pytest.raises(WireError):
        check(intent)


def test_more_intents_than_a_callback_may_have_are_refused() -> None:
    with pytest.raises(WireError, match="300 intents"):
        check(*[CancelIntent()] * 300)
