"""The order of the rules, failing closed, and what every refusal must say."""

import re
from decimal import Decimal

import msgspec
import pytest

from tests.unit.engine.risk.factories import code, d, limited, order, refusal, world
from veloz_tui.engine.risk.check import LIMIT_RULES, RULES, RULES_OF_ALL, check
from veloz_tui.engine.risk.denial import compare, rounded
from veloz_tui.engine.risk.inputs import RiskInputs

TIGHT_LIMITS: dict[str, object] = {
    "max_leverage": d("0.0001"),
    "account_balance_threshold": d("999999999"),
    "margin_threshold": d("99"),
    "max_orders_per_second": 1,
    "open_orders_max": 1,
}
TIGHT_BY: dict[str, object] = {
    "max_order_size": d("0.01"),
    "max_position_size": d("0.01"),
    "max_price_deviation": d("0.0001"),
}


def tight(**changes: object) -> RiskInputs:
    """Every limit is on and no order of any size fits."""
    return limited(limits=TIGHT_LIMITS, by=TIGHT_BY, recent_account=9, open_orders=9, **changes)


def test_the_rules_stand_in_their_fixed_order() -> None:
    names = [rule.__module__.rpartition(".")[2] for rule in RULES]
    assert names == [
        *["state", "instrument", "order_type", "price", "quantity", "notional", "reduce_only"],
        *["freshness", "order_size", "price_deviation", "rate", "open_orders"],
        *["position", "leverage", "balance", "margin"],
    ]
    assert RULES == RULES_OF_ALL + LIMIT_RULES


def test_every_rule_says_what_it_refuses() -> None:
    assert all((rule.__doc__ or "").startswith("Refuse ") for rule in RULES)


def test_the_first_refusal_wins() -> None:
    assert code("buy 1 @ 110", tight()) == "ORDER_NOTIONAL_MAX"
    assert code("buy 1 @ 110.001", tight()) == "TICK"


def test_with_no_limits_a_sound_order_passes() -> None:
    assert check(order("buy 1 @ 100"), world()) is None


@pytest.mark.parametrize(
    ("missing", "text", "expected"),
    [
        ({"book": None}, "buy 1 market", "BOOK_UNKNOWN"),
        ({"reference": None}, "buy 1 @ 100", "REFERENCE_UNKNOWN"),
        ({"equity": None}, "buy 1 @ 100", "EQUITY_UNKNOWN"),
        ({"gross_exposure": None}, "buy 1 @ 100", "EXPOSURE_UNKNOWN"),
        ({"free_quote": None}, "buy 1 @ 100", "BALANCE_UNKNOWN"),
        ({"free_base": None}, "sell 1 @ 100", "BALANCE_UNKNOWN"),
        ({"taker_fee": None}, "buy 1 market", "FEE_UNKNOWN"),
        ({"maker_fee": None}, "buy 1 @ 99 post", "FEE_UNKNOWN"),
        ({"has_margin": True, "margin_ratio": None}, "buy 1 @ 100", "MARGIN_UNKNOWN"),
        ({"has_margin": True, "free_quote": None}, "buy 1 @ 100", "BALANCE_UNKNOWN"),
    ],
)
def test_what_a_limit_needs_and_is_not_known_refuses_by_name(
    missing: dict[str, object], text: str, expected: str
) -> None:
    wide: dict[str, object] = {
        "max_leverage": d("100"),
        "account_balance_threshold": d("1"),
        "margin_threshold": d("1"),
    }
    inputs = limited(limits=wide, margin_ratio=d("2"))
    assert code(text, inputs) == ""
    denial = refusal(text, msgspec.structs.replace(inputs, **missing))
    assert denial.code == expected
    assert "unknown. Nothing sent." in denial.text


@pytest.mark.parametrize(
    "broken",
    [
        {"position": None},
        {"buy_leaves": d("NaN")},
        {"position": "1"},
        {"limits": None},
        {"instrument": None},
        {"equity": "much"},
        {"free_quote": d("sNaN")},
        {"recent_account": None},
        {"open_orders": None},
        {"trading_state": None},
    ],
)
def test_inputs_that_make_a_rule_fail_refuse(broken: dict[str, object]) -> None:
    wide: dict[str, object] = {
        "max_leverage": d("100"),
        "max_orders_per_second": 5,
        "open_orders_max": 5,
    }
    inputs = limited(limits=wide, by={"max_position_size": d("100000")})
    assert code("buy 1 @ 100", inputs) == ""
    assert code("buy 1 @ 100", msgspec.structs.replace(inputs, **broken)) == "RISK_INTERNAL"


@pytest.mark.parametrize("name", ["venue_state", "breaker", "journal_ok", "guardian_ok"])
def test_a_state_that_is_not_known_to_be_good_refuses(name: str) -> None:
    assert code("buy 1 @ 100", world(**{name: None})) != ""


def test_a_rule_that_fails_is_named() -> None:
    denial = refusal("buy 1 @ 100", world(instrument=None))
    assert denial.code == "RISK_INTERNAL"
    assert denial.text.startswith("DENIED BUY 1 BTCUSDT.BINANCE: rule ")
    assert "AttributeError" in denial.text


@pytest.mark.parametrize("name", [*TIGHT_BY, *TIGHT_LIMITS])
def test_every_limit_names_itself_with_its_numbers_and_a_remedy(name: str) -> None:
    limits = {key: value for key, value in TIGHT_LIMITS.items() if key == name}
    by = {key: value for key, value in TIGHT_BY.items() if key == name}
    margin = {"has_margin": True, "margin_ratio": d("1.2")} if name == "margin_threshold" else {}
    inputs = limited(limits=limits, by=by, recent_account=9, open_orders=9, **margin)
    denial = refusal("buy 1 @ 110", inputs)
    what, _, how = denial.text.partition(". Nothing sent. ")
    assert re.match(r"DENIED BUY 1 BTC-USDT: .*\d", what)
    assert re.fullmatch(rf".*{name}.* \[{denial.code}\]", how)
    assert denial.limit is not None
    assert denial.value is not None
    assert re.fullmatch(r"[A-Z_]+", denial.code)


@pytest.mark.parametrize(
    ("first", "second", "texts"),
    [
        ("32061.00", "20000", ("32,061", "20,000")),
        ("20000.1", "20000", ("20,000.10", "20,000.00")),
        ("0.6", "0.4", ("0.6000", "0.4000")),
        ("0.0051", "0.0049", ("0.005100", "0.004900")),
        ("-12.5", "500", ("-12.50", "500.00")),
        ("0", "1000", ("0", "1,000")),
        ("7", "7", ("7.00", "7.00")),
    ],
)
def test_two_numbers_are_written_so_that_they_can_be_told_apart(
    first: str, second: str, texts: tuple[str, str]
) -> None:
    assert compare(d(first), d(second)) == texts


def test_an_average_is_written_short() -> None:
    assert rounded(Decimal(192369600) / 3000) == "64,123.20"
    assert rounded(Decimal(1) / 3) == "0.3333"
