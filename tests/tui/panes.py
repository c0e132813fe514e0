"""Panes and screens as text."""

from tests.tui.headless import headless
from veloz_tui.domain.views import View
from veloz_tui.tui import table
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose


def lines(content: PaneContent) -> list[str]:
    return [table.plain(row.line).rstrip() for row in content.rows]


def screen(view: View, width: int = 80, height: int = 24) -> str:
    session, _ = headless(view)
    frame = compose(session, width=width, height=height, glyphs=UNICODE, terminal=Terminal())
    return "\n".join(table.plain(line) for part in frame.lines.values() for line in part)
