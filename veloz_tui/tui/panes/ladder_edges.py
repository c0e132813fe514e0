"""What of ours stands above or below the ladder's rows: orders and the nearest, the position's marks."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import OrderView, View
from veloz_tui.tui.glyphs import Glyphs
from veloz_tui.tui.grid import GridRow
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes.orders import is_open, is_stop, shown_price
from veloz_tui.tui.table import Span


def edge_rows(
    view: View,
    instrument_id: InstrumentId,
    *,
    top: Decimal,
    bottom: Decimal,
    names: Names,
    glyphs: Glyphs,
    width: int,
    is_one: bool,
) -> tuple[list[GridRow], list[GridRow]]:
    """The lines above and below the rows from `top` to `bottom`; one line below where room is short."""
    above = _parts(view, instrument_id, names, glyphs.up, lambda price: price > top)
    below = _parts(view, instrument_id, names, glyphs.down, lambda price: price < bottom)
    if is_one:
        return [], [_row([*above, *below], width)]
    return [_row(above, width)], [_row(below, width)]


class _Part(NamedTuple):
    """A lower rank is told first."""

    rank: int
    text: str
    tone: str


def _row(parts: list[_Part], width: int) -> GridRow:
    # Whole parts only: a clipped price is another price.
    line: list[Span] = []
    used = 0
    for part in sorted(parts, key=lambda each: each.rank):
        used += len(part.text) + 1
        if used > width:
            break
        line.append((f" {part.text}", part.tone))
    return GridRow("", tuple(line))


def _parts(
    view: View, instrument_id: InstrumentId, names: Names, arrow: str, is_out: Callable[[Decimal], bool]
) -> list[_Part]:
    parts: list[_Part] = []
    nearest = min if is_out(Decimal("Infinity")) else max
    for is_stops in (False, True):
        prices = [
            price
            for each in view.orders
            if _is_ours(each, instrument_id) and is_stop(each) is is_stops
            if (price := shown_price(each)) is not None and is_out(price)
        ]
        if prices:
            sign, tone = ("!", "warn") if is_stops else ("", "mine")
            count = str(len(prices)) if not is_stops or len(prices) > 1 else ""
            at = names.price(instrument_id, nearest(prices))
            parts.append(_Part(is_stops, f"{arrow}{count}{sign} {at}", tone))
    for sign, price, tone in _marks(view, instrument_id):
        if price is not None and is_out(price):
            parts.append(_Part(2, f"{arrow}{sign} {names.price(instrument_id, price)}", tone))
    return parts


def _marks(view: View, instrument_id: InstrumentId) -> list[tuple[str, Decimal | None, str]]:
    position = next((each for each in view.positions if each.instrument_id == instrument_id), None)
    if position is None or not position.quantity:
        return []
    return [("E", position.entry, "mine"), ("=", position.break_even, "warn")]


def _is_ours(order: OrderView, instrument_id: InstrumentId) -> bool:
    return order.instrument_id == instrument_id and is_open(order) and not order.is_external
