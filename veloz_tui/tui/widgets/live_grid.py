"""The widget behind every live pane: lines in, only changed lines repainted."""

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from veloz_tui.tui import table
from veloz_tui.tui.table import Line
from veloz_tui.tui.theme import Palette

_SHAKY: Final = 2
"""So many cells aside are a hand's, and no drag."""


class LiveGrid(Widget, can_focus=False):
    """Shows lines of (text, tone) spans. Hands cached strips straight to the compositor.

    The price of that speed: no CSS border, padding or background on this widget. One strip a line is
    kept, no history: a strip with Textual's caches in it takes 5 kB, and 512 a pane were 35 MB.
    """

    DEFAULT_CSS: ClassVar[str] = "LiveGrid { width: auto; height: auto; background: transparent; }"

    class Clicked(Message):
        """A click on a line of the grid, counted from its top."""

        def __init__(self, grid: "LiveGrid", line: int, column: int) -> None:
            super().__init__()
            self.grid = grid
            self.line = line
            self.column = column

    def __init__(self, palette: Palette, *, name: str, fill: str = "base") -> None:
        super().__init__(name=name, id=name)
        self._palette = palette
        self._fill = fill
        self._lines: list[Line] = []
        self._dimmed = False
        self._strips: dict[int, tuple[Line, int, Strip]] = {}
        """By row: what was drawn, for which width."""
        self._pressed: tuple[int, int] | None = None
        self.changed_lines = 0
        """Lines repainted since the start: what the byte budget is about."""

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown now."""
        return self._lines

    def show(self, lines: Sequence[Line], *, dimmed: bool = False) -> None:
        """Replace the content; repaints the lines which differ."""
        if dimmed != self._dimmed:
            self._dimmed = dimmed
            self._strips.clear()
            self._lines = list(lines)
            self.refresh()
            return
        changed = _differences(self._lines, lines)
        for y in range(len(lines), len(self._lines)):
            self._strips.pop(y, None)
        self._lines = list(lines)
        if changed:
            self.changed_lines += len(changed)
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def use(self, palette: Palette) -> None:
        """Change the colors."""
        self._palette = palette
        self._strips.clear()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a region, from the cache where a line was drawn before."""
        width = self.size.width
        strips = [self._strip(y, width) for y in range(crop.y, crop.bottom)]
        if crop.x or crop.width < width:
            return [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """One strip; what Textual asks for when it looks at a single line."""
        return self._strip(y, self.size.width)

    def _strip(self, y: int, width: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else ()
        drawn = self._strips.get(y)
        if drawn is not None and drawn[0] == line and drawn[1] == width:
            return drawn[2]
        strip = self._draw(line, width)
        if y < len(self._lines):
            self._strips[y] = (line, width, strip)
        return strip

    def _draw(self, line: Line, width: int) -> Strip:
        segments = [
            Segment(text, self._palette.style(tone, dimmed=self._dimmed)) for text, tone in line if text
        ]
        used = table.length(line)
        if used < width:
            fill = line[-1][1] if line and not line[-1][0] else self._fill
            segments.append(Segment(" " * (width - used), self._palette.style(fill, dimmed=self._dimmed)))
        strip = Strip(segments, max(used, width))
        return strip.crop(0, width) if used > width else strip

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Where a click begins. Other buttons paste or open menus: they choose nothing."""
        self._pressed = (event.y, event.x) if event.button == 1 else None

    def on_click(self, event: events.Click) -> None:
        """Tell the application which line was hit, where the button went down; a drag is no click."""
        pressed, self._pressed = self._pressed, None
        if pressed is not None and pressed[0] == event.y and abs(pressed[1] - event.x) <= _SHAKY:
            self.post_message(self.Clicked(self, *pressed))


def _differences(old: Sequence[Line], new: Sequence[Line]) -> list[int]:
    common = min(len(old), len(new))
    changed = [y for y in range(common) if old[y] != new[y]]
    return changed + list(range(common, max(len(old), len(new))))
