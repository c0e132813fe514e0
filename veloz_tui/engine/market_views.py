"""Views of the public market: the watch list's rows and the ladders, with our own orders in them."""

from decimal import Decimal
from itertools import islice
from typing import Final

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.types import (
    MILLISECOND,
    ZERO,
    InstrumentId,
    Side,
)
from veloz_tui.domain.views import (
    InstrumentView,
    LadderView,
    LevelView,
    TradeView,
)
from veloz_tui.engine.live import LiveBook
from veloz_tui.engine.queues import first_ahead
from veloz_tui.engine.turn import Turn

TAPE_EVERY_NS: Final = 200 * MILLISECOND
"""A tape that moves faster can't be read."""
TAPE_SHOWN: Final = 60


def instrument_view(turn: Turn, instrument_id: InstrumentId) -> InstrumentView:
    instrument = turn.state.instruments[instrument_id]
    market = turn.live.books.get(instrument_id) or LiveBook()
    bid, ask = market.book.best_bid, market.book.best_ask
    last = market.last_price
    change = None
    if last is not None and market.first_price:
        change = instrument.price_from_level(last) / instrument.price_from_level(market.first_price) - 1
    return InstrumentView(
        instrument_id=instrument_id,
        display=instrument.display,
        venue=instrument.venue,
        base=instrument.base,
        quote=instrument.quote,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        min_notional=instrument.min_notional,
        bid=instrument.price_from_level(bid[0]) if bid else None,
        ask=instrument.price_from_level(ask[0]) if ask else None,
        last=instrument.price_from_level(last) if last is not None else None,
        change_fraction=change,
        stale_reason=market.why_stale,
        position=turn.state.position(instrument_id).quantity,
        age_ms=_age_ms(turn, market),
        turnover=round(Decimal(market.turnover), 2) if market.turnover else None,
    )


def ladder_view(turn: Turn, instrument_id: InstrumentId, depth: int) -> LadderView:
    instrument = turn.state.instruments[instrument_id]
    market = turn.live.books.get(instrument_id) or LiveBook()
    mine = _mine(turn, instrument_id)
    return LadderView(
        instrument_id=instrument_id,
        bids=_levels(turn, instrument, market.book.bid_levels(depth), side=Side.BUY, mine=mine[Side.BUY]),
        asks=_levels(turn, instrument, market.book.ask_levels(depth), side=Side.SELL, mine=mine[Side.SELL]),
        last_price=instrument.price_from_level(market.last_price) if market.last_price is not None else None,
        last_side=market.last_side,
        stale_reason=market.why_stale,
        is_quiet=market.is_quiet,
        age_ms=_age_ms(turn, market),
        update_id=market.book.update_id,
        trades=_trades(turn, instrument, market),
    )


def _age_ms(turn: Turn, market: LiveBook) -> int | None:
    return (turn.now - market.updated_at) // MILLISECOND if market.updated_at else None


def _trades(turn: Turn, instrument: Instrument, market: LiveBook) -> tuple[TradeView, ...]:
    if turn.now - market.viewed_tape_at >= TAPE_EVERY_NS:
        market.viewed_tape_at = turn.now
        market.viewed_tape = tuple(
            TradeView(
                trade.venue_at,
                instrument.price_from_level(trade.price),
                instrument.quantity_from_level(trade.quantity),
                trade.aggressor,
            )
            for trade in islice(reversed(market.tape), TAPE_SHOWN)
        )
    return market.viewed_tape


def _mine(turn: Turn, instrument_id: InstrumentId) -> dict[Side, dict[Decimal, tuple[Decimal, int]]]:
    """Our resting leaves by side and price."""
    found: dict[Side, dict[Decimal, tuple[Decimal, int]]] = {Side.BUY: {}, Side.SELL: {}}
    for client_order_id in turn.state.open_orders:
        order = turn.state.orders[client_order_id]
        price = order.request.price
        if order.instrument_id != instrument_id or price is None or order.is_stop:
            continue
        size, count = found[order.side].get(price, (ZERO, 0))
        found[order.side][price] = (size + order.leaves, count + 1)
    return found


def _levels(
    turn: Turn,
    instrument: Instrument,
    levels: list[tuple[float, float]],
    *,
    side: Side,
    mine: dict[Decimal, tuple[Decimal, int]],
) -> tuple[LevelView, ...]:
    rows = []
    for level_price, level_size in levels:
        price = instrument.price_from_level(level_price)
        size, count = mine.get(price, (ZERO, 0))
        ahead = first_ahead(turn.live, instrument.id, side, price) if count else None
        rows.append(LevelView(price, instrument.quantity_from_level(level_size), size, count, ahead))
    return tuple(rows)
