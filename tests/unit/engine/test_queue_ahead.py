"""The queue before our orders: never estimated too small, and never growing; against a venue's true queue."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.engine.factories import BTC, T0, VENUE, Core, D, fill, limit_buy, limit_sell, report
from veloz_tui.domain import reports as r
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import SECOND, ChannelState, ClientOrderId, Nanos
from veloz_tui.domain.types import Side as OurSide
from veloz_tui.engine.account_views import order_views
from veloz_tui.engine.market_views import ladder_view
from veloz_tui.engine.queue_ahead import Queues
from veloz_tui.sim.match_messages import BACKGROUND, Match, NewOrder, Side
from veloz_tui.sim.matching import Book

US = 7
PRICES = range(98, 103)


class Venue:
    """A matching book in steps of time; its words on depth, trades and us arrive late."""

    def __init__(self, delays: tuple[int, int, int]) -> None:
        self.book = Book(lot_size=Decimal(1))
        self.now = 0
        self.delays = delays  # of the depth, the tape, and the word on our own orders
        self.post: list[tuple[int, Callable[[], None]]] = []
        self.queues = Queues()
        self.known: dict[tuple[Side, Decimal], Decimal] = {}
        self.ours: dict[int, tuple[Side, Decimal]] = {}
        self.last: dict[int, Decimal] = {}
        self.number = 0
        self.depth_at = Nanos(0)

    def submit(self, side: Side, quantity: int, price: int, *, owner: int) -> None:
        self.number += 1
        order_id, at = self.number, Decimal(price)
        order = NewOrder(order_id=order_id, side=side, owner=owner, price=at, quantity=Decimal(quantity))
        if owner == US and self.book.crosses(side, at):
            return  # post-only
        for event in self.book.submit(order):
            if isinstance(event, Match):
                self._trade(event)
        self._depth()
        if owner == US:
            self.ours[order_id] = (side, at)
            since = Nanos(2 * self.now)
            self._later(2, lambda: self._accepted(order_id, Decimal(quantity), since))

    def cancel_one(self, which: int) -> None:
        others = [i for i, order in self.book.orders.items() if order.owner == BACKGROUND]
        if others:
            self.book.cancel(others[which % len(others)])
            self._depth()

    def step(self) -> None:
        """Time goes on: what is due arrives."""
        self.now += 1
        due, self.post = (
            [each for each in self.post if each[0] <= self.now],
            [each for each in self.post if each[0] > self.now],
        )
        for _, arrive in due:
            arrive()
        self.check()

    def _later(self, stream: int, arrive: Callable[[], None]) -> None:
        self.post.append((self.now + self.delays[stream], arrive))

    def _trade(self, match: Match) -> None:
        at = Nanos(2 * self.now)
        aggressor = OurSide(match.taker_side)
        self._later(
            1,
            lambda: self.queues.trade(float(match.price), match.quantity, aggressor=aggressor, at=at),
        )
        if match.maker_owner == US:
            left = (
                self.book.orders[match.maker_id].leaves if match.maker_id in self.book.orders else Decimal(0)
            )
            self._later(2, lambda: self._filled(match.maker_id, left))

    def _filled(self, order_id: int, left: Decimal) -> None:
        place = self.queues.place(ClientOrderId(str(order_id)))
        if not left:
            self.queues.leave(ClientOrderId(str(order_id)))
        elif place is not None:
            place.filled(left)

    def _depth(self) -> None:
        at = Nanos(2 * self.now + 1)  # stamped after what led to it
        for side, changes in zip(("BUY", "SELL"), self.book.take_changes(), strict=True):
            for price, size in changes.items():
                self._later(0, lambda s=side, p=price, q=size: self._level(s, p, q, at))  # type: ignore[misc]

    def _level(self, side: Side, price: Decimal, size: Decimal, at: Nanos) -> None:
        self.known[side, price] = size
        self.depth_at = at
        queue = self.queues.side(OurSide(side)).get(float(price))
        if queue is not None:
            queue.bound(size, at=at, until=at)

    def _accepted(self, order_id: int, quantity: Decimal, since: Nanos) -> None:
        side, price = self.ours[order_id]
        self.queues.join(
            ClientOrderId(str(order_id)),
            side=OurSide(side),
            price=float(price),
            leaves=quantity,
            size=self.known.get((side, price), Decimal(0)),
            at=self.depth_at,
            until=self.depth_at,
            since=since,
        )

    def true_ahead(self, order_id: int) -> Decimal:
        side, price = self.ours[order_id]
        total = Decimal(0)
        for each in self.book.side(side).levels[price].queue.values():
            if each.order_id == order_id:
                break
            total += each.leaves
        return total

    def check(self) -> None:
        for order_id in self.ours:
            place = self.queues.place(ClientOrderId(str(order_id)))
            if place is None or place.ahead is None or order_id not in self.book.orders:
                continue
            if 2 * (self.now - self.delays[0]) <= place.since:
                continue  # the depth has not caught up with our order
            assert 0 <= self.true_ahead(order_id) <= place.ahead, "the queue is longer than we say"
            assert place.ahead <= self.last.get(order_id, place.ahead), "others who join are behind us"
            self.last[order_id] = place.ahead


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("order"), st.sampled_from(["BUY", "SELL"]), st.integers(1, 9), st.sampled_from(PRICES)
        ),
        st.tuples(
            st.just("ours"), st.sampled_from(["BUY", "SELL"]), st.integers(1, 9), st.sampled_from(PRICES)
        ),
        st.tuples(st.just("cancel"), st.integers(0, 99)),
    ),
    max_size=60,
)
DELAYS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))


@settings(max_examples=400, deadline=None)
@given(STEPS, DELAYS)
@example([("order", "BUY", 9, 98), ("ours", "BUY", 1, 98), ("order", "SELL", 2, 98)], (0, 3, 0))
@example(
    [
        ("order", "BUY", 2, 99),
        ("order", "BUY", 2, 99),
        ("ours", "BUY", 1, 99),
        ("order", "BUY", 1, 99),
        ("order", "SELL", 4, 98),
        ("ours", "BUY", 1, 99),
        ("order", "SELL", 1, 98),
    ],
    (0, 0, 0),
)
@example(
    [("ours", "SELL", 1, 100), ("order", "SELL", 1, 100), ("ours", "SELL", 1, 100), ("order", "BUY", 1, 100)],
    (0, 0, 2),
)
def test_the_queue_is_never_longer_than_we_say_whatever_arrives_when(
    steps: list[tuple[object, ...]], delays: tuple[int, int, int]
) -> None:
    venue = Venue(delays)
    for kind, *rest in steps:
        if kind == "cancel":
            venue.cancel_one(rest[0])  # type: ignore[arg-type]
        else:
            side, quantity, price = rest
            venue.submit(side, quantity, price, owner=US if kind == "ours" else BACKGROUND)  # type: ignore[arg-type]
        venue.step()
    for _ in range(6):
        venue.step()


@given(st.lists(st.integers(1, 5), max_size=10), st.lists(st.integers(1, 5), max_size=10))
def test_with_trades_and_newcomers_only_it_is_exact(before: list[int], takes: list[int]) -> None:
    venue = Venue((0, 0, 0))
    for quantity in before:
        venue.submit("BUY", quantity, 100, owner=BACKGROUND)
    venue.step()
    venue.submit("BUY", 50, 100, owner=US)
    order_id = venue.number
    venue.step()
    for quantity in takes:
        venue.submit("BUY", 3, 100, owner=BACKGROUND)  # behind us
        venue.submit("SELL", quantity, 100, owner=BACKGROUND)
        venue.step()
        place = venue.queues.place(ClientOrderId(str(order_id)))
        if place is not None and order_id in venue.book.orders:
            assert place.ahead == venue.true_ahead(order_id)


# --- In the engine ---------------------------------------------------------------------------------------


def levels(core: Core, *bids: tuple[float, float]) -> None:
    core.send(r.BookSnapshot(BTC.id, 1, [*bids, (90.0, 1.0)], [(100.01, 50.0)]))


def delta(core: Core, price: float, size: float, *, after_s: float = 1) -> None:
    core.later(s=after_s)
    core.send(r.BookDelta(BTC.id, 2, [(price, size)], [], core.now))


def traded(core: Core, price: float, quantity: float) -> None:
    core.later(ms=1)
    core.send(r.TradePrinted(BTC.id, price, quantity, OurSide.SELL, core.now))


def ahead(core: Core, order: Order) -> Decimal | None:
    (view,) = [
        each
        for each in order_views(core.engine._turn(core.now))
        if each.client_order_id == order.client_order_id
    ]
    return view.ahead


def test_what_stands_there_at_acknowledgement_is_ahead_and_trades_take_it() -> None:
    core = Core()
    levels(core, (99.0, 5.0))
    order = core.working(limit_buy("1 @ 99"))
    assert ahead(core, order) == 5
    traded(core, 99.0, 2.0)
    assert ahead(core, order) == 3
    delta(core, 99.0, 6.0)  # newcomers are behind
    assert ahead(core, order) == 3
    delta(core, 99.0, 3.5)  # who left, nobody knows; but 2.5 others are all there are
    assert ahead(core, order) == D("2.5")
    core.send(report(order, fill=fill(order, 1, "0.25 @ 99")))
    assert ahead(core, order) == 0


def test_a_new_best_price_has_nothing_ahead_and_one_beyond_the_book_is_unknown() -> None:
    core = Core()
    levels(core, (99.0, 5.0))
    assert ahead(core, core.working(limit_buy("1 @ 99.50"))) == 0
    assert ahead(core, core.working(limit_buy("1 @ 89"), venue_order_id="2")) is None


def test_a_second_order_of_ours_counts_the_first_too() -> None:
    core = Core()
    levels(core, (99.0, 5.0))
    first = core.working(limit_buy("1 @ 99"))
    delta(core, 99.0, 8.0)
    second = core.sent(limit_buy("2 @ 99"))
    told = msgspec.structs.replace(report(second, venue_order_id="2"), venue_at=core.now)
    core.send(r.SubmitAccepted(second.client_order_id, told))
    assert (ahead(core, first), ahead(core, second)) == (D(5), D(8))
    (level,) = [
        each for each in ladder_view(core.engine._turn(core.now), BTC.id, 10).bids if each.price == 99
    ]
    assert (level.mine, level.mine_count, level.ahead) == (D(3), 2, D(5))


def test_nothing_is_said_of_a_stale_book_and_what_was_known_bounds_it_again() -> None:
    core = Core()
    levels(core, (99.0, 5.0))
    order = core.working(limit_buy("1 @ 99"))
    core.send(r.BookStale(BTC.id, "gap"))
    assert ahead(core, order) is None
    core.later(s=5)
    levels(core, (99.0, 20.0))
    assert ahead(core, order) == 5
    core.later(s=5)
    levels(core, (99.0, 3.0))
    assert ahead(core, order) == 2


def test_after_a_restart_the_first_book_bounds_it() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    again = Core(state=core.state, ready=False, now=Nanos(T0 + 60 * SECOND))
    same = again.state.orders[order.client_order_id]
    asked = r.QueryAnswered(order.client_order_id, r.Endpoint.ORDER, report(same), again.now)
    again.connected(asked=(asked,))
    assert ahead(again, same) is None
    again.later(s=5)
    levels(again, (99.0, 6.0))
    assert ahead(again, same) == 5


def test_an_end_takes_the_order_out_and_costs_the_book_path_nothing_more() -> None:
    core = Core()
    order = core.working(limit_sell("1 @ 101"))
    assert BTC.id in core.engine.live.queues
    core.cancel(order)
    core.send(r.CancelSucceeded(order.client_order_id, report(order, "CANCELED")))
    assert core.engine.live.queues == {}
    assert VENUE in core.engine.live.venues
    core.channel(ChannelState.READY)


def test_a_trade_through_the_price_leaves_nothing_ahead() -> None:
    core = Core()
    levels(core, (99.0, 5.0))
    order = core.working(limit_buy("1 @ 99"))
    traded(core, 98.5, 1.0)
    assert ahead(core, order) == 0
