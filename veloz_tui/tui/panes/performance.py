"""Today's results: key figures, the curve of equity with its drawdown, and bars by strategy and by hour."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from veloz_tui.domain.performance import CurveView, PerformanceView, ResultRow
from veloz_tui.domain.results import Point
from veloz_tui.tui import charts, fmt, table, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Line, Span

_AXIS: Final = 12
"""Cells of the numbers beside a curve."""
_NAME: Final = 12
_NUMBER: Final = 13
_FILLS: Final = 5
_SIDE_BY_SIDE: Final = 72
_LEAST_CURVE: Final = 3


def content(found: PerformanceView | None, *, width: int, height: int, is_ascii: bool) -> PaneContent:
    """Everything, for a pane of that size; before the first answer it says so."""
    if found is None:
        waiting = GridRow("", ((f" {texts.performance.WAITING}", "muted"),))
        return PaneContent(texts.names.TITLES["performance"], rows=(waiting,))
    figures = _figures(found, width)
    bars = _bars(found, width, is_ascii=is_ascii)
    room = height - 1 - len(figures) - min(len(bars), 8)
    lines: list[Line] = [
        *figures,
        *_curves(found, width, max(2 * _LEAST_CURVE + 3, room), is_ascii=is_ascii),
        *bars,
    ]
    title = f"{texts.performance.title(found.since, found.at)}   {texts.screens.PAGE_KEYS}"
    # Every row has a key: the cursor scrolls through what the pane has no room for.
    return PaneContent(title, rows=tuple(GridRow(str(at), line) for at, line in enumerate(lines)))


# -- figures ------------------------------------------------------------------------------------------


def _figures(found: PerformanceView, width: int) -> list[Line]:
    if not found.totals:
        return [((f" {texts.performance.NO_FILLS}", "muted"),)]
    lines: list[Line] = []
    for row in found.totals:
        facts: list[tuple[str, Span]] = [
            (fmt.clean(row.quote), ("", "base")),
            ("net", rows.money(row.net)),
            ("realized", rows.money(row.realized)),
            ("fees", (fmt.number(row.fees, 2), "base")),
            ("fills", (f"{row.fills} ({row.makers} maker)", "base")),
            ("turnover", (fmt.number(row.turnover, 2), "base")),
        ]
        if row is found.totals[-1]:
            facts.append(("unrealized now", rows.money(found.unrealized)))
        lines += _flowed(facts, width)
    return lines


def _flowed(facts: Sequence[tuple[str, Span]], width: int) -> list[Line]:
    # As many beside each other as have room; none is cut into two.
    lines: list[Line] = []
    here: Line = ()
    for label, value in facts:
        fact: Line = ((f" {label} ", "muted"), value, (" ", "base"))
        if here and table.length((*here, *fact)) > width:
            lines.append(here)
            here = ()
        here = (*here, *fact)
    return [*lines, here]


# -- curves -------------------------------------------------------------------------------------------


def _curves(found: PerformanceView, width: int, room: int, *, is_ascii: bool) -> list[Line]:
    curve = found.equity or next(iter(found.realized), None)
    if curve is None:
        return [((f" {texts.performance.NO_EQUITY}", "muted"),)]
    quote = fmt.clean(curve.quote)
    name = texts.performance.equity(quote) if found.equity else texts.performance.net(quote)
    if len(curve.points) < 2:
        return [((f" {name}: {texts.performance.ONE_POINT}", "muted"),)]
    low = max(_LEAST_CURVE, (room - 3) // 3)
    high = max(_LEAST_CURVE, room - 3 - low)
    worst = fmt.number(curve.worst, 2)
    part = "" if curve.fraction is None else f" {fmt.percent(curve.fraction * 100)} of the peak"
    now = fmt.number(curve.points[-1].drawdown, 2)
    fall: Line = (
        (f" {texts.performance.drawdown(quote)}", "header"),
        (fmt.fit_words(f"   now {now}   worst {worst}{part}", width - 24).rstrip(), "base"),
    )
    last: Line = (
        (f" {name}", "header"),
        (f"   {fmt.number(curve.points[-1].value, 2)}", "base"),
    )
    points = [(p.at, float(p.value)) for p in curve.points]
    falls = [(p.at, -float(p.drawdown)) for p in curve.points]
    return [
        last,
        *_chart(points, _ends(curve, found), width, high, "up", is_ascii=is_ascii),
        fall,
        *_chart(falls, _ends(curve, found), width, low, "down", is_ascii=is_ascii),
        _times(_ends(curve, found), width),
    ]


def _ends(curve: CurveView, found: PerformanceView) -> tuple[int, int]:
    first: Point = curve.points[0]
    return first.at, max(found.at, first.at + 1)


def _chart(
    points: Sequence[tuple[int, float]],
    ends: tuple[int, int],
    width: int,
    height: int,
    tone: str,
    *,
    is_ascii: bool,
) -> list[Line]:
    across = max(1, width - _AXIS - 2) * (1 if is_ascii else 2)
    values = charts.sample(points, begin=ends[0], end=ends[1], count=across)
    drawn = charts.line(values, height=height, is_ascii=is_ascii)
    known = [value for value in values if value is not None]
    labels = {0: max(known, default=0.0), height - 1: min(known, default=0.0)}
    return [
        (
            (
                fmt.fit_number(fmt.number(Decimal(repr(labels[at])), 2), _AXIS)
                if at in labels
                else " " * _AXIS,
                "muted",
            ),
            (" ", "base"),
            (text, tone),
        )
        for at, text in enumerate(drawn)
    ]


def _times(ends: tuple[int, int], width: int) -> Line:
    first, last = (fmt.clock(at, seconds=False) for at in ends)
    gap = " " * max(1, width - _AXIS - 2 - len(first) - len(last))
    return ((f"{' ' * _AXIS} {first}{gap}{last}", "muted"),)


# -- bars ---------------------------------------------------------------------------------------------


def _bars(found: PerformanceView, width: int, *, is_ascii: bool) -> list[Line]:
    if not found.strategies and not found.hours:
        return []
    if width < _SIDE_BY_SIDE:
        left = _table(texts.performance.BY_STRATEGY, found.strategies, width, is_ascii=is_ascii)
        return [*left, *_table(texts.performance.BY_HOUR, found.hours, width, is_ascii=is_ascii)]
    half = (width - 2) // 2
    left = _table(texts.performance.BY_STRATEGY, found.strategies, half, is_ascii=is_ascii)
    right = _table(texts.performance.BY_HOUR, found.hours, half, is_ascii=is_ascii)
    tall = max(len(left), len(right))
    left += [((" " * half, "base"),)] * (tall - len(left))
    right += [()] * (tall - len(right))
    return [(*one, ("  ", "base"), *other) for one, other in zip(left, right, strict=True)]


def _table(title: str, found: Sequence[ResultRow], width: int, *, is_ascii: bool) -> list[Line]:
    # Bars of one quote asset are measured by each other: different ones have no common measure.
    largest: dict[str, float] = {}
    for row in found:
        largest[row.quote] = max(largest.get(row.quote, 0.0), abs(float(row.net)))
    room = max(1, width - _NAME - _NUMBER - _FILLS - 4)
    lines: list[Line] = [((fmt.fit_text(f" {title}", width), "header"),)]
    for row in found:
        net, tone = rows.money(row.net, 2 if abs(row.net) >= 1 or not row.net else 6)
        drawn = charts.bar(float(row.net), largest[row.quote], room, is_ascii=is_ascii)
        name = fmt.clean(row.name) + ("" if len(largest) == 1 else f" {fmt.clean(row.quote)}")
        lines.append(
            (
                (f" {fmt.fit_text(name, _NAME)}", "base"),
                (fmt.fit_number(net, _NUMBER), tone),
                (fmt.fit_number(str(row.fills), _FILLS), "muted"),
                (" ", "base"),
                (drawn.ljust(width - _NAME - _NUMBER - _FILLS - 2), tone),
            )
        )
    return lines
