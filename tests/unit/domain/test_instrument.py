"""Steps: prices on the tick, quantities on the lot, nothing rounded towards the market."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.factories import BTC
from veloz_tui.domain.instrument import Instrument, instrument_id
from veloz_tui.domain.types import Side, VenueId

D = Decimal
STEPS = st.sampled_from([D("0.01"), D("0.00000001"), D("0.5"), D(5), D("0.003"), D("0.25"), D(1)])


def stepped(tick: Decimal, lot: Decimal) -> Instrument:
    return msgspec.structs.replace(BTC, tick_size=tick, lot_size=lot)


@given(STEPS, st.decimals("0.00000001", "1000000", places=8))
def test_bids_go_down_asks_up_by_less_than_a_tick(tick: Decimal, price: Decimal) -> None:
    instrument = stepped(tick, D(1))
    bid = instrument.round_price(price, side=Side.BUY)
    ask = instrument.round_price(price, side=Side.SELL)
    assert price - tick < bid <= price <= ask < price + tick
    assert instrument.is_on_tick(bid)
    assert instrument.is_on_tick(ask)
    assert (bid == ask == price) is instrument.is_on_tick(price)


@given(STEPS, st.decimals("0.00000001", "1000000", places=8))
def test_quantities_are_never_rounded_up(lot: Decimal, quantity: Decimal) -> None:
    instrument = stepped(D(1), lot)
    rounded = instrument.round_quantity(quantity)
    assert quantity - lot < rounded <= quantity
    assert instrument.is_on_lot(rounded)


@given(STEPS, st.integers(1, 10_000_000))
def test_a_level_becomes_the_exact_decimal_that_the_venue_meant(step: Decimal, steps: int) -> None:
    exact = step * steps
    instrument = stepped(step, step)
    assert instrument.price_from_level(float(str(exact))) == exact
    assert instrument.quantity_from_level(float(str(exact))) == exact


@pytest.mark.parametrize(("venue", "shown"), [("BINANCE", "BTC-USDT.BIN"), ("KRAKEN", "BTC-USDT.KRA")])
def test_names(venue: str, shown: str) -> None:
    assert msgspec.structs.replace(BTC, venue=VenueId(venue)).display == shown
    assert instrument_id(symbol="BTCUSDT", venue=VenueId(venue)) == f"BTCUSDT.{venue}"
