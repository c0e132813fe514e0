"""What of a view is news. Ages, round trips and clocks move all the time: they alone are worth no frame."""

from typing import Final

import msgspec

from veloz_tui.domain.types import Nanos
from veloz_tui.domain.views import View

SAME_EVERY_S: Final = 1.0
"""A view that says nothing new is sent so often: ages on screen count seconds."""


def gist(view: View) -> View:
    """Return the view without what changes while nothing happens."""
    replace = msgspec.structs.replace
    return replace(
        view,
        status=replace(view.status, at=Nanos(0), engine_lag_ms=None),
        venues=tuple(
            replace(venue, market_age_ms=None, round_trip_ms=None, clock_offset_ms=None, rate_used=None)
            for venue in view.venues
        ),
        instruments=tuple(replace(instrument, age_ms=None) for instrument in view.instruments),
        books=tuple(replace(book, age_ms=None) for book in view.books),
        strategies=tuple(replace(strategy, callback_p99_us=None) for strategy in view.strategies),
    )
