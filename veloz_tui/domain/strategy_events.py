"""Events of strategies, and what is noted of them."""

import msgspec

from veloz_tui.domain.event import Event
from veloz_tui.domain.types import StrategyId, StrategyState


class StrategyChanged(Event, frozen=True):
    strategy_id: StrategyId
    state: StrategyState
    run: int
    reason: str = ""
    code: str = ""
    """Once it runs: 12 hex digits of its files' SHA-256; empty for a strategy of the library."""


class StrategyParametersSet(Event, frozen=True):
    """An operator's values in place of the settings file's, as JSON by name; without one: the default.

    Each counts until the file's own value (`configured`) is another one; one that equals it is no operator's
    any more.
    """

    strategy_id: StrategyId
    by: str
    old: dict[str, str]
    new: dict[str, str]
    configured: dict[str, str]


class CallbackTimes(msgspec.Struct, frozen=True):
    """How long a strategy's last callbacks took, in microseconds."""

    p50_us: float
    p99_us: float
