"""Momentum enters with a move, leaves by turn, stop or time, and never has two positions."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veloz_tui.domain.types import SECOND, Nanos, Side, TimeInForce
from veloz_tui.strategy.library.momentum import Momentum, Params, Signal
from veloz_tui.strategy.testing import BTC, Desk

D = Decimal


def params(*, may_short: bool = False, max_hold_s: float = 300.0) -> Params:
    return Params(
        instrument=BTC.id,
        quote_size=D(1000),
        fast_s=5,
        slow_s=20,
        entry_bps=10,
        stop_bps=D(100),
        max_hold_s=max_hold_s,
        cooldown_s=10,
        may_short=may_short,
    )


def begun(wanted: Params, *, fee_bps: str = "0") -> Desk:
    desk = Desk(Momentum(wanted), fee_bps=D(fee_bps))
    desk.start()
    walk(desk, 100.0, seconds=25)
    return desk


def walk(desk: Desk, bid: float, *, seconds: int, step: float = 0.0) -> float:
    """Show a book a second, each higher by `step`; return the last bid."""
    for _ in range(seconds):
        desk.advance(1)
        bid += step
        desk.book(round(bid, 2), round(bid + 0.02, 2))
    return bid


def entered(wanted: Params, *, fee_bps: str = "0") -> Desk:
    desk = begun(wanted, fee_bps=fee_bps)
    for _ in range(60):
        if desk.placed:
            return desk
        walk(desk, float(desk.context.now / SECOND - 25) * 0.05 + 100, seconds=1)
    raise AssertionError(f"no entry: {desk.doing}")


def test_a_flat_market_enters_nothing_and_says_why() -> None:
    desk = begun(params())
    assert desk.placed == []
    assert desk.doing == "flat: the move is +0.0 bps, enters at 10"


def test_it_warms_up_before_it_trades() -> None:
    desk = Desk(Momentum(params()))
    desk.start()
    walk(desk, 100.0, seconds=10, step=0.5)
    assert desk.placed == []
    assert desk.doing == "warming up, 11 s left"


def test_it_buys_into_a_rise_and_sizes_by_quote() -> None:
    desk = entered(params())
    (order,) = desk.placed
    assert (order.side, order.time_in_force) == (Side.BUY, TimeInForce.IOC)
    assert order.price is not None
    assert D(990) < order.quantity * order.price <= D(1000)
    assert desk.position == order.quantity
    walk(desk, 102.0, seconds=20, step=0.05)
    assert len(desk.placed) == 1
    assert desk.doing.startswith("holding +")


def test_what_is_too_little_to_sell_is_part_of_the_next_position() -> None:
    desk = Desk(Momentum(params()), positions={BTC.id: D("0.04")})
    desk.start()
    bid = walk(desk, 100.0, seconds=25)
    while not desk.placed:
        bid = walk(desk, bid, seconds=1, step=0.05)
    assert D(995) < desk.position * desk.placed[0].price <= D(1000)  # type: ignore[operator]


def test_a_fall_is_sold_short_only_if_allowed() -> None:
    long_only, both = begun(params()), begun(params(may_short=True))
    for desk in (long_only, both):
        walk(desk, 100.0, seconds=10, step=-0.05)
    assert long_only.placed == []
    assert [order.side for order in both.placed] == [Side.SELL]
    (order,) = both.placed
    assert D(990) < order.quantity * (order.price or D(0)) <= D(1000)
    assert both.position == -order.quantity


def test_the_stop_leaves() -> None:
    desk = entered(params(), fee_bps="10")
    walk(desk, 98.0, seconds=1)
    assert desk.placed[-1].side is Side.SELL
    assert 0 <= desk.position < BTC.lot_size
    assert "leaving" in desk.doing
    assert "stop" in desk.doing


def test_the_turn_leaves_and_the_next_entry_waits() -> None:
    desk = entered(params())
    bid = walk(desk, 101.0, seconds=5)
    for _ in range(60):
        if desk.position == 0:
            break
        bid = walk(desk, bid, seconds=1, step=-0.02)
    assert desk.position == 0
    assert "the move turned" in desk.doing
    walk(desk, bid, seconds=5, step=0.2)
    assert desk.doing == "cooling down"


def test_time_runs_out_in_a_quiet_market_too() -> None:
    desk = entered(params(max_hold_s=30))
    desk.advance(31)
    assert desk.position == 0
    assert [order.side for order in desk.placed] == [Side.BUY, Side.SELL]


def test_what_an_exit_left_is_tried_again() -> None:
    desk = entered(params(max_hold_s=30))
    desk.taker_share = D("0.5")
    desk.advance(60)
    sold = [order.quantity for order in desk.placed if order.side is Side.SELL]
    assert len(sold) > 3
    assert desk.position * 100 < 5


def test_a_restart_keeps_the_position_and_guards_it_from_where_the_market_is() -> None:
    desk = entered(params())
    held = desk.position
    desk.stop()
    desk.restart(Momentum(params()))
    desk.start()
    walk(desk, 100.5, seconds=1)
    assert desk.doing == f"holding {held:+f} from 100.51 for 0 s"
    walk(desk, 99.0, seconds=1)
    assert desk.position == 0


def test_a_refused_order_makes_it_wait_and_say_why() -> None:
    desk = begun(params())
    desk.refuse_next = "limits say no"
    bid = 100.0
    while not desk.denied:
        bid = walk(desk, bid, seconds=1, step=0.05)
    walk(desk, bid, seconds=1)
    assert desk.doing == "waiting, an order was refused: limits say no"
    walk(desk, bid, seconds=2)
    assert desk.position > 0


def test_the_averages_forget_by_time_not_by_books() -> None:
    often, seldom = Signal(fast_s=5, slow_s=20), Signal(fast_s=5, slow_s=20)
    for signal, steps in ((often, 100), (seldom, 2)):
        signal.see(100.0, now=Nanos(0))
        for number in range(1, steps + 1):
            signal.see(101.0, now=Nanos(10 * SECOND * number // steps))
    assert often.bps == pytest.approx(seldom.bps)
    assert often.bps > 0


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"quote_size": D(0)}, "quote_size"),
        ({"fast_s": 200.0}, "fast_s"),
        ({"entry_bps": 0.0}, "entry_bps"),
        ({"stop_bps": D(0)}, "stop_bps"),
        ({"slippage_bps": D(10_000)}, "slippage_bps"),
    ],
)
def test_settings_that_make_no_sense_are_refused(bad: dict[str, Decimal], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Params(**{"instrument": BTC.id, "quote_size": D(100), **bad})  # type: ignore[arg-type]


WALKS = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(1, 15), st.sampled_from(["0.3", "1"]), st.booleans()),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(WALKS, st.booleans(), st.sampled_from(["0", "10"]))
def test_whatever_the_market_does_there_is_one_position_within_its_size(
    walks: list[tuple[int, int, str, bool]], may_short: bool, fee_bps: str
) -> None:
    desk = begun(params(may_short=may_short), fee_bps=fee_bps)
    bid = 100.0
    for cents, seconds, share, restarts in walks:
        if restarts:
            desk.stop()
            desk.restart(Momentum(params(may_short=may_short)))
            desk.start()
        desk.taker_share = D(share)
        bid = max(walk(desk, bid, seconds=seconds, step=cents / 100), 50.0)
        assert may_short or desk.position >= 0
        assert desk.orders == []
    for order in desk.placed:
        assert order.time_in_force is TimeInForce.IOC
    assert all(abs(held) * price <= D(1001) for held, price in entries(desk))
    assert desk.denied == []
    placed = len(desk.placed)
    desk.stop()
    desk.book(95.0, 95.02)
    desk.advance(60)
    assert len(desk.placed) == placed


def entries(desk: Desk) -> list[tuple[Decimal, Decimal]]:
    """The position after each fill that made it larger, with the fill's price."""
    held, found = D(0), []
    for fill in desk.fills:
        sign = 1 if fill.fee_asset == BTC.base else -1
        after = held + fill.change(sign)
        if abs(after) > abs(held):
            found.append((after, fill.price))
        held = after
    return found
