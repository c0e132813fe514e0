"""A report as Markdown, also readable as it is in a terminal."""

import re
from collections.abc import Sequence

from veloz_tui.reports.report import Group, Report
from veloz_tui.reports.tables import Table, preface, tables, title


def render(report: Report, groups: tuple[Group, ...]) -> str:
    """Return the report; a table without rows says `none`."""
    parts = [f"# {title(report)}", preface(report), *(_table(one) for one in tables(report, groups))]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    head = f"## {table.title}\n\n" + (f"{table.note}\n\n" if table.note else "")
    if not table.rows:
        return f"{head}none"
    rows = [table.columns, *(tuple(_cell(cell) for cell in row) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    rule = "|".join("-" * (width + 2) for width in widths)
    lines = [_line(row, widths) for row in rows]
    return head + "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"


def flat(text: str) -> str:
    """Return a text without anything that can't be printed: line ends, tabs, codes that move the cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _cell(text: str) -> str:
    # Texts of people and venues (reasons, ids) must not end a cell or begin a tag.
    return re.sub(r"([\\|`<>])", r"\\\1", flat(text))
