"""A session without Textual: a shell that records effects."""

from collections.abc import Callable

from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.queries import Query
from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import View
from veloz_tui.tui import actions, command_line, going, ordering, palette, performing
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.session import Session


class RecordingShell:
    """What the session asked of the world."""

    def __init__(self) -> None:
        self.sent: list[AnyCommand] = []
        self.asked: list[tuple[int, Query]] = []
        self.kills: list[str] = []
        self.preparations = 0
        self.rings = 0
        self.farewell = ""
        self.copied = ""
        self.reports: list[str] = []

    def fire(self, command: AnyCommand) -> bool:
        self.sent.append(command)
        return True

    def ask(self, question_id: int, query: Query) -> bool:
        self.asked.append((question_id, query))
        return True

    def kill(self, reason: str) -> None:
        self.kills.append(reason)

    def prepare_kill(self) -> None:
        self.preparations += 1

    def watch_instrument(self, instrument_id: InstrumentId) -> None:
        pass

    def leave(self, farewell: str) -> None:
        self.farewell = farewell

    def ring(self) -> None:
        self.rings += 1

    def repaint(self) -> None:
        pass

    def copy(self, text: str) -> bool:
        self.copied = text
        return False

    def set_theme(self, name: str) -> str:
        return ""

    def report(self, kind: str) -> None:
        self.reports.append(kind)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        call()


def headless(
    view: View | None, clock: Callable[[], float] = lambda: 1000.0
) -> tuple[Session, RecordingShell]:
    """A session which has seen a View and has control."""
    shell = RecordingShell()
    session = Session(ConsoleOptions(), shell, clock)
    for part in (actions, going, ordering, command_line, palette, performing):
        part.install(session)
    if view is not None:
        session.on_link(Link(LinkState.UP, has_control=True))
        session.on_view(view)
    return session, shell
