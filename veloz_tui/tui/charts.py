"""Small charts as rows of text: a line of braille dots, and bars. Pure; ASCII where glyphs are."""

from collections.abc import Sequence
from typing import Final

_BRAILLE: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of a braille cell, by row and column."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"

Samples = Sequence[float | None]


def sample(points: Sequence[tuple[int, float]], *, begin: int, end: int, count: int) -> list[float | None]:
    """Return `count` values over begin..end: each the last one known by then, None before the first."""
    found: list[float | None] = []
    known, last = 0, None
    for column in range(count):
        until = begin + (end - begin) * (column + 1) // count
        while known < len(points) and points[known][0] <= until:
            last = points[known][1]
            known += 1
        found.append(last)
    return found


def line(values: Samples, *, height: int, is_ascii: bool = False) -> list[str]:
    """Draw values as a line; two of them a column with dots, one with letters.

    The highest is on the first row and the lowest on the last; a flat line is in the middle.
    """
    down, across = (1, 1) if is_ascii else (4, 2)
    rows = height * down
    known = [value for value in values if value is not None]
    width = -(-len(values) // across)
    if not known or height < 1:
        return [" " * width for _ in range(height)]
    low, high = min(known), max(known)
    places = [None if v is None else _place(v, low, high, rows) for v in values]
    grid = [[0] * width for _ in range(height)]
    before: int | None = None
    for at, place in enumerate(places):
        if place is None:
            continue
        for row in _between(before, place):
            grid[row // down][at // across] |= 1 if is_ascii else _DOTS[row % 4][at % 2]
        before = place
    return ["".join(_cell(bits, is_ascii=is_ascii) for bits in cells) for cells in grid]


def _place(value: float, low: float, high: float, rows: int) -> int:
    if high <= low:
        return rows // 2
    return min(rows - 1, round((high - value) / (high - low) * (rows - 1)))


def _between(before: int | None, place: int) -> range:
    # From beside the last value up to this one, so that a jump is a line as well.
    if before is None or before == place:
        return range(place, place + 1)
    return range(before + 1, place + 1) if place > before else range(place, before)


def _cell(bits: int, *, is_ascii: bool) -> str:
    if not bits:
        return " "
    return "*" if is_ascii else chr(_BRAILLE + bits)


def bar(value: float, largest: float, width: int, *, is_ascii: bool = False) -> str:
    """Draw an amount's size beside the largest one's; something that isn't zero is never nothing."""
    if not value or largest <= 0 or width < 1:
        return ""
    if is_ascii:
        return "#" * max(1, round(abs(value) / largest * width))
    eighths = max(1, round(abs(value) / largest * width * 8))
    whole, rest = divmod(min(eighths, width * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
