"""Fills to money: positions folded as the engine folds them, and what each fill changed, summed by group.

The engine's own Position does the arithmetic, in its order and its precision. What is reported are exact
differences of its figures: they add up to the engine's figures to the last digit, over any cut of the time.
"""

from decimal import Context, Decimal
from typing import Final

from veloz_tui.domain.events import DayOpened, OrderFilled
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.position import Position
from veloz_tui.domain.types import ZERO, Asset, InstrumentId, Nanos, StrategyId
from veloz_tui.reports.period import DAY, HOUR, MINUTE, Period, moment_of
from veloz_tui.reports.report import Curve, CurvePoint, Group, MoneyRow, PositionRow

EXACT: Final = Context(prec=200)
"""Sums and differences of 28-digit figures, never rounded."""
MAX_POINTS: Final = 400
STEPS: Final = (5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY)
UNKNOWN: Final = Asset("?")


class Tally:
    """The sums of one group."""

    __slots__ = ("fee_assets", "fees", "fills", "makers", "realized", "turnover", "unvalued")

    def __init__(self) -> None:
        self.fills = 0
        self.makers = 0
        self.turnover = ZERO
        self.realized = ZERO
        self.fees = ZERO
        self.fee_assets: dict[Asset, Decimal] = {}
        self.unvalued: dict[Asset, Decimal] = {}

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

    def row(self, group: Group, name: str, quote: Asset) -> MoneyRow:
        return MoneyRow(
            group=group,
            name=name,
            quote=quote,
            fills=self.fills,
            maker_fills=self.makers,
            turnover=self.turnover,
            realized=self.realized,
            fees=self.fees,
            net=EXACT.subtract(self.realized, self.fees),
            fee_assets=_without_zeros(self.fee_assets),
            unvalued_fees=_without_zeros(self.unvalued),
        )


class Gain:
    """What one fill changed in a position's figures."""

    __slots__ = ("fees", "realized")

    def __init__(self, position: Position, fill: OrderFilled, *, side: int, sign: int = 1) -> None:
        realized, fees = position.realized, position.fees
        position.apply_fill(
            change=fill.change(side) * sign,
            price=fill.price,
            fee=fill.fee * sign,
            fee_asset=fill.fee_asset,
            value=None if fill.fee_value is None else fill.fee_value * sign,
        )
        self.realized = EXACT.subtract(position.realized, realized)
        self.fees = EXACT.subtract(position.fees, fees)


class Money:
    """Every fill from the journal's first on; those of the period are tallied."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._positions: dict[InstrumentId, Position] = {}
        self._of_strategy: dict[tuple[StrategyId, InstrumentId], Position] = {}
        self._prices: dict[InstrumentId, tuple[Nanos, Decimal]] = {}
        self._tallies: dict[tuple[Group, str, Asset], Tally] = {}
        self._realized: dict[Asset, _Path] = {}
        self._equity = _Path(period)

    def define(self, instrument: Instrument) -> None:
        self._instruments[instrument.id] = instrument

    def fill(
        self, fill: OrderFilled, at: Nanos, *, strategy: StrategyId, side: int, guess: StrategyId | None
    ) -> None:
        """Book a fill; `guess` had it until now, as an EXTERNAL order's."""
        is_inside = at >= self._period.since
        self._book_strategy(fill, strategy, side=side, sign=1, is_inside=is_inside)
        if guess is not None:
            self._book_strategy(fill, guess, side=side, sign=-1, is_inside=is_inside)
            return
        name = fill.instrument_id
        told_at = at if fill.venue_at is None else fill.venue_at
        if name not in self._prices or told_at >= self._prices[name][0]:
            self._prices[name] = (told_at, fill.price)
        gain = Gain(self._positions.setdefault(name, Position()), fill, side=side)
        if not is_inside:
            return
        quote = self._quote(name)
        self._tally("total", "all", quote).add(fill, gain)
        self._tally("instrument", name, quote).add(fill, gain)
        self._tally("hour", f"{moment_of(at):%Y-%m-%dT%H}:00Z", quote).add(fill, gain)
        path = self._realized.setdefault(quote, _Path(self._period, ZERO))
        path.add(at, EXACT.add(path.value, EXACT.subtract(gain.realized, gain.fees)))

    def day_opened(self, event: DayOpened, at: Nanos) -> None:
        """Take the equity that the engine noted; the only one that the journal knows."""
        if event.equity is not None and at >= self._period.since:
            self._equity.add(at, event.equity)

    def rows(self, group: Group) -> tuple[MoneyRow, ...]:
        return tuple(
            tally.row(group, name, quote) for (of, name, quote), tally in self._tallies.items() if of == group
        )

    def positions(self) -> tuple[PositionRow, ...]:
        return tuple(self._position(i, p) for i, p in self._positions.items() if p.quantity)

    def curves(self, reporting: Asset) -> tuple[Curve, ...]:
        """Equity where it was noted twice or more, else realized PnL, one a quote asset."""
        if self._equity.noted >= 2:
            return (self._equity.curve("equity", reporting),)
        return tuple(path.curve("realized", quote) for quote, path in self._realized.items())

    def _book_strategy(
        self, fill: OrderFilled, strategy: StrategyId, *, side: int, sign: int, is_inside: bool
    ) -> None:
        position = self._of_strategy.setdefault((strategy, fill.instrument_id), Position())
        gain = Gain(position, fill, side=side, sign=sign)
        if is_inside:
            self._tally("strategy", strategy, self._quote(fill.instrument_id)).add(fill, gain, sign=sign)

    def _position(self, name: InstrumentId, position: Position) -> PositionRow:
        price_at, price = self._prices.get(name, (None, None))
        return PositionRow(
            instrument_id=name,
            quote=self._quote(name),
            quantity=position.quantity,
            entry=position.entry,
            price=price,
            price_at=price_at,
            unrealized=None if price is None else position.unrealized(price),
        )

    def _quote(self, name: InstrumentId) -> Asset:
        instrument = self._instruments.get(name)
        return UNKNOWN if instrument is None else instrument.quote

    def _tally(self, group: Group, name: str, quote: Asset) -> Tally:
        key = (group, name, quote)
        found = self._tallies.get(key)
        if found is None:
            found = self._tallies[key] = Tally()
        return found


class _Path:
    # A value over time: its drawdown at every step, its points at most MAX_POINTS of a period.

    def __init__(self, period: Period, start: Decimal | None = None) -> None:
        length = period.until - period.since
        self._step = next((s for s in STEPS if length <= s * MAX_POINTS), -(-length // MAX_POINTS))
        self._since = period.since
        self.value = ZERO if start is None else start
        self.noted = 0
        self._peak = start
        self._worst = ZERO
        self._fraction = ZERO
        self._points = {} if start is None else {-1: CurvePoint(period.since, start)}

    def add(self, at: Nanos, value: Decimal) -> None:
        self.noted += 1
        self.value = value
        self._peak = value if self._peak is None else max(self._peak, value)
        drawdown = EXACT.subtract(self._peak, value)
        self._worst = max(self._worst, drawdown)
        if self._peak > 0:
            self._fraction = max(self._fraction, drawdown / self._peak)
        self._points[(at - self._since) // self._step] = CurvePoint(at, value)

    def curve(self, basis: str, quote: Asset) -> Curve:
        points = tuple(self._points.values())
        if basis == "equity":
            return Curve("equity", quote, points, self._worst, self._fraction)
        return Curve("realized", quote, points, self._worst, None)


def _count(amounts: dict[Asset, Decimal], asset: Asset, amount: Decimal) -> None:
    amounts[asset] = EXACT.add(amounts.get(asset, ZERO), amount)


def _without_zeros(amounts: dict[Asset, Decimal]) -> dict[Asset, Decimal]:
    return {asset: amount for asset, amount in amounts.items() if amount}
