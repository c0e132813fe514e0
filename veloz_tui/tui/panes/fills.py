"""The fills pane: own fills from the log, newest first."""

from collections.abc import Sequence
from typing import Final

from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import fmt
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row

_COLUMNS: Final = (Column("time", priority=1), Column("fill", priority=0, max_width=200))


def content(fills: Sequence[LogEntry], *, width: int) -> PaneContent:
    """The pane."""
    columns = (_COLUMNS[0], _COLUMNS[1]._replace(max_width=max(10, width - 9)))
    lines = [
        Row(str(entry.seq), ((fmt.clock(entry.at)[:-1], "muted"), (fmt.clean(entry.text), "base")))
        for entry in reversed(fills)
    ]
    return rows.content("tape", columns, lines, width=width, title=f"Fills {len(fills)}")
