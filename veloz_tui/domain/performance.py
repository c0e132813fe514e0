"""What the PnL day came to so far: what a console shows of it, equal to a daily report's figures."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.results import Point
from veloz_tui.domain.types import Asset, Nanos


class ResultRow(msgspec.Struct, frozen=True):
    """The sums of one group (the account, a strategy, an hour) in one quote asset. `net`: less `fees`."""

    name: str
    quote: Asset
    fills: int
    makers: int
    turnover: Decimal
    realized: Decimal
    fees: Decimal
    net: Decimal


class CurveView(msgspec.Struct, frozen=True):
    """Equity in `quote`, or realized PnL less fees. A point every five minutes at most."""

    quote: Asset
    points: tuple[Point, ...]
    worst: Decimal
    """The deepest drawdown of all values, also between two points."""
    fraction: Decimal | None
    """Of the peak before it; None: the peak is no capital."""


class PerformanceView(msgspec.Struct, frozen=True, tag=True):
    since: Nanos
    """0: the day's beginning isn't known yet."""
    at: Nanos
    totals: tuple[ResultRow, ...] = ()
    strategies: tuple[ResultRow, ...] = ()
    hours: tuple[ResultRow, ...] = ()
    """Named by the hour's beginning: `14:00Z`."""
    equity: CurveView | None = None
    realized: tuple[CurveView, ...] = ()
    unrealized: Decimal | None = None
    """Now, by the books; None: unknown."""
