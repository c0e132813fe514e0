"""How long and how far behind a strategy may be, and what its own settings make of that."""

import msgspec

from veloz_tui.strategy.spec import StrategySpec


class HostBudgets(msgspec.Struct, frozen=True):
    """How long and how far behind a strategy may be."""

    start_s: float = 20.0
    """To import its file and what that imports."""
    name_s: float = 1.5
    """After so long in a callback it is named on screen."""
    callback_s: float = 4.5
    """After so long in a callback it is killed."""
    unread_s: float = 2.0
    """After so long with an own order event unread it is killed."""
    unread_events: int = 1000
    trades_behind: int = 100
    """Public trades beyond it are left out and counted."""
    grace_s: float = 1.0
    """From Stop to SIGKILL."""


def budgets_of(spec: StrategySpec, usual: HostBudgets) -> HostBudgets:
    """Those of one strategy: what its settings say of a callback moves what is named and what is unread."""
    limit_s = spec.callback_limit_s
    if limit_s is None:
        return usual
    share = limit_s / usual.callback_s
    return msgspec.structs.replace(
        usual, callback_s=limit_s, name_s=usual.name_s * share, unread_s=usual.unread_s * max(share, 1.0)
    )
