"""What the terminal shows, cell by cell, and the shortest output that turns it into the next picture. Pure.

Textual has no such difference: it writes every changed line of a pane anew, and renders it twice before. A
line of a pane which is as it was costs one comparison here; of one that changed, only the changed cells are
written. Where text may be wider or narrower than its characters, the whole line is.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from veloz_tui.tui.ink import Ink, Inks, change
from veloz_tui.tui.layout import Box, Plan
from veloz_tui.tui.table import Line

_BRIDGE: Final = 3
"""So many unchanged cells are written again rather than skipped: skipping takes four bytes."""
_RESET: Final = "\x1b[0m"


class Cells(NamedTuple):
    """A line as the terminal gets it; `inks` has one for each character."""

    text: str
    inks: Sequence[Ink]
    is_plain: bool
    """Every character takes exactly one cell."""


class Shown(NamedTuple):
    """A picture: where each part is, its lines and which parts show old data."""

    width: int
    height: int
    plan: Plan
    lines: Mapping[str, Sequence[Line]]
    dimmed: Collection[str] = ()


class CellScreen:
    """Remembers what was written last. `fills` are the tones behind the ends of a part's lines."""

    def __init__(self, inks: Inks, fills: Mapping[str, str]) -> None:
        self._inks = inks
        self._fills = fills
        self._shown: Shown | None = None
        self._cells: dict[str, list[Cells]] = {}
        self._blank = inks.ink("base", dimmed=False)
        """Behind everything, where no part is."""

    @property
    def is_unknown(self) -> bool:
        """True if the next picture is written whole."""
        return self._shown is None

    def forget(self) -> None:
        """What the terminal shows is unknown: the next picture is written whole."""
        self._shown = None

    def restyle(self) -> None:
        """The inks have other colors: the next picture is compared cell by cell."""
        if self._shown is not None:
            self._shown = self._shown._replace(lines={})

    def show(self, new: Shown) -> str:
        """The output that makes the terminal show it."""
        pen = Pen(new.width)
        old, before, blank_before = self._shown, self._cells, self._blank
        if old is not None and _is_alike(old, new):
            self._change_lines(pen, old, new)
        else:
            has_same_size = old is not None and (old.width, old.height) == (new.width, new.height)
            self._blank = self._inks.ink("base", dimmed=False)
            rows = _rows(old, before, blank_before) if old is not None and has_same_size else None
            self._cells = {
                name: [self._fitted(name, box, new, at) for at in range(box.height)]
                for name, box in new.plan.items()
            }
            for y, row in enumerate(_rows(new, self._cells, self._blank)):
                pen.difference(0, y, None if rows is None else rows[y], row)
        self._shown = new
        return pen.output()

    def _change_lines(self, pen: "Pen", old: Shown, new: Shown) -> None:
        for name, box in new.plan.items():
            before, now, cells = old.lines[name], new.lines[name], self._cells[name]
            if before is now:
                continue
            for at in range(box.height):
                line = now[at] if at < len(now) else ()
                if line != (before[at] if at < len(before) else ()):
                    fitted = self._fitted(name, box, new, at)
                    pen.difference(box.x, box.y + at, cells[at], fitted)
                    cells[at] = fitted

    def _fitted(self, name: str, box: Box, shown: Shown, at: int) -> Cells:
        lines = shown.lines[name]
        line = lines[at] if at < len(lines) else ()
        return self._fit(line, box.width, self._fills[name], is_dimmed=name in shown.dimmed)

    def _fit(self, line: Line, width: int, fill: str, *, is_dimmed: bool) -> Cells:
        ink_of, room, is_plain = self._inks.ink, width, True
        texts: list[str] = []
        inks: list[Ink] = []
        for text, tone in line:
            if is_narrow(text):
                part, used = text[:room], min(len(text), room)
            else:
                used = min(cell_len(text), room)
                part, is_plain = set_cell_size(text, used), False
            texts.append(part)
            inks += [ink_of(tone, dimmed=is_dimmed)] * len(part)
            room -= used
        if room:
            tone = line[-1][1] if line and not line[-1][0] else fill
            texts.append(" " * room)
            inks += [ink_of(tone, dimmed=is_dimmed)] * room
        return Cells("".join(texts), inks, is_plain)


class Pen:
    """Collects output; knows where the cursor stands and what the next cell would look like."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._out: list[str] = []
        self._ink: Ink | None = None
        self._x = self._y = -1

    def output(self) -> str:
        """All of it; nothing when nothing changed."""
        return "".join([*self._out, _RESET]) if self._out else ""

    def difference(self, x: int, y: int, old: Cells | None, new: Cells) -> None:
        """Write what differs of a line that begins at a cell."""
        if old is None or not (old.is_plain and new.is_plain and len(old.text) == len(new.text)):
            if old != new:
                self._run(x, y, new, 0, len(new.text))
            return
        start = end = -1
        for at, (char, was, ink, ink_was) in enumerate(
            zip(new.text, old.text, new.inks, old.inks, strict=True)
        ):
            if char == was and ink is ink_was:
                continue
            if start < 0:
                start = at
            elif at - end > _BRIDGE or new.inks[end - 1] is not ink:
                self._run(x, y, new, start, end)
                start = at
            end = at + 1
        if start >= 0:
            self._run(x, y, new, start, end)

    def _run(self, x: int, y: int, cells: Cells, start: int, end: int) -> None:
        text, inks = cells.text, cells.inks
        while start < end:
            ink, stop = inks[start], start + 1
            while stop < end and inks[stop] is ink:
                stop += 1
            part = text[start:stop]
            place = start if cells.is_plain else cell_len(text[:start])
            self._write(x + place, y, part, ink)
            if not cells.is_plain and not is_narrow(part):
                self._x = self._y = -1  # terminals disagree on such widths
            start = stop

    def _write(self, x: int, y: int, text: str, ink: Ink) -> None:
        if y != self._y or x < self._x:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")
        elif x > self._x:
            self._out.append(f"\x1b[{x - self._x}C")
        if ink is not self._ink:
            self._out.append(change(self._ink, ink))
            self._ink = ink
        self._out.append(text)
        self._x, self._y = x + len(text), y
        if self._x >= self._width:
            self._y = -1  # the cursor waits at the edge, each terminal in its own way


def is_narrow(text: str) -> bool:
    """True if every character takes one cell."""
    return text.isascii() or _has_narrow_signs(text)


@lru_cache(maxsize=2048)
def _has_narrow_signs(text: str) -> bool:
    return all(cell_len(char) == 1 for char in text)


def _is_alike(old: Shown, new: Shown) -> bool:
    # Then lines can be compared as they are, without their places and colors.
    return (
        (old.width, old.height) == (new.width, new.height)
        and old.plan == new.plan
        and old.lines.keys() == new.lines.keys()
        and set(old.dimmed) == set(new.dimmed)
    )


def _rows(shown: Shown, cells: Mapping[str, Sequence[Cells]], blank: Ink) -> list[Cells]:
    # Whole rows of the screen, blank where no part is.
    rows: list[list[Cells]] = [[] for _ in range(shown.height)]
    ends = [0] * shown.height
    for name, box in sorted(shown.plan.items(), key=lambda item: item[1].x):
        for y, line in enumerate(cells[name][: max(0, shown.height - box.y)], box.y):
            if box.x > ends[y]:
                rows[y].append(_blank(box.x - ends[y], blank))
            rows[y].append(line)
            ends[y] = box.x + box.width
    return [
        _joined([*row, _blank(shown.width - end, blank)] if end < shown.width else row)
        for row, end in zip(rows, ends, strict=True)
    ]


def _blank(width: int, ink: Ink) -> Cells:
    return Cells(" " * width, [ink] * width, is_plain=True)


def _joined(parts: Sequence[Cells]) -> Cells:
    return Cells(
        "".join([part.text for part in parts]),
        [ink for part in parts for ink in part.inks],
        all(part.is_plain for part in parts),
    )
