"""TWAP at a desk: paced, never too much, and it ends."""

from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.domain.types import Side, TimeInForce
from veloz_tui.strategy.library.twap import Params, Twap
from veloz_tui.strategy.testing import BTC, Desk

D = Decimal


def params(
    *,
    side: Side = Side.BUY,
    quantity: str = "1",
    style: Literal["passive", "ioc"] = "ioc",
    limit: str | None = None,
) -> Params:
    return Params(
        instrument=BTC.id,
        side=side,
        quantity=D(quantity),
        duration_s=100,
        interval_s=10,
        style=style,
        limit=None if limit is None else D(limit),
    )


def begun(twap: Params, *, position: str = "0", share: str = "1") -> Desk:
    desk = Desk(Twap(twap), positions={BTC.id: D(position)})
    desk.taker_share = D(share)
    desk.start()
    desk.book(100.0, 100.02)
    return desk


def run(desk: Desk, seconds: int, *, bid: float = 100.0, ask: float = 100.02) -> None:
    """Let time pass, with a book a second."""
    for _ in range(seconds):
        desk.advance(1)
        assert len(desk.orders) <= 1, "never two orders at once, nor beside one that is being canceled"
        desk.book(bid, ask)
        assert len(desk.orders) <= 1


def fill(desk: Desk, share: str) -> None:
    for order in desk.orders:
        desk.fill(order, BTC.round_quantity(order.leaves * D(share)))


def test_it_takes_equal_slices_and_ends_by_itself() -> None:
    desk = begun(params())
    run(desk, 200)
    assert [request.quantity for request in desk.placed] == [D("0.1")] * 10
    assert {request.price for request in desk.placed} == {D("100.02")}
    assert desk.position == 1
    assert desk.timers == ()
    assert desk.doing == "done, all of it: 1.0 of 1"
    assert desk.lines[-1] == desk.doing


def test_it_sells_at_the_bid() -> None:
    desk = begun(params(side=Side.SELL))
    run(desk, 200)
    assert {(request.side, request.price) for request in desk.placed} == {(Side.SELL, D("100.00"))}
    assert desk.position == -1


def test_what_a_slice_leaves_is_part_of_the_next() -> None:
    desk = begun(params(), share="0.5")
    run(desk, 15)
    assert [request.quantity for request in desk.placed] == [D("0.1"), D("0.15")]


def test_a_passive_one_joins_the_best_price_post_only_and_moves_each_slice() -> None:
    desk = begun(params(style="passive"))
    first = desk.placed[-1]
    assert (first.price, first.post_only, first.time_in_force) == (D(100), True, TimeInForce.GTC)
    fill(desk, "0.5")
    run(desk, 10, bid=101.0, ask=101.02)
    assert [request.quantity for request in desk.placed] == [D("0.1"), D("0.15")]
    assert desk.placed[-1].price == D("101.00")
    assert len(desk.orders) == 1


def test_a_passive_one_rests_at_its_limit_while_the_market_is_beyond() -> None:
    desk = begun(params(style="passive", limit="99.5"))
    assert desk.placed[-1].price == D("99.5")


def test_a_taker_waits_while_the_market_is_beyond_its_limit_and_says_so() -> None:
    desk = begun(params(limit="100.01"))
    assert desk.placed == []
    assert desk.doing == "waiting: the market is beyond the limit 100.01, 0 of 1"
    desk.book(99.99, 100.01)
    assert [request.price for request in desk.placed] == [D("100.01")]


def test_when_the_time_is_up_it_stops_with_the_rest_said() -> None:
    desk = begun(params(limit="50"))
    run(desk, 300)
    assert desk.placed == []
    assert desk.timers == ()
    assert desk.doing == "done, time is up: 0 of 1, 1 left"


def test_a_passive_order_is_canceled_when_the_time_is_up() -> None:
    desk = begun(params(style="passive"))
    run(desk, 300)
    assert len(desk.orders) == 0
    assert desk.doing == "done, time is up: 0 of 1, 1 left"


def test_after_a_restart_it_goes_on_with_what_is_missing_at_the_same_pace() -> None:
    desk = begun(params(), position="0.6")
    assert desk.lines == ["going on: 0.6 of 1 was done before"]
    run(desk, 29)
    assert [request.quantity for request in desk.placed] == [D("0.1")] * 3
    run(desk, 100)
    assert desk.position == 1


def test_after_a_restart_with_everything_done_it_places_nothing() -> None:
    desk = begun(params(), position="1")
    assert desk.placed == []
    assert desk.doing == "done, all of it: 1 of 1"


def test_slices_below_the_venues_minimum_are_gathered() -> None:
    desk = begun(params(quantity="0.2"))  # 2 USDT a slice, the venue wants 5
    assert desk.doing == "slice below the venue's minimum, 0 of 0.2"
    run(desk, 300)
    assert desk.placed[0].quantity == D("0.06")
    assert all(request.quantity * D(100) >= 5 for request in desk.placed)


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": D(0)},
        {"quantity": D(1), "limit": D(0)},
        {"quantity": D(1), "interval_s": 0.5},
        {"quantity": D(1), "interval_s": 200.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(bad: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Params(instrument=BTC.id, side=Side.BUY, duration_s=100, **bad)  # type: ignore[arg-type]


@given(
    st.sampled_from(["passive", "ioc"]),
    st.sampled_from(list(Side)),
    st.decimals(0, 1, places=2),
    st.lists(st.tuples(st.sampled_from(["fill", "book", "run"]), st.integers(1, 30)), max_size=40),
)
def test_it_never_does_more_than_its_quantity_and_always_ends(
    style: Literal["passive", "ioc"], side: Side, share: Decimal, steps: list[tuple[str, int]]
) -> None:
    desk = begun(params(style=style, side=side), share=str(share))
    for what, number in steps:
        if what == "fill":
            fill(desk, str(D(number) / 30))
        elif what == "book":
            desk.book(90.0 + number, 90.5 + number)
        else:
            run(desk, number)
        outstanding = sum((order.quantity for order in desk.orders), D(0))
        assert desk.position * side.sign <= 1
        assert outstanding <= 1
    run(desk, 300)
    assert desk.timers == ()
    assert len(desk.orders) == 0
    assert desk.doing.startswith("done")
