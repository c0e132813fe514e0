"""Price-time matching: worked scenarios, and what must hold whatever arrives."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veloz_tui.sim.match_messages import (
    Expired,
    Match,
    NewOrder,
    OrderType,
    Prevented,
    Rested,
    SelfTradeMode,
    Side,
    TimeInForce,
    Triggered,
)
from veloz_tui.sim.matching import Book, WouldMatch, WouldTrigger

ALICE, BOB = 1, 2


def book() -> Book:
    return Book(lot_size=Decimal("0.1"))


def order(
    order_id: int,
    side: Side,
    text: str,
    *,
    owner: int = ALICE,
    kind: OrderType = "LIMIT",
    time_in_force: TimeInForce = "GTC",
    self_trade: SelfTradeMode = "NONE",
    stop: str | None = None,
) -> NewOrder:
    """`order(1, "BUY", "1.5 @ 100")`; without a price it is a market order."""
    quantity, _, price = text.partition(" @ ")
    return NewOrder(
        order_id=order_id,
        side=side,
        type=kind if price or kind != "LIMIT" else "MARKET",
        owner=owner,
        price=Decimal(price) if price else None,
        quantity=Decimal(quantity),
        stop_price=Decimal(stop) if stop else None,
        time_in_force=time_in_force,
        self_trade=self_trade,
    )


def levels(some: Book) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    bids, asks = (
        [(str(price), str(total)) for price, total in some.depth(side, 10)] for side in ("BUY", "SELL")
    )
    return bids, asks


def fills(events: list[object]) -> list[tuple[int, str, str]]:
    found = [event for event in events if isinstance(event, Match)]
    return [(one.maker_id, str(one.price), str(one.quantity)) for one in found]


def test_basic_full_cycle() -> None:
    """The scenario of exchange-core's basic feature; a price move is a cancel and a new order."""
    some = book()
    assert some.submit(order(101, "SELL", "7 @ 1600")) == [Rested(101)]
    assert some.submit(order(102, "BUY", "4 @ 1550")) == [Rested(102)]
    assert levels(some) == ([("1550", "4")], [("1600", "7")])

    events = some.submit(order(201, "BUY", "2 @ 1700", owner=BOB, time_in_force="IOC"))
    assert fills(list(events)) == [(101, "1600", "2")]
    assert levels(some) == ([("1550", "4")], [("1600", "5")])

    assert some.submit(order(202, "BUY", "4 @ 1583", owner=BOB)) == [Rested(202)]
    assert levels(some) == ([("1583", "4"), ("1550", "4")], [("1600", "5")])

    some.cancel(101)
    events = some.submit(order(103, "SELL", "5 @ 1580"))
    assert fills(list(events)) == [(202, "1583", "4")]
    assert events[-1] == Rested(103)
    assert levels(some) == ([("1550", "4")], [("1580", "1")])


def test_cancel_removes_the_order_and_its_level() -> None:
    some = book()
    some.submit(order(203, "BUY", "500 @ 18500"))
    assert levels(some) == ([("18500", "500")], [])
    assert some.cancel(203)
    assert levels(some) == ([], [])
    assert not some.cancel(203)


def test_the_better_price_fills_first_and_then_the_older_order() -> None:
    some = book()
    some.submit(order(1, "SELL", "1 @ 101"))
    some.submit(order(2, "SELL", "1 @ 100"))
    some.submit(order(3, "SELL", "1 @ 100"))
    events = some.submit(order(4, "BUY", "2.5 @ 102", owner=BOB))
    assert fills(list(events)) == [(2, "100", "1"), (3, "100", "1"), (1, "101", "0.5")]
    assert some.last_price == Decimal(101)


def test_an_amended_order_keeps_its_place() -> None:
    some = book()
    some.submit(order(1, "SELL", "5 @ 100"))
    some.submit(order(2, "SELL", "5 @ 100"))
    some.reduce(1, Decimal(2))
    assert fills(list(some.submit(order(3, "BUY", "3", owner=BOB)))) == [(1, "100", "2"), (2, "100", "1")]


@pytest.mark.parametrize(
    ("time_in_force", "filled", "reason"),
    [
        ("IOC", [(1, "100", "1")], "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("FOK", [], "UNFILLED_FOK_ORDER_EXPIRED"),
    ],
)
def test_unfilled_rest_expires(
    time_in_force: TimeInForce, filled: list[tuple[int, str, str]], reason: str
) -> None:
    some = book()
    some.submit(order(1, "SELL", "1 @ 100"))
    events = some.submit(order(2, "BUY", "2 @ 100", owner=BOB, time_in_force=time_in_force))
    assert fills(list(events)) == filled
    assert events[-1] == Expired(2, reason)


def test_fill_or_kill_fills_when_it_can() -> None:
    some = book()
    some.submit(order(1, "SELL", "1 @ 100"))
    some.submit(order(2, "SELL", "1 @ 101"))
    events = some.submit(order(3, "BUY", "2 @ 101", owner=BOB, time_in_force="FOK"))
    assert fills(list(events)) == [(1, "100", "1"), (2, "101", "1")]


def test_a_market_order_expires_when_liquidity_runs_out() -> None:
    some = book()
    some.submit(order(1, "SELL", "1 @ 100"))
    events = some.submit(order(2, "BUY", "2", owner=BOB))
    assert events[-1] == Expired(2, "INSUFFICIENT_LIQUIDITY")


def test_a_market_order_for_money_buys_whole_lots_and_leaves_dust() -> None:
    some = book()
    some.submit(order(1, "SELL", "9 @ 100"))
    spend = NewOrder(order_id=2, side="BUY", type="MARKET", quote_quantity=Decimal(255), owner=BOB)
    events = some.submit(spend)
    assert fills(list(events)) == [(1, "100", "2.5")]
    assert not any(isinstance(event, Expired) for event in events)


def test_post_only_is_refused_without_effect() -> None:
    some = book()
    some.submit(order(1, "SELL", "1 @ 100"))
    with pytest.raises(WouldMatch):
        some.submit(order(2, "BUY", "1 @ 100", kind="LIMIT_MAKER"))
    assert some.submit(order(2, "BUY", "1 @ 99", kind="LIMIT_MAKER")) == [Rested(2)]


@pytest.mark.parametrize(
    ("kind", "side", "stop", "triggering"),
    [
        ("STOP_LOSS", "SELL", "95", "95"),
        ("STOP_LOSS", "BUY", "105", "105"),
        ("TAKE_PROFIT", "BUY", "95", "94"),
        ("TAKE_PROFIT", "SELL", "105", "106"),
    ],
)
def test_a_stop_waits_for_the_last_price(kind: OrderType, side: Side, stop: str, triggering: str) -> None:
    some = _traded_at("100")
    assert some.submit(order(50, side, "1", kind=kind, stop=stop)) == [Rested(50)]
    some.submit(order(60, "SELL", f"0.5 @ {triggering}", owner=BOB))
    events = some.submit(order(61, "BUY", f"0.5 @ {triggering}", owner=BOB))
    assert Triggered(50) in events
    assert not some.stops


@pytest.mark.parametrize(
    ("kind", "side", "stop"), [("STOP_LOSS", "SELL", "101"), ("TAKE_PROFIT", "BUY", "100")]
)
def test_a_stop_that_holds_already_is_refused(kind: OrderType, side: Side, stop: str) -> None:
    with pytest.raises(WouldTrigger):
        _traded_at("100").submit(order(50, side, "1", kind=kind, stop=stop))


def test_a_triggered_stop_limit_rests_at_its_price() -> None:
    some = _traded_at("100")
    some.submit(order(50, "BUY", "1 @ 103", kind="STOP_LOSS_LIMIT", stop="105"))
    some.submit(order(60, "SELL", "1 @ 105", owner=BOB))
    events = some.submit(order(61, "BUY", "1 @ 105", owner=BOB))
    assert events[-2:] == [Triggered(50), Rested(50)]
    assert some.best("BUY") == (Decimal(103), Decimal(1))


def test_one_stop_can_trigger_the_next() -> None:
    some = _traded_at("100")
    some.submit(order(1, "BUY", "1 @ 95"))
    some.submit(order(2, "BUY", "9 @ 90"))
    some.submit(order(50, "SELL", "2", owner=BOB, kind="STOP_LOSS", stop="95"))
    some.submit(order(51, "SELL", "1", owner=BOB, kind="STOP_LOSS", stop="90"))
    events = some.submit(order(3, "SELL", "0.5", owner=BOB))
    assert [event.order_id for event in events if isinstance(event, Triggered)] == [50, 51]


@pytest.mark.parametrize(
    ("mode", "expired", "bids", "asks"),
    [
        ("EXPIRE_TAKER", [9], [("100", "3")], []),
        ("EXPIRE_MAKER", [1], [], [("100", "2")]),
        ("EXPIRE_BOTH", [1, 9], [], []),
        ("DECREMENT", [9], [("100", "1")], []),
        ("TRANSFER", [9], [("100", "1")], []),
        ("NONE", [], [("100", "1")], []),
    ],
)
def test_self_trade_prevention_follows_the_takers_mode(
    mode: SelfTradeMode,
    expired: list[int],
    bids: list[tuple[str, str]],
    asks: list[tuple[str, str]],
) -> None:
    some = book()
    some.submit(order(1, "BUY", "3 @ 100"))
    events = some.submit(order(9, "SELL", "2 @ 100", self_trade=mode))
    assert [event.order_id for event in events if isinstance(event, Expired)] == expired
    assert any(isinstance(event, Match) for event in events) == (mode == "NONE")
    assert any(isinstance(event, Prevented) for event in events) == (mode != "NONE")
    assert levels(some) == (bids, asks)


def _traded_at(price: str) -> Book:
    some = book()
    some.submit(order(901, "SELL", f"0.1 @ {price}", owner=BOB))
    some.submit(order(902, "BUY", f"0.1 @ {price}", owner=BOB))
    return some


_ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(95, 105),
        st.integers(1, 20),
        st.sampled_from(["GTC", "IOC", "FOK", "MARKET", "LIMIT_MAKER", "CANCEL"]),
        st.sampled_from([0, ALICE, BOB]),
        st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"]),
    ),
    max_size=60,
)


def _to_order(order_id: int, row: tuple[Side, int, int, str, int, SelfTradeMode]) -> NewOrder:
    side, price, lots, kind, owner, mode = row
    return NewOrder(
        order_id=order_id,
        side=side,
        type="MARKET" if kind == "MARKET" else "LIMIT_MAKER" if kind == "LIMIT_MAKER" else "LIMIT",
        owner=owner,
        price=None if kind == "MARKET" else Decimal(price),
        quantity=Decimal(lots) / 10,
        time_in_force="IOC" if kind == "IOC" else "FOK" if kind == "FOK" else "GTC",
        self_trade=mode,
    )


@given(_ORDERS)
@settings(max_examples=150, deadline=None)
def test_the_book_never_crosses_and_quantities_are_conserved(
    rows: list[tuple[Side, int, int, str, int, SelfTradeMode]],
) -> None:
    some = book()
    entered: dict[int, NewOrder] = {}
    gone: dict[int, Decimal] = {}
    ended: set[int] = set()
    for order_id, row in enumerate(rows, start=1):
        if row[3] == "CANCEL" and some.orders:
            victim = next(iter(some.orders.values()))
            gone[victim.order_id] = gone.get(victim.order_id, Decimal(0)) + victim.leaves
            some.cancel(victim.order_id)
            continue
        new = entered[order_id] = _to_order(order_id, row)
        opposite = [(level.order_id, level.price) for level in _queue(some, new.side)]
        try:
            events = some.submit(new)
        except WouldMatch:
            del entered[order_id]
            continue
        makers = [event.maker_id for event in events if isinstance(event, Match | Prevented)]
        expected = [maker for maker, _ in opposite if maker in makers]
        assert list(dict.fromkeys(makers)) == expected, "price-time priority"
        for event in events:
            match event:
                case Match(maker_id=maker, taker_id=taker, quantity=quantity):
                    for one in (maker, taker):
                        gone[one] = gone.get(one, Decimal(0)) + quantity
                case Prevented(maker_id=maker, taker_id=taker):
                    gone[maker] = gone.get(maker, Decimal(0)) + event.maker_quantity
                    gone[taker] = gone.get(taker, Decimal(0)) + event.taker_quantity
                case Expired(order_id=one):
                    ended.add(one)
                case _:
                    pass
        bid, ask = some.best("BUY"), some.best("SELL")
        assert bid is None or ask is None or bid[0] < ask[0]
    for order_id, new in entered.items():
        resting = some.orders.get(order_id)
        left = resting.leaves if resting is not None else Decimal(0)
        assert new.quantity is not None
        total = gone.get(order_id, Decimal(0)) + left
        assert total == new.quantity or (order_id in ended and total < new.quantity)
    for side in (some.bids, some.asks):
        assert sorted(side.levels) == side.prices
        for level in side.levels.values():
            assert level.total == sum(one.leaves for one in level.queue.values()) > 0


@given(_ORDERS)
@settings(max_examples=60, deadline=None)
def test_level_changes_rebuild_the_book(rows: list[tuple[Side, int, int, str, int, SelfTradeMode]]) -> None:
    some = book()
    mirror: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    for order_id, row in enumerate(rows, start=1):
        before = some.update_id
        try:
            some.submit(_to_order(order_id, row))
        except WouldMatch:
            continue
        changes = some.take_changes()
        assert some.update_id - before >= len(changes[0]) + len(changes[1])
        for side, changed in zip(mirror, changes, strict=True):
            side.update(changed)
            for price in [price for price, total in side.items() if not total]:
                del side[price]
    assert mirror[0] == dict(some.depth("BUY", 100))
    assert mirror[1] == dict(some.depth("SELL", 100))


def _queue(some: Book, taker: Side) -> list[NewOrder]:
    # The opposite side's orders in the order a taker meets them.
    opposite = some.opposite(taker)
    found = []
    for price, _ in opposite.best_first(100):
        for maker in opposite.levels[price].queue.values():
            found.append(NewOrder(order_id=maker.order_id, side=maker.side, price=price))
    return found
