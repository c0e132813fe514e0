"""What a terminal shows, with its colors, and what a picture says it should: two ways to the same cells."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import pyte
from pyte import graphics
from rich.cells import cell_len
from rich.color import Color, ColorSystem, ColorType
from rich.style import Style

from veloz_tui.tui.layout import Plan
from veloz_tui.tui.table import Line
from veloz_tui.tui.theme import Palette

BARS: Final = {"status", "message", "footer", "strip"}


class Cell(NamedTuple):
    """One cell as an emulator has it."""

    char: str
    foreground: str
    background: str
    bold: bool
    dim: bool
    underline: bool
    reverse: bool


class Told(msgspec.Struct):
    """A frame as it must be seen."""

    number: int
    width: int
    height: int
    plan: Plan
    lines: Mapping[str, Sequence[Line]]
    dimmed: Sequence[str]
    theme: str
    color_system: str | None


class Screen(pyte.Screen):
    """Knows dim as well: pyte doesn't, so it is kept as italics, which no tone has."""

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        told, rest = [], list(attrs)
        while rest:
            attr = rest.pop(0)
            if attr in (38, 48) and rest:
                length = 2 if rest[0] == 5 else 4
                told += [attr, *rest[:length]]
                rest = rest[length:]
            else:
                told.append(3 if attr == 2 else attr)
        super().select_graphic_rendition(*told)

    def cells(self, y: int) -> list[Cell]:
        """A row of the screen."""
        row = [self.buffer[y][x] for x in range(self.columns)]
        return [
            Cell(one.data, one.fg, one.bg, one.bold, one.italics, one.underscore, one.reverse) for one in row
        ]


def expected(
    size: tuple[int, int],
    plan: Plan,
    lines: Mapping[str, Sequence[Line]],
    dimmed: Collection[str],
    look: tuple[Palette, ColorSystem],
) -> list[list[Cell]]:
    """What a terminal of that size must show. Written without a look at how the console writes it."""
    width, height = size
    blank = _cell(" ", look[0].style("base"), look[1])
    rows = [[blank] * width for _ in range(height)]
    for name, box in plan.items():
        fill = "gutter" if name.startswith("gutter") else "bar" if name in BARS else "base"
        for at in range(min(box.height, height - box.y)):
            line = lines[name][at] if at < len(lines[name]) else ()
            drawn = _drawn(line, box.width, fill, is_dimmed=name in dimmed, look=look)
            rows[box.y + at][box.x : box.x + box.width] = drawn
    return rows


def _drawn(
    line: Line, width: int, fill: str, *, is_dimmed: bool, look: tuple[Palette, ColorSystem]
) -> list[Cell]:
    palette, system = look
    cells: list[Cell] = []
    for text, tone in line:
        style = palette.style(tone, dimmed=is_dimmed)
        for char in text:
            is_wide = cell_len(char) == 2
            if is_wide and len(cells) == width - 1:
                cells.append(_cell(" ", style, system))  # half of it has no room
                continue
            cells.append(_cell(char, style, system))
            if is_wide:
                cells.append(_cell("", style, system))
    tail = palette.style(line[-1][1] if line and not line[-1][0] else fill, dimmed=is_dimmed)
    return (cells + [_cell(" ", tail, system)] * width)[:width]


def _cell(char: str, style: Style, system: ColorSystem) -> Cell:
    return Cell(
        char,
        _color(style.color, system, graphics.FG_ANSI, graphics.FG_AIXTERM, 30),
        _color(style.bgcolor, system, graphics.BG_ANSI, graphics.BG_AIXTERM, 40),
        bool(style.bold),
        bool(style.dim),
        bool(style.underline),
        bool(style.reverse),
    )


def _color(
    color: Color | None, system: ColorSystem, plain: Mapping[int, str], bright: Mapping[int, str], base: int
) -> str:
    shown = None if color is None else color.downgrade(system)
    if shown is None or shown.type is ColorType.DEFAULT:
        return "default"
    if shown.triplet is not None and shown.type is ColorType.TRUECOLOR:
        return shown.triplet.hex.removeprefix("#")
    assert shown.number is not None
    if shown.type is ColorType.EIGHT_BIT:
        return graphics.FG_BG_256[shown.number]
    return plain[base + shown.number] if shown.number < 8 else bright[base + 60 + shown.number - 8]


def differences(screen: Screen, wanted: Sequence[Sequence[Cell]]) -> list[str]:
    """Cells that are not as they should be, at most twenty, each with its place."""
    found = []
    for y, row in enumerate(wanted):
        shown = screen.cells(y)
        if shown != row:
            found += [
                f"{y},{x}: shows {a}, should {b}"
                for x, (a, b) in enumerate(zip(shown, row, strict=True))
                if a != b
            ]
    return found[:20]
