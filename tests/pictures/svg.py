"""A terminal's cells as SVG: text in runs of one look, backgrounds as rectangles. Small, and diffs well."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, NamedTuple

import pyte
from pyte.screens import Char

WIDTH: Final = 8.4
HEIGHT: Final = 18
BASELINE: Final = 13
PAPER: Final = "#111111"
INK: Final = "#dddddd"
"""Where the program leaves the terminal its own colors."""
_FONTS: Final = "'DejaVu Sans Mono',Menlo,Consolas,monospace"
_NAMED: Final = {
    "black": "#000000", "red": "#cd3131", "green": "#0dbc79", "brown": "#e5e510", "blue": "#2472c8",
    "magenta": "#bc3fbc", "cyan": "#11a8cd", "white": "#e5e5e5", "brightblack": "#666666",
    "brightred": "#f14c4c", "brightgreen": "#23d18b", "brightbrown": "#f5f543", "brightblue": "#3b8eea",
    "brightmagenta": "#d670d6", "brightcyan": "#29b8db", "brightwhite": "#ffffff",
}  # fmt: skip


class Look(NamedTuple):
    """How a run of cells looks."""

    front: str
    back: str
    is_bold: bool
    is_dim: bool
    is_underlined: bool


class Run(NamedTuple):
    """Cells of one row that look alike."""

    column: int
    text: str
    look: Look


def picture(screen: pyte.Screen) -> str:
    """The whole screen, ending in a newline."""
    rows = [list(_runs(screen, y)) for y in range(screen.lines)]
    looks = sorted({_ink(run.look) for row in rows for run in row if run.text.strip()})
    names = {look: f"c{at}" for at, look in enumerate(looks)}
    width, height = _number(screen.columns * WIDTH), screen.lines * HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">',
        f"<style>text{{font:14px {_FONTS};white-space:pre}}{_css(names)}</style>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
    ]
    for y, row in enumerate(rows):
        parts += [_rectangle(y, run) for run in _grounds(row) if run.look.back != PAPER]
        parts += [_text(y, run, names) for run in row if run.text.strip()]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _runs(screen: pyte.Screen, y: int) -> Iterator[Run]:
    """Runs of one look; a single blank takes the look before it, two end the run."""
    column, text, look = 0, "", _look(screen.buffer[y][0])
    for x in range(screen.columns):
        cell = screen.buffer[y][x]
        its = _look(cell)
        is_same = its == look or (cell.data == " " and its.back == look.back and not its.is_underlined)
        if text and (not is_same or (text.endswith("  ") and cell.data != " ")):
            yield Run(column, text, look)
            column, text, look = x, "", its
        text += cell.data
    yield Run(column, text, look)


def _look(cell: Char) -> Look:
    front, back = _color(cell.fg, INK), _color(cell.bg, PAPER)
    if cell.reverse:
        front, back = back, front
    return Look(front, back, cell.bold, cell.italics, cell.underscore)


def _color(name: str, default: str) -> str:
    return default if name == "default" else _NAMED.get(name, f"#{name}")


def _ink(look: Look) -> Look:
    return look._replace(back="")


def _css(names: dict[Look, str]) -> str:
    return "".join(
        f".{name}{{fill:{look.front}"
        + (";font-weight:700" if look.is_bold else "")
        + (";opacity:.55" if look.is_dim else "")
        + (";text-decoration:underline" if look.is_underlined else "")
        + "}"
        for look, name in names.items()
    )


def _grounds(row: Sequence[Run]) -> Iterator[Run]:
    """Neighbors on one ground are one rectangle."""
    joined: Run | None = None
    for run in row:
        if joined is not None and joined.look.back == run.look.back:
            joined = joined._replace(text=joined.text + run.text)
            continue
        if joined is not None:
            yield joined
        joined = run
    if joined is not None:
        yield joined


def _rectangle(y: int, run: Run) -> str:
    x, width = _number(run.column * WIDTH), _number(len(run.text) * WIDTH)
    return f'<rect x="{x}" y="{y * HEIGHT}" width="{width}" height="{HEIGHT}" fill="{run.look.back}"/>'


def _text(y: int, run: Run, names: dict[Look, str]) -> str:
    shown = run.text.strip()
    column = run.column + len(run.text) - len(run.text.lstrip())
    place = f'x="{_number(column * WIDTH)}" y="{y * HEIGHT + BASELINE}"'
    length = f' textLength="{_number(len(shown) * WIDTH)}"' if len(shown) > 1 else ""
    return f'<text class="{names[_ink(run.look)]}" {place}{length}>{escape(shown, quote=False)}</text>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
