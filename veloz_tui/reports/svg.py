"""Charts as SVG text: a line over time, columns over time, bars by name. Pure; colors come from the page.

Every text of others is escaped. A drawing is not a sum: floats are enough here, and only here.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from veloz_tui.domain.results import DAY, HOUR, MINUTE
from veloz_tui.reports.md import flat

WIDTH: Final = 960
LEFT: Final = 96
RIGHT: Final = 24
TOP: Final = 12
FOOT: Final = 28
BAR: Final = 24
NAMES: Final = 200
VALUES: Final = 130
MAX_TICKS: Final = 8
_STEPS: Final = (
    MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY,
    2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 365 * DAY,
)  # fmt: skip
Points = Sequence[tuple[int, float]]


def line(points: Points, *, begin: int, end: int, height: int, kind: str) -> str:
    """Draw values from their times on until the next one; `kind` is the CSS class of line and area."""
    low, high = _range([value for _, value in points])
    scale = _Scale(begin, max(end, begin + 1), low, high, height)
    path, last_y = [], 0.0
    for number, (at, value) in enumerate(points):
        x, y = scale.x(at), scale.y(value)
        path.append(f"M{x:.1f} {y:.1f}" if not number else f"L{x:.1f} {last_y:.1f}L{x:.1f} {y:.1f}")
        last_y = y
    text = "".join(path) + f"L{scale.x(end):.1f} {last_y:.1f}"
    base = scale.y(min(max(0.0, low), high))
    area = f"{text}L{scale.x(end):.1f} {base:.1f}L{scale.x(points[0][0]):.1f} {base:.1f}Z"
    drawn = f'<path class="{kind} area" d="{area}"/><path class="{kind} line" d="{text}"/>'
    return _frame(scale, height, drawn)


def columns(points: Points, *, begin: int, end: int, width_ns: int, height: int) -> str:
    """Draw a column for each time, as wide as `width_ns`, from zero up or down."""
    low, high = _range([0.0, *(value for _, value in points)])
    scale = _Scale(begin, max(end, begin + 1), low, high, height)
    wide = max(1.0, (scale.x(begin + width_ns) - scale.x(begin)) * 0.8)
    zero = scale.y(0.0)
    drawn = []
    for at, value in points:
        y = scale.y(value)
        title = f"<title>{_moment(at)} {value:,.8g}</title>"
        drawn.append(
            f'<rect class="{_sign(value)}" x="{scale.x(at):.1f}" y="{min(y, zero):.1f}" width="{wide:.1f}"'
            f' height="{max(abs(y - zero), 0.5):.1f}">{title}</rect>'
        )
    return _frame(scale, height, "".join(drawn))


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Draw a bar for each (name, amount, amount as text): gains to the right of zero, losses to the left."""
    low, high = min(0.0, *(value for _, value, _ in rows)), max(0.0, *(value for _, value, _ in rows))
    span, room = (high - low) or 1.0, WIDTH - NAMES - VALUES - RIGHT
    zero = NAMES + -low / span * room
    height = len(rows) * BAR + 8
    drawn = [f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{height}"/>']
    for number, (name, value, text) in enumerate(rows):
        y, wide = number * BAR + 4, abs(value) / span * room
        x = zero if value >= 0 else zero - wide
        drawn.append(
            f'<text class="name" x="{NAMES - 12}" y="{y + 15}">{escape(_short(flat(name)))}'
            f"<title>{escape(flat(name))}</title></text>"
            f'<rect class="{_sign(value)}" x="{x:.1f}" y="{y}" width="{max(wide, 0.5):.1f}" height="16"/>'
            f'<text class="value" x="{WIDTH - RIGHT}" y="{y + 15}">{escape(text)}</text>'
        )
    return _svg(height, "".join(drawn))


class _Scale:
    def __init__(self, begin: int, end: int, low: float, high: float, height: int) -> None:
        self.begin, self.end, self.low, self.high = begin, end, low, high
        self._height = height

    def x(self, at: int) -> float:
        return LEFT + (at - self.begin) / (self.end - self.begin) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return TOP + (self.high - value) / (self.high - self.low) * (self._height - TOP - FOOT)


def _frame(scale: _Scale, height: int, drawn: str) -> str:
    parts = []
    for value, text in _ticks(scale.low, scale.high):
        y = scale.y(value)
        kind = "axis" if value == 0 else "grid"
        parts.append(
            f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="value" x="{LEFT - 8}" y="{y + 4:.1f}">{text}</text>'
        )
    for at in _times(scale.begin, scale.end):
        x = scale.x(at)
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{height - FOOT}"/>'
            f'<text class="time" x="{x:.1f}" y="{height - 8}">{_label(at, scale.end - scale.begin)}</text>'
        )
    return _svg(height, "".join(parts) + drawn)


def _svg(height: int, drawn: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" preserveAspectRatio="xMidYMid">{drawn}</svg>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        more = abs(low) * 0.01 or 1.0
        return low - more, high + more
    more = (high - low) * 0.04
    return (low if low == 0 else low - more), (high if high == 0 else high + more)


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    values = [number * step for number in range(first, math.floor(high / step) + 1)]
    return [(value, f"{value:,.{places}f}") for value in values]


def _times(begin: int, end: int) -> list[int]:
    step = next((s for s in _STEPS if (end - begin) // s <= MAX_TICKS), _STEPS[-1])
    return list(range(-(-begin // step) * step, end + 1, step))[: 4 * MAX_TICKS]


def _label(at: int, span: int) -> str:
    moment = datetime.fromtimestamp(at // 1_000_000_000, UTC)
    if span <= 2 * DAY:
        return f"{moment:%H:%M}Z"
    return f"{moment:%d %b}" if span <= 365 * DAY else f"{moment:%b %Y}"


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1_000_000_000, UTC):%Y-%m-%d %H:%M}Z"


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


def _sign(value: float) -> str:
    return "gain" if value >= 0 else "loss"
