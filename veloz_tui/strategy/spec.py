"""What it takes to start a strategy: its settings, and the state it begins from."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import InstrumentId


class StrategySpec(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy's settings. `source`: `market_maker`, `mine.py` or `mine.py:Mine`."""

    source: str
    params_json: bytes = b"{}"
    """A JSON object, decoded into the strategy's Params where it runs."""
    instrument_ids: tuple[InstrumentId, ...]
    is_inline: bool = False
    """Inside the engine: the shortest path, for trusted code only."""
    memory_mb: int = 512
    """Address space of its process."""
    nice: int = 10
    callback_limit_s: float | None = None
    """A callback that takes longer ends it; None: as all hosts' budgets say."""


class StrategySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state a run begins from, as of event `seq`: later records follow, earlier ones are in it."""

    seq: int
    instruments: tuple[Instrument, ...]
    positions: dict[InstrumentId, Decimal] = {}
    """The strategy's own, signed."""
    orders: tuple[Order, ...] = ()
    """Its open orders, of earlier runs."""
