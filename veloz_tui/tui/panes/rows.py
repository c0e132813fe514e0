"""What all simple panes share: rows of cells to a content with a fitted header."""

from collections.abc import Sequence
from decimal import Decimal

from veloz_tui.tui import fmt, table, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.table import Column, Row, Span


def content(
    pane: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    width: int,
    title: str = "",
    note: Span = ("", "base"),
) -> PaneContent:
    """A pane of rows; an empty one says what it would show or what to press."""
    fitted = table.widths(columns, rows, width)
    lines = [GridRow(row.key, table.render(columns, row, fitted)) for row in rows]
    if not lines:
        lines = [empty(pane, width)]
    return PaneContent(
        title=title or texts.names.TITLES[pane],
        note=(note,) if note[0] else (),
        header=table.header(columns, fitted) if rows else (),
        rows=tuple(lines),
    )


def empty(pane: str, width: int) -> GridRow:
    """What an empty pane says."""
    return GridRow("", ((fmt.fit_text(f" {texts.names.EMPTY[pane]}", width).rstrip(), "muted"),))


def money_tone(value: Decimal | None) -> str:
    """Gains and losses; zero and unknown have no color."""
    if value is None or value == 0:
        return "base"
    return "up" if value > 0 else "down"


def money(value: Decimal | None, decimals: int = 2) -> Span:
    """A signed amount with its tone."""
    return fmt.signed(value, decimals), money_tone(value)


def fraction(value: Decimal | None) -> str:
    """A fraction as whole percent: `45%`."""
    return fmt.UNKNOWN if value is None else f"{value * 100:.0f}%"
