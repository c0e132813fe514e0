"""What the venue would refuse is refused here, with the nearest that it takes."""

import pytest

from tests.unit.engine.risk.factories import code, d, instrument, order, refusal, world
from veloz_tui.domain.types import InstrumentId
from veloz_tui.engine.risk.check import check


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 1 @ 100.01", ""),
        ("buy 1 @ 100.010", ""),
        ("buy 1 @ 100.001", "TICK"),
        ("buy 1 @ 100.00000001", "TICK"),
        ("buy 1 @ 0.01", "MIN_NOTIONAL"),
        ("buy 0.001 @ 1000000", ""),
        ("buy 0.001 @ 1000000.01", "PRICE_MAX"),
        ("buy 1 @ 0", "PRICE_INVALID"),
        ("buy 1 @ -1", "PRICE_INVALID"),
        ("buy 1 @ NaN", "PRICE_INVALID"),
        ("buy 1 @ sNaN", "PRICE_INVALID"),
        ("buy 1 @ Infinity", "PRICE_INVALID"),
        ("buy 1 @ 1E+999999", "PRICE_INVALID"),
        ("sell 1 @ 95 stop 96.001", "TICK"),
        ("sell 1 @ 95 stop NaN", "PRICE_INVALID"),
        ("sell 1 @ 95 stop 1000000.01", "PRICE_MAX"),
    ],
)
def test_prices(text: str, expected: str) -> None:
    assert code(text, world()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 0.1 @ 100", ""),
        ("buy 0.1000 @ 100", ""),
        ("buy 0.1001 @ 100", "LOT"),
        ("buy 0.001 @ 5000", ""),
        ("buy 9000 @ 100", ""),
        ("buy 9000.001 @ 100", "QUANTITY_MAX"),
        ("buy 100.001 market", "QUANTITY_MAX"),
        ("buy 0 @ 100", "QUANTITY_INVALID"),
        ("buy -1 @ 100", "QUANTITY_INVALID"),
        ("buy NaN @ 100", "QUANTITY_INVALID"),
        ("buy sNaN market", "QUANTITY_INVALID"),
        ("buy Infinity market", "QUANTITY_INVALID"),
        ("buy 1E+999999 @ 100", "QUANTITY_INVALID"),
        ("buy 1E-999999 @ 100", "LOT"),
    ],
)
def test_quantities(text: str, expected: str) -> None:
    assert code(text, world()) == expected


def test_a_quantity_below_the_least_is_refused() -> None:
    inputs = world(instrument=instrument(min_quantity=d("0.01")))
    assert code("buy 0.009 @ 1000", inputs) == "QUANTITY_MIN"
    assert code("buy 0.01 @ 1000", inputs) == ""


def test_a_price_below_the_least_is_refused() -> None:
    inputs = world(instrument=instrument(min_price=d("10")))
    assert code("buy 1 @ 9.99", inputs) == "PRICE_MIN"
    assert code("buy 1 @ 10", inputs) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 0.05 @ 100", ""),
        ("buy 0.05 @ 99.99", "MIN_NOTIONAL"),
        ("buy 0.05 market", ""),
        ("buy 0.049 market", "MIN_NOTIONAL"),
        ("buy 9000 @ 1000", ""),
        ("buy 9000 @ 1000.01", "MAX_NOTIONAL"),
    ],
)
def test_values(text: str, expected: str) -> None:
    assert code(text, world(free_quote=d("1e12"))) == expected


def test_the_least_value_spares_market_orders_where_the_venue_says_so() -> None:
    inputs = world(instrument=instrument(notional_applies_to_market=False))
    assert code("buy 0.001 market", inputs) == ""


def test_an_estimate_of_its_value_never_keeps_a_market_exit_back() -> None:
    assert code("sell 0.049 market reduce", world(position=d("0.049"))) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("buy 1 @ 100 post", ""),
        ("buy 1 @ 100 post ioc", "POST_ONLY_CONFLICT"),
        ("buy 1 @ 100 post fok", "POST_ONLY_CONFLICT"),
        ("buy 1 market post", "POST_ONLY_CONFLICT"),
        ("sell 1 @ 95 stop 96 post", "POST_ONLY_CONFLICT"),
        ("buy 1 @ 100 ioc", ""),
        ("buy 1 @ 100 fok", ""),
        ("buy 1 @ 100 gtd", "TIF_UNSUPPORTED"),
        ("buy 1 market ioc", ""),
        ("buy 1 market fok", "TIF_UNSUPPORTED"),
        ("buy 1 market gtd", "TIF_UNSUPPORTED"),
        ("sell 1 @ 95 stop 96", ""),
        ("sell 1 stop 96", "PRICE_MISSING"),
        ("buy 1", "PRICE_MISSING"),
        ("buy 1 @ 100 market", "PRICE_UNEXPECTED"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert code(text, world()) == expected


def test_stop_prices_belong_to_stops_and_to_nothing_else() -> None:
    for request, expected in (
        (order("buy 1 @ 100", stop_price=d("99")), "STOP_PRICE_UNEXPECTED"),
        (order("buy 1 market", stop_price=d("99")), "STOP_PRICE_UNEXPECTED"),
        (order("sell 1 @ 95 stop 96", stop_price=None), "STOP_PRICE_MISSING"),
    ):
        denial = check(request, world())
        assert denial is not None
        assert denial.code == expected


def test_an_instrument_that_is_not_trading_takes_nothing_not_even_exits() -> None:
    inputs = world(instrument=instrument(is_trading=False), position=d("1"))
    assert code("buy 1 @ 100", inputs) == "NOT_TRADING"
    assert code("sell 1 @ 100 reduce", inputs) == "NOT_TRADING"


def test_inputs_of_another_instrument_refuse() -> None:
    denial = check(order("buy 1 @ 100", instrument_id=InstrumentId("ETHUSDT.BINANCE")), world())
    assert denial is not None
    assert denial.code == "INSTRUMENT_MISMATCH"


def test_the_nearest_ticks_and_lots_are_named() -> None:
    assert refusal("buy 1 @ 64123.456", world()).text == (
        "DENIED BUY 1 BTC-USDT: price 64,123.456 isn't on the tick 0.01. Nothing sent. "
        "Use 64,123.45 or 64,123.46 [TICK]"
    )
    assert refusal("buy 0.0505 @ 100", world()).text == (
        "DENIED BUY 0.0505 BTC-USDT: qty 0.0505 isn't on the lot 0.001. Nothing sent. "
        "Use 0.050 or 0.051 [LOT]"
    )
    assert refusal("buy 0.0005 @ 100", world()).text.endswith("Use 0.001 [LOT]")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("buy 1 @ 9.99", "Use 10 or more"),
        ("buy 1 @ 1000000.01", "Use 1,000,000 or less"),
        ("buy 0.009 @ 1000", "Use 0.01 or more"),
        ("buy 9001 @ 100", "Use 9,000 or less"),
        ("buy 100.001 market", "Use 100 or less"),
        ("buy 0.01 @ 100", "Raise qty"),
        ("buy 9000 @ 1001", "Lower qty"),
        ("buy 1 @ 0.001", "Use 0.01"),
        ("buy 1000000000000000 @ 100", "Give a number above 0 and below 1,000,000,000,000,000"),
        ("buy 1 @ 1000000000000000", "Give a number above 0 and below 1,000,000,000,000,000"),
    ],
)
def test_each_bound_says_what_to_use_instead(text: str, remedy: str) -> None:
    strict = instrument(min_price=d("10"), min_quantity=d("0.01"))
    denial = refusal(text, world(instrument=strict))
    assert f"Nothing sent. {remedy} [{denial.code}]" in denial.text


def test_the_venue_s_bounds_are_named_with_their_sign() -> None:
    assert "order 1.00 < venue's least 5.00 USDT" in refusal("buy 0.01 @ 100", world()).text
    assert "order 9,009,000 > venue's most 9,000,000 USDT" in refusal("buy 9000 @ 1001", world()).text


@pytest.mark.parametrize("text", ["buy 1E+999999 @ 100", "buy 1 @ 1E+999999", "buy 1E-999999 @ 100"])
def test_absurd_numbers_give_short_texts(text: str) -> None:
    assert len(refusal(text, world()).text) < 200
