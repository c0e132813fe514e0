"""The grid buys below, sells one line above, stays within its budget, and finds its lines again."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veloz_tui.domain.types import Side
from veloz_tui.strategy.library.grid import Grid, Params
from veloz_tui.strategy.testing import BTC, Desk

D = Decimal


def params(*, budget: str = "1000", cells: int = 4, lower: str = "96", upper: str = "104") -> Params:
    return Params(instrument=BTC.id, budget=D(budget), cells=cells, lower=D(lower), upper=D(upper))


def show(desk: Desk, bid: float, *, times: int = 8) -> None:
    """Show one book until the grid has placed what it wants: one order at a time."""
    for _ in range(times):
        desk.book(bid, bid + 0.02)
        desk.advance(0.3)


def begun(wanted: Params, bid: float = 100.5, *, fee_bps: str = "0") -> Desk:
    desk = Desk(Grid(wanted), fee_bps=D(fee_bps))
    desk.start()
    show(desk, bid)
    return desk


def prices(desk: Desk, side: Side) -> list[Decimal]:
    return sorted(order.price for order in desk.orders if order.side is side and order.price is not None)


def test_it_buys_on_the_lines_below_the_market() -> None:
    desk = begun(params())
    assert prices(desk, Side.BUY) == [96, 98, 100]
    assert prices(desk, Side.SELL) == []
    assert all(order.post_only for order in desk.placed)
    assert desk.doing == "3 bids, 0 asks, 96.00 to 104.00"


def test_a_filled_bid_is_sold_one_line_higher_and_bought_again_after() -> None:
    desk = begun(params())
    show(desk, 99.5)
    assert prices(desk, Side.SELL) == [102]
    assert desk.position == D("2.5")
    show(desk, 102.5)
    assert desk.position == 0
    assert prices(desk, Side.BUY) == [96, 98, 100, 102]


def test_it_sells_what_the_fee_left() -> None:
    desk = begun(params(), fee_bps="10")
    show(desk, 99.5)
    assert [order.quantity for order in desk.placed if order.side is Side.SELL] == [D("2.49750")]
    assert desk.denied == []


def test_a_partly_filled_bid_waits_for_the_rest() -> None:
    desk = begun(params())
    desk.fill(next(o for o in desk.orders if o.price == 100), D(1))
    show(desk, 100.5)
    assert prices(desk, Side.SELL) == []
    show(desk, 99.5)
    assert [order.quantity for order in desk.placed if order.side is Side.SELL] == [D("2.5")]


def test_after_a_bid_was_canceled_half_filled_the_next_one_is_for_the_rest() -> None:
    desk = begun(params())
    bid = next(o for o in desk.orders if o.price == 100)
    desk.fill(bid, D("0.04"))  # too little to sell
    desk.cancel(bid)
    show(desk, 100.5)
    assert [order.quantity for order in desk.orders if order.price == 100] == [D("2.46")]


@pytest.mark.parametrize("fee_bps", ["0", "10"])
def test_a_restart_takes_over_the_orders_and_places_no_second_ones(fee_bps: str) -> None:
    desk = begun(params(), fee_bps=fee_bps)
    show(desk, 97.5)
    before = [order.client_order_id for order in desk.orders]
    desk.stop(keeps_orders=True)
    desk.restart(Grid(params()))
    desk.start()
    show(desk, 97.5)
    assert [order.client_order_id for order in desk.orders] == before
    show(desk, 104.5)
    assert desk.position < D("0.01")


def test_after_a_restart_without_orders_what_it_holds_is_sold_above() -> None:
    desk = begun(params())
    show(desk, 97.5)  # 100 and 98 are bought
    desk.stop()
    assert desk.orders == []
    desk.restart(Grid(params()))
    desk.start()
    show(desk, 97.5)
    assert prices(desk, Side.SELL) == [100, 102]
    assert prices(desk, Side.BUY) == [96]


def test_orders_of_other_lines_end_before_anything_is_placed() -> None:
    desk = begun(params())
    desk.stop(keeps_orders=True)
    desk.restart(Grid(params(lower="90", upper="99")))
    desk.start()
    desk.book(100.5, 100.52)
    assert desk.doing == "waiting for 3 orders of other lines to end"
    show(desk, 100.5)
    assert prices(desk, Side.BUY) == [90, D("92.25"), D("94.5"), D("96.75")]
    assert desk.doing == "4 bids, 0 asks, 90.00 to 99.00, market above the grid"


def test_around_the_mid_the_lines_are_found_again_after_a_restart() -> None:
    wanted = Params(instrument=BTC.id, budget=D(1000), cells=6, step_bps=D(50))
    desk = begun(wanted)
    lines = prices(desk, Side.BUY)
    assert lines[-1] < D("100.52")
    assert len(lines) >= 3
    desk.stop(keeps_orders=True)
    desk.restart(Grid(wanted))
    desk.start()
    show(desk, 100.9)
    assert set(lines[1:]) <= set(prices(desk, Side.BUY))


def test_a_budget_too_small_for_the_venue_trades_nothing_and_says_what_to_do() -> None:
    desk = begun(params(budget="20"))
    assert desk.placed == []
    assert desk.doing == "not trading: 5.00 a cell, the venue wants 5: more budget or fewer cells"


def test_a_refused_order_makes_it_wait_and_say_why() -> None:
    desk = Desk(Grid(params()), fee_bps=D(0))
    desk.start()
    desk.refuse_next = "limits say no"
    desk.book(100.5, 100.52)
    desk.advance(1)
    desk.book(100.5, 100.52)
    assert desk.placed == []
    assert desk.doing == "waiting 5 s, an order was refused: limits say no"
    desk.advance(5)
    desk.book(100.5, 100.52)
    assert len(desk.placed) == 1


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"budget": D(0)}, "budget"),
        ({"cells": 0}, "cells"),
        ({"lower": D(5)}, "both lower and upper"),
        ({"lower": D(5), "upper": D(5)}, "below upper"),
        ({"step_bps": D(0)}, "step_bps"),
    ],
)
def test_settings_that_make_no_sense_are_refused(bad: dict[str, Decimal], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Params(**{"instrument": BTC.id, "budget": D(100), **bad})  # type: ignore[arg-type]


STEPS = st.lists(
    st.tuples(st.sampled_from(["book", "fill", "restart", "crash"]), st.integers(9400, 10600)), max_size=60
)


@settings(deadline=None, max_examples=60)
@given(STEPS, st.integers(1, 6), st.sampled_from(["0", "10"]), st.booleans())
def test_whatever_happens_it_stays_within_its_budget(
    steps: list[tuple[str, int]], cells: int, fee_bps: str, around_mid: bool
) -> None:
    wanted = (
        Params(instrument=BTC.id, budget=D(500), cells=cells)
        if around_mid
        else params(budget="500", cells=cells)
    )
    desk = Desk(Grid(wanted), fee_bps=D(fee_bps))
    desk.start()
    has_restarted = False
    # Around the mid the lines move by restarts: what is held counts at no more than any line.
    lowest = D(90) if around_mid else D(96)
    for what, number in steps:
        if what == "book":
            show(desk, number / 100, times=3)
        elif what == "fill" and desk.orders:
            order = desk.orders[number % len(desk.orders)]
            desk.fill(order, BTC.round_quantity(order.leaves * (number - 9399) / 1201))
        elif what in ("restart", "crash"):
            desk.stop(keeps_orders=what == "restart")
            desk.restart(Grid(wanted))
            desk.start()
        bids = [order for order in desk.orders if order.side is Side.BUY]
        asks = [order for order in desk.orders if order.side is Side.SELL]
        has_restarted = has_restarted or what in ("restart", "crash")
        paid = sum((f.price * f.quantity for f in desk.fills if f.base_fee or f.fee_asset == BTC.base), D(0))
        earned = sum((f.price * f.quantity for f in desk.fills if f.fee_asset == BTC.quote), D(0))
        at_work = sum((order.leaves * order.price for order in bids if order.price), D(0))
        assert at_work + desk.position * lowest <= 500
        if not has_restarted:  # a new run doesn't know what the last one paid
            assert paid - earned + at_work <= 500
        assert sum((order.leaves for order in asks), D(0)) <= desk.position
    assert desk.denied == []
    placed = len(desk.placed)
    desk.stop()
    desk.book(95.0, 95.02)
    desk.advance(60)
    assert (desk.orders, len(desk.placed)) == ([], placed)
