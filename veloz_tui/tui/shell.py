"""What the console's logic needs of the world around it. Textual and the client implement it; tests too."""

from collections.abc import Callable
from typing import Protocol

from veloz_tui.control.client import ControlClient, ControlPaths, KillOutcome, Link
from veloz_tui.control.guardian import GuardianReply
from veloz_tui.control.messages import Reply
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.queries import Query
from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import Ack, LogEntry, View
from veloz_tui.tui.options import ConsoleOptions


class Receiver(Protocol):
    """Who gets what the engine says."""

    def on_view(self, view: View) -> None:
        """A new View."""

    def on_entries(self, entries: tuple[LogEntry, ...]) -> None:
        """New log entries."""

    def on_ack(self, ack: Ack) -> None:
        """An answer to a command."""

    def on_link(self, link: Link) -> None:
        """The link to the engine changed."""

    def on_reply(self, reply: Reply) -> None:
        """An answer to a question."""


class EngineLink(Protocol):
    """The engine as the console uses it; ControlClient is one."""

    async def run(self) -> None:
        """Keep the link until canceled."""

    def fire(self, command: AnyCommand) -> bool:
        """Send without waiting; False if there is no link and nothing was sent."""

    def ask(self, question_id: int, query: Query) -> bool:
        """Ask without waiting; False if there is no link and nothing was asked."""

    def watch(self, instrument_ids: tuple[InstrumentId, ...], *, depth: int = 60) -> None:
        """Choose whose books the views hold."""

    async def kill(self, *, reason: str = "kill", kill_id: str = "") -> KillOutcome:
        """Tell guardian and engine."""

    async def prepare_kill(self) -> GuardianReply:
        """Tell the guardian that a kill may come. VelozError if it can't be reached."""


Connect = Callable[[Receiver], EngineLink]
"""Makes the link and tells it who listens."""


def connector(paths: ControlPaths, options: ConsoleOptions) -> Connect:
    """The way to the engine of a profile."""

    def connect(receiver: Receiver) -> EngineLink:
        return ControlClient(
            paths.engine_socket,
            paths.session_token,
            paths.guardian_socket,
            wants_control=not options.is_observer,
            views_hz=options.refresh_hz,
            log_since=0,
            on_view=receiver.on_view,
            on_entries=receiver.on_entries,
            on_ack=receiver.on_ack,
            on_link=receiver.on_link,
            on_reply=receiver.on_reply,
        )

    return connect


class Shell(Protocol):
    """Effects of keys which reach outside the console's own state."""

    def fire(self, command: AnyCommand) -> bool:
        """Send a command; False if nothing was sent."""

    def ask(self, question_id: int, query: Query) -> bool:
        """Ask the engine something; False if nothing was asked."""

    def prepare_kill(self) -> None:
        """Warm the guardian, without waiting for it."""

    def kill(self, reason: str) -> None:
        """Start the kill, at engine and guardian."""

    def watch_instrument(self, instrument_id: InstrumentId) -> None:
        """Show another instrument's book."""

    def leave(self, farewell: str) -> None:
        """End the console and print the farewell."""

    def ring(self) -> None:
        """Ring, within the limits of the console."""

    def repaint(self) -> None:
        """Paint everything again."""

    def copy(self, text: str) -> bool:
        """Give a text to the terminal's clipboard; True if tmux stands between."""

    def set_theme(self, name: str) -> str:
        """Use another theme; returns what is wrong with it, or nothing."""

    def report(self, kind: str) -> None:
        """Have a report made, and say where it is."""

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something a little later."""
