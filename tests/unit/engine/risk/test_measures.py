"""The numbers behind each verdict agree with the verdict."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.risk.factories import book, d, limited, order, world
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ClientOrderId
from veloz_tui.engine.risk.check import RULES, check
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.measures import Measure, Outcome, decision, measures, measures_of

EVERY_LIMIT = limited(
    limits={
        "max_leverage": d("2"),
        "max_orders_per_second": 10,
        "account_balance_threshold": d("1000"),
        "open_orders_max": 5,
    },
    by={"max_order_size": d("500"), "max_position_size": d("2000"), "max_price_deviation": d("0.05")},
)


def of(found: tuple[Measure, ...], rule: str) -> Measure:
    return next(each for each in found if each.rule == rule)


def taken(request: OrderRequest, inputs: RiskInputs) -> tuple[Measure, ...]:
    denial = check(request, inputs)
    return measures_of(decision(ClientOrderId("a"), request, inputs, denial))


def test_every_rule_has_its_line_in_the_order_they_are_asked() -> None:
    found = taken(order("buy 1 @ 100"), EVERY_LIMIT)
    assert [each.number for each in found] == sorted(each.number for each in found)
    assert {each.number for each in found} == set(range(1, len(RULES) + 1))
    assert {each.outcome for each in found} == {Outcome.OK, Outcome.OFF}
    size = of(found, "order_size")
    assert (size.value, size.limit, size.room) == (d("100"), d("500"), d("400"))


def test_the_refusing_rule_is_marked_and_those_after_it_were_not_asked() -> None:
    found = taken(order("buy 6 @ 100"), EVERY_LIMIT)
    size = of(found, "order_size")
    assert (size.outcome, size.value, size.room) == (Outcome.DENIED, d("600"), d("-100"))
    assert of(found, "freshness").outcome is Outcome.OK
    assert of(found, "position").outcome is Outcome.NOT_ASKED


def test_a_limit_that_is_off_says_so_and_an_exit_is_asked_for_no_limit() -> None:
    assert of(taken(order("buy 1 @ 100"), world()), "order_size").outcome is Outcome.OFF
    found = taken(order("sell 1 @ 100 reduce"), limited(position=d("2"), by={"max_order_size": d("1")}))
    assert of(found, "order_size").outcome is Outcome.NOT_ASKED
    assert of(found, "reduce_only").room == d("1")


def test_a_market_orders_numbers_are_those_of_the_book_then() -> None:
    moving = book()
    inputs = limited(by={"max_order_size": d("500")}, book=moving)
    request = order("buy 1 market")
    known = decision(ClientOrderId("a"), request, inputs, check(request, inputs))
    before = measures_of(known)
    moving.replace(bids=[(1.0, 1.0)], asks=[(2.0, 1.0)], update_id=2)
    assert measures_of(known) == before
    assert of(before, "order_size").value == d("100.01")


def test_what_is_not_known_is_no_number() -> None:
    found = taken(order("buy 1 @ 100"), world(free_quote=None))
    assert of(found, "balance").value is None
    assert "isn't known" in of(found, "balance").text


@given(
    side=st.sampled_from(["buy", "sell"]),
    quantity=st.decimals("0.001", "40", places=3),
    price=st.decimals("80", "120", places=2),
    position=st.decimals("-20", "20", places=3),
    recent=st.integers(0, 12),
    opened=st.integers(0, 7),
    free=st.decimals("0", "3000", places=2),
)
def test_numbers_and_verdict_never_contradict_each_other(
    side: str, quantity: Decimal, price: Decimal, position: Decimal, recent: int, opened: int, free: Decimal
) -> None:
    request = order(f"{side} {quantity} @ {price}")
    inputs = limited(
        limits={"max_orders_per_second": 10, "open_orders_max": 5, "max_leverage": d("2")},
        by={"max_order_size": d("500"), "max_position_size": d("2000"), "max_price_deviation": d("0.05")},
        position=position,
        recent_account=recent,
        open_orders=opened,
        free_quote=free,
        free_base=d("10"),
        equity=d("1000"),
        gross_exposure=abs(position) * 100,
    )
    denial = check(request, inputs)
    found = taken(request, inputs)
    denied = [each for each in found if each.outcome is Outcome.DENIED]
    assert bool(denied) is (denial is not None)
    for each in found:
        if each.room is None:
            continue
        if each.outcome is Outcome.DENIED:
            assert each.room < 0
        elif each.outcome is Outcome.OK and each.rule != "leverage":  # what lifts nothing passes
            assert each.room >= 0


@pytest.mark.parametrize("text", ["buy 1 @ 100", "buy 0 @ 100", "buy 1 market", "sell 1 @ 95 stop 96"])
def test_measuring_never_fails(text: str) -> None:
    for inputs in (world(), world(book=None, reference=None, free_quote=None, equity=None), EVERY_LIMIT):
        assert measures(order(text), inputs)
