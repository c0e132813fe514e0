"""Looking at one strategy: i or Enter on it, or :strategy show; asked anew each second while it is shown."""

from functools import partial
from typing import Final

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import DescribeStrategy
from veloz_tui.domain.types import StrategyId
from veloz_tui.tui import texts
from veloz_tui.tui.actions import selected_strategy
from veloz_tui.tui.session import Session

PANE: Final = "strategy"
EVERY_S: Final = 1.0


def install(session: Session) -> None:
    """Give the session its screen of one strategy."""
    session.router.on_action["inspect"] = partial(inspect_selected, session)
    session.after_view.append(partial(ask_again, session))


def inspect_selected(session: Session) -> None:
    """The strategy under the cursor."""
    strategy = selected_strategy(session)
    if strategy is None:
        session.say(texts.guards.NOTHING_SELECTED, "muted")
    else:
        inspect(session, strategy.strategy_id)


def inspect(session: Session, strategy_id: StrategyId) -> None:
    """Put a strategy over the whole body."""
    seen = session.inspection
    if seen.strategy_id != strategy_id:
        seen.strategy_id, seen.detail = strategy_id, None
        session.cursors[PANE].clear()
    session.page, session.is_zoomed, session.focus = (PANE,), False, PANE
    _ask(session)


def ask_again(session: Session) -> None:
    """A view came: the detail may be old."""
    if PANE in session.page and session.clock() - session.inspection.asked_at >= EVERY_S:
        _ask(session)


def _ask(session: Session) -> None:
    seen = session.inspection
    if seen.strategy_id is not None:
        seen.asked_at = session.clock()
        session.shell.fire(DescribeStrategy(command_id=new_command_id(), strategy_id=seen.strategy_id))
