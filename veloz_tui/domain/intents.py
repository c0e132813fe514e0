"""Intents: what a strategy wants, and what its host says of it. The engine decides what becomes of them."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.types import CommandId, InstrumentId, StrategyId


class PlaceIntent(msgspec.Struct, frozen=True, tag=True):
    """One order, named by the strategy with `ref` until it has an id."""

    ref: int
    request: OrderRequest


class CancelIntent(msgspec.Struct, frozen=True, tag=True):
    """`ref` or an id; 0 and "" mean all orders of the strategy."""

    ref: int = 0
    client_order_id: str = ""


class QuoteIntent(msgspec.Struct, frozen=True, tag=True):
    """The wanted quotes on one instrument, latest wins; None: no quote on that side."""

    instrument_id: InstrumentId
    bid: Decimal | None
    ask: Decimal | None
    size: Decimal
    tolerance: Decimal | None = None
    """How far a working quote may be off before it is moved; None: a tenth of the half spread."""


class TimerIntent(msgspec.Struct, frozen=True, tag=True):
    name: str
    after_s: float


class LogIntent(msgspec.Struct, frozen=True, tag=True):
    text: str


class StrategyReported(msgspec.Struct, frozen=True):
    """What one callback of a strategy wants. Intents of an ended run are dropped and counted."""

    strategy_id: StrategyId
    run: int
    book_seq: int
    intents: tuple[PlaceIntent | CancelIntent | QuoteIntent | TimerIntent | LogIntent, ...]
    callback_us: float = 0.0
    doing: str = ""
    """What it says it is doing, or why nothing."""


class StrategyHostChanged(msgspec.Struct, frozen=True):
    """Its process said hello, ended, or its code raised."""

    strategy_id: StrategyId
    run: int
    is_running: bool
    error: str = ""
    parameters: tuple[Parameter, ...] = ()
    """What it runs with, said with its hello."""
    code: str = ""
    """Which code it is, said with its hello; empty for a strategy of the library."""


class ParametersChecked(msgspec.Struct, frozen=True):
    """Whether a strategy can take other parameters; nothing was changed. `error`: why it can't."""

    check_id: CommandId
    strategy_id: StrategyId
    error: str = ""
    parameters: tuple[Parameter, ...] = ()
    """What they would be."""
