"""Limits of the account: position, leverage, balance, margin. Each exactly at the limit and just above."""

from typing import ClassVar

import pytest

from tests.unit.engine.risk.factories import code, d, limited, refusal, world


class TestPosition:
    @pytest.mark.parametrize(
        ("held", "buys", "sells", "text", "expected"),
        [
            ("0", "0", "0", "buy 10 @ 90", ""),
            ("0", "0", "0", "buy 10.001 @ 90", "POS_MAX"),
            ("0", "0", "0", "sell 10 @ 110", ""),
            ("0", "0", "0", "sell 10.001 @ 110", "POS_MAX"),
            ("4", "5", "0", "buy 1 @ 90", ""),
            ("4", "5", "0", "buy 1.001 @ 90", "POS_MAX"),
            ("-4", "0", "5", "sell 1 @ 110", ""),
            ("-4", "0", "5", "sell 1.001 @ 110", "POS_MAX"),
            ("4", "0", "9", "buy 6 @ 90", ""),  # sells that work may not fill: they make no room
            ("4", "0", "9", "buy 6.001 @ 90", "POS_MAX"),
            ("20", "0", "0", "sell 1 @ 110", ""),  # above the limit already: shrinking passes
            ("20", "0", "0", "sell 30 @ 110", ""),
            ("20", "0", "0", "sell 30.001 @ 110", "POS_MAX"),  # across zero, past the limit there
            ("20", "0", "0", "buy 0.1 @ 90", "POS_MAX"),
            ("-20", "0", "0", "sell 0.1 @ 110", "POS_MAX"),
            ("-20", "0", "0", "buy 1 @ 90", ""),
            ("20", "0", "25", "sell 5 @ 110", ""),
            ("20", "0", "25", "sell 5.001 @ 110", "POS_MAX"),
        ],
    )
    def test_the_worst_case_of_one_side_counts(
        self, held: str, buys: str, sells: str, text: str, expected: str
    ) -> None:
        inputs = limited(
            by={"max_position_size": d("1000")},
            position=d(held),
            buy_leaves=d(buys),
            sell_leaves=d(sells),
        )
        assert code(text, inputs) == expected

    def test_the_refusal_says_what_is_held_and_what_works(self) -> None:
        inputs = limited(by={"max_position_size": d("1000")}, position=d("4"), buy_leaves=d("5"))
        denial = refusal("buy 2 @ 90", inputs)
        assert (denial.limit, denial.value) == (d("1000"), d("1100"))
        assert denial.text == (
            "DENIED BUY 2 BTC-USDT: position could reach 1,100 long > max 1,000 USDT (now +4, working 5). "
            "Nothing sent. Lower qty, cancel working orders or raise limits.max_position_size [POS_MAX]"
        )


class TestLeverage:
    LIMITS: ClassVar[dict[str, object]] = {"max_leverage": d("2")}

    def test_exposure_up_to_the_multiple_of_equity_passes(self) -> None:
        inputs = limited(limits=self.LIMITS, equity=d("1000"), gross_exposure=d("1500"))
        assert code("buy 5 @ 90", inputs) == ""
        denial = refusal("buy 5.001 @ 90", inputs)
        assert (denial.code, denial.limit, denial.value) == ("LEVERAGE_MAX", d("2000"), d("2000.1"))
        assert "exposure 2,000.10 > max 2,000.00 USDT (2x equity 1,000)" in denial.text

    def test_what_lifts_no_worst_case_passes_however_high_it_is(self) -> None:
        inputs = limited(
            limits=self.LIMITS,
            equity=d("1000"),
            gross_exposure=d("5000"),
            position=d("30"),
            free_base=d("30"),
        )
        assert code("sell 30 @ 110", inputs) == ""
        assert code("buy 0.1 @ 90", inputs) == "LEVERAGE_MAX"

    @pytest.mark.parametrize("equity", ["0", "-5"])
    def test_no_equity_carries_no_exposure(self, equity: str) -> None:
        inputs = limited(limits=self.LIMITS, equity=d(equity), gross_exposure=d("0"))
        assert code("buy 1 @ 90", inputs) == "LEVERAGE_MAX"


class TestBalance:
    def test_a_spot_buy_must_be_covered(self) -> None:
        assert code("buy 10 @ 100", world(free_quote=d("1000"))) == ""
        denial = refusal("buy 10 @ 100", world(free_quote=d("999.99")))
        assert (denial.code, denial.limit, denial.value) == (
            "BALANCE_INSUFFICIENT",
            d("999.99"),
            d("1000"),
        )

    def test_a_spot_market_buy_must_be_covered_along_its_walk(self) -> None:
        assert code("buy 6 market", world(free_quote=d("601.05"))) == ""
        assert code("buy 6 market", world(free_quote=d("601.04"))) == "BALANCE_INSUFFICIENT"

    def test_a_spot_sell_must_be_there(self) -> None:
        assert code("sell 10 @ 100", world(free_base=d("10"))) == ""
        assert code("sell 10 @ 100", world(free_base=d("9.999"))) == "BALANCE_INSUFFICIENT"

    def test_a_buy_leaves_the_least_balance_fee_included(self) -> None:
        # 1,000 and the taker's 0.1 %: this price crosses the ask
        inputs = limited(limits={"account_balance_threshold": d("500")}, free_quote=d("1502.0021"))
        assert code("buy 10 @ 100.10", inputs) == ""
        short = limited(limits={"account_balance_threshold": d("500")}, free_quote=d("1502.0009"))
        denial = refusal("buy 10 @ 100.10", short)
        assert (denial.code, denial.limit, denial.value) == ("MIN_FREE_BALANCE", d("500"), d("499.9999"))

    def test_a_sell_needs_no_quote_balance(self) -> None:
        inputs = limited(limits={"account_balance_threshold": d("500")}, free_quote=d("0"))
        assert code("sell 10 @ 100", inputs) == ""

    def test_with_margin_the_free_balance_counts_as_it_stands(self) -> None:
        limits: dict[str, object] = {"account_balance_threshold": d("500")}
        for free, expected in (("500", ""), ("499.99", "MIN_FREE_BALANCE")):
            inputs = limited(limits=limits, has_margin=True, free_quote=d(free), free_base=None)
            assert code("buy 10 @ 100", inputs) == expected
            assert code("sell 10 @ 100", inputs) == expected


class TestMargin:
    @pytest.mark.parametrize(
        ("ratio", "text", "expected"),
        [
            ("1.5", "buy 1 @ 90", ""),
            ("1.49", "buy 1 @ 90", "MARGIN_RATIO_MIN"),
            ("1.49", "sell 2 @ 110", ""),  # shrinks
            ("1.49", "sell 4.001 @ 110", "MARGIN_RATIO_MIN"),
        ],
    )
    def test_below_the_least_ratio_nothing_may_grow(self, ratio: str, text: str, expected: str) -> None:
        inputs = limited(
            limits={"margin_threshold": d("1.5")}, has_margin=True, margin_ratio=d(ratio), position=d("2")
        )
        assert code(text, inputs) == expected

    def test_spot_has_no_margin_ratio(self) -> None:
        assert code("buy 1 @ 90", limited(limits={"margin_threshold": d("1.5")})) == ""
