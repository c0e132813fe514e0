"""buy and sell: what each form of quantity, price and flag means."""

from decimal import Decimal

import msgspec
import pytest

from tests.unit.control.factories import asset, context, instrument, position
from veloz_tui.control.grammar import GrammarContext, GrammarError, Parsed, parse
from veloz_tui.domain.commands import PlaceOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import MANUAL, OrderType, Side, TimeInForce


def request_of(text: str, surroundings: GrammarContext | None = None) -> OrderRequest:
    found = parse(text, surroundings or context())
    assert isinstance(found, Parsed), found
    assert isinstance(found.command, PlaceOrder)
    return found.command.request


def error_of(text: str, surroundings: GrammarContext | None = None) -> GrammarError:
    found = parse(text, surroundings or context())
    assert isinstance(found, GrammarError), found
    return found


def test_limit_order_is_read_in_full() -> None:
    assert request_of("buy 0.5 btc @64,123.60") == OrderRequest(
        instrument_id=instrument().instrument_id,
        side=Side.BUY,
        quantity=Decimal("0.5"),
        order_type=OrderType.LIMIT,
        price=Decimal("64123.60"),
        time_in_force=TimeInForce.GTC,
        strategy_id=MANUAL,
    )


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("buy 1 btc @64,100", "64100"),
        ("buy 1 btc @ 64100.5", "64100.5"),
        ("buy 1 btc @bid", "64123.60"),
        ("buy 1 btc @bid-2t", "64123.58"),
        ("buy 1 btc @bid - 2t", "64123.58"),
        ("buy 1 btc @bid+1t", "64123.61"),
        ("sell 1 btc @ask", "64123.61"),
        ("sell 1 btc @ASK+10t", "64123.71"),
        ("buy 1 btc @mid", "64123.60"),
        ("sell 1 btc @mid", "64123.61"),
    ],
)
def test_price_forms(text: str, price: str) -> None:
    assert request_of(text).price == Decimal(price)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("buy 0.5 btc @100", "0.5"),
        ("buy .5 btc @100", "0.5"),
        ("buy 1000u btc @50000", "0.02"),
        ("buy 1,000u btc @50000", "0.02"),
        ("buy 1ku btc @50000", "0.02"),
        ("buy 0.001mu btc @50000", "0.02"),
        ("buy 1000u btc @30000", "0.03333"),  # down to the lot
        ("buy 25% btc @50000", "0.5"),
        ("buy max btc @50000", "2"),
        ("sell 25% btc @50000", "0.375"),
        ("sell max btc market", "1.5"),
        ("sell pos btc market", "0.45"),
    ],
)
def test_quantity_forms(text: str, quantity: str) -> None:
    surroundings = context(
        assets=(asset("USDT", "100000"), asset("BTC", "1.5")), positions=(position("0.45"),)
    )
    assert request_of(text, surroundings).quantity == Decimal(quantity)


def test_market_order_by_value_uses_the_side_it_takes() -> None:
    surroundings = context(instruments=(instrument(bid="100", ask="200"),))
    assert request_of("buy 200u btc market", surroundings).quantity == 1
    assert request_of("sell 200u btc market", surroundings).quantity == 2


def test_stop_with_and_without_its_limit_price() -> None:
    given = request_of("sell 0.45 btc stop 63800 @63,700")
    assert (given.order_type, given.stop_price, given.price) == (
        OrderType.STOP_LIMIT,
        Decimal(63800),
        Decimal(63700),
    )
    worked_out = request_of("sell 0.45 btc stop 63800")
    assert worked_out.price == Decimal("63481.00")  # 50 bp below, on the tick
    assert request_of("buy 0.45 btc stop 70000").price == Decimal("70350.00")


def test_flags() -> None:
    assert request_of("buy 1 btc @100 post").post_only
    assert request_of("buy 1 btc @100 ioc").time_in_force is TimeInForce.IOC
    assert request_of("buy 1 btc fok @100 reduce").time_in_force is TimeInForce.FOK
    assert request_of("sell 1 btc market reduce").reduce_only


@pytest.mark.parametrize(
    "name", ["btc", "BTC", "btcusdt", "btc/usdt", "btc-usdt", "BTC-USDT.BIN", "btc.bin", "btcusdt.binance"]
)
def test_instrument_spellings(name: str) -> None:
    assert request_of(f"buy 1 {name} market").instrument_id == "BTCUSDT.BINANCE"


def test_ambiguous_instrument_lists_what_it_can_be() -> None:
    surroundings = context(instruments=(instrument(), instrument("BTC", "EUR")))
    found = error_of("buy 1 btc market", surroundings)
    assert found.choices == ("BTC-USDT.BIN", "BTC-EUR.BIN")
    assert request_of("buy 1 btceur market", surroundings).instrument_id == "BTCEUR.BINANCE"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("buy", "buy what?"),
        ("buy 1", "of what?"),
        ("buy btc 1 @100", "write the quantity first: buy 0.5 btc"),
        ("buy 1 btc", "no price: add @64,123.60 or market"),
        ("buy 0,5 btc @100", "write 0.5"),
        ("buy 1,500 btc @100", "write 1.500 or 1500"),
        ("buy 1,500,000 btc @100", "write 1500000"),
        ("buy 5k btc @100", "k and m only with u"),
        ("buy 0 btc @100", "more than 0"),
        ("buy -1 btc @100", "is no quantity"),
        ("buy nan btc @100", "is no quantity"),
        ("buy 101% btc @100", "at most 100%"),
        ("buy 1 btc @nan", "not a number"),
        ("buy 1 btc @1e5", "not a number"),
        ("buy 1 btc @0", "more than 0"),
        ("buy 1 btc @0,5", "write 0.5"),
        ("buy 1 btc @bid-2", "@bid-2t (two ticks)"),
        ("buy 1 btc @bid-999999t", "at most 100,000 ticks"),
        ("buy 1 doge market", "no instrument doge"),
        ("buy 1 btc.okx market", "no venue .OKX; there is .BIN"),
        ("buy 1 btc @100 market", "market has no price"),
        ("buy 1 btc @100 @101", "the price is said twice"),
        ("buy 1 btc market market", "said twice"),
        ("buy 1 btc @100 ioc fok", "exclude each other"),
        ("buy 1 btc @100 post ioc", "post goes with a resting limit order"),
        ("buy 1 btc market post", "post goes with a resting limit order"),
        ("sell 1 btc stop 100 ioc", "go with a limit order only"),
        ("sell 1 btc stop", "stop at what?"),
        ("buy 1 btc @100 quickly", "quickly means nothing here"),
        ("buy max btc @100", "free USDT is unknown"),
        ("sell pos btc market", "no position in BTC-USDT.BIN"),
    ],
)
def test_mistakes_are_answered_with_what_to_write(text: str, says: str) -> None:
    assert says in error_of(text).text


def test_pos_never_grows_a_position() -> None:
    surroundings = context(positions=(position("-0.2"),))
    assert request_of("buy pos btc market", surroundings).quantity == Decimal("0.2")
    assert "would grow it" in error_of("sell pos btc market", surroundings).text


def test_pos_after_a_fee_in_the_base_asset_is_rounded_down_to_the_lot_so_that_the_exit_leaves() -> None:
    # A fee taken in BTC leaves a position between two lots; what is over can't be sold at all.
    surroundings = context(positions=(position("0.06549444"),))
    assert request_of("sell pos btc market reduce", surroundings).quantity == Decimal("0.06549")
    dust = context(positions=(position("0.00000444"),))
    assert "less than one lot" in error_of("sell pos btc market reduce", dust).text


def test_amount_below_one_lot_is_refused() -> None:
    assert "less than one lot" in error_of("buy 0.1u btc @64000").text


@pytest.mark.parametrize("word", ["@bid", "@ask-1t", "@mid"])
def test_relative_prices_need_a_fresh_book(word: str) -> None:
    stale = msgspec.structs.replace(instrument(), stale_reason="gap at u=88213")
    assert "stale" in error_of(f"buy 1 btc {word}", context(instruments=(stale,))).text
    empty = instrument(bid="", ask="")
    assert "in digits" in error_of(f"buy 1 btc {word}", context(instruments=(empty,))).text


def test_zero_lot_of_a_broken_view_is_an_error_not_a_crash() -> None:
    broken = msgspec.structs.replace(instrument(), lot_size=Decimal(0))
    assert "can't be computed" in error_of("buy 10u btc @100", context(instruments=(broken,))).text


@pytest.mark.parametrize(
    ("text", "review"),
    [
        ("buy 0.05 btc @64,123.60 post", "BUY 0.05 BTC-USDT.BIN @64,123.60 LIMIT GTC post = 3,206.18 USDT"),
        ("sell 2 eth @ask ioc reduce", "SELL 2 ETH-USDT.BIN @3,180.10 LIMIT IOC reduce = 6,360.20 USDT"),
        ("buy 0.5 btc market", "BUY 0.5 BTC-USDT.BIN MARKET now about 64,123.61 = 32,061.80 USDT"),
        ("sell 1 btc stop 63800", "SELL 1 BTC-USDT.BIN STOP 63,800.00 limit @63,481.00 GTC = 63,481.00 USDT"),
        ("buy 0.5 btc @64123.655", "BUY 0.5 BTC-USDT.BIN @64,123.655 LIMIT GTC = 32,061.83 USDT"),
    ],
)
def test_review_says_side_quantity_instrument_price_type_lifetime_value(text: str, review: str) -> None:
    found = parse(text, context())
    assert isinstance(found, Parsed)
    assert found.review == review


def test_only_reducing_orders_are_not_marked_as_risk() -> None:
    risky, safe = parse("buy 1 btc market", context()), parse("sell 1 btc market reduce", context())
    assert isinstance(risky, Parsed) and isinstance(safe, Parsed)
    assert (risky.increases_risk, safe.increases_risk) == (True, False)
