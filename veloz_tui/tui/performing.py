"""The screen of today's performance asks the engine for it while it is shown."""

from functools import partial
from typing import Final

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import ShowPerformance
from veloz_tui.domain.views import Ack
from veloz_tui.tui.session import Session

ASK_EVERY_S: Final = 2.0


class _Asking:
    def __init__(self) -> None:
        self.at = float("-inf")


def install(session: Session) -> None:
    """Ask when a View comes and the screen is shown."""
    session.after_view.append(partial(_look, session, _Asking()))


def _look(session: Session, asking: _Asking) -> None:
    now = session.clock()
    if "performance" not in session.page or session.frozen is not None or now - asking.at < ASK_EVERY_S:
        return
    asking.at = now
    session.send(ShowPerformance(command_id=new_command_id()), "", partial(_take, session))


def _take(session: Session, ack: Ack) -> None:
    if ack.performance is not None:
        session.store.performance = ack.performance
