"""What a report says: one frozen struct that every renderer reads. Times are UTC nanoseconds.

Additive figures (fills, turnover, fees, realized PnL, counts, times) of neighbouring periods sum exactly to
those of the whole. Money is in the row's quote asset: assets are never added up with each other.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from veloz_tui.domain.types import Asset, InstrumentId, Nanos, StrategyId, VenueId
from veloz_tui.reports.period import Period

Group = Literal["total", "strategy", "instrument", "hour"]
Basis = Literal["equity", "realized"]


class MoneyRow(msgspec.Struct, frozen=True):
    """What the fills of one group did. `realized` is gross of fees; `fees` those of known value."""

    group: Group
    name: str
    quote: Asset
    fills: int
    maker_fills: int
    turnover: Decimal
    realized: Decimal
    fees: Decimal
    net: Decimal
    """realized - fees"""
    fee_assets: dict[Asset, Decimal]
    """All fees, in the asset they were paid in."""
    unvalued_fees: dict[Asset, Decimal]
    """Those of them whose value in `quote` nobody knew: they are missing in `fees` and `net`."""


class PositionRow(msgspec.Struct, frozen=True):
    """What was held at the end of what is known; `price` is the last that the journal knows."""

    instrument_id: InstrumentId
    quote: Asset
    quantity: Decimal
    entry: Decimal | None
    price: Decimal | None
    price_at: Nanos | None
    price_of: Literal["mark", "fill"] | None
    """A mark that the engine noted, or a fill of ours."""
    unrealized: Decimal | None
    """None: unknown."""


class CurvePoint(msgspec.Struct, frozen=True):
    """`drawdown`: how far below the highest value so far."""

    at: Nanos
    value: Decimal
    drawdown: Decimal


class Curve(msgspec.Struct, frozen=True):
    """How the account went: its equity as noted, or realized PnL less valued fees since the period began.

    `max_drawdown` is over every value, also those between two points.
    """

    basis: Basis
    quote: Asset
    points: tuple[CurvePoint, ...]
    max_drawdown: Decimal
    max_drawdown_fraction: Decimal | None
    """Of the peak; None for realized PnL, whose peak is no capital."""


class OrderCounts(msgspec.Struct, frozen=True):
    """How many orders began, and what became of orders in the period. EXTERNAL ones only in `external`."""

    created: int = 0
    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    canceled: int = 0
    expired: int = 0
    filled: int = 0
    not_sent: int = 0
    never_arrived: int = 0
    cancel_requests: int = 0
    external: int = 0
    trades: int = 0
    """Fills of our own orders, those of EXTERNAL ones left out."""
    order_to_trade: Decimal | None = None
    """submitted / trades, to two digits; None without trades."""


class DenialRow(msgspec.Struct, frozen=True):
    """Orders that our risk refused; `suppressed` more of the kind were only counted."""

    code: str
    denied: int
    suppressed: int


class Doubts(msgspec.Struct, frozen=True):
    """Orders whose outcome was unknown for a while."""

    begun: int
    open_at_end: int
    time_ns: int
    """Of all orders together, within the period."""
    longest_ns: int
    """Within the period."""


class LatencyRow(msgspec.Struct, frozen=True):
    """One step of our own orders, by the engine's clock; nearest rank. Orders once in doubt are left out."""

    step: str
    count: int
    p50_ns: int | None
    p99_ns: int | None


class CallbackRow(msgspec.Struct, frozen=True):
    """How long a strategy's callbacks took, noted once a minute over the last 512 of them."""

    strategy_id: StrategyId
    minutes: int
    p50_us: float
    """The median of the minutes' medians."""
    p99_us: float
    """Of the worst minute."""


class UptimeRow(msgspec.Struct, frozen=True):
    """How long a venue was READY; `fraction` is of the time the engine ran, None if it never did."""

    venue: VenueId
    ready_ns: int
    downs: int
    """How often it left READY."""
    fraction: Decimal | None


class HaltRow(msgspec.Struct, frozen=True):
    """One kill, its stamps in milliseconds as far as they fell into the period."""

    at: Nanos
    kill_id: str
    reason: str
    by: str
    stamps: dict[str, float]
    rearmed_at: Nanos | None


class Report(msgspec.Struct, frozen=True):
    """All of it. `known_until` is how far the journal knows: before `period.until`, it isn't over."""

    period: Period
    known_until: Nanos | None
    """None: the journal holds nothing up to the period's end."""
    last_seq: int
    totals: tuple[MoneyRow, ...]
    """One a quote asset."""
    by_strategy: tuple[MoneyRow, ...]
    """Each strategy's own position: their realized PnL need not add up to the account's."""
    by_instrument: tuple[MoneyRow, ...]
    by_hour: tuple[MoneyRow, ...]
    positions: tuple[PositionRow, ...]
    curves: tuple[Curve, ...]
    orders: OrderCounts
    denials: tuple[DenialRow, ...]
    doubts: Doubts
    latencies: tuple[LatencyRow, ...]
    callbacks: tuple[CallbackRow, ...]
    engine_ran_ns: int
    uptime: tuple[UptimeRow, ...]
    halts: tuple[HaltRow, ...]

    def rows(self, groups: tuple[Group, ...]) -> tuple[MoneyRow, ...]:
        """Return the totals and the rows of these groups."""
        found = self.totals
        for group in groups:
            found += {"strategy": self.by_strategy, "instrument": self.by_instrument, "hour": self.by_hour}[
                group
            ]
        return found
