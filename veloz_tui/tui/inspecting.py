"""Looking at one strategy: i or Enter on it, or :strategy show; asked anew each second while it is shown."""

from functools import partial
from typing import Final

from veloz_tui.domain.queries import AskStrategy, NotKnown, Told
from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.domain.types import StrategyId
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.actions import selected_strategy
from veloz_tui.tui.session import Session

PANE: Final = "strategy"


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
    query = AskStrategy(strategy_id)
    seen.repeated.ask_now(session.asking, query, partial(_told, session), now=session.clock())


def ask_again(session: Session) -> None:
    """A view came: the detail may be old."""
    seen = session.inspection
    if PANE in session.page and seen.strategy_id is not None:
        query = AskStrategy(seen.strategy_id)
        seen.repeated.ask_again(session.asking, query, partial(_told, session), now=session.clock())


def _told(session: Session, told: Told) -> None:
    if isinstance(told, StrategyDetail):
        session.inspection.take(told, session.clock())
    elif isinstance(told, NotKnown):
        session.say(fmt.clean(told.text), "warn")
