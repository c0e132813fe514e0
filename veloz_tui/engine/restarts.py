"""Restarts after a failure, for strategies whose settings ask for them.

Only what failed by itself is started again: never what an operator or a kill has stopped, never while HALTED,
and not before its orders are gone. So many attempts in a window; the next failure stays.
"""

from typing import Final

from veloz_tui.domain.types import SECOND, Nanos, StrategyId, StrategyState
from veloz_tui.engine.settings import StrategySettings
from veloz_tui.engine.turn import Turn

LOOK_AGAIN: Final = SECOND


def after_fault(turn: Turn, strategy_id: StrategyId) -> str:
    """Plan a restart where there is one to plan; return what to say of it, empty without a policy."""
    settings = _settings_of(turn, strategy_id)
    if settings is None or not settings.restarts_on_failure:
        return ""
    live = turn.live.strategy(strategy_id)
    window_ns = int(settings.restart_window_s * SECOND)
    live.restarted_at = [at for at in live.restarted_at if turn.now - at < window_ns]
    done = len(live.restarted_at)
    if done >= settings.restart_attempts:
        return f"Restarted {done} times in {settings.restart_window_s:g} s already: it stays stopped"
    wait_s = settings.restart_backoff_s * 2**done
    live.restart_at = Nanos(turn.now + int(wait_s * SECOND))
    turn.timer(f"restart:{strategy_id}", after_ns=int(wait_s * SECOND))
    return f"Restart {done + 1} of {settings.restart_attempts} in {wait_s:g} s; :strategy stop prevents it"


def forget(turn: Turn, strategy_id: StrategyId) -> bool:
    """It was stopped or started by somebody: no restart follows. Returns whether one was planned."""
    live = turn.live.strategy(strategy_id)
    was_planned = live.restart_at is not None
    live.restart_at = None
    return was_planned


def forget_all(turn: Turn) -> None:
    for live in turn.live.strategies.values():
        live.restart_at = None


def is_due(turn: Turn, strategy_id: StrategyId) -> bool:
    """Whether to start it now; looks again later while its orders are still open."""
    live = turn.live.strategy(strategy_id)
    record = turn.state.strategies.get(strategy_id)
    if live.restart_at is None or record is None or turn.now < live.restart_at:
        return False
    if record.state is not StrategyState.FAULTED or turn.state.is_halted or turn.live.stopping:
        live.restart_at = None
        return False
    left = len(turn.live.working.of_strategy(strategy_id))
    if left:
        live.doing = f"restarts when its {left} orders are gone"
        turn.timer(f"restart:{strategy_id}", after_ns=LOOK_AGAIN)
        return False
    live.restart_at = None
    live.restarted_at.append(turn.now)
    return True


def _settings_of(turn: Turn, strategy_id: StrategyId) -> StrategySettings | None:
    return next((s for s in turn.settings.strategies if s.strategy_id == strategy_id), None)
