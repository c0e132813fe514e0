"""Denials that the journal doesn't hold: repeats within a second, and wishes that nobody looked at.

The strategy is told of each all the same, or its order would stay new for ever in its own view. It is told a
moment later: one that places again on each denial would otherwise keep the engine busy with nothing else.
"""

from typing import Final

from veloz_tui.domain.events import OrderDenied
from veloz_tui.domain.types import MILLISECOND, SECOND, StrategyId
from veloz_tui.engine.actions import TellStrategy
from veloz_tui.engine.turn import Turn

TELL_AFTER: Final = 100 * MILLISECOND
MAX_DENIED_PER_S: Final = 400
"""A strategy with more denied orders than this in a second is FAULTED: a check costs 0.1 ms of everybody's
market data. Two callbacks may want what they like."""


def tell_later(turn: Turn, denied: OrderDenied) -> None:
    """Keep a denial of a strategy's own order (one with a ref) for its next telling."""
    strategy_id = denied.request.strategy_id
    live = turn.live.strategy(strategy_id)
    if not live.untold:
        turn.timer(f"denied:{strategy_id}", after_ns=TELL_AFTER)
    live.untold.append(denied)
    if turn.now - live.denied_since >= SECOND:
        live.denied_since, live.denied = turn.now, 0
    live.denied += 1


def on_timer(turn: Turn, name: str) -> None:
    """Tell the running run; those of an earlier one were let go of when it started."""
    strategy_id = StrategyId(name)
    live = turn.live.strategy(strategy_id)
    record = turn.state.strategies.get(strategy_id)
    denials, live.untold = live.untold, []
    if record is not None:
        for denied in denials:
            turn.act(TellStrategy(strategy_id, record.run, denied))


def has_too_many(turn: Turn, strategy_id: StrategyId) -> bool:
    """Whether it floods us with orders that can't leave."""
    return turn.live.strategy(strategy_id).denied > MAX_DENIED_PER_S
