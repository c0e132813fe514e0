"""What is pictured: Views of one account in different trouble, and how the console was started."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from tests.tui import factories as f
from veloz_tui.domain.types import Mode, StrategyId, StrategyState, TradingState
from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui.options import ConsoleOptions

SIZES: Final[Mapping[str, tuple[int, int]]] = {"80x24": (80, 24), "120x40": (120, 40), "200x55": (200, 55)}
_FILL: Final = "FILL BUY 0.0100 BTC-USDT @64,123.40 maker fee 0.00001 BTC -> pos +0.45"


class Case(NamedTuple):
    """One picture's View and options."""

    view: Callable[[], View]
    options: ConsoleOptions = ConsoleOptions()


def busy() -> View:
    """A DEMO account at noon: seven orders, one in doubt, a position without a stop."""
    grid = f.strategy(
        "grid-2", state=StrategyState.STOPPED, doing="", position=f.D(0), day_pnl=f.D("-1.70"), open_orders=0
    )
    return f.view(
        venues=(f.venue(protection="guardian only"),),
        strategies=(f.strategy(), grid),
        log_seq=12,
    )


def live() -> View:
    return _with(busy(), mode=Mode.LIVE)


def halted() -> View:
    """After a kill, one venue unverified."""
    view = _with(busy(), mode=Mode.LIVE, trading_state=TradingState.HALTED)
    return msgspec.structs.replace(view, kill=f.halted().kill)


def stale() -> View:
    """The book has a gap."""
    book = f.ladder(stale_reason="gap at u=88213, fetching snapshot", age_ms=3100)
    return msgspec.structs.replace(busy(), books=(book,))


def _with(view: View, **changes: object) -> View:
    return msgspec.structs.replace(view, status=f.status(**changes))


def entries() -> tuple[LogEntry, ...]:
    """What happened: two fills of our own."""
    mine = LogEntry(11, f.NOON, "fill", _FILL, instrument_id=f.BTC, strategy_id="manual", fill=f.own_fill())
    theirs = f.own_fill(price=f.D("64124.20"), is_maker=False)
    return (
        msgspec.structs.replace(mine, strategy_id=StrategyId("mm-1"), fill=theirs),
        msgspec.structs.replace(mine, seq=12),
    )


def _options(**changes: object) -> ConsoleOptions:
    return msgspec.structs.replace(ConsoleOptions(), **changes)


CASES: Final[Mapping[str, Case]] = {
    "demo": Case(busy),
    "live": Case(live),
    "halted": Case(halted),
    "stale": Case(stale),
    "no-color": Case(busy, _options(no_color=True)),
    "color-blind": Case(busy, _options(theme="color-blind")),
    "chinese": Case(busy, _options(colors="chinese")),
}
