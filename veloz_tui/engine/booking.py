"""The fold's money: fills to positions, to the PnL day's results and to the last known prices."""

from decimal import Decimal

from veloz_tui.domain import events as e
from veloz_tui.domain.order import Order
from veloz_tui.domain.position import Position
from veloz_tui.domain.results import DAY, UNKNOWN, Gain, Results
from veloz_tui.domain.strategy_views import StrategyFill
from veloz_tui.domain.types import ZERO, Asset, InstrumentId, Nanos, StrategyId
from veloz_tui.engine.state import MAX_FILLS, Price, State


def book(s: State, x: e.OrderFilled, *, side: int) -> None:
    """Let a fill change the account's position; `side` is its order's sign."""
    gain = Gain(s.positions.setdefault(x.instrument_id, Position()), x, side=side)
    _note_price(s, x.instrument_id, Price(s.latest_at if x.venue_at is None else x.venue_at, x.price))
    _day(s).book(x, gain, s.latest_at, quote=_quote(s, x.instrument_id))


def book_strategy(s: State, strategy_id: StrategyId, x: e.OrderFilled, *, side: int, sign: int = 1) -> None:
    """Let a fill change its strategy's own position; with sign -1 take it back."""
    positions = s.strategy_positions.setdefault(strategy_id, {})
    gain = Gain(positions.setdefault(x.instrument_id, Position()), x, side=side, sign=sign)
    _day(s).book_strategy(strategy_id, x, gain, quote=_quote(s, x.instrument_id), sign=sign)


def remember_fill(s: State, order: Order, x: e.OrderFilled) -> None:
    """Keep a fill among its strategy's last ones."""
    strategy = s.strategies.get(order.strategy_id)
    if strategy is None:
        return
    fill = StrategyFill(
        x.at,
        x.client_order_id,
        x.instrument_id,
        order.side,
        x.price,
        x.quantity,
        x.fee,
        x.fee_asset,
        x.is_maker,
    )
    strategy.fills.append(fill)
    del strategy.fills[:-MAX_FILLS]


def net_of(s: State, strategy_id: StrategyId) -> Decimal:
    """Return what a strategy has realized since its first fill, less fees."""
    positions = s.strategy_positions.get(strategy_id, {}).values()
    return sum((position.realized - position.fees for position in positions), ZERO)


def day_opened(s: State, x: e.DayOpened) -> None:
    s.day_at, s.day_equity = x.at, x.equity
    s.day_realized, s.day_fees, s.day_turnover = dict(x.realized), dict(x.fees), dict(x.turnover)
    if x.since > _day(s).since:
        s.results = Results(since=x.since)
        for strategy_id, record in s.strategies.items():
            record.net_at_day = net_of(s, strategy_id)
    if x.equity is not None:
        s.results.note_equity(s.latest_at, x.equity)


def minute_noted(s: State, x: e.MinuteNoted) -> None:
    s.noted = x
    _day(s).note_equity(s.latest_at, x.equity)
    for instrument_id, mark in x.marks.items():
        _note_price(s, instrument_id, Price(s.latest_at, mark, is_mark=True))


def _day(s: State) -> Results:
    """The results of the day that the event is in: the day's first one begins them, whatever its kind."""
    days = (s.latest_at - s.results.since) // DAY
    if s.results.since and days > 0:
        s.results = Results(since=Nanos(s.results.since + days * DAY))
    return s.results


def _quote(s: State, instrument_id: InstrumentId) -> Asset:
    instrument = s.instruments.get(instrument_id)
    return UNKNOWN if instrument is None else instrument.quote


def _note_price(s: State, instrument_id: InstrumentId, price: Price) -> None:
    known = s.prices.get(instrument_id)
    if known is None or price.at >= known.at:
        s.prices[instrument_id] = price
