"""One strategy in full, shown on demand: parameters, orders, fills, results, times, log, and why it waits."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.types import Asset, ClientOrderId, InstrumentId, Nanos, Side
from veloz_tui.domain.views import OrderView, StrategyView


class SetBy(msgspec.Struct, frozen=True):
    """Who set a parameter in place of the settings file's value; `configured` is None where that has none."""

    by: str
    at: Nanos
    configured: str | None


class StrategyFill(msgspec.Struct, frozen=True):
    """One fill of a strategy's order."""

    at: Nanos
    client_order_id: ClientOrderId
    instrument_id: InstrumentId
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: Asset
    is_maker: bool


class Fault(msgspec.Struct, frozen=True):
    """Why a run ended by itself."""

    at: Nanos
    run: int
    reason: str


class StrategyResults(msgspec.Struct, frozen=True):
    """Money, in the instruments' quote asset; None: no price to value it by."""

    realized: Decimal
    """Since the first fill, before fees."""
    fees: Decimal
    """Positive when paid."""
    unrealized: Decimal | None
    total: Decimal | None
    today: Decimal
    """Realized since the day's start, less fees."""
    since_start: Decimal
    """Realized since its last start, less fees."""


class CallbackFigures(msgspec.Struct, frozen=True):
    """In microseconds; quantiles of the last 512. `slow`: longer than a third of `limit_s`."""

    count: int
    p50_us: float | None
    p99_us: float | None
    max_us: float | None
    slow: int
    limit_s: float


class LogLine(msgspec.Struct, frozen=True):
    """What it logged, printed or wrote to standard error."""

    at: Nanos
    text: str


class StrategyDetail(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Everything about one strategy. Times are of the engine's clock, `at` is now."""

    at: Nanos
    strategy: StrategyView
    source: str
    """The class or file that it runs."""
    code: str
    """Of its last run: 12 hex digits of its files' SHA-256; empty for a strategy of the library."""
    reason: str
    """What its last change of state was for."""
    changed_at: Nanos
    run: int
    waits_for: tuple[str, ...]
    """Why it places nothing now; empty: nothing is in its way."""
    parameters: tuple[Parameter, ...]
    parameters_error: str
    """Why they can't be shown, or why it would not start with them."""
    set_by: dict[str, SetBy]
    orders: tuple[OrderView, ...]
    fills: tuple[StrategyFill, ...]
    """The last ones, newest first."""
    results: StrategyResults
    callbacks: CallbackFigures
    faults: tuple[Fault, ...]
    """The last ones, newest first."""
    restart_policy: str
    log: tuple[LogLine, ...]
    """The last lines, oldest first."""
