"""What the adapter records of its private side: everything, in words, bounded, and no secret."""

import json

import msgspec

from tests.venues.desk import API_KEY, INSTRUMENT, SECRET, desk, limit, now, until
from veloz_tui.domain.types import Nanos, Side
from veloz_tui.venues.binance.policy import Answered, Unanswered
from veloz_tui.venues.binance.wire_words import MOST_BYTES, shortened, words_of
from veloz_tui.venues.wire_tap import WireTap


async def test_an_order_leaves_its_request_its_answer_and_its_event_and_no_secret() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))

        def topics() -> list[str]:
            words = [words_of(taken) for taken in d.adapter.tap.entries()]
            return [each.topic for each in words if each.client_order_id == order_id]

        await until(lambda: len(topics()) >= 3)
        assert set(topics()) >= {"order.place", "executionReport"}
        every = [words_of(taken) for taken in d.adapter.tap.entries()]
        answer = next(each for each in every if each.topic == "order.place" and each.outcome)
        assert answer.outcome == "200"
        assert json.loads(answer.payload)["symbol"] == "BTCUSDT"
        assert any(each.topic.startswith("GET ") for each in every), "signed REST is there too"
        said = " ".join(f"{each.topic} {each.outcome} {each.payload}" for each in every)
        for secret in (API_KEY, SECRET, '"signature"', "signature=", "apiKey", "X-MBX"):
            assert secret not in said
        assert d.adapter.tap.public_frames > 0


async def test_an_order_without_an_answer_ends_with_its_timeout() -> None:
    async with desk() as d:
        await d.fault("drop_response", operation="order.place")
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))

        def ends() -> list[str]:
            words = [words_of(taken) for taken in d.adapter.tap.entries()]
            return [each.outcome for each in words if each.client_order_id == order_id and each.outcome]

        await until(lambda: any("no answer: timeout" in each for each in ends()))


def test_the_ring_forgets_the_oldest_and_counts_what_it_forgot() -> None:
    tap = WireTap(now=now, capacity=3)
    for number in range(5):
        tap.sent("orders", f"m{number}", {})
    assert [taken.number for taken in tap.entries()] == [3, 4, 5]
    assert [taken.number for taken in tap.entries(after=4)] == [5]
    assert tap.lost == 2


def test_a_long_body_is_kept_in_part_only() -> None:
    kept = shortened(Answered(200, b"x" * 100_000))
    assert isinstance(kept, Answered) and len(kept.body) == MOST_BYTES
    assert shortened(Unanswered("timeout")) == Unanswered("timeout")


def test_an_event_names_its_order_by_the_orders_own_id() -> None:
    tap = WireTap(now=lambda: Nanos(1))
    event = b'{"e":"executionReport","s":"BTCUSDT","c":"new","C":"own","i":7,"x":"CANCELED","X":"CANCELED"}'
    tap.pushed("user", msgspec.Raw(event))
    tap.pushed("user", msgspec.Raw(b'{"e": 1'))
    found, broken = (words_of(taken) for taken in tap.entries())
    assert (found.client_order_id, found.venue_order_id, found.symbol) == ("own", "7", "BTCUSDT")
    assert found.outcome == "CANCELED CANCELED" and broken.outcome == "unreadable"
    assert INSTRUMENT.startswith(found.symbol)
