"""A report as one HTML file: tables, and charts as SVG inside. No script, nothing loaded from elsewhere.

The charts need the extra `report` (leather); the other formats don't.
"""

import importlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape
from types import ModuleType
from typing import Final, cast

from veloz_tui.domain.errors import ConfigError
from veloz_tui.reports.md import flat
from veloz_tui.reports.period import moment_of
from veloz_tui.reports.report import Curve, Group, MoneyRow, Report
from veloz_tui.reports.tables import Table, preface, tables, title

WIDTH: Final = 900
HEIGHT: Final = 320
MAX_BARS: Final = 60
STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222;
  margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .7rem .25rem 0;
  text-align: left; white-space: nowrap; }
td.number { text-align: right; }
section { overflow-x: auto; margin-bottom: 1.5rem; }
p { color: #555; }
"""


def render(report: Report, groups: tuple[Group, ...]) -> str:
    """Return the file's text. Raises ConfigError if the extra is missing."""
    charts = [_curve(curve) for curve in report.curves if len(curve.points) > 1]
    charts += [_bars(group, report) for group in groups if _has_bars(group, report)]
    heading = escape(title(report))
    parts = [
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{heading}</title>',
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{heading}</h1>\n<p>{escape(preface(report))}</p>",
        *charts,
        *(_table(one) for one in tables(report, groups)),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _leather() -> ModuleType:
    # Drawing is the one thing that needs it: found missing here, in one sentence.
    try:
        return importlib.import_module("leather")
    except ImportError:
        raise ConfigError(
            "HTML reports need the extra `report` – leather is not installed –"
            ' pip install "veloz-tui[report]", or take --format md, csv or json'
        ) from None


def _curve(curve: Curve) -> str:
    name = "Equity" if curve.basis == "equity" else "Realized PnL less fees"
    leather = _leather()
    chart = leather.Chart(flat(f"{name}, {curve.quote}"))
    chart.add_line([(moment_of(point.at).replace(tzinfo=None), point.value) for point in curve.points])
    return _section(_svg(chart))


def _has_bars(group: Group, report: Report) -> bool:
    return any(row.group == group for row in report.rows((group,)))


def _bars(group: Group, report: Report) -> str:
    rows = [row for row in report.rows((group,)) if row.group == group]
    quotes = dict.fromkeys(row.quote for row in rows)
    return "\n".join(_net(group, [row for row in rows if row.quote == quote]) for quote in quotes)


def _net(group: Group, rows: Sequence[MoneyRow]) -> str:
    # The ones that moved most, in their order; the table has them all.
    most = sorted(rows, key=lambda row: abs(row.net), reverse=True)[:MAX_BARS]
    names = {row.name for row in most}
    bars: list[tuple[str, Decimal]] = [(flat(row.name), row.net) for row in rows if row.name in names]
    leather = _leather()
    chart = leather.Chart(flat(f"Net by {group}, {rows[0].quote}"))
    chart.add_columns(bars)
    return _section(_svg(chart))


def _svg(chart: object) -> str:
    draw = cast(Callable[..., str], getattr(chart, "to_svg"))  # noqa: B009 - leather tells no types
    return str(draw(width=WIDTH, height=HEIGHT))


def _section(content: str) -> str:
    return f"<section>{content}</section>"


def _table(table: Table) -> str:
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    if not table.rows:
        return _section(f"<h2>{escape(table.title)}</h2>{note}<p>none</p>")
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in table.rows)
    return _section(f"<h2>{escape(table.title)}</h2>{note}<table><tr>{head}</tr>\n{rows}</table>")


def _cell(text: str) -> str:
    is_number = text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit())
    kind = ' class="number"' if is_number else ""
    return f"<td{kind}>{escape(flat(text))}</td>"
