"""A screen as it was drawn, next to what it was drawn from."""

from collections.abc import Iterator, Sequence

from tests.tui.headless import headless
from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import InstrumentView, LogEntry, TradeView, View
from veloz_tui.tui import table
from veloz_tui.tui.glyphs import UNICODE, Glyphs
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import Frame, compose
from veloz_tui.tui.session import Session


class Drawn:
    """One frame's text by part. `rows` are those that can be selected, with what they stand for."""

    def __init__(self, session: Session, view: View, frame: Frame) -> None:
        self.session = session
        self.view = view
        self.frame = frame
        self.fills: Sequence[LogEntry] = tuple(session.store.fills)

    def instrument(self, instrument_id: InstrumentId) -> InstrumentView | None:
        return next((each for each in self.view.instruments if each.instrument_id == instrument_id), None)

    @property
    def trades(self) -> Sequence[TradeView]:
        book = self.session.store.book(self.session.instrument_id)
        return () if book is None else book.trades

    def text(self, part: str) -> list[str]:
        """A part's lines, none wider than its place."""
        lines = [table.plain(line) for line in self.frame.lines.get(part, ())]
        too_wide = [line for line in lines if len(line.rstrip()) > self.frame.plan[part].width]
        assert not too_wide, (part, too_wide)
        return lines

    def header(self, pane: str) -> str:
        """The titles over the columns, drawn or not for lack of room."""
        content = self.session.contents.get(pane)
        return "" if content is None else table.plain(content.header)

    def body(self, pane: str) -> list[str]:
        """The lines below title and header."""
        lines = self.text(pane)[1:]
        return lines[1:] if lines and lines[0].rstrip() == self.header(pane).rstrip() else lines

    def rows(self, pane: str) -> Iterator[tuple[str, str]]:
        """The drawn rows and their keys."""
        if pane not in self.frame.plan:
            return
        content, top = self.session.contents[pane], self.session.cursors[pane].top
        for row, line in zip(content.rows[top:], self.body(pane), strict=False):
            if row.key:
                yield row.key, line


def draw(
    view: View,
    size: tuple[int, int],
    *,
    fills: tuple[LogEntry, ...] = (),
    focus: str = "ladder",
    zoomed: bool = False,
    glyphs: Glyphs = UNICODE,
    terminal: Terminal | None = None,
) -> Drawn:
    """Draw a View once."""
    session, _ = headless(view)
    session.on_entries(fills)
    session.focus, session.is_zoomed = focus, zoomed
    shown = terminal or Terminal(kill_tested=True, rtt_ms=28.0)
    frame = compose(session, width=size[0], height=size[1], glyphs=glyphs, terminal=shown)
    return Drawn(session, view, frame)
