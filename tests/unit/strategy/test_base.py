"""The context collects wishes and knows what the strategy may know."""

import textwrap
from decimal import Decimal

import pytest

from tests.unit.strategy.factories import BTC, BTC_ID, MM, book_view
from veloz_tui.domain.intents import CancelIntent, LogIntent, PlaceIntent, QuoteIntent, TimerIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import SECOND, Nanos, OrderStatus, OrderType, Side, TimeInForce
from veloz_tui.strategy.base import BookView, Context, OrderUpdate, Strategy

D = Decimal

EXAMPLE = '''
class Params(msgspec.Struct, frozen=True):
    instrument: str = "BTCUSDT.BINANCE"
    half_spread_bps: Decimal = Decimal(5)
    size: Decimal = Decimal("0.01")
    max_position: Decimal = Decimal("0.05")


class MarketMaker(Strategy):
    """Quote both sides of the mid and lean against the inventory."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def on_book(self, ctx: Context, book: BookView) -> None:
        p = self.params
        half_spread = book.mid * p.half_spread_bps / 10_000
        inventory = ctx.position(p.instrument) / p.max_position  # -1 .. +1
        centre = book.mid - half_spread * inventory
        ctx.quote(p.instrument, bid=centre - half_spread, ask=centre + half_spread, size=p.size)
'''


def context(position: str = "0", *, now: int = 0) -> Context:
    return Context(instruments=[BTC], positions={BTC_ID: D(position)}, strategy_id=MM, now=Nanos(now))


def order(ref: int = 0, name: str = "a", status: OrderStatus = OrderStatus.ACCEPTED) -> OrderUpdate:
    return OrderUpdate(
        ref=ref,
        instrument_id=BTC_ID,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=D(1),
        price=D(100),
        status=status,
        client_order_id=name,
    )


def test_the_example_of_the_documentation_runs_as_written() -> None:
    source = "import msgspec\nfrom decimal import Decimal\nfrom veloz_tui.strategy.base import *\n"
    names: dict[str, type] = {}
    exec(source + textwrap.dedent(EXAMPLE), names)
    strategy = names["MarketMaker"](names["Params"]())
    ctx = context("0.05")
    strategy.on_book(ctx, book_view(100.0, 100.02))
    (quote,) = ctx.intents
    assert quote == QuoteIntent(BTC_ID, D("99.909990"), D("100.01"), D("0.01"))


def test_a_book_gives_exact_prices_from_float_levels() -> None:
    book = BookView(BTC, bids=[(64123.07, 0.1), (64123.06, 2.0)], asks=[(64123.1, 0.3)])
    assert (book.best_bid, book.best_ask) == (D("64123.07"), D("64123.10"))
    assert book.mid == D("64123.085")
    assert book.spread == D("0.03")
    assert (book.best_bid_size, book.best_ask_size) == (D("0.1"), D("0.3"))
    assert book.levels(1) == ([(64123.07, 0.1)], [(64123.1, 0.3)])


def test_a_book_knows_its_age() -> None:
    book = BookView(BTC, bids=[(1.0, 1.0)], asks=[(2.0, 1.0)], at=Nanos(0), now=Nanos(2_500_000))
    assert book.age_ms == 2.5


def test_an_order_gets_a_ref_and_carries_the_strategys_name() -> None:
    ctx = context()
    first = ctx.limit(BTC_ID, side=Side.BUY, quantity=D(1), price=D(100), post_only=True)
    second = ctx.market(BTC_ID, side=Side.SELL, quantity=D(2), reduce_only=True)
    assert (first, second) == (1, 2)
    assert ctx.intents == [
        PlaceIntent(1, OrderRequest(BTC_ID, Side.BUY, D(1), price=D(100), post_only=True, strategy_id=MM)),
        PlaceIntent(
            2,
            OrderRequest(
                BTC_ID,
                Side.SELL,
                D(2),
                OrderType.MARKET,
                time_in_force=TimeInForce.IOC,
                reduce_only=True,
                strategy_id=MM,
            ),
        ),
    ]


def test_an_order_just_asked_for_counts_as_open_until_the_engine_speaks_of_it() -> None:
    ctx = context()
    ref = ctx.limit(BTC_ID, side=Side.BUY, quantity=D(1), price=D(100))
    assert [o.ref for o in ctx.orders(BTC_ID)] == [ref]
    ctx.remember_order(order(ref, status=OrderStatus.DENIED))
    assert ctx.orders(BTC_ID) == []


def test_an_order_that_the_engine_never_names_is_forgotten_after_five_seconds() -> None:
    ctx = context()
    ctx.limit(BTC_ID, side=Side.BUY, quantity=D(1), price=D(100))
    ctx.now = Nanos(5 * SECOND)
    assert ctx.orders() == []


def test_orders_are_told_apart_by_instrument() -> None:
    ctx = context()
    ctx.remember_order(order())
    assert [o.client_order_id for o in ctx.orders(BTC_ID)] == ["a"]
    assert ctx.orders("ETHUSDT.BINANCE") == []


def test_cancels_name_an_order_or_all() -> None:
    ctx = context()
    ctx.cancel(3)
    ctx.cancel(order(name="a"))
    ctx.cancel_all()
    assert ctx.intents == [CancelIntent(3, ""), CancelIntent(0, "a"), CancelIntent(0, "")]


def test_a_cancel_of_nothing_is_never_a_cancel_of_all() -> None:
    ctx = context()
    with pytest.raises(ValueError, match="cancel_all"):
        ctx.cancel(0)
    assert ctx.intents == []


def test_taking_the_intents_appends_the_log_and_begins_anew() -> None:
    ctx = context()
    ctx.log("why")
    ctx.timer("t", after_s=2)
    ctx.doing("waiting")
    assert ctx.take() == (TimerIntent("t", 2.0), LogIntent("why"))
    assert ctx.take() == ()
    assert ctx.status == "waiting"


def test_texts_are_cut() -> None:
    ctx = context()
    ctx.log("x" * 2000)
    ctx.doing("x" * 2000)
    (line,) = ctx.take()
    assert isinstance(line, LogIntent)
    assert len(line.text) == len(ctx.status) == 500


BAD = Decimal("NaN")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bid": D(-1), "size": D(1)}, "bid must be above 0"),
        ({"ask": BAD, "size": D(1)}, "ask must be above 0"),
        ({"bid": D("Infinity"), "size": D(1)}, "bid must be above 0"),
        ({"bid": D(1), "size": D(0)}, "size must be above 0"),
        ({"bid": D(2), "ask": D(2), "size": D(1)}, "bid 2 must be below ask 2"),
        ({"bid": D(1), "size": D(1), "tolerance": D(-1)}, "tolerance must be 0 or more"),
    ],
)
def test_a_quote_that_makes_no_sense_is_refused_where_it_is_written(
    arguments: dict[str, Decimal], message: str
) -> None:
    ctx = context()
    with pytest.raises(ValueError, match=message):
        ctx.quote(BTC_ID, **arguments)
    assert ctx.intents == []


def test_a_quote_of_nothing_pulls_both_sides() -> None:
    ctx = context()
    ctx.quote(BTC_ID, size=D(0))
    assert ctx.intents == [QuoteIntent(BTC_ID, None, None, D(0))]


@pytest.mark.parametrize("quantity", [D(0), D(-1), BAD])
def test_an_order_of_nothing_is_refused(quantity: Decimal) -> None:
    with pytest.raises(ValueError, match="quantity must be above 0"):
        context().market(BTC_ID, side=Side.BUY, quantity=quantity)


def test_a_float_is_refused_as_money() -> None:
    with pytest.raises(TypeError, match="price must be a Decimal, not float"):
        context().limit(BTC_ID, side=Side.BUY, quantity=D(1), price=100.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("after_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_timer_needs_a_sensible_time(after_s: float) -> None:
    with pytest.raises(ValueError, match="after_s must be"):
        context().timer("t", after_s=after_s)


def test_an_unknown_instrument_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"ETH is not among this strategy's instruments: BTCUSDT\.BINANCE"):
        context().position("ETH")


def test_a_runaway_callback_is_stopped_at_two_hundred_intents() -> None:
    ctx = context()
    for _ in range(200):
        ctx.cancel_all()
    with pytest.raises(ValueError, match="more than 200 intents"):
        ctx.cancel_all()


def test_every_callback_may_be_left_out() -> None:
    strategy, ctx = Strategy(), context()
    strategy.on_start(ctx)
    strategy.on_book(ctx, book_view())
    strategy.on_order(ctx, order())
    strategy.on_timer(ctx, "t")
    strategy.on_stop(ctx)
    assert ctx.intents == []
