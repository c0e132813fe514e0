"""The strategies pane: state, what each is doing or why not, and what it costs."""

from typing import Final

from veloz_tui.domain.types import StrategyState
from veloz_tui.domain.views import StrategyView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.glyphs import Glyphs
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row, Span

_COLUMNS: Final = (
    Column("name", priority=0, max_width=14),
    Column("state", priority=0, min_width=6),
    Column("doing", priority=3, max_width=44, least=7),
    Column("pos", is_number=True, priority=2),
    Column("day", is_number=True, priority=1),
    Column("ord", is_number=True, priority=4),
    Column("p99us", is_number=True, priority=6),
    Column("rst", is_number=True, priority=5),
    Column("in", priority=7),
)


def content(view: View, *, width: int, names: Names, glyphs: Glyphs) -> PaneContent:
    """The pane."""
    running = sum(1 for each in view.strategies if each.state is StrategyState.RUNNING)
    known = [each.day_pnl for each in view.strategies if each.day_pnl is not None]
    return rows.content(
        "strategies",
        _COLUMNS,
        [_row(each, names, glyphs) for each in view.strategies],
        width=width,
        title=f"Strategies  {running} of {len(view.strategies)} running",
        note=("", "base") if not known else ("Spc start/stop", "muted"),
    )


def _state(strategy: StrategyView, glyphs: Glyphs) -> Span:
    word = texts.names.STRATEGY_STATES[strategy.state]
    if strategy.state is StrategyState.RUNNING:
        return f"{glyphs.running} {word}", "good"
    if strategy.state is StrategyState.FAULTED:
        return f"! {word}", "crit"
    mark = glyphs.square if strategy.state is StrategyState.STOPPED else "-"
    return f"{mark} {word}", "warn" if strategy.state is StrategyState.PAUSED else "muted"


def _row(strategy: StrategyView, names: Names, glyphs: Glyphs) -> Row:
    position = names.signed_quantity(strategy.instrument_id, strategy.position)
    tone = "warn" if strategy.state is StrategyState.FAULTED else "muted"
    p99 = strategy.callback_p99_us
    return Row(
        strategy.strategy_id,
        (
            (fmt.clean(strategy.strategy_id), "base"),
            _state(strategy, glyphs),
            (fmt.clean(strategy.doing).removeprefix("stopped, "), tone),
            (position, "base"),
            rows.money(strategy.day_pnl),
            (str(strategy.open_orders), "base" if strategy.open_orders else "muted"),
            (fmt.UNKNOWN if p99 is None else f"{p99:,.0f}", "muted"),
            (str(strategy.restarts), "warn" if strategy.restarts else "muted"),
            ("in" if strategy.is_inline else "", "muted"),
        ),
    )
