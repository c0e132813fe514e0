"""The symbol filters that exchangeInfo lists (protocol sheet, section 6.2); each check raises its refusal."""

from __future__ import annotations

from decimal import Decimal

from veloz_tui.sim.binance_errors import VenueError, filter_failure
from veloz_tui.sim.instruments import Instrument
from veloz_tui.sim.numbers import ZERO
from veloz_tui.sim.placement import Placement

PRECISION = 8


def check(instrument: Instrument, placement: Placement, *, reference: Decimal) -> None:
    """Refuse an order that breaks a price, lot or notional rule. `reference` is the recent average price."""
    for name, price in (("price", placement.price), ("stopPrice", placement.stop_price)):
        if price is not None:
            _check_precision(name, price)
            _check_price(instrument, price)
    if placement.price is not None:
        _check_percent(instrument, placement, placement.price, reference)
    if placement.quantity is not None:
        _check_precision("quantity", placement.quantity)
        _check_lot(instrument, placement.quantity)
        if placement.is_market and placement.quantity > instrument.max_market_quantity:
            raise filter_failure("MARKET_LOT_SIZE")
    if placement.quote_quantity is not None:
        _check_precision("quoteOrderQty", placement.quote_quantity)
    _check_notional(instrument, placement, reference)


def check_counts(instrument: Instrument, *, orders: int, stops: int, is_stop: bool) -> None:
    """Refuse one open order too many."""
    if orders >= instrument.max_orders:
        raise filter_failure("MAX_NUM_ORDERS")
    if is_stop and stops >= instrument.max_stops:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")


def _check_precision(name: str, value: Decimal) -> None:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PRECISION and value != round(value, PRECISION):
        raise VenueError(-1111, f"Parameter '{name}' has too much precision.")


def _check_price(instrument: Instrument, price: Decimal) -> None:
    in_range = instrument.min_price <= price <= instrument.max_price
    if not in_range or price % instrument.tick_size:
        raise filter_failure("PRICE_FILTER")


def _check_percent(instrument: Instrument, placement: Placement, price: Decimal, reference: Decimal) -> None:
    if reference <= ZERO:
        return
    low, high = reference * instrument.multiplier_down, reference * instrument.multiplier_up
    if not low <= price <= high:
        raise filter_failure("PERCENT_PRICE_BY_SIDE")


def _check_lot(instrument: Instrument, quantity: Decimal) -> None:
    in_range = instrument.lot_size <= quantity <= instrument.max_quantity
    if not in_range or quantity % instrument.lot_size:
        raise filter_failure("LOT_SIZE")


def _check_notional(instrument: Instrument, placement: Placement, reference: Decimal) -> None:
    price = placement.price if placement.price is not None else placement.stop_price or reference
    notional = placement.quote_quantity
    if notional is None:
        notional = price * (placement.quantity or ZERO)
    if notional < instrument.min_notional:
        raise filter_failure("NOTIONAL")
    if not placement.is_market and notional > instrument.max_notional:
        raise filter_failure("NOTIONAL")
