"""The positions pane: what is held, what leaving would need, and whether a stop stands behind it."""

from decimal import Decimal
from typing import Final

from veloz_tui.domain.types import ZERO
from veloz_tui.domain.views import PositionView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row, Span

_SLIM_WIDTH: Final = 60
_COLUMNS: Final = {
    "ven": Column("ven", priority=9),
    "inst": Column("inst", priority=0, max_width=14),
    "side": Column("side", priority=0, min_width=5),
    "qty": Column("qty", is_number=True, priority=0),
    "entry": Column("entry", is_number=True, priority=2),
    "even": Column("b/even", is_number=True, priority=1),
    "mark": Column("mark", is_number=True, priority=5),
    "unrl": Column("unrl", is_number=True, priority=0),
    "bp": Column("bp", is_number=True, priority=3),
    "limit": Column("lim", is_number=True, priority=6),
    "stop": Column("stop", priority=4),
    "real": Column("real", is_number=True, priority=7),
    "by": Column("by", priority=8, max_width=24, least=12),
}


def held(view: View) -> list[PositionView]:
    """Positions which aren't flat."""
    return [position for position in view.positions if position.quantity != ZERO]


def content(view: View, *, width: int, names: Names) -> PaneContent:
    """The pane."""
    positions = held(view)
    lines = [_row(position, names, slim=width < _SLIM_WIDTH) for position in positions]
    unrealized = view.account.day_unrealized
    return rows.content(
        "positions",
        list(_COLUMNS.values()),
        lines,
        width=width,
        title=_title(view, slim=width < _SLIM_WIDTH),
        note=(f"unrl {fmt.signed(unrealized)}", rows.money_tone(unrealized)),
    )


def _title(view: View, *, slim: bool) -> str:
    positions, account = held(view), view.account
    title = f"{texts.names.TITLES['positions']} {len(positions)}"
    if not positions:
        return title
    stops = sum(1 for position in positions if position.has_stop)
    part = rows.fraction(account.gross_fraction)
    if slim:
        return f"{title} {part} eq {texts.names.without_stop(len(positions) - stops)}"
    gross = texts.account.gross(fmt.number(account.gross, 0), part)
    return f"{title}  {gross}  stop {stops}/{len(positions)}"


def break_even_distance(position: PositionView) -> Decimal | None:
    """Basis points the mark must still go in our favor (negative: not there yet)."""
    if position.mark is None or not position.break_even:
        return None
    away = (position.mark - position.break_even) / position.break_even * Decimal(10_000)
    return away if position.quantity > ZERO else -away


def _row(position: PositionView, names: Names, *, slim: bool) -> Row:
    instrument_id = position.instrument_id
    is_long = position.quantity > ZERO
    stop: Span = ("yes", "good") if position.has_stop else ("NO", "warn")
    limit = position.limit_fraction
    cells: dict[str, Span] = {
        "ven": (names.venue_code(instrument_id), "muted"),
        "inst": (names.base(instrument_id) if slim else names.pair(instrument_id), "base"),
        "side": ("LONG" if is_long else "SHORT", "up" if is_long else "down"),
        "qty": (names.quantity(instrument_id, abs(position.quantity)), "base"),
        "unrl": rows.money(position.unrealized),
        "entry": (names.price(instrument_id, position.entry), "base"),
        "even": (names.price(instrument_id, position.break_even), "base"),
        "bp": (fmt.basis_points(break_even_distance(position)), "muted"),
        "mark": (names.price(instrument_id, position.mark), "base"),
        "limit": (rows.fraction(limit), "warn" if limit is not None and limit >= Decimal("0.8") else "muted"),
        "stop": stop,
        "real": rows.money(position.realized_today),
        "by": (_authors(position), "muted"),
    }
    return Row(instrument_id, tuple(cells[key] for key in _COLUMNS))


def _authors(position: PositionView) -> str:
    parts = sorted(position.by_strategy.items(), key=lambda item: -abs(item[1]))
    return " ".join(f"{fmt.clean(name)} {fmt.number(quantity)}" for name, quantity in parts if quantity)
