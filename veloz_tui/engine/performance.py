"""The PnL day's results as consoles see them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from veloz_tui.domain.performance import CurveView, PerformanceView, ResultRow
from veloz_tui.domain.results import DAY, Path, Results, Tally
from veloz_tui.domain.types import SECOND, ZERO, Asset
from veloz_tui.engine import pnl
from veloz_tui.engine.turn import Turn


def performance(turn: Turn) -> PerformanceView:
    """Return what today came to; nothing yet of a day in which nothing happened."""
    results = turn.state.results
    if turn.now - results.since >= DAY and results.since:
        results = Results(since=results.since)
    return PerformanceView(
        since=results.since,
        at=turn.now,
        totals=_rows({"all": results.totals}),
        strategies=_rows({str(name): each for name, each in results.strategies.items()}),
        hours=_rows({_hour(hour): each for hour, each in results.hours.items()}),
        equity=_equity(results.equity, turn.settings.quote),
        realized=tuple(_curve(path, quote, None) for quote, path in results.realized.items()),
        unrealized=_unrealized(turn),
    )


def _rows(groups: Mapping[str, Mapping[Asset, Tally]]) -> tuple[ResultRow, ...]:
    return tuple(
        ResultRow(name, quote, t.fills, t.makers, t.turnover, t.realized, t.fees, t.net)
        for name, each in groups.items()
        for quote, t in each.items()
    )


def _hour(at: int) -> str:
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%H:%MZ}"


def _equity(path: Path, quote: Asset) -> CurveView | None:
    return _curve(path, quote, path.fraction) if path.noted else None


def _curve(path: Path, quote: Asset, fraction: Decimal | None) -> CurveView:
    return CurveView(quote, tuple(path.points.values()), path.worst, fraction)


def _unrealized(turn: Turn) -> Decimal | None:
    open_pnl = [pnl.unrealized(turn.state, turn.live, i) for i in turn.state.positions]
    known = [value for value in open_pnl if value is not None]
    return sum(known, ZERO) if len(known) == len(open_pnl) else None
