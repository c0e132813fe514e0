"""Limits: inheritance, validation, and the text they are journaled as."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.risk.factories import BTC, MAKER, d
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import InstrumentId
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits

ETH = InstrumentId("ETHUSDT.BINANCE")


def test_an_instrument_inherits_each_limit_it_does_not_set() -> None:
    limits = Limits(
        default=InstrumentLimits(max_order_size=d("20000"), max_position_size=d("50000")),
        instruments={BTC: InstrumentLimits(max_order_size=d("5000"))},
    )
    assert limits.for_instrument(BTC) == InstrumentLimits(
        max_order_size=d("5000"), max_position_size=d("50000")
    )
    assert limits.for_instrument(ETH) == limits.default


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "sNaN", "Infinity"])
@pytest.mark.parametrize("name", InstrumentLimits.__struct_fields__)
def test_an_instrument_limit_that_is_no_positive_number_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        InstrumentLimits(**{name: Decimal(value)})


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
@pytest.mark.parametrize("name", ["max_leverage", "account_balance_threshold", "margin_threshold"])
def test_an_account_limit_that_is_no_positive_number_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Limits.from_text({name: value})


@pytest.mark.parametrize("name", ["max_orders_per_second", "open_orders_max"])
def test_a_count_of_zero_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} 0: must be above 0"):
        Limits.from_text({name: "0"})


def test_a_rate_above_what_the_counters_remember_is_refused() -> None:
    Limits(max_orders_per_second=1000, strategy_orders_per_second={MAKER: 1000})
    with pytest.raises(ConfigError, match="max_orders_per_second 1001"):
        Limits(max_orders_per_second=1001)
    with pytest.raises(ConfigError, match=r"strategy_orders_per_second\.mm-1 1001"):
        Limits(strategy_orders_per_second={MAKER: 1001})


@pytest.mark.parametrize("name", ["stop_loss_threshold", "max_price_deviation"])
@pytest.mark.parametrize("value", ["1", "2"])
def test_a_fraction_given_in_percent_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match="a fraction, below 1"):
        InstrumentLimits(**{name: d(value)})


def test_text_names_each_limit_that_is_on_and_no_other() -> None:
    limits = Limits(
        default=InstrumentLimits(max_order_size=d("20000")),
        instruments={BTC: InstrumentLimits(max_position_size=d("5"))},
        strategy_orders_per_second={MAKER: 5},
        max_leverage=d("2.5"),
        open_orders_max=200,
    )
    assert limits.as_text() == {
        "default.max_order_size": "20000",
        "instruments.BTCUSDT.BINANCE.max_position_size": "5",
        "strategy_orders_per_second.mm-1": "5",
        "max_leverage": "2.5",
        "open_orders_max": "200",
    }
    assert Limits().as_text() == {}


_positive = st.none() | st.decimals("0.0001", "0.9999", places=4)
_rate = st.integers(1, 1000)
_instrument_limits = st.builds(
    InstrumentLimits, **dict.fromkeys(InstrumentLimits.__struct_fields__, _positive)
)


@given(
    limits=st.builds(
        Limits,
        default=_instrument_limits,
        instruments=st.dictionaries(
            st.sampled_from([BTC, ETH]), _instrument_limits.filter(lambda own: own != InstrumentLimits())
        ),
        max_leverage=_positive,
        max_orders_per_second=st.none() | _rate,
        strategy_orders_per_second=st.dictionaries(st.just(MAKER), _rate),
        account_balance_threshold=_positive,
        margin_threshold=_positive,
        open_orders_max=st.none() | _rate,
    )
)
def test_limits_come_back_from_their_text(limits: Limits) -> None:
    assert Limits.from_text(limits.as_text()) == limits


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ({"max_ordersize": "1"}, "unknown limit max_ordersize"),
        ({"default.max_ordersize": "1"}, "unknown limit default.max_ordersize"),
        ({"default.max_order_size": "many"}, "default.max_order_size 'many': not a number"),
        ({"open_orders_max": "1.5"}, "open_orders_max '1.5': not a whole number"),
    ],
)
def test_text_that_is_no_limit_is_refused_by_name(text: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Limits.from_text(text)
