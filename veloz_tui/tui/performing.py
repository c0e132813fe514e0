"""The screen of today's performance asks the engine for it while it is shown."""

from functools import partial
from typing import Final

from veloz_tui.domain.performance import PerformanceView
from veloz_tui.domain.queries import AskPerformance, Told
from veloz_tui.tui.asking import Repeated
from veloz_tui.tui.session import Session

ASK_EVERY_S: Final = 2.0


def install(session: Session) -> None:
    """Ask when a View comes and the screen is shown."""
    session.after_view.append(partial(_look, session, Repeated(ASK_EVERY_S)))


def _look(session: Session, repeated: Repeated) -> None:
    if "performance" in session.page and session.frozen is None:
        repeated.ask_again(session.asking, AskPerformance(), partial(_take, session), now=session.clock())


def _take(session: Session, told: Told) -> None:
    if isinstance(told, PerformanceView):
        session.store.performance = told
