"""The market maker leans against its inventory and pulls a side at its limit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategy.factories import BTC, BTC_ID, book_view
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.strategy.base import Context
from veloz_tui.strategy.library.market_maker import MarketMaker, Params

D = Decimal
PARAMS = Params(half_spread_bps=D(10), size=D("0.01"), max_position=D("0.05"))


def quoted(position: str, params: Params = PARAMS) -> tuple[QuoteIntent, str]:
    ctx = Context(instruments=[BTC], positions={BTC_ID: D(position)})
    MarketMaker(params).on_book(ctx, book_view(99.99, 100.01))
    (quote,) = ctx.intents
    assert isinstance(quote, QuoteIntent)
    return quote, ctx.status


def test_flat_it_quotes_both_sides_of_the_mid() -> None:
    quote, doing = quoted("0")
    assert (quote.bid, quote.ask, quote.size) == (D("99.9"), D("100.1"), D("0.01"))
    assert quote.tolerance == D("0.005")
    assert doing == "quoting, inventory +0%"


def test_long_it_quotes_lower_and_short_higher() -> None:
    assert (quoted("0.02")[0].bid, quoted("0.02")[0].ask) == (D("99.86"), D("100.06"))
    assert (quoted("-0.02")[0].bid, quoted("-0.02")[0].ask) == (D("99.94"), D("100.14"))


@pytest.mark.parametrize(
    ("position", "bids", "asks", "doing"),
    [
        ("0.04", True, True, "quoting, inventory +80%"),
        ("0.041", False, True, "quoting asks only: position at +82% of its limit"),
        ("0.05", False, True, "quoting asks only: position at +100% of its limit"),
        ("-0.05", True, False, "quoting bids only: position at -100% of its limit"),
        ("7", False, True, "quoting asks only: position at +100% of its limit"),
    ],
)
def test_the_side_that_would_pass_the_limit_is_pulled(
    position: str, bids: bool, asks: bool, doing: str
) -> None:
    quote, said = quoted(position)
    assert (quote.bid is not None, quote.ask is not None) == (bids, asks)
    assert said == doing


def test_a_size_above_the_limit_quotes_nothing_and_says_why() -> None:
    quote, doing = quoted("0", Params(size=D(1), max_position=D("0.5")))
    assert (quote.bid, quote.ask) == (None, None)
    assert doing == "not quoting: size is above max_position"


@given(st.decimals("-0.2", "0.2", places=5))
def test_no_fill_of_a_quote_passes_the_limit_from_within(position: Decimal) -> None:
    quote, _ = quoted(str(position))
    if quote.bid is not None:
        assert position + quote.size <= PARAMS.max_position
    if quote.ask is not None:
        assert position - quote.size >= -PARAMS.max_position
    if quote.bid is not None and quote.ask is not None:
        assert quote.bid < quote.ask
