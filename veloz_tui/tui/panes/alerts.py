"""The alerts pane: newest first, the same one counted, critical ones kept on top until acknowledged."""

from collections.abc import Sequence
from typing import Final

import msgspec

from veloz_tui.domain.types import Severity
from veloz_tui.domain.views import AlertView, View
from veloz_tui.tui import fmt
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row

TONES: Final = {Severity.INFO: "muted", Severity.WARN: "warn", Severity.CRIT: "crit"}
_COLUMNS: Final = (
    Column("time", priority=2),
    Column("lvl", priority=0),
    Column("alert", priority=1, max_width=200, least=8),
)


def sort(alerts: Sequence[AlertView]) -> list[AlertView]:
    """Unacknowledged critical ones on top, then the newest."""
    return sorted(
        alerts,
        key=lambda alert: (
            alert.is_acknowledged or alert.severity is not Severity.CRIT,
            -alert.last_at,
            alert.key,
        ),
    )


def content(view: View, *, width: int) -> PaneContent:
    """The pane."""
    waiting = sum(1 for alert in view.alerts if alert.is_waiting)
    columns = (*_COLUMNS[:2], _COLUMNS[2]._replace(max_width=max(10, width - 15)))
    shown = rows.content(
        "alerts",
        columns,
        [_row(alert) for alert in sort(view.alerts)],
        width=width,
        title=f"Alerts  {waiting} unacked" if waiting else "Alerts",
        note=("a ack  A ack all", "muted") if waiting else ("", "base"),
    )
    return msgspec.structs.replace(shown, rows=tuple(_whole(row) for row in shown.rows))


def _whole(row: GridRow) -> GridRow:
    """A critical alert is a full reversed line, to the pane's end."""
    return GridRow(row.key, (*row.line, ("", "crit"))) if row.line[-1][1] == "crit" else row


def _row(alert: AlertView) -> Row:
    times = f" x{alert.count}" if alert.count > 1 else ""
    done = alert.is_acknowledged
    tone = "crit" if alert.severity is Severity.CRIT and not done else "muted" if done else "base"
    return Row(
        alert.key,
        (
            (fmt.clock(alert.last_at)[:-1], tone if tone == "crit" else "muted"),
            (alert.severity.value, "muted" if done else TONES[alert.severity]),
            (fmt.clean(alert.text) + times, tone),
        ),
    )
