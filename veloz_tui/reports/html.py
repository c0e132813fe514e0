"""A report as one HTML file: tables, and charts as SVG inside. No script, nothing loaded from elsewhere.

The charts need the extra `report`: without it importing this is a ConfigError that says what to install.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Final

from veloz_tui.domain.results import DAY, HOUR
from veloz_tui.reports import charts
from veloz_tui.reports.md import flat
from veloz_tui.reports.period import nanos_of
from veloz_tui.reports.report import Curve, Group, MoneyRow, Report
from veloz_tui.reports.tables import Table, number, preface, tables, title

MAX_BARS: Final = 40
MAX_HOURS: Final = 72
"""Fills further apart than that are drawn by day."""
STYLE: Final = """
:root { color-scheme: light dark; --text: #1c2128; --muted: #57606a; --paper: #fff; --rule: #d0d7de;
  --grid: #e6e9ed; --gain: #1a7f37; --loss: #cf222e; --line: #0969da; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --muted: #9198a1; --paper: #0d1117;
  --rule: #3d444d; --grid: #262c36; --gain: #3fb950; --loss: #f85149; --line: #58a6ff; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--paper);
  margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 0 0 .4rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { border-bottom: 1px solid var(--rule); padding: .25rem 1rem .25rem 0; text-align: left;
  white-space: nowrap; }
th.number, td.number { text-align: right; }
section { overflow-x: auto; margin-bottom: 2rem; }
p { color: var(--muted); margin: .2rem 0 .6rem; }
svg { display: block; width: 100%; height: auto; }
@media print { section { break-inside: avoid; } }
"""


def render(report: Report, groups: tuple[Group, ...]) -> str:
    """Return the file's text."""
    heading = escape(flat(title(report)))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    parts = [
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{heading}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{heading}</h1>\n<p>{escape(preface(report))}</p>",
        *_curves(report),
        *(chart for group in groups for chart in _charts(group, report)),
        *(_table(one) for one in tables(report, groups)),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


# --- charts ----------------------------------------------------------------------------------------------


def _curves(report: Report) -> Iterable[str]:
    shown = [curve for curve in report.curves if len(curve.points) > 1]
    if not shown:
        yield _section("Equity", "<p>No curve: the journal holds no two values of this period.</p>")
    for place, curve in enumerate(shown):
        yield from _curve(curve, report, place)


def _curve(curve: Curve, report: Report, place: int) -> Iterable[str]:
    name = "Equity" if curve.basis == "equity" else "Realized PnL less fees"
    end = max(report.known_until or 0, curve.points[-1].at)
    values = [(point.at, float(point.value)) for point in curve.points]
    falls = [(point.at, -float(point.drawdown)) for point in curve.points]
    drawn = charts.line(values, end=end, unit=curve.quote, name=f"{curve.basis}-{place}")
    yield _section(f"{name}, {curve.quote}", drawn)
    if curve is not report.curves[0]:
        return  # the drawdown that counts is the account's
    if not curve.max_drawdown:
        yield _section(f"Drawdown of it, {curve.quote}", "<p>None: it never fell.</p>")
        return
    part = curve.max_drawdown_fraction
    share = "" if part is None else f" ({part * 100:.2f} % of the peak)"
    note = f"<p>Worst {number(curve.max_drawdown)}{share}, values between the points included.</p>"
    drawn = charts.fall(falls, end=end, unit=curve.quote, name="drawdown")
    yield _section(f"Drawdown of it, {curve.quote}", note + drawn)


def _charts(group: Group, report: Report) -> Iterable[str]:
    rows = [row for row in report.rows((group,)) if row.group == group]
    if not rows:
        yield _section(f"Net by {group}", "<p>No fills in this period.</p>")
    for place, quote in enumerate(dict.fromkeys(row.quote for row in rows)):
        of_quote = [row for row in rows if row.quote == quote]
        if group == "hour":
            yield _times(of_quote, place)
        else:
            drawn = _bars(of_quote, f"{group}-{place}")
            yield _section(f"Net (realized less fees) by {group}, {quote}", drawn)


def _times(rows: Sequence[MoneyRow], place: int) -> str:
    hours = [(_hour(row.name), row.net) for row in rows]
    is_long = hours[-1][0] - hours[0][0] > MAX_HOURS * HOUR
    width, name = (DAY, "day") if is_long else (HOUR, "hour")
    sums: dict[int, Decimal] = {}
    for at, net in hours:
        begin = at - at % width
        sums[begin] = sums.get(begin, Decimal(0)) + net
    points = [(at, float(net)) for at, net in sums.items()]
    drawn = charts.columns(points, width_ns=width, unit=rows[0].quote, name=f"{name}-{place}")
    return _section(f"Net (realized less fees) by {name} (UTC), {rows[0].quote}", drawn)


def _hour(name: str) -> int:
    return nanos_of(datetime.strptime(name, "%Y-%m-%dT%H:00Z").replace(tzinfo=UTC))


def _bars(rows: Sequence[MoneyRow], name: str) -> str:
    # The ones that moved most; the table has them all.
    most = sorted(rows, key=lambda row: abs(row.net), reverse=True)[:MAX_BARS]
    left_out = len(rows) - len(most)
    note = f"<p>{left_out} smaller ones are in the table only.</p>" if left_out else ""
    shown = [(row.name, float(row.net), number(row.net)) for row in most]
    return note + charts.bars(shown, unit=rows[0].quote, name=name)


# --- tables ----------------------------------------------------------------------------------------------


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{escape(flat(heading))}</h2>{content}</section>"


def _table(table: Table) -> str:
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    if not table.rows:
        return _section(table.title, f"{note}<p>none</p>")
    numeric = [
        all(_is_number(row[column]) or row[column] == "–" for row in table.rows)
        for column in range(len(table.columns))
    ]
    head = "".join(
        f"<th{_kind(is_number)}>{escape(name)}</th>"
        for name, is_number in zip(table.columns, numeric, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td{_kind(is_number)}>{escape(flat(cell))}</td>"
            for cell, is_number in zip(row, numeric, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    return _section(table.title, f"{note}<table><tr>{head}</tr>\n{rows}</table>")


def _kind(is_number: bool) -> str:  # noqa: FBT001 - one cell's, said by its column
    return ' class="number"' if is_number else ""


def _is_number(text: str) -> bool:
    first = text.split(" ", maxsplit=1)[0].removeprefix("-")
    is_amount = first.replace(".", "", 1).isdigit()
    return is_amount or (first[:2].isdigit() and ":" in first and "-" not in first)
