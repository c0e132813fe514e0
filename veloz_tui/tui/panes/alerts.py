"""The alerts pane: newest first, the same one counted, critical ones kept on top until acknowledged."""

from collections.abc import Sequence
from typing import Final

from veloz_tui.domain.types import Severity
from veloz_tui.domain.views import AlertView, View
from veloz_tui.tui import fmt
from veloz_tui.tui.grid import PaneContent
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
    return rows.content(
        "alerts",
        columns,
        [_row(alert) for alert in sort(view.alerts)],
        width=width,
        title=f"Alerts  {waiting} unacked" if waiting else "Alerts",
        note=("a ack  A ack all", "muted") if waiting else ("", "base"),
    )


def _row(alert: AlertView) -> Row:
    times = f" x{alert.count}" if alert.count > 1 else ""
    done = alert.is_acknowledged
    return Row(
        alert.key,
        (
            (fmt.clock(alert.last_at)[:-1], "muted"),
            (alert.severity.value, "muted" if done else TONES[alert.severity]),
            (fmt.clean(alert.text) + times, "muted" if done else "base"),
        ),
    )
