"""The watch pane: every instrument of the engine at a glance."""

from decimal import Decimal
from typing import Final

from veloz_tui.domain.views import InstrumentView, View
from veloz_tui.tui import fmt
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row, Span

_COLUMNS: Final = (
    Column("inst", priority=0, max_width=18),
    Column("last", is_number=True, priority=0),
    Column("day", is_number=True, priority=1),
    Column("spr bp", is_number=True, priority=3),
    Column("age", is_number=True, priority=4),
    Column("pos", is_number=True, priority=2),
    Column("vol", is_number=True, priority=5),
)


def spread_basis_points(instrument: InstrumentView) -> Decimal | None:
    """The spread against the bid."""
    if instrument.bid is None or instrument.ask is None or instrument.bid == 0:
        return None
    return (instrument.ask - instrument.bid) / instrument.bid * Decimal(10_000)


def content(view: View, *, width: int, names: Names) -> PaneContent:
    """The pane."""
    return rows.content("watch", _COLUMNS, [_row(each, names) for each in view.instruments], width=width)


def _age(instrument: InstrumentView) -> str:
    return fmt.age(None if instrument.age_ms is None else instrument.age_ms / 1000)


def _row(instrument: InstrumentView, names: Names) -> Row:
    change = instrument.change_fraction
    day: Span = (fmt.signed_percent(None if change is None else change * 100), rows.money_tone(change))
    position = names.quantity(instrument.instrument_id, instrument.position)
    return Row(
        instrument.instrument_id,
        (
            (fmt.clean(instrument.display), "stale" if instrument.stale_reason else "base"),
            (names.price(instrument.instrument_id, instrument.last), "base"),
            day,
            (fmt.basis_points(spread_basis_points(instrument)), "muted"),
            (_age(instrument), "muted"),
            (position, "mine" if instrument.position else "muted"),
            (fmt.short_amount(instrument.turnover), "muted"),
        ),
    )
