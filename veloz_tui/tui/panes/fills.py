"""The trades of the market (tape) and our own (fills), newest first."""

from collections.abc import Sequence
from typing import Final

from veloz_tui.domain.types import InstrumentId, Side
from veloz_tui.domain.views import LadderView, LogEntry, TradeView
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row

_TAPE: Final = (
    Column("time", priority=2),
    Column("side", priority=1),
    Column("price", is_number=True, priority=0),
    Column("qty", is_number=True, priority=0),
)
_SLIM_WIDTH: Final = 60
_FILLS: Final = (
    Column("time", priority=1),
    Column("side", priority=0),
    Column("price", is_number=True, priority=0),
    Column("qty", is_number=True, priority=0),
    Column("inst", priority=2, max_width=14),
    Column("MT", priority=3),
    Column("by", priority=4, max_width=12),
    Column("fee", is_number=True, priority=5),
    Column("in", priority=5, max_width=6),
)


def tape(book: LadderView | None, *, names: Names, width: int) -> PaneContent:
    """Public trades of the ladder's instrument; none can be selected."""
    title = texts.names.TITLES["tape"]
    if book is None:
        return rows.content("tape", _TAPE, (), width=width, title=title)
    lines = [_trade(trade, book.instrument_id, names) for trade in book.trades]
    title = f"{title}  {names.pair(book.instrument_id)}"
    return rows.content("tape", _TAPE, lines, width=width, title=title)


def _trade(trade: TradeView, instrument_id: InstrumentId, names: Names) -> Row:
    tone = side_tone(trade.side)
    return Row(
        "",
        (
            (fmt.clock(trade.at)[:-1], "muted"),
            (trade.side, tone),
            (names.price(instrument_id, trade.price), tone),
            (names.quantity(instrument_id, trade.quantity), "base"),
        ),
    )


def side_tone(side: Side) -> str:
    """The tone of buys and sells."""
    return "up" if side is Side.BUY else "down"


def content(fills: Sequence[LogEntry], *, names: Names, width: int) -> PaneContent:
    """Our own fills, of all instruments."""
    lines = [
        row
        for row in (_fill(entry, names, slim=width < _SLIM_WIDTH) for entry in reversed(fills))
        if row is not None
    ]
    title = f"{texts.names.TITLES['fills']} {len(lines)}"
    return rows.content("fills", _FILLS, lines, width=width, title=title)


def _fill(entry: LogEntry, names: Names, *, slim: bool) -> Row | None:
    fill = entry.fill
    if fill is None:
        return None
    instrument_id = InstrumentId(entry.instrument_id)
    return Row(
        str(entry.seq),
        (
            (fmt.clock(entry.at)[:-1], "muted"),
            (fill.side, side_tone(fill.side)),
            (names.price(instrument_id, fill.price), "base"),
            (names.quantity(instrument_id, fill.quantity), "base"),
            (names.base(instrument_id) if slim else names.pair(instrument_id), "base"),
            (texts.names.MAKER if fill.is_maker else texts.names.TAKER, "muted" if fill.is_maker else "warn"),
            (fmt.clean(entry.strategy_id), "muted"),
            (fmt.compact(fill.fee), "muted"),
            (fmt.clean(fill.fee_asset), "muted"),
        ),
    )
