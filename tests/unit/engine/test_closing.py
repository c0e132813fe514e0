"""Exits past our own orders: nothing crosses zero, and nothing waits longer than the cancel's round trip."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.factories import (
    BTC,
    LIMITS,
    MM,
    SETTINGS,
    Core,
    D,
    fill,
    foreign,
    ids_of,
    limit,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import OrderStatus, OrderType, Side, TimeInForce
from veloz_tui.engine.actions import Cancel, Submit
from veloz_tui.engine.risk.limits import InstrumentLimits

STOP = InstrumentLimits(max_position_size=D(10_000), stop_loss_threshold=D("0.02"))


def long_with_ask(quantity: str = "2", asks: str = "1 @ 110", **changes: object) -> tuple[Core, Order]:
    """Long, and an ordinary order rests above."""
    limits = msgspec.structs.replace(LIMITS, default=STOP)
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    core.holding(f"{quantity} @ 100")
    order = core.working(limit_sell(asks, **changes), venue_order_id="5")
    core.actions.clear()
    return core, order


def flatten(core: Core) -> str:
    return core.command(c.Flatten(command_id=core.new_id())).text


def close(core: Core, **fields: object) -> str:
    ack = core.command(
        c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id, **fields)  # type: ignore[arg-type]
    )
    assert ack.is_ok, ack.text
    return ack.text


def stop_loss(core: Core) -> str:
    core.book("96.99", "97.01")
    core.tick()
    return core.alerts("EXIT")[0]


def sold(core: Core) -> list[str]:
    return [f"{act.request.quantity.normalize()}" for act in core.actions if isinstance(act, Submit)]


WAYS_OUT = pytest.mark.parametrize("leave", [flatten, close, stop_loss])


@WAYS_OUT
def test_what_no_order_can_fill_leaves_at_once_and_the_rest_when_the_cancel_is_confirmed(
    leave: Callable[[Core], str],
) -> None:
    core, ask = long_with_ask()
    assert "1 more once the orders in its way are canceled" in leave(core)
    assert ids_of(core.actions, Cancel) == [ask.client_order_id]
    assert sold(core) == ["1"]
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert sold(core) == ["1", "1"]


@WAYS_OUT
def test_an_order_that_fills_before_its_cancel_leaves_less_to_close(leave: Callable[[Core], str]) -> None:
    core, ask = long_with_ask()
    leave(core)
    trade = fill(ask, 70, "0.4 @ 110", venue_order_id="5")
    core.send(report(ask, fill=trade, venue_order_id="5"))
    assert sold(core) == ["1"]
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert sold(core) == ["1", "0.6"]


@WAYS_OUT
def test_an_order_on_all_of_it_is_waited_for_and_no_longer(leave: Callable[[Core], str]) -> None:
    core, ask = long_with_ask(asks="3 @ 110")
    assert "2 once the orders in its way are canceled" in leave(core)
    assert not sold(core)
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert sold(core) == ["2"]
    core.tick(2)
    assert sold(core) == ["2"]


@WAYS_OUT
def test_a_part_too_small_for_the_venue_goes_with_the_rest(leave: Callable[[Core], str]) -> None:
    """Nothing is in the way of 0.01, but that is worth 1 and the venue's least order is 5."""
    core, ask = long_with_ask(asks="1.99 @ 110")
    assert "2 once the orders in its way are canceled" in leave(core)
    assert not sold(core)
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert sold(core) == ["2"]


@WAYS_OUT
def test_an_order_that_never_left_is_not_in_the_way(leave: Callable[[Core], str]) -> None:
    core, _ = long_with_ask()
    core.send(report(core.mine()[0], "CANCELED", venue_order_id="5"))
    parked = core.place(limit_sell("2 @ 110"))
    core.actions.clear()
    leave(core)
    core.send(r.SubmitNotSent(parked.client_order_id, "canceled before it was sent"))
    assert sold(core) == ["2"]


@WAYS_OUT
def test_orders_on_the_other_side_hold_nothing_back(leave: Callable[[Core], str]) -> None:
    core, ask = long_with_ask()
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    core.working(limit_buy("1 @ 90"), venue_order_id="6")
    core.actions.clear()
    leave(core)
    assert sold(core) == ["2"]


@WAYS_OUT
def test_somebody_elses_orders_hold_nothing_back(leave: Callable[[Core], str]) -> None:
    core, ask = long_with_ask()
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    core.send(foreign("2 @ 120", side=Side.SELL))
    core.actions.clear()
    leave(core)
    assert sold(core) == ["2"]


@WAYS_OUT
def test_a_kill_ends_the_wish(leave: Callable[[Core], str]) -> None:
    core, ask = long_with_ask(asks="3 @ 110")
    leave(core)
    core.kill()
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert not sold(core)
    assert not core.engine.live.closing


@WAYS_OUT
def test_what_traded_and_is_not_told_yet_is_not_closed_again(leave: Callable[[Core], str]) -> None:
    core, ask = long_with_ask()
    core.send(report(ask, "CANCELED", cumulative="0.5", venue_order_id="5"))
    core.actions.clear()
    leave(core)
    assert sold(core) == ["1.5"]


def never_arrives(core: Core, order: Order) -> None:
    core.later(s=13)
    for endpoint in (r.Endpoint.ORDER, r.Endpoint.OPEN_ORDERS, r.Endpoint.ORDER):
        core.answer(order, None, endpoint)
    assert order.status is OrderStatus.NEVER_ARRIVED


@WAYS_OUT
def test_an_order_in_doubt_holds_back_its_part_until_it_is_known_never_to_have_arrived(
    leave: Callable[[Core], str],
) -> None:
    core, ask = long_with_ask()
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    lost = core.doubted(limit_sell("1.5 @ 110"))
    core.actions.clear()
    leave(core)
    assert sold(core) == ["0.5"]
    never_arrives(core, lost)
    assert sold(core) == ["0.5", "1.5"]


def test_an_exit_that_never_arrived_does_not_keep_anybody_in_for_half_an_hour() -> None:
    core, ask = long_with_ask()
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    core.actions.clear()
    close(core)
    (lost,) = core.mine()
    core.send(r.SubmitWritten(lost.client_order_id))
    core.send(r.SubmitUnknown(lost.client_order_id, "timeout"))
    never_arrives(core, lost)
    core.actions.clear()
    close(core)
    assert sold(core) == ["2"]


def test_a_part_beside_which_an_order_fits_needs_no_cancel() -> None:
    core, _ = long_with_ask()
    close(core, fraction=D("0.5"))
    assert sold(core) == ["1"]
    assert not core.told(Cancel)


def test_a_close_keeps_its_price_for_the_rest() -> None:
    core, ask = long_with_ask()
    close(core, price=D("99.5"))
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    requests = [act.request for act in core.actions if isinstance(act, Submit)]
    assert {(q.price, q.time_in_force, q.reduce_only) for q in requests} == {
        (D("99.5"), TimeInForce.IOC, True)
    }


def test_a_close_leaves_protective_stops_alone() -> None:
    core, protective = long_with_ask(
        asks="1.5 @ 94", order_type=OrderType.STOP_LIMIT, stop_price=D(95), reduce_only=True
    )
    close(core)
    assert sold(core) == ["0.5"]
    assert protective.cancel_requested_at is None


def test_a_close_of_what_stops_protect_wholly_says_what_to_do() -> None:
    core, _ = long_with_ask(
        asks="2 @ 94", order_type=OrderType.STOP_LIMIT, stop_price=D(95), reduce_only=True
    )
    ack = core.command(c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id))
    assert not ack.is_ok
    assert "exits are at work on all of it" in ack.text
    assert "flatten" in ack.text


def test_what_is_too_small_for_an_order_is_named() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"), venue_order_id="7")
    trade = fill(order, 7, "1 @ 100", venue_order_id="7", fee="0.9996", fee_asset="BTC")
    core.send(report(order, "FILLED", fill=trade, venue_order_id="7"))
    ack = core.command(c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id))
    assert not ack.is_ok
    assert ack.text.endswith(": 0.0004 is too small for an order")


def test_a_preview_of_a_close_cancels_nothing() -> None:
    core, _ = long_with_ask(asks="3 @ 110")
    close(core, is_dry=True)
    assert not core.told(Cancel)
    assert not core.engine.live.closing


def test_a_preview_of_a_close_says_how_much_the_worst_price_and_what_it_cancels() -> None:
    core, _ = long_with_ask(asks="3 @ 110")
    ack = core.command(c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id, is_dry=True))
    assert ack.text == "2 down to 99.89; first cancels 1 SELL order of yours there"


def test_a_refused_rest_is_said() -> None:
    core, ask = long_with_ask(asks="3 @ 110")
    close(core)
    core.send(r.BookStale(BTC.id, "gap"))
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert "fresh book" in core.alerts("EXIT")[0]
    assert not core.engine.live.closing


def test_a_rest_whose_cancel_took_too_long_is_said_and_not_sent() -> None:
    core, ask = long_with_ask(asks="3 @ 110")
    close(core)
    core.later(s=31)
    core.send(report(ask, "CANCELED", venue_order_id="5"))
    assert "was not sent" in core.alerts("EXIT")[0]
    assert not sold(core)


def test_a_quote_of_a_running_strategy_does_not_come_before_the_exit() -> None:
    """A strategy asks again as soon as its quote is gone; the exit takes its place first."""
    core, _ = long_with_ask(asks="2 @ 110")
    core.send(report(core.mine()[0], "CANCELED", venue_order_id="5"))
    core.run_strategy()
    core.wants(QuoteIntent(BTC.id, bid=None, ask=D(101), size=D(2)))
    (ask,) = core.mine(MM)
    core.send(report(ask, venue_order_id="6"))
    core.actions.clear()
    flatten(core)
    core.send(report(ask, "CANCELED", venue_order_id="6"))
    first = next(act.request for act in core.actions if isinstance(act, Submit))
    assert (first.order_type, first.quantity) == (OrderType.MARKET, D(2))


# --- Whatever fills -----------------------------------------------------------------------------------------


class Market:
    """Fills and cancels our orders in any order."""

    def __init__(self, core: Core, side: Side) -> None:
        self.core = core
        self.side = side
        self.trades = 1000
        self.crossed = D(0)

    def open(self) -> list[Order]:
        return [self.core.state.orders[i] for i in self.core.state.open_orders]

    def step(self, choice: int, part: Decimal) -> None:
        orders = self.open()
        if not orders:
            self.core.tick()
            return
        order = orders[choice % len(orders)]
        if choice % 7 == 0:
            self.core.tick()
        elif order.cancel_requested_at is not None and choice % 3 == 0:
            self.core.send(report(order, "CANCELED", venue_order_id=named(order)))
        elif order.side is self.side:
            self.fills(order, part)
        at_risk = self.core.position * -self.side.sign
        self.crossed = min(self.crossed, at_risk)

    def fills(self, order: Order, part: Decimal) -> None:
        self.trades += 1
        quantity = max(BTC.round_quantity(order.leaves * part), BTC.lot_size)
        done = quantity >= order.leaves
        what = f"{min(quantity, order.leaves)} @ 100"
        trade = fill(order, self.trades, what, venue_order_id=named(order))
        said = "FILLED" if done else "OPEN"
        self.core.send(report(order, said, fill=trade, venue_order_id=named(order)))


def named(order: Order) -> str:
    return order.venue_order_id or order.client_order_id


@given(
    side=st.sampled_from(list(Side)),
    sizes=st.lists(st.integers(60, 3000), max_size=4),
    steps=st.lists(st.tuples(st.integers(0, 1000), st.sampled_from([D("0.3"), D("0.5"), D(1)])), max_size=40),
    is_flatten=st.booleans(),
)
def test_no_order_of_fills_and_cancels_carries_an_exit_across_zero(
    side: Side, sizes: list[int], steps: list[tuple[int, Decimal]], is_flatten: bool
) -> None:
    core = Core()
    core.holding("2 @ 100", side=side.opposite)
    for number, size in enumerate(sizes):
        # Together no more than is held: they alone could cross it.
        if sum(sizes[: number + 1]) <= 2000:
            price = "110" if side is Side.SELL else "90"
            core.working(limit(side, f"{D(size) / 1000} @ {price}"), venue_order_id=f"o{number}")
    flatten(core) if is_flatten else close(core)
    market_ = Market(core, side)
    for choice, part in steps:
        market_.step(choice, part)
    assert market_.crossed == 0
