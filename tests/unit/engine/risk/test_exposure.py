"""Properties that must hold whatever fills: the position limit, and the way out."""

from decimal import Decimal
from itertools import product

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.engine.risk.factories import HEALTHY, book, code, d, limited, order, world
from tests.unit.engine.risk.test_check import tight
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ZERO, BreakerState, OrderType, Side, TradingState
from veloz_tui.engine.risk.check import check, verdict
from veloz_tui.engine.risk.exposure import growth, worst_case

lots = st.integers(1, 200).map(lambda lot: Decimal(lot) / 10)
signed_lots = st.integers(-300, 300).map(lambda lot: Decimal(lot) / 10)
sides = st.sampled_from(Side)
LIMIT = Decimal(1000)
REFERENCE = Decimal(100)


def reachable(position: Decimal, working: list[tuple[Side, Decimal, Decimal]]) -> list[Decimal]:
    """Where the position is after any subset of the working orders filled its share."""
    choices = [(ZERO, side.sign * quantity, side.sign * share) for side, quantity, share in working]
    return [position + sum(filled, ZERO) for filled in product(*choices)]


def leaves(working: list[tuple[Side, Decimal, Decimal]], side: Side) -> Decimal:
    return sum((quantity for of, quantity, _ in working if of is side), ZERO)


@given(
    position=signed_lots,
    working=st.lists(st.tuples(sides, lots, st.floats(0, 1)), max_size=5),
    side=sides,
    quantity=lots,
)
def test_no_set_of_fills_carries_an_approved_position_past_its_limit(
    position: Decimal, working: list[tuple[Side, Decimal, float]], side: Side, quantity: Decimal
) -> None:
    orders = [(of, size, (size * Decimal(share)).quantize(Decimal("0.001"))) for of, size, share in working]
    inputs = limited(
        by={"max_position_size": LIMIT},
        position=position,
        buy_leaves=leaves(orders, Side.BUY),
        sell_leaves=leaves(orders, Side.SELL),
    )
    request = order(f"{side.value} {quantity} @ 100")
    before = max(abs(reached) for reached in reachable(position, orders)) * REFERENCE
    after = max(abs(reached) for reached in reachable(position, [*orders, (side, quantity, ZERO)]))
    if check(request, inputs) is None:
        assert after * REFERENCE <= max(LIMIT, before)
    else:
        assert after * REFERENCE > LIMIT


@given(position=signed_lots, buys=lots, sells=lots, side=sides, quantity=lots)
def test_above_the_limit_only_orders_the_other_way_pass(
    position: Decimal, buys: Decimal, sells: Decimal, side: Side, quantity: Decimal
) -> None:
    assume(abs(position) * REFERENCE > LIMIT)
    inputs = limited(by={"max_position_size": LIMIT}, position=position, buy_leaves=buys, sell_leaves=sells)
    if check(order(f"{side.value} {quantity} @ 100"), inputs) is None:
        assert side.sign * position < 0


@given(position=signed_lots, buys=lots, sells=lots, side=sides, quantity=lots)
def test_growth_is_what_the_order_adds_to_the_worst_case(
    position: Decimal, buys: Decimal, sells: Decimal, side: Side, quantity: Decimal
) -> None:
    inputs = world(position=position, buy_leaves=buys, sell_leaves=sells)
    before = worst_case(position=position, buy_leaves=buys, sell_leaves=sells)
    if side is Side.BUY:
        after = worst_case(position=position, buy_leaves=buys + quantity, sell_leaves=sells)
    else:
        after = worst_case(position=position, buy_leaves=buys, sell_leaves=sells + quantity)
    assert growth(order(f"{side.value} {quantity} @ 100"), inputs) == after - before


exits = st.sampled_from(["@ 100", "@ 0.01", "@ 999999", "market", "@ 95 stop 96", "@ 100 ioc"])


@given(
    position=signed_lots.filter(bool),
    others=st.integers(0, 10),
    share=st.integers(1, 10),
    form=exits,
    flagged=st.booleans(),
    state=st.sampled_from([TradingState.READY, TradingState.REDUCE_ONLY]),
    breaker=st.sampled_from(BreakerState),
    is_paused=st.booleans(),
    has_margin=st.booleans(),
    leaves=lots,
    is_blind=st.booleans(),
)
def test_no_limit_blocks_an_exit_that_truly_shrinks(
    position: Decimal,
    others: int,
    share: int,
    form: str,
    flagged: bool,
    state: TradingState,
    breaker: BreakerState,
    is_paused: bool,
    has_margin: bool,
    leaves: Decimal,
    is_blind: bool,
) -> None:
    assume(others + share <= 10)
    blind: dict[str, object] = dict.fromkeys(
        ["book", "reference", "free_base", "free_quote", "equity", "gross_exposure", "taker_fee"]
    )
    inputs = tight(
        instrument=msgspec.structs.replace(HEALTHY.instrument, min_notional=ZERO, max_notional=None),
        position=position,
        reduce_leaves=abs(position) * others / 10,
        buy_leaves=leaves,
        sell_leaves=leaves,
        trading_state=state,
        breaker=breaker,
        is_paused=is_paused,
        has_margin=has_margin,
        is_exit=not flagged,
        **(blind if is_blind else {"book": book(bids=[], asks=[])}),
    )
    side = "sell" if position > 0 else "buy"
    request = order(f"{side} {abs(position) * share / 10} {form} {'reduce' if flagged else ''} by mm-1")
    assert check(request, inputs) is None


@given(position=signed_lots, others=lots, side=sides, quantity=lots)
def test_an_exit_never_asks_for_more_than_is_left_to_reduce(
    position: Decimal, others: Decimal, side: Side, quantity: Decimal
) -> None:
    inputs = world(position=position, reduce_leaves=others)
    refused = check(order(f"{side.value} {quantity} @ 100 reduce"), inputs)
    is_right = side.sign * position < 0 and quantity + others <= abs(position)
    assert (refused is None) == is_right
    if refused is not None:
        assert refused.code == "REDUCE_ONLY_EXCEEDS"


def test_a_refused_exit_says_what_is_held_and_what_else_reduces() -> None:
    inputs = world(position=d("0.45"), reduce_leaves=d("0.30"))
    denial = check(order("sell 0.20 @ 100 reduce"), inputs)
    assert denial is not None
    assert (denial.limit, denial.value) == (d("0.15"), d("0.20"))
    assert denial.text == (
        "DENIED SELL 0.20 BTC-USDT: position +0.45 BTC, 0.30 in other reduce-only orders: "
        "qty 0.20 > 0.15 left to reduce. Nothing sent. Use 0.15 or less [REDUCE_ONLY_EXCEEDS]"
    )


@pytest.mark.parametrize(
    ("text", "position", "others", "remedy"),
    [
        ("sell 1 @ 100 reduce", "1", "1", "Cancel the other exits first"),
        ("buy 1 @ 100 reduce", "-1", "1", "Cancel the other exits first"),
        ("buy 1 @ 100 reduce", "1", "1", "Nothing to reduce on this side: drop reduce"),
        ("sell 1 @ 100 reduce", "0", "0", "Nothing to reduce on this side: drop reduce"),
    ],
)
def test_an_exit_with_nothing_left_to_reduce_is_told_why(
    text: str, position: str, others: str, remedy: str
) -> None:
    denial = check(order(text), world(position=d(position), reduce_leaves=d(others)))
    assert denial is not None
    assert f"Nothing sent. {remedy} [REDUCE_ONLY_EXCEEDS]" in denial.text


def test_a_close_is_held_to_the_position_without_the_flag_too() -> None:
    assert code("sell 1 @ 100", world(position=d("1"), is_exit=True)) == ""
    assert code("sell 1.001 @ 100", world(position=d("1"), is_exit=True)) == "REDUCE_ONLY_EXCEEDS"
    assert code("buy 1 @ 100", world(position=d("1"), is_exit=True)) == "REDUCE_ONLY_EXCEEDS"
    assert code("sell 1 @ 100", world(is_exit=True)) == "REDUCE_ONLY_EXCEEDS"


_requests = st.builds(
    OrderRequest,
    instrument_id=st.just(HEALTHY.instrument.id),
    side=sides,
    quantity=st.decimals(allow_nan=True, allow_infinity=True) | lots,
    order_type=st.sampled_from(OrderType),
    price=st.none() | st.decimals() | lots,
    stop_price=st.none() | st.decimals() | lots,
    post_only=st.booleans(),
    reduce_only=st.booleans(),
)


@given(request=_requests, position=signed_lots, is_tight=st.booleans())
def test_the_dry_verdict_is_the_live_one_and_nothing_makes_it_fail(
    request: OrderRequest, position: Decimal, is_tight: bool
) -> None:
    inputs = tight(position=position) if is_tight else world(position=position)
    denial = check(request, inputs)
    said = verdict(request, inputs)
    assert said.is_ok == (denial is None)
    if denial is not None:
        assert (said.code, said.text, said.limit, said.value) == (
            denial.code,
            denial.text,
            denial.limit,
            denial.value,
        )
        assert denial.code != "RISK_INTERNAL"
