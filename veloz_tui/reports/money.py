"""Fills to money: positions folded as the engine folds them, and the results of the period."""

from veloz_tui.domain.events import DayOpened, MinuteNoted, OrderFilled
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.position import Position
from veloz_tui.domain.results import UNKNOWN, Gain, Path, Results, Tally
from veloz_tui.domain.types import Asset, InstrumentId, Nanos, StrategyId
from veloz_tui.engine.state import Price, State
from veloz_tui.reports.period import Period, moment_of
from veloz_tui.reports.report import Curve, CurvePoint, Group, MoneyRow, PositionRow


class Money:
    """Every fill from the journal's first on, or from a state of the engine; the period's are results."""

    def __init__(self, period: Period, state: State | None = None) -> None:
        self._period = period
        state = State() if state is None else state
        self._instruments = state.instruments
        self._positions = state.positions
        self._of_strategy = state.strategy_positions
        self._prices = state.prices
        self._results = Results(since=period.since, length=period.until - period.since)

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
        self._note_price(name, Price(at if fill.venue_at is None else fill.venue_at, fill.price))
        gain = Gain(self._positions.setdefault(name, Position()), fill, side=side)
        if is_inside:
            self._results.book(fill, gain, at, quote=self._quote(name))

    def day_opened(self, event: DayOpened, at: Nanos) -> None:
        """Take the equity that the engine noted."""
        if event.equity is not None and at >= self._period.since:
            self._results.note_equity(at, event.equity)

    def minute_noted(self, event: MinuteNoted, at: Nanos) -> None:
        """Take equity and prices that the engine noted."""
        for instrument_id, mark in event.marks.items():
            self._note_price(instrument_id, Price(at, mark, is_mark=True))
        if at >= self._period.since:
            self._results.note_equity(at, event.equity)

    def rows(self, group: Group) -> tuple[MoneyRow, ...]:
        results = self._results
        tallies: dict[str, dict[Asset, Tally]] = {}
        match group:
            case "total":
                tallies["all"] = results.totals
            case "strategy":
                tallies.update((str(name), found) for name, found in results.strategies.items())
            case "instrument":
                tallies.update((str(name), found) for name, found in results.instruments.items())
            case "hour":
                tallies.update(
                    (f"{moment_of(hour):%Y-%m-%dT%H}:00Z", found) for hour, found in results.hours.items()
                )
        return tuple(
            _row(tally, group, name, quote) for name, each in tallies.items() for quote, tally in each.items()
        )

    def positions(self) -> tuple[PositionRow, ...]:
        return tuple(self._position(i, p) for i, p in self._positions.items() if p.quantity)

    def curves(self, reporting: Asset) -> tuple[Curve, ...]:
        """Equity where it was noted, then realized PnL, one a quote asset."""
        realized = [_curve("realized", quote, path) for quote, path in self._results.realized.items()]
        if not self._results.equity.noted:
            return tuple(realized)
        return (_curve("equity", reporting, self._results.equity), *realized)

    def _book_strategy(
        self, fill: OrderFilled, strategy: StrategyId, *, side: int, sign: int, is_inside: bool
    ) -> None:
        positions = self._of_strategy.setdefault(strategy, {})
        gain = Gain(positions.setdefault(fill.instrument_id, Position()), fill, side=side, sign=sign)
        if is_inside:
            quote = self._quote(fill.instrument_id)
            self._results.book_strategy(strategy, fill, gain, quote=quote, sign=sign)

    def _note_price(self, name: InstrumentId, price: Price) -> None:
        known = self._prices.get(name)
        if known is None or price.at >= known.at:
            self._prices[name] = price

    def _position(self, name: InstrumentId, position: Position) -> PositionRow:
        known = self._prices.get(name)
        return PositionRow(
            instrument_id=name,
            quote=self._quote(name),
            quantity=position.quantity,
            entry=position.entry,
            price=None if known is None else known.price,
            price_at=None if known is None else known.at,
            price_of=None if known is None else "mark" if known.is_mark else "fill",
            unrealized=None if known is None else position.unrealized(known.price),
        )

    def _quote(self, name: InstrumentId) -> Asset:
        instrument = self._instruments.get(name)
        return UNKNOWN if instrument is None else instrument.quote


def _row(tally: Tally, group: Group, name: str, quote: Asset) -> MoneyRow:
    return MoneyRow(
        group=group,
        name=name,
        quote=quote,
        fills=tally.fills,
        maker_fills=tally.makers,
        turnover=tally.turnover,
        realized=tally.realized,
        fees=tally.fees,
        net=tally.net,
        fee_assets={asset: amount for asset, amount in tally.fee_assets.items() if amount},
        unvalued_fees={asset: amount for asset, amount in tally.unvalued.items() if amount},
    )


def _curve(basis: str, quote: Asset, path: Path) -> Curve:
    points = tuple(CurvePoint(p.at, p.value, p.drawdown) for p in path.points.values())
    if basis == "equity":
        return Curve("equity", quote, points, path.worst, path.fraction)
    return Curve("realized", quote, points, path.worst, None)
