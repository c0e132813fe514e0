"""Charts of an HTML report: pygal draws, the page's colors apply, and the same figures give the same bytes.

Only HTML imports this: the other formats need nothing. A drawing is not a sum: floats are enough here.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.results import DAY, HOUR, MINUTE
from veloz_tui.domain.types import SECOND
from veloz_tui.reports.md import flat

try:
    import pygal
    from pygal.etree import etree
    from pygal.style import Style
except ImportError:
    raise ConfigError(
        "HTML reports need the extra `report` – pygal is not installed –"
        ' pip install "veloz-tui[report]", or take --format md, csv or json'
    ) from None

# It would take lxml where that is installed, and write other bytes.
etree.to_etree()

WIDTH: Final = 960
HEIGHT: Final = 300
BAR: Final = 26
AXIS: Final = 80
MAX_TICKS: Final = 8
MAX_NAME: Final = 28
# A scale whose step a float can't tell from none would never end. For the same reason times are drawn as
# seconds since their chart's begin.
LEAST_SPAN: Final = 1e-8
LEAST_PART: Final = 1e-9
_STEPS: Final = (
    MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY,
    2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 365 * DAY,
)  # fmt: skip
_LOOK: Final = {
    "background": "transparent", "plot_background": "transparent", "value_background": "transparent",
    "value_colors": ("var(--text)",),
    "foreground": "var(--muted)", "foreground_strong": "var(--text)", "foreground_subtle": "var(--grid)",
    "font_family": "system-ui, sans-serif", "label_font_size": 12, "major_label_font_size": 12,
    "title_font_size": 12, "guide_stroke_color": "var(--grid)", "major_guide_stroke_color": "var(--grid)",
    "guide_stroke_dasharray": "none", "major_guide_stroke_dasharray": "none", "transition": "0s",
    "stroke_opacity": "1", "stroke_opacity_hover": "1", "stroke_width": "1.6", "stroke_width_hover": "1.6",
}  # fmt: skip
Points = Sequence[tuple[int, float]]


def line(points: Points, *, end: int, unit: str, name: str) -> str:
    """Draw values, each from its time until the next one's; `name` is the chart's own within its page."""
    return _line(points, end=end, unit=unit, name=name, color="var(--line)", is_area=False, height=HEIGHT)


def fall(points: Points, *, end: int, unit: str, name: str) -> str:
    """Draw how far below zero values are, as an area."""
    return _line(points, end=end, unit=unit, name=name, color="var(--loss)", is_area=True, height=HEIGHT // 2)


def columns(points: Points, *, width_ns: int, unit: str, name: str) -> str:
    """Draw a column for each time, as wide as `width_ns`, from zero up or down."""
    low, high = _range([0.0, *(value for _, value in points)])
    begin, end = points[0][0], points[-1][0] + width_ns
    chart = pygal.Histogram(
        style=_style("var(--line)", fill=".9"),
        **_options(name, unit=unit, height=HEIGHT, low=low, high=high),
        # A day's name stands below the middle of its column, an hour's where it begins.
        x_labels=_times(begin, end, least=width_ns, shift=width_ns // 2 if width_ns >= DAY else 0),
        x_title="UTC",
        x_value_formatter=_clock(begin),
    )
    values = [
        {
            "value": (value, (at - begin) / SECOND, (at - begin + width_ns * 0.9) / SECOND),
            "color": _color(value),
            "tooltip": f"{_moment(at)}: {value:,.8g} {flat(unit)}",
        }
        for at, value in points
    ]
    chart.add(None, values)
    return _drawn(chart, name)


def bars(rows: Sequence[tuple[str, float, str]], *, unit: str, name: str) -> str:
    """Draw a bar for each (name, amount, amount as text): gains to the right of zero, losses to the left."""
    low, high = _range([0.0, *(value for _, value, _ in rows)])
    chart = pygal.HorizontalBar(
        style=_style("var(--line)", fill=".9"),
        **_options(name, unit="", height=AXIS + len(rows) * BAR, low=low, high=high),
        x_title=flat(unit),
    )
    # The first one is drawn lowest.
    chart.x_labels = [f"{_short(flat(row))}: {text}" for row, _, text in reversed(rows)]
    values = [
        {"value": value, "color": _color(value), "tooltip": f"{flat(row)}: {text} {flat(unit)}"}
        for row, value, text in reversed(rows)
    ]
    chart.add(None, values)
    return _drawn(chart, name)


def _line(points: Points, *, end: int, unit: str, name: str, color: str, is_area: bool, height: int) -> str:
    low, high = _range([value for _, value in points])
    begin, end = points[0][0], max(end, points[0][0] + 1)
    chart = pygal.XY(
        style=_style(color, fill=".2"),
        **_options(name, unit=unit, height=height, low=low, high=high),
        xrange=(0, (end - begin) / SECOND),
        x_labels=_times(begin, end),
        x_title="UTC",
        x_value_formatter=_clock(begin),
        show_dots=False,
        fill=is_area,
    )
    steps = [points[0]]
    for at, value in points[1:]:
        steps += [(at, steps[-1][1]), (at, value)]
    steps.append((end, steps[-1][1]))
    chart.add(None, [((at - begin) / SECOND, value) for at, value in steps])
    return _drawn(chart, name)


def _style(color: str, *, fill: str) -> Style:
    return Style(colors=(color,), opacity=fill, opacity_hover=fill, **_LOOK)


def _options(name: str, *, unit: str, height: int, low: float, high: float) -> dict[str, object]:
    places = max(0, math.floor(math.log10(40 / (high - low))) + 1)
    return {
        "js": [],
        "disable_xml_declaration": True,
        "classes": [],
        "width": WIDTH,
        "height": height,
        "margin": 8,
        "margin_right": 24,
        "show_legend": False,
        "truncate_label": -1,
        "max_scale": MAX_TICKS,
        "range": (low, high),
        "y_title": flat(unit) or None,
        "value_formatter": lambda value: _plain(value, places),
        "no_data_text": flat(name),
    }


def _drawn(chart: pygal.Graph, name: str) -> str:
    chart.uuid = name
    chart.add_xml_filter(lambda root: _still(root, name))
    return str(chart.render())


def _still(root: Element, name: str) -> Element:
    """Leave out what only a script or a file of its own needs, and the day it was drawn on."""
    for parent in list(root.iter()):
        for child in list(parent):
            is_of_script = child.tag in {"script", "desc"} or child.get("class") == "plot tooltip-overlay"
            if is_of_script or not isinstance(child.tag, str):
                parent.remove(child)
    root.attrib.pop("xmlns", None)
    root.set("role", "img")
    title = root.find("title")
    if title is not None:
        title.text = name.replace("-", " ")
    return root


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    least = max(LEAST_SPAN, LEAST_PART * max(abs(low), abs(high)))
    if high - low < least:
        more = max(least, abs(low) * 0.01) if low or high else 1.0
        return low - more, high + more
    more = (high - low) * 0.04
    return (low if low == 0 else low - more), (high if high == 0 else high + more)


def _plain(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if places else text
    return "0" if text in ("-0", "") else text


def _clock(begin: int) -> Callable[[float], str]:
    return lambda seconds: _moment(begin + int(seconds * SECOND))


def _times(begin: int, end: int, *, least: int = 0, shift: int = 0) -> list[dict[str, object]]:
    step = next((s for s in _STEPS if s >= least and (end - begin) // s <= MAX_TICKS), _STEPS[-1])
    found = list(range(-(-begin // step) * step, end - shift + 1, step))[: 4 * MAX_TICKS] or [begin]
    return [{"value": (at + shift - begin) / SECOND, "label": _label(at, step, end - begin)} for at in found]


def _label(at: int, step: int, span: int) -> str:
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    if step < DAY:
        return f"{moment:%H:%M}" if span <= 2 * DAY else f"{moment:%d %b %H:%M}"
    return f"{moment:%d %b}" if span <= 365 * DAY else f"{moment:%b %Y}"


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%d %H:%M}Z"


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def _color(value: float) -> str:
    return "var(--gain)" if value >= 0 else "var(--loss)"
