"""TWAP against a small model of engine and venue: paced, never too much, and it ends."""

from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategy.factories import BTC, BTC_ID, MM
from veloz_tui.domain import events as e
from veloz_tui.domain.intents import CancelIntent, LogIntent, PlaceIntent, TimerIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import (
    SECOND,
    Asset,
    ClientOrderId,
    Nanos,
    Side,
    TimeInForce,
    TradeId,
    VenueOrderId,
)
from veloz_tui.strategy.base import Context
from veloz_tui.strategy.library.twap import Params, Twap
from veloz_tui.strategy.runner import Runner
from veloz_tui.strategy.wire import Book, Done, Own, OwnEvent

D = Decimal


def params(
    *,
    side: Side = Side.BUY,
    quantity: str = "1",
    style: Literal["passive", "ioc"] = "ioc",
    limit: str | None = None,
) -> Params:
    return Params(
        instrument=BTC_ID,
        side=side,
        quantity=D(quantity),
        duration_s=100,
        interval_s=10,
        style=style,
        limit=None if limit is None else D(limit),
    )


class Market:
    """Runs a TWAP: names its orders, lets them fill by a share, cancels what it is asked to."""

    def __init__(self, twap: Params, *, position: str = "0", orders: int = 0) -> None:
        self.placed: list[OrderRequest] = []
        self.timer_at: float | None = None
        self.now_s = 0.0
        self.lines: list[str] = []
        self._seq = 0
        self._open: dict[str, tuple[OrderRequest, Decimal]] = {}
        self._canceling: set[str] = set()
        self._ctx = Context(instruments=[BTC], positions={BTC_ID: D(position)}, strategy_id=MM)
        self._runner = Runner(Twap(twap), self._ctx, clock=lambda: 0.0)
        self.share = D(1)
        """How much of a taker's order fills."""

    def begin(self) -> None:
        self._take(self._runner.start(self._now))

    def book(self, bid: float = 100.0, ask: float = 100.02) -> None:
        self._confirm_cancels()
        self._take(self._runner.book(Book(BTC_ID, self._now, [(bid, 1.0)], [(ask, 1.0)]), self._now))

    def run(self, seconds: float, *, bid: float = 100.0, ask: float = 100.02) -> None:
        end = self.now_s + seconds
        while self.timer_at is not None and self.timer_at <= end:
            self.now_s, self.timer_at = self.timer_at, None
            self._take(self._runner.timer("slice", self._now))
            self.book(bid, ask)
        self.now_s = end

    def fill(self, share: str = "1") -> None:
        for name, (request, left) in list(self._open.items()):
            self._fill(name, request, BTC.round_quantity(left * D(share)))

    @property
    def position(self) -> Decimal:
        return self._ctx.position(BTC_ID)

    @property
    def doing(self) -> str:
        return self._ctx.status

    @property
    def open_count(self) -> int:
        return len(self._open)

    @property
    def _now(self) -> Nanos:
        return Nanos(int(self.now_s * SECOND))

    def _take(self, done: Done) -> None:
        for intent in done.intents:
            match intent:
                case PlaceIntent(ref, request):
                    self._place(ref, request)
                case CancelIntent():
                    self._canceling.update(self._open)  # confirmed later: a fill may come first
                case TimerIntent(_, after_s):
                    self.timer_at = self.now_s + after_s
                case LogIntent(text):
                    self.lines.append(text)

    def _confirm_cancels(self) -> None:
        names, self._canceling = self._canceling, set()
        for name in names:
            self._end(name)

    def _place(self, ref: int, request: OrderRequest) -> None:
        assert not self._open, "never two orders at once"
        self._seq += 1
        name = f"o{self._seq}"
        self.placed.append(request)
        self._open[name] = (request, request.quantity)
        self._tell(request, e.OrderCreated(self._now, ClientOrderId(name), request, ref))
        self._tell(request, e.OrderAccepted(self._now, ClientOrderId(name), VenueOrderId(name)))
        if request.time_in_force is TimeInForce.IOC:
            self._fill(name, request, BTC.round_quantity(request.quantity * self.share))
            self._end(name)

    def _fill(self, name: str, request: OrderRequest, quantity: Decimal) -> None:
        if quantity <= 0:
            return
        left = self._open[name][1] - quantity
        self._open[name] = (request, left)
        if not left:
            del self._open[name]
        event = e.OrderFilled(
            at=self._now,
            client_order_id=ClientOrderId(name),
            instrument_id=BTC_ID,
            trade_id=TradeId(f"{name}-{left}"),
            price=D(100),
            quantity=quantity,
            fee=D(0),
            fee_asset=Asset("BTC"),
            is_maker=False,
        )
        self._tell(request, event)

    def _end(self, name: str) -> None:
        if name in self._open:
            request, _ = self._open.pop(name)
            self._tell(request, e.OrderCanceled(self._now, ClientOrderId(name)))

    def _tell(self, request: OrderRequest, event: OwnEvent) -> None:
        self._take(self._runner.own(Own(request.side, event), self._now))


def begun(twap: Params, *, position: str = "0", share: str = "1") -> Market:
    market = Market(twap, position=position)
    market.share = D(share)
    market.begin()
    market.book()
    return market


def test_it_takes_equal_slices_and_ends_by_itself() -> None:
    market = begun(params())
    market.run(200)
    assert [request.quantity for request in market.placed] == [D("0.1")] * 10
    assert {request.price for request in market.placed} == {D("100.02")}
    assert market.position == 1
    assert market.timer_at is None
    assert market.doing == "done, all of it: 1.0 of 1"
    assert market.lines[-1] == market.doing


def test_it_sells_at_the_bid() -> None:
    market = begun(params(side=Side.SELL))
    market.run(200)
    assert {(request.side, request.price) for request in market.placed} == {(Side.SELL, D("100.00"))}
    assert market.position == -1


def test_what_a_slice_leaves_is_part_of_the_next() -> None:
    market = begun(params(), share="0.5")
    market.run(15)
    assert [request.quantity for request in market.placed] == [D("0.1"), D("0.15")]


def test_a_passive_one_joins_the_best_price_post_only_and_moves_each_slice() -> None:
    market = begun(params(style="passive"))
    first = market.placed[-1]
    assert (first.price, first.post_only, first.time_in_force) == (D(100), True, TimeInForce.GTC)
    market.fill("0.5")
    market.run(10, bid=101.0, ask=101.02)
    assert [request.quantity for request in market.placed] == [D("0.1"), D("0.15")]
    assert market.placed[-1].price == D("100.00")  # the book at the timer; the newer one comes after
    assert market.open_count == 1


def test_a_passive_one_rests_at_its_limit_while_the_market_is_beyond() -> None:
    market = begun(params(style="passive", limit="99.5"))
    assert market.placed[-1].price == D("99.5")


def test_a_taker_waits_while_the_market_is_beyond_its_limit_and_says_so() -> None:
    market = begun(params(limit="100.01"))
    assert market.placed == []
    assert market.doing == "waiting: the market is beyond the limit 100.01, 0 of 1"
    market.book(99.99, 100.01)
    assert [request.price for request in market.placed] == [D("100.01")]


def test_when_the_time_is_up_it_stops_with_the_rest_said() -> None:
    market = begun(params(limit="50"))
    market.run(300)
    assert market.placed == []
    assert market.timer_at is None
    assert market.doing == "done, time is up: 0 of 1, 1 left"


def test_a_passive_order_is_canceled_when_the_time_is_up() -> None:
    market = begun(params(style="passive"))
    market.run(300)
    assert market.open_count == 0
    assert market.doing == "done, time is up: 0 of 1, 1 left"


def test_after_a_restart_it_goes_on_with_what_is_missing_at_the_same_pace() -> None:
    market = begun(params(), position="0.6")
    assert market.lines == ["going on: 0.6 of 1 was done before"]
    market.run(29)
    assert [request.quantity for request in market.placed] == [D("0.1")] * 3
    market.run(100)
    assert market.position == 1


def test_after_a_restart_with_everything_done_it_places_nothing() -> None:
    market = begun(params(), position="1")
    assert market.placed == []
    assert market.doing == "done, all of it: 1 of 1"


def test_slices_below_the_venues_minimum_are_gathered() -> None:
    market = begun(params(quantity="0.2"))  # 2 USDT a slice, the venue wants 5
    assert market.doing == "slice below the venue's minimum, 0 of 0.2"
    market.run(300)
    assert market.placed[0].quantity == D("0.06")
    assert all(request.quantity * D(100) >= 5 for request in market.placed)


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
        Params(instrument=BTC_ID, side=Side.BUY, duration_s=100, **bad)  # type: ignore[arg-type]


@given(
    st.sampled_from(["passive", "ioc"]),
    st.sampled_from(list(Side)),
    st.decimals(0, 1, places=2),
    st.lists(st.tuples(st.sampled_from(["fill", "book", "run"]), st.integers(1, 30)), max_size=40),
)
def test_it_never_does_more_than_its_quantity_and_always_ends(
    style: Literal["passive", "ioc"], side: Side, share: Decimal, steps: list[tuple[str, int]]
) -> None:
    market = begun(params(style=style, side=side), share=str(share))
    for what, number in steps:
        if what == "fill":
            market.fill(str(D(number) / 30))
        elif what == "book":
            market.book(90.0 + number, 90.5 + number)
        else:
            market.run(number)
        outstanding = sum((request.quantity for request, _ in market._open.values()), D(0))
        assert market.position * side.sign <= 1
        assert outstanding <= 1
    market.run(300)
    assert market.timer_at is None
    assert market.open_count == 0
    assert market.doing.startswith("done")
