"""Values and results: marks, fee values, equity, the day's PnL. Unknown stays None, never 0."""

from decimal import Decimal
from typing import Final

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.reports import Fill
from veloz_tui.domain.types import SECOND, ZERO, Asset, InstrumentId, Nanos, StrategyId, VenueId
from veloz_tui.engine.live import Live
from veloz_tui.engine.settings import EngineSettings
from veloz_tui.engine.state import State

LAST_IS_FRESH: Final = 5 * SECOND
"""A trade older than this prices nothing."""


def mark(state: State, live: Live, instrument_id: InstrumentId) -> Decimal | None:
    """The mid of the last known book, else the last trade: for valuing, stale or not."""
    instrument = state.instruments.get(instrument_id)
    market = live.books.get(instrument_id)
    if instrument is None or market is None:
        return None
    bid, ask = market.book.best_bid, market.book.best_ask
    if bid is not None and ask is not None:
        return (instrument.price_from_level(bid[0]) + instrument.price_from_level(ask[0])) / 2
    if market.last_price is not None:
        return instrument.price_from_level(market.last_price)
    return None


def reference(state: State, live: Live, instrument_id: InstrumentId, *, now: Nanos) -> Decimal | None:
    """What an order's price is measured by: the mid of a fresh book, else a last trade just made."""
    market = live.books.get(instrument_id)
    if market is None:
        return None
    if market.is_fresh and not market.book.is_crossed:
        return mark(state, live, instrument_id)
    instrument = state.instruments.get(instrument_id)
    if market.last_price is None or instrument is None or now - market.last_traded_at > LAST_IS_FRESH:
        return None
    return instrument.price_from_level(market.last_price)


def asset_value(
    state: State, live: Live, *, venue: VenueId, asset: Asset, quote: Asset, amount: Decimal
) -> Decimal | None:
    """Return what an amount of an asset is worth in `quote`, by that pair's mark."""
    if asset == quote or not amount:
        return amount
    price = mark(state, live, InstrumentId(f"{asset}{quote}.{venue}"))
    return None if price is None else amount * price


def fee_value(state: State, live: Live, instrument: Instrument, fill: Fill) -> Decimal | None:
    """Return the fee in the instrument's quote asset: exact for quote and base, by the mark for others."""
    if fill.fee_asset == instrument.base:
        return fill.fee * fill.price
    return asset_value(
        state, live, venue=instrument.venue, asset=fill.fee_asset, quote=instrument.quote, amount=fill.fee
    )


def equity(
    state: State, live: Live, settings: EngineSettings, *, venue: VenueId | None = None
) -> Decimal | None:
    """Everything held, valued in the reporting currency; None while something large can't be valued.

    `venue`: what is held there only.

    Assets without a pair of ours (airdrops, dust) can't be valued and are left out.
    """
    total = ZERO
    is_known = False
    for place, balances in state.balances.items():
        if venue not in {None, place}:
            continue
        for asset, balance in balances.items():
            value = asset_value(
                state, live, venue=place, asset=asset, quote=settings.quote, amount=balance.total
            )
            if value is None:
                if InstrumentId(f"{asset}{settings.quote}.{place}") in state.instruments:
                    return None
                continue
            is_known = True
            total += value
    return total if is_known else None


def unrealized(state: State, live: Live, instrument_id: InstrumentId) -> Decimal | None:
    position = state.positions.get(instrument_id)
    if position is None or not position.quantity:
        return ZERO
    price = mark(state, live, instrument_id)
    return None if price is None else position.unrealized(price)


def day_realized(state: State, instrument_id: InstrumentId) -> Decimal:
    """Realized PnL since the day opened, gross of fees."""
    position = state.positions.get(instrument_id)
    return (position.realized if position else ZERO) - state.day_realized.get(instrument_id, ZERO)


def strategy_pnl(state: State, live: Live, strategy_id: StrategyId) -> Decimal | None:
    """Realized and unrealized, less fees, over all instruments of one strategy since its first fill."""
    total = ZERO
    for instrument_id, position in state.strategy_positions.get(strategy_id, {}).items():
        total += position.realized - position.fees
        if position.quantity:
            price = mark(state, live, instrument_id)
            if price is None:
                return None
            total += position.unrealized(price)
    return total
