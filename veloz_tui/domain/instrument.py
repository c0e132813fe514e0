"""An instrument: what is traded, in which steps, and within which of the venue's bounds."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from veloz_tui.domain.types import ZERO, Asset, InstrumentId, Side, VenueId

VENUE_CODES = {"BINANCE": "BIN"}
"""Three letters a venue on screen (the vocabulary's codes)."""


class Instrument(msgspec.Struct, frozen=True):
    """One tradable pair on one venue. Prices are quote per base; quantities are base."""

    id: InstrumentId
    venue: VenueId
    symbol: str
    base: Asset
    quote: Asset
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal = ZERO
    max_quantity: Decimal | None = None
    market_max_quantity: Decimal | None = None
    min_price: Decimal = ZERO
    max_price: Decimal | None = None
    min_notional: Decimal = ZERO
    max_notional: Decimal | None = None
    notional_applies_to_market: bool = True
    is_trading: bool = True

    @property
    def display(self) -> str:
        """`BTC-USDT.BIN`"""
        return f"{self.base}-{self.quote}.{VENUE_CODES.get(self.venue, self.venue[:3])}"

    def price_from_level(self, level: float) -> Decimal:
        """Return the exact price of a public book level (never Decimal(float))."""
        return round(level / float(self.tick_size)) * self.tick_size

    def quantity_from_level(self, size: float) -> Decimal:
        """Return a public level's size on the lot grid."""
        return round(size / float(self.lot_size)) * self.lot_size

    def round_price(self, price: Decimal, *, side: Side) -> Decimal:
        """Put a price on the tick, away from the market: bids down, asks up."""
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        return (price / self.tick_size).to_integral_value(rounding) * self.tick_size

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Put a quantity on the lot, downwards."""
        return (quantity / self.lot_size).to_integral_value(ROUND_FLOOR) * self.lot_size

    def is_on_tick(self, price: Decimal) -> bool:
        return price % self.tick_size == 0

    def is_on_lot(self, quantity: Decimal) -> bool:
        return quantity % self.lot_size == 0


def instrument_id(*, symbol: str, venue: VenueId) -> InstrumentId:
    """`BTCUSDT`, `BINANCE` -> `BTCUSDT.BINANCE`"""
    return InstrumentId(f"{symbol}.{venue}")
