"""What fills come to: sums by group, and paths of values with their drawdown.

The engine keeps the results of its PnL day, a report those of any period, by this one arithmetic. What a fill
changed is the exact difference of its position's figures: results add up to them to the last digit, over any
cut of the time.
"""

from decimal import Context, Decimal
from typing import Final

import msgspec

from veloz_tui.domain.events import OrderFilled
from veloz_tui.domain.position import Position
from veloz_tui.domain.types import SECOND, ZERO, Asset, InstrumentId, Nanos, StrategyId

EXACT: Final = Context(prec=200)
"""Sums and differences of 28-digit figures, never rounded."""
UNKNOWN: Final = Asset("?")
"""The quote asset of an instrument that nobody defined."""
MINUTE: Final = 60 * SECOND
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
MAX_POINTS: Final = 400
STEPS: Final = (5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY)


class Tally(msgspec.Struct):
    """The sums of one group. `realized` is gross of fees; `fees` those of known value."""

    fills: int = 0
    makers: int = 0
    turnover: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    fee_assets: dict[Asset, Decimal] = {}
    unvalued: dict[Asset, Decimal] = {}

    def add(self, fill: OrderFilled, gain: "Gain", *, sign: int = 1) -> None:
        """Count a fill; with sign -1 take back one that moves to another order."""
        self.fills += sign
        self.makers += sign * fill.is_maker
        self.turnover = EXACT.add(self.turnover, EXACT.multiply(fill.quantity * sign, fill.price))
        self.realized = EXACT.add(self.realized, gain.realized)
        self.fees = EXACT.add(self.fees, gain.fees)
        _count(self.fee_assets, fill.fee_asset, fill.fee * sign)
        if fill.fee_value is None:
            _count(self.unvalued, fill.fee_asset, fill.fee * sign)

    @property
    def net(self) -> Decimal:
        return EXACT.subtract(self.realized, self.fees)


class Gain:
    """Books a fill in a position; what that changed in its figures."""

    __slots__ = ("fees", "realized")

    def __init__(self, position: Position, fill: OrderFilled, *, side: int, sign: int = 1) -> None:
        realized, fees = position.realized, position.fees
        position.turnover += fill.quantity * sign * fill.price
        position.apply_fill(
            change=fill.change(side) * sign,
            price=fill.price,
            fee=fill.fee * sign,
            fee_asset=fill.fee_asset,
            value=None if fill.fee_value is None else fill.fee_value * sign,
        )
        self.realized = EXACT.subtract(position.realized, realized)
        self.fees = EXACT.subtract(position.fees, fees)


class Point(msgspec.Struct, frozen=True):
    """A value, and how far it was below the highest one so far."""

    at: Nanos
    value: Decimal
    drawdown: Decimal = ZERO


class Path(msgspec.Struct):
    """A value over time: its drawdown over every one of them, its last point of each step."""

    value: Decimal = ZERO
    noted: int = 0
    peak: Decimal | None = None
    worst: Decimal = ZERO
    fraction: Decimal = ZERO
    """The deepest drawdown, as a part of the peak before it."""
    points: dict[int, Point] = {}

    def add(self, at: Nanos, value: Decimal, *, step: int) -> None:
        self.noted += 1
        self.value = value
        self.peak = value if self.peak is None else max(self.peak, value)
        drawdown = EXACT.subtract(self.peak, value)
        self.worst = max(self.worst, drawdown)
        if self.peak > 0:
            self.fraction = max(self.fraction, drawdown / self.peak)
        self.points[step] = Point(at, value, drawdown)


class Results(msgspec.Struct, kw_only=True):
    """Everything that fills and noted equity came to since a moment, for at most `length`."""

    since: Nanos = Nanos(0)
    length: int = DAY
    totals: dict[Asset, Tally] = {}
    strategies: dict[StrategyId, dict[Asset, Tally]] = {}
    instruments: dict[InstrumentId, dict[Asset, Tally]] = {}
    hours: dict[int, dict[Asset, Tally]] = {}
    """By the nanosecond that the hour began at."""
    equity: Path = msgspec.field(default_factory=Path)
    realized: dict[Asset, Path] = {}
    """Realized PnL less valued fees, since the beginning."""

    def book(self, fill: OrderFilled, gain: Gain, at: Nanos, *, quote: Asset) -> None:
        """Count a fill of the account's, by what it changed in the account's position."""
        _tally(self.totals, quote).add(fill, gain)
        _tally(self.instruments.setdefault(fill.instrument_id, {}), quote).add(fill, gain)
        _tally(self.hours.setdefault(at - at % HOUR, {}), quote).add(fill, gain)
        path = self.realized.get(quote)
        if path is None:
            path = self.realized[quote] = Path(peak=ZERO, points={-1: Point(self.since, ZERO)})
        net = EXACT.subtract(gain.realized, gain.fees)
        path.add(at, EXACT.add(path.value, net), step=self._step(at))

    def book_strategy(
        self, strategy_id: StrategyId, fill: OrderFilled, gain: Gain, *, quote: Asset, sign: int = 1
    ) -> None:
        """Count a fill of a strategy's, by what it changed in the strategy's own position."""
        _tally(self.strategies.setdefault(strategy_id, {}), quote).add(fill, gain, sign=sign)

    def note_equity(self, at: Nanos, equity: Decimal) -> None:
        self.equity.add(at, equity, step=self._step(at))

    def _step(self, at: Nanos) -> int:
        step = next((s for s in STEPS if self.length <= s * MAX_POINTS), -(-self.length // MAX_POINTS))
        return (at - self.since) // step


def _tally(tallies: dict[Asset, Tally], quote: Asset) -> Tally:
    found = tallies.get(quote)
    if found is None:
        found = tallies[quote] = Tally()
    return found


def _count(amounts: dict[Asset, Decimal], asset: Asset, amount: Decimal) -> None:
    amounts[asset] = EXACT.add(amounts.get(asset, ZERO), amount)
