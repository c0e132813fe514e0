"""Wanted quotes against working ones: the rules one by one, then the invariants on a model of the venue."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategy.factories import BTC, BTC_ID, MM
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import (
    Asset,
    ClientOrderId,
    InstrumentId,
    Nanos,
    OrderStatus,
    Side,
    TimeInForce,
    VenueId,
)
from veloz_tui.engine.quoting import Covered, QuotePlan, diff_quotes

D = Decimal
COARSE = Instrument(
    id=BTC_ID,
    venue=VenueId("BINANCE"),
    symbol="BTCUSDT",
    base=Asset("BTC"),
    quote=Asset("USDT"),
    tick_size=D(1),
    lot_size=D("0.1"),
    min_quantity=D("0.1"),
    min_notional=D(5),
)
TOUCH = (D(100), D(110))


def wish(bid: str | None, ask: str | None, size: str = "1", tolerance: str | None = "0") -> QuoteIntent:
    return QuoteIntent(
        BTC_ID,
        None if bid is None else D(bid),
        None if ask is None else D(ask),
        D(size),
        None if tolerance is None else D(tolerance),
    )


def quote(
    name: str,
    side: Side,
    price: str,
    quantity: str = "1",
    *,
    filled: str = "0",
    is_canceling: bool = False,
    is_in_doubt: bool = False,
) -> Order:
    return Order(
        client_order_id=ClientOrderId(name),
        request=OrderRequest(
            instrument_id=BTC_ID,
            side=side,
            quantity=D(quantity),
            price=D(price),
            post_only=True,
            strategy_id=MM,
        ),
        created_at=Nanos(0),
        created_seq=1,
        status=OrderStatus.ACCEPTED,
        filled=D(filled),
        cancel_requested_at=Nanos(1) if is_canceling else None,
        in_doubt_since=Nanos(1) if is_in_doubt else None,
    )


def diff(
    intent: QuoteIntent,
    *working: Order,
    touch: tuple[Decimal, Decimal] | None = TOUCH,
    may_overlap: bool = False,
    instrument: Instrument = COARSE,
    covered: Covered = Covered(),  # noqa: B008 - frozen
) -> QuotePlan:
    return diff_quotes(
        intent,
        working,
        instrument,
        touch=touch,
        may_overlap=may_overlap,
        strategy_id=MM,
        covered=covered,
    )


def prices(plan: QuotePlan) -> list[tuple[Side, Decimal | None]]:
    return [(request.side, request.price) for request in plan.places]


# --- the rules ---


def test_a_side_is_quoted_for_what_the_wallet_covers() -> None:
    plan = diff(wish("99", "111", "2"), covered=Covered(base=D("0.98"), quote=D("150")))
    assert [(r.side, r.quantity) for r in plan.places] == [(Side.BUY, D("1.5")), (Side.SELL, D("0.9"))]


def test_a_side_that_the_wallet_does_not_cover_is_not_quoted() -> None:
    assert prices(diff(wish("99", "111"), covered=Covered(base=D(0), quote=D(1000)))) == [(Side.BUY, D(99))]
    assert prices(diff(wish("99", "111"), covered=Covered(base=D(5), quote=D(-3)))) == [(Side.SELL, D(111))]


def test_a_quote_that_fills_stays_while_its_wallet_shrinks_with_it() -> None:
    ask = quote("a", Side.SELL, "111", "1", filled="0.4")
    assert diff(wish(None, "111"), ask, covered=Covered(base=D("0.6"))) == QuotePlan()


def test_bids_are_rounded_down_and_asks_up_and_both_are_post_only_in_the_strategys_name() -> None:
    plan = diff(wish("99.9", "110.1", "1.27"))
    assert plan.cancels == ()
    assert prices(plan) == [(Side.BUY, D(99)), (Side.SELL, D(111))]
    for request in plan.places:
        assert request.post_only
        assert request.time_in_force is TimeInForce.GTC
        assert request.quantity == D("1.2")
        assert request.strategy_id == MM


def test_a_quote_where_it_should_be_stays() -> None:
    working = (quote("b", Side.BUY, "99"), quote("a", Side.SELL, "111"))
    assert diff(wish("99.5", "110.5"), *working) == QuotePlan()


def test_a_moved_quote_is_canceled_and_its_successor_waits_for_the_confirmation() -> None:
    old = quote("b", Side.BUY, "99")
    assert diff(wish("97", None), old) == QuotePlan(cancels=(ClientOrderId("b"),))
    canceling = quote("b", Side.BUY, "99", is_canceling=True)
    assert diff(wish("97", None), canceling) == QuotePlan()
    assert prices(diff(wish("97", None))) == [(Side.BUY, D(97))]


def test_a_moved_quote_is_replaced_at_once_where_risk_covers_both() -> None:
    plan = diff(wish("97", None), quote("b", Side.BUY, "99"), may_overlap=True)
    assert plan.cancels == ("b",)
    assert prices(plan) == [(Side.BUY, D(97))]


@pytest.mark.parametrize("may_overlap", [False, True])
@pytest.mark.parametrize(
    "blocker",
    [
        quote("x", Side.BUY, "95", is_canceling=True),
        quote("x", Side.BUY, "95", is_in_doubt=True),
        quote("x", Side.BUY, "95", is_in_doubt=True, is_canceling=True),
    ],
    ids=["canceling", "in doubt", "both"],
)
def test_an_order_in_doubt_or_being_canceled_blocks_its_side_only(blocker: Order, may_overlap: bool) -> None:
    plan = diff(wish("99", "111"), blocker, may_overlap=may_overlap)
    assert prices(plan) == [(Side.SELL, D(111))]


def test_an_order_in_doubt_at_the_wanted_price_is_neither_canceled_nor_doubled() -> None:
    assert diff(wish("99", None), quote("x", Side.BUY, "99", is_in_doubt=True)) == QuotePlan()


def test_no_wish_on_a_side_cancels_that_side_once() -> None:
    bid, ask = quote("b", Side.BUY, "99"), quote("a", Side.SELL, "111")
    assert diff(wish(None, "111"), bid, ask) == QuotePlan(cancels=(ClientOrderId("b"),))
    gone = quote("b", Side.BUY, "99", is_canceling=True)
    assert diff(wish(None, "111"), gone, ask) == QuotePlan()


def test_extra_quotes_are_canceled_and_the_nearest_stays() -> None:
    working = (quote("b1", Side.BUY, "98"), quote("b2", Side.BUY, "99"), quote("b3", Side.BUY, "97"))
    plan = diff(wish("99", None, tolerance="5"), *working)
    assert plan == QuotePlan(cancels=(ClientOrderId("b1"), ClientOrderId("b3")))


def test_of_two_equal_quotes_the_older_stays() -> None:
    working = (quote("b1", Side.BUY, "99"), quote("b2", Side.BUY, "99"))
    assert diff(wish("99", None), *working).cancels == ("b2",)


@pytest.mark.parametrize(
    ("bid", "moves"), [("98.5", False), ("98.4", True), ("100.4", False), ("100.5", True)]
)
def test_the_tolerance_widens_the_tick_at_both_ends(bid: str, moves: bool) -> None:
    plan = diff(wish(bid, None, tolerance="0.5"), quote("b", Side.BUY, "99"), touch=(D(105), D(110)))
    assert bool(plan.cancels) is moves


def test_the_default_tolerance_is_a_tenth_of_the_half_spread() -> None:
    touch = (D(100), D(140))
    working = (quote("b", Side.BUY, "100"), quote("a", Side.SELL, "140"))
    inside = wish("98.1", "138.1", tolerance=None)  # half spread 20, so 2
    assert diff(inside, *working, touch=touch) == QuotePlan()
    outside = wish("97.9", "137", tolerance=None)
    assert diff(outside, *working, touch=touch).cancels == ("b", "a")


def test_a_bid_never_reaches_the_best_ask_nor_an_ask_the_best_bid() -> None:
    assert prices(diff(wish("120", "130"))) == [(Side.BUY, D(109)), (Side.SELL, D(130))]
    assert prices(diff(wish("80", "90"))) == [(Side.BUY, D(80)), (Side.SELL, D(101))]


def test_without_a_touch_nothing_is_placed_and_cancels_go_on() -> None:
    plan = diff(wish("97", "111"), quote("b", Side.BUY, "99"), touch=None)
    assert plan == QuotePlan(cancels=(ClientOrderId("b"),))


def test_a_new_quote_waits_for_an_own_one_that_it_would_trade_with() -> None:
    falling = quote("b", Side.BUY, "105", is_canceling=True)
    plan = diff(wish("95", "103"), falling, touch=(D(100), D(110)))
    assert plan == QuotePlan()


def test_a_partly_filled_quote_stays_until_it_is_gone() -> None:
    assert diff(wish("99", None), quote("b", Side.BUY, "99", filled="0.9")) == QuotePlan()


def test_a_smaller_wish_replaces_a_quote_with_more_left() -> None:
    assert diff(wish("99", None, "0.5"), quote("b", Side.BUY, "99")).cancels == ("b",)
    rest = quote("b", Side.BUY, "99", filled="0.6")
    assert diff(wish("99", None, "0.5"), rest) == QuotePlan()


def test_a_larger_wish_replaces_a_quote_only_beyond_a_tenth() -> None:
    assert diff(wish("99", None, "1.1"), quote("b", Side.BUY, "99")) == QuotePlan()
    assert diff(wish("99", None, "1.2"), quote("b", Side.BUY, "99")).cancels == ("b",)


@pytest.mark.parametrize("size", ["0.09", "0.05"], ids=["below a lot", "rounds to nothing"])
def test_a_size_below_the_venues_minimum_quotes_nothing(size: str) -> None:
    plan = diff(wish("99", None, size), quote("b", Side.BUY, "99"))
    assert plan == QuotePlan(cancels=(ClientOrderId("b"),))


def test_a_notional_below_the_venues_minimum_quotes_nothing() -> None:
    assert diff(wish("40", None, "0.1")) == QuotePlan()


def test_a_price_that_rounds_to_nothing_is_not_quoted() -> None:
    assert diff(wish("0.5", None, "100")) == QuotePlan()


def test_ended_orders_and_other_instruments_are_not_looked_at() -> None:
    ended = quote("b", Side.BUY, "50")
    ended.status = OrderStatus.CANCELED
    other = quote("o", Side.BUY, "50")
    other.request = OrderRequest(
        instrument_id=InstrumentId("ETHUSDT.BINANCE"), side=Side.BUY, quantity=D(1), price=D(50)
    )
    assert prices(diff(wish("99", None), ended, other)) == [(Side.BUY, D(99))]


# --- the invariants ---

wanted_prices = st.one_of(st.none(), st.decimals(80, 130, places=2))
wishes = st.builds(
    lambda bid, ask, size, tolerance: QuoteIntent(BTC_ID, bid, ask, size, tolerance),
    wanted_prices,
    wanted_prices,
    st.decimals("0.1", 3, places=1),
    st.one_of(st.none(), st.decimals(0, 3, places=2)),
).filter(lambda w: w.bid is None or w.ask is None or w.bid < w.ask)
touches = st.tuples(st.integers(90, 110), st.integers(1, 10)).map(lambda t: (D(t[0]), D(t[0] + t[1])))
happenings = st.sampled_from(["nothing", "confirm", "doubt", "resolve", "fill"])


class Venue:
    """Applies plans to orders, as the engine and a venue would."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self._count = 0

    @property
    def working(self) -> list[Order]:
        return [order for order in self.orders if order.is_open]

    def apply(self, plan: QuotePlan) -> None:
        for name in plan.cancels:
            (order,) = [order for order in self.working if order.client_order_id == name]
            assert order.cancel_requested_at is None, "asked to cancel twice"
            order.cancel_requested_at = Nanos(1)
        for request in plan.places:
            self._count += 1
            order = quote(f"o{self._count}", request.side, str(request.price), str(request.quantity))
            self.orders.append(order)

    def let(self, happening: str) -> None:
        for order in self.working:
            if happening == "confirm" and order.cancel_requested_at is not None:
                order.status = OrderStatus.CANCELED
            elif happening == "doubt":
                order.in_doubt_since = Nanos(1)
            elif happening == "resolve":
                order.in_doubt_since = None
            elif happening == "fill":
                order.filled = order.quantity / 2


@given(st.lists(st.tuples(wishes, touches, happenings), max_size=25), st.booleans())
def test_a_side_never_has_two_quotes_and_none_ever_crosses(
    steps: list[tuple[QuoteIntent, tuple[Decimal, Decimal], str]], may_overlap: bool
) -> None:
    venue = Venue()
    for intent, touch, happening in steps:
        plan = diff(intent, *venue.working, touch=touch, may_overlap=may_overlap)
        for request in plan.places:
            assert request.price is not None
            assert COARSE.is_on_tick(request.price)
            assert COARSE.is_on_lot(request.quantity)
            assert request.quantity <= intent.size
            if request.side is Side.BUY:
                assert intent.bid is not None
                assert request.price <= intent.bid
                assert request.price < touch[1]
            else:
                assert intent.ask is not None
                assert request.price >= intent.ask
                assert request.price > touch[0]
        before = venue.working
        for request in plan.places:
            opposite = [o.request.price for o in before if o.side is not request.side]
            assert request.price is not None
            assert all(
                request.price < p if request.side is Side.BUY else request.price > p
                for p in opposite
                if p is not None
            )
        venue.apply(plan)
        for side in Side:
            own = [order for order in venue.working if order.side is side]
            assert len(own) <= (2 if may_overlap else 1)
            assert sum(order.cancel_requested_at is None for order in own) <= 1
        venue.let(happening)


@given(wishes, touches, st.lists(st.tuples(st.decimals(-1, 1, places=3), st.decimals(-1, 1, places=3))))
def test_nothing_moves_while_the_wish_stays_within_the_tolerance(
    intent: QuoteIntent, touch: tuple[Decimal, Decimal], drifts: list[tuple[Decimal, Decimal]]
) -> None:
    tolerance = intent.tolerance or D(0)
    intent = QuoteIntent(BTC_ID, intent.bid, intent.ask, intent.size, tolerance)
    venue = Venue()
    venue.apply(diff(intent, touch=touch))
    for bid_drift, ask_drift in drifts:
        moved = QuoteIntent(
            BTC_ID,
            None if intent.bid is None else intent.bid + bid_drift * tolerance,
            None if intent.ask is None else intent.ask + ask_drift * tolerance,
            intent.size,
            tolerance,
        )
        plan = diff(moved, *venue.working, touch=touch)
        assert plan.cancels == ()
        placed = {order.side for order in venue.working}
        assert not [request for request in plan.places if request.side in placed]


@given(st.lists(st.tuples(wishes, touches), min_size=1, max_size=10))
def test_it_settles_on_the_last_wish(steps: list[tuple[QuoteIntent, tuple[Decimal, Decimal]]]) -> None:
    venue = Venue()
    for intent, touch in steps:
        venue.apply(diff(intent, *venue.working, touch=touch))
    for _ in range(3):
        venue.let("confirm")
        venue.apply(diff(intent, *venue.working, touch=touch))
    assert diff(intent, *venue.working, touch=touch) == QuotePlan()


def test_it_works_on_a_fine_tick() -> None:
    plan = diff(wish("64120.019", "64121.981", "0.123456"), touch=(D(64120), D(64122)), instrument=BTC)
    assert prices(plan) == [(Side.BUY, D("64120.01")), (Side.SELL, D("64121.99"))]
    assert {request.quantity for request in plan.places} == {D("0.12345")}
