"""Short names and decimals of what a View holds, looked up by id. External text is cleaned here, once."""

from decimal import Decimal

from veloz_tui.domain.types import InstrumentId, VenueId
from veloz_tui.domain.views import InstrumentView, View
from veloz_tui.tui import fmt


class Names:
    """Lookups over one View."""

    def __init__(self, view: View) -> None:
        self._instruments = {each.instrument_id: each for each in view.instruments}
        self._codes = {venue.venue: fmt.clean(venue.code) for venue in view.venues}

    def instrument(self, instrument_id: InstrumentId) -> InstrumentView | None:
        """The instrument, if the View knows it."""
        return self._instruments.get(instrument_id)

    def display(self, instrument_id: InstrumentId) -> str:
        """`BTC-USDT.BIN`; the id itself for one the View doesn't know."""
        found = self._instruments.get(instrument_id)
        return fmt.clean(found.display if found is not None else instrument_id)

    def pair(self, instrument_id: InstrumentId) -> str:
        """`BTC-USDT`, without the venue."""
        return self.display(instrument_id).partition(".")[0]

    def base(self, instrument_id: InstrumentId) -> str:
        """`BTC`"""
        found = self._instruments.get(instrument_id)
        return fmt.clean(found.base) if found is not None else self.pair(instrument_id)

    def venue_code(self, instrument_id: InstrumentId) -> str:
        """`BIN`"""
        found = self._instruments.get(instrument_id)
        return (
            self.code(found.venue)
            if found is not None
            else self.display(instrument_id).rpartition(".")[2][:3]
        )

    def code(self, venue: VenueId) -> str:
        """Three letters a venue."""
        return self._codes.get(venue, fmt.clean(venue)[:3])

    def price(self, instrument_id: InstrumentId, value: Decimal | None) -> str:
        """A price in the instrument's tick decimals."""
        found = self._instruments.get(instrument_id)
        return fmt.number(value, fmt.decimals_of(found.tick_size) if found is not None else None)

    def quantity(self, instrument_id: InstrumentId, value: Decimal | None) -> str:
        """A quantity in the lot's decimals, at most four where the lot is finer and nothing is lost.

        More where the value has them: a fee taken in the base asset leaves 0.01554444, and that much is held.
        """
        found = self._instruments.get(instrument_id)
        if found is None or value is None:
            return fmt.quantity(value)
        decimals = fmt.decimals_of(found.lot_size)
        if decimals > 4 and round(value, 4) == value:
            decimals = 4
        elif round(value, decimals) != value:
            decimals = fmt.decimals_of(value)
        return fmt.quantity(value, decimals)

    def signed_quantity(self, instrument_id: InstrumentId | None, value: Decimal | None) -> str:
        """As `quantity`, with its sign: a strategy's position."""
        if value is None or instrument_id is None:
            return fmt.quantity(value) if not value else f"{value.normalize():+,f}"
        text = self.quantity(instrument_id, value)
        return f"+{text}" if value > 0 else text
