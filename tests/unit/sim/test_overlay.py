"""Traders' orders over a recorded book: displayed sizes, queues, prints and crossings."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest

from veloz_tui.sim.match_messages import Expired, Match, MatchEvent, NewOrder, Rested, Side, Triggered
from veloz_tui.sim.matching import WouldMatch
from veloz_tui.sim.overlay import OverlayBook

TRADER, OTHER = 7, 8


def level(text: str) -> tuple[Decimal, Decimal]:
    quantity, _, price = text.partition(" @ ")
    return Decimal(price), Decimal(quantity)


def recorded() -> OverlayBook:
    """Bids 100 and 99, asks 102 and 103, at update id 10."""
    ids = count(-1, -1)
    book = OverlayBook(lot_size=Decimal("0.1"), take_id=lambda: next(ids))
    book.load(10, [level("5 @ 100"), level("9 @ 99")], [level("4 @ 102"), level("6 @ 103")])
    return book


def order(order_id: int, side: Side, text: str, **changes: object) -> NewOrder:
    quantity, _, price = text.partition(" @ ")
    base: dict[str, object] = {
        "order_id": order_id, "owner": TRADER, "side": side, "type": "LIMIT" if price else "MARKET",
        "price": Decimal(price) if price else None, "quantity": Decimal(quantity),
    }  # fmt: skip
    return NewOrder(**(base | changes))  # type: ignore[arg-type]


def fills(events: list[MatchEvent]) -> list[tuple[int, str, str]]:
    found = [event for event in events if isinstance(event, Match)]
    return [
        (one.maker_id if one.maker_owner else one.taker_id, str(one.price), str(one.quantity))
        for one in found
    ]


def test_a_taker_gets_the_displayed_sizes_and_no_size_twice() -> None:
    book = recorded()
    assert fills(book.submit(order(1, "BUY", "6"))) == [(1, "102", "4"), (1, "103", "2")]
    assert fills(book.submit(order(2, "BUY", "1"))) == [(2, "103", "1")]
    assert book.depth("SELL", 2) == [level("4 @ 102"), level("6 @ 103")]
    book.apply_diff(11, [], [level("3 @ 102")])
    assert fills(book.submit(order(3, "BUY", "1"))) == [(3, "102", "1")]


def test_the_rest_of_a_taker_stands_in_the_book() -> None:
    book = recorded()
    events = book.submit(order(1, "BUY", "5 @ 102"))
    assert fills(events) == [(1, "102", "4")]
    assert events[-1] == Rested(1)
    assert book.orders[1].leaves == 1


def test_an_immediate_order_does_not_rest() -> None:
    events = recorded().submit(order(1, "BUY", "5 @ 102", time_in_force="IOC"))
    assert events[-1] == Expired(1, "UNFILLED_IOC_QUANTITY_EXPIRED")


def test_post_only_is_refused_when_it_would_take() -> None:
    with pytest.raises(WouldMatch):
        recorded().submit(order(1, "BUY", "1 @ 102", type="LIMIT_MAKER"))


def test_trades_at_the_price_use_the_queue_up_first() -> None:
    book = recorded()
    book.submit(order(1, "BUY", "2 @ 100"))
    assert book.apply_trade(*level("4 @ 100"), "SELL") == []
    assert fills(book.apply_trade(*level("2.5 @ 100"), "SELL")) == [(1, "100", "1.5")]
    assert fills(book.apply_trade(*level("9 @ 100"), "SELL")) == [(1, "100", "0.5")]
    assert book.orders == {}


def test_a_trade_of_the_other_direction_fills_nothing() -> None:
    book = recorded()
    book.submit(order(1, "BUY", "2 @ 101"))
    assert book.apply_trade(*level("9 @ 101"), "BUY") == []


def test_a_trade_through_the_price_fills_at_once() -> None:
    book = recorded()
    book.submit(order(1, "BUY", "2 @ 100"))
    assert fills(book.apply_trade(*level("9 @ 99"), "SELL")) == [(1, "100", "2")]


def test_a_shrinking_level_shortens_the_queue() -> None:
    book = recorded()
    book.submit(order(1, "BUY", "2 @ 100"))
    book.apply_diff(11, [level("1 @ 100")], [])
    assert fills(book.apply_trade(*level("2 @ 100"), "SELL")) == [(1, "100", "1")]


def test_orders_inside_the_spread_have_nobody_before_them() -> None:
    book = recorded()
    book.submit(order(1, "SELL", "2 @ 101"))
    assert fills(book.apply_trade(*level("0.5 @ 101"), "BUY")) == [(1, "101", "0.5")]


def test_an_opposite_best_that_reaches_the_price_fills() -> None:
    book = recorded()
    book.submit(order(1, "BUY", "2 @ 101"))
    assert fills(book.apply_diff(11, [], [level("1.5 @ 101")])) == [(1, "101", "1.5")]
    top = book.apply_top(12, level("5 @ 100"), level("3 @ 100.5"))
    assert fills(top) == [(1, "101", "0.5")]


def test_a_newer_ticker_corrects_the_top() -> None:
    book = recorded()
    book.apply_top(11, level("5 @ 100"), level("1 @ 102.5"))
    assert fills(book.submit(order(1, "BUY", "2"))) == [(1, "102.5", "1"), (1, "103", "1")]
    assert book.depth("SELL", 1) == [level("4 @ 102")]


def test_diffs_that_the_snapshot_contains_are_ignored() -> None:
    book = recorded()
    book.apply_diff(10, [level("1 @ 100")], [])
    assert book.best("BUY") == level("5 @ 100")


def test_two_traders_meet_each_other_behind_the_displayed_size() -> None:
    book = recorded()
    book.submit(order(1, "SELL", "1 @ 102"))
    book.submit(order(2, "SELL", "1 @ 101"))
    events = book.submit(order(3, "BUY", "5.5 @ 102", owner=OTHER))
    assert fills(events) == [(2, "101", "1"), (3, "102", "4"), (1, "102", "0.5")]
    assert (set(book.orders), book.orders[1].leaves) == ({1}, Decimal("0.5"))


def test_self_trade_prevention_removes_the_resting_order() -> None:
    book = recorded()
    book.submit(order(1, "SELL", "1 @ 101"))
    events = book.submit(order(2, "BUY", "1 @ 101", self_trade="EXPIRE_MAKER"))
    assert Expired(1, "") in events
    assert set(book.orders) == {2}


def test_stops_trigger_on_recorded_trades() -> None:
    book = recorded()
    book.apply_trade(*level("1 @ 100"), "SELL")
    book.submit(order(1, "SELL", "2", type="STOP_LOSS", stop_price=Decimal(99)))
    events = book.apply_trade(*level("1 @ 99"), "SELL")
    assert events[0] == Triggered(1)
    assert fills(events) == [(1, "100", "2")]


def test_canceled_orders_are_gone() -> None:
    book = recorded()
    book.submit(order(1, "BUY", "2 @ 100"))
    assert book.cancel(1)
    assert not book.cancel(1)
    assert book.apply_trade(*level("99 @ 99"), "SELL") == []
