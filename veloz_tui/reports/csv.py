"""A report's money as one flat CSV table: a line a group, the totals first. Other formats tell the rest."""

import csv
import io
from collections.abc import Mapping
from decimal import Decimal

from veloz_tui.domain.types import Asset
from veloz_tui.reports.period import text_of
from veloz_tui.reports.report import Group, MoneyRow, Report

HEADER = (
    "since", "until", "group", "name", "quote", "fills", "maker_fills", "turnover",
    "realized", "fees", "net", "fee_assets", "unvalued_fees",
)  # fmt: skip


def render(report: Report, groups: tuple[Group, ...]) -> str:
    """Return the totals and the groups' rows, every digit of them."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    times = (text_of(report.period.since), text_of(report.period.until))
    writer.writerows([*times, *_cells(row)] for row in report.rows(groups))
    return file.getvalue()


def _cells(row: MoneyRow) -> list[str]:
    money = (row.turnover, row.realized, row.fees, row.net)
    return [
        row.group,
        row.name,
        row.quote,
        str(row.fills),
        str(row.maker_fills),
        *(f"{amount:f}" for amount in money),
        _assets(row.fee_assets),
        _assets(row.unvalued_fees),
    ]


def _assets(amounts: Mapping[Asset, Decimal]) -> str:
    return " ".join(f"{amount:f} {asset}" for asset, amount in amounts.items())
