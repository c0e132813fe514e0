"""Rows of cells to lines of exact width. Columns are dropped whole, by priority; numbers are never cut."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from veloz_tui.tui import fmt

Span = tuple[str, str]
"""A text and its tone."""
Line = tuple[Span, ...]


class Column(NamedTuple):
    """One column; a lower `priority` stays longer. Numbers are right-aligned and never cut.

    A column of words with a `least` width takes what room is left rather than being dropped.
    """

    title: str
    is_number: bool = False
    priority: int = 0
    min_width: int = 0
    max_width: int = 40
    least: int = 0


class Row(NamedTuple):
    """A row bound to what it shows: the cursor follows `key`, never a position."""

    key: str
    cells: tuple[Span, ...]


def widths(columns: Sequence[Column], rows: Sequence[Row], available: int) -> list[int]:
    """Cells for each column, 0 for a dropped one; the gaps between columns are one cell."""
    wanted = [_wanted(column, [row.cells[at][0] for row in rows]) for at, column in enumerate(columns)]
    shown = sorted(range(len(columns)), key=lambda at: (columns[at].priority, at))
    while shown and sum(wanted[at] + 1 for at in shown) - 1 > available:
        dropped = shown.pop()
        room = available - sum(wanted[at] + 1 for at in shown)
        if 0 < columns[dropped].least <= room:
            wanted[dropped] = room
            shown.append(dropped)
    return [wanted[at] if at in shown else 0 for at in range(len(columns))]


def header(columns: Sequence[Column], fitted: Sequence[int]) -> Line:
    """The titles over their columns."""
    parts = [
        _aligned(column.title, column, width) for column, width in zip(columns, fitted, strict=True) if width
    ]
    return ((" ".join(parts), "header"),)


def render(columns: Sequence[Column], row: Row, fitted: Sequence[int]) -> Line:
    """One row as spans; the spaces between columns belong to the cell before."""
    spans: list[Span] = []
    for column, (text, tone), width in zip(columns, row.cells, fitted, strict=True):
        if width:
            spans.append((_aligned(text, column, width) + " ", tone))
    return tuple(spans)


def _wanted(column: Column, texts: Sequence[str]) -> int:
    longest = max([len(column.title), column.min_width, *map(cells, texts)])
    return min(longest, column.max_width)


def cells(text: str) -> int:
    """Cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def _aligned(text: str, column: Column, width: int) -> str:
    if column.is_number:
        return fmt.fit_number(text, width) if text.isascii() else text.rjust(width)
    return fmt.fit_words(text, width) if column.least else fmt.fit_text(text, width)


def length(line: Line) -> int:
    """Cells a line takes."""
    return sum([cells(text) for text, _ in line])


def plain(line: Line) -> str:
    """The text of a line without tones."""
    return "".join(text for text, _ in line)


def spread(left: Line, right: Line, width: int, fill: str) -> Line:
    """Left part, filler, right part; the right part is dropped whole, not the filler, when both don't fit."""
    room = width - length(left) - length(right)
    if room < 1:
        return (*left, (" " * max(0, width - length(left)), fill))
    return (*left, (" " * room, fill), *right)
