"""A pane's content and its cursor, without Textual: rows with ids in, lines for a given size out."""

from collections.abc import Sequence

import msgspec

from veloz_tui.tui import fmt, table
from veloz_tui.tui.table import Line, Span


class GridRow(msgspec.Struct, frozen=True):
    """One line of a pane; the cursor and the marks follow `key`. An empty key can't be selected."""

    key: str
    line: Line


class PaneContent(msgspec.Struct, frozen=True):
    """All a pane shows: title at both ends, an optional header line, the rows."""

    title: str
    note: tuple[Span, ...] = ()
    header: Line = ()
    rows: tuple[GridRow, ...] = ()
    is_stale: bool = False
    wants_header: bool = False
    """Show the header even if rows must scroll for it."""


EMPTY = PaneContent(title="")


class GridCursor:
    """The selected row of one pane, by key. It never jumps to another row by itself."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.top = 0
        self._index = 0

    def present(self, rows: Sequence[GridRow]) -> bool:
        """True if the selected row still exists."""
        return self.key is not None and any(row.key == self.key for row in rows)

    def follow(self, rows: Sequence[GridRow], height: int) -> None:
        """Remember where the selected row now is and scroll so that it is visible."""
        for at, row in enumerate(rows):
            if row.key == self.key:
                self._index = at
        last_top = max(0, len(rows) - height)
        if self.key is not None:
            self.top = min(max(self.top, self._index - height + 1), self._index)
        self.top = min(max(self.top, 0), last_top)

    def move(self, rows: Sequence[GridRow], step: int) -> None:
        """Select the row that many places away; without a cursor, the first one."""
        places = [at for at, row in enumerate(rows) if row.key]
        if not places:
            return
        if self.key is None:
            self.select(rows, places[0] if step >= 0 else places[-1])
            return
        if not self.present(rows):
            step -= step > 0  # the row which was there is gone: its place is taken by the next one
        nearest = min(range(len(places)), key=lambda i: abs(places[i] - self._index))
        self.select(rows, places[min(max(nearest + step, 0), len(places) - 1)])

    def select(self, rows: Sequence[GridRow], index: int) -> None:
        """Select the row at an index, if it can be selected."""
        if 0 <= index < len(rows) and rows[index].key:
            self.key, self._index = rows[index].key, index

    def clear(self) -> None:
        """No row is selected."""
        self.key = None


def lines(
    content: PaneContent, cursor: GridCursor, *, width: int, height: int, focused: bool, number: str = ""
) -> list[Line]:
    """Exactly `height` lines: title, header if there is room, rows from the cursor's scroll position."""
    tone = "title_focus" if focused else "title"
    title = f" {number} {content.title} " if number else f" {content.title} "
    left: Line = ((title if table.cells(title) <= width else fmt.fit_words(title, width), tone),)
    note: Line = tuple(
        (text, "title" if span_tone == "base" else f"title/{span_tone}") for text, span_tone in content.note
    )
    head = [table.spread(left, (*note, (" ", "title")) if note else (), width, "title")]
    if head_lines(content, height) == 2:
        head.append((*content.header, (" " * max(0, width - table.length(content.header)), "header")))
    room = max(0, height - len(head))
    cursor.follow(content.rows, room)
    shown = content.rows[cursor.top : cursor.top + room]
    body = [_row(row, cursor, focused=focused) for row in shown]
    if content.is_stale:
        body = [
            tuple((text, tone if tone == "warn" else f"{tone}/stale") for text, tone in line) for line in body
        ]
    return (head + body + [()] * (room - len(body)))[:height]


def head_lines(content: PaneContent, height: int) -> int:
    """Lines above the first row: the title, and the header where there is room for it."""
    is_roomy = len(content.rows) + 2 <= height or (content.wants_header and height >= 4)
    return 2 if content.header and is_roomy else 1


def _row(row: GridRow, cursor: GridCursor, *, focused: bool) -> Line:
    if not focused or not row.key or row.key != cursor.key:
        return row.line
    return (*((text, f"{tone}/cursor") for text, tone in row.line), ("", "cursor"))
