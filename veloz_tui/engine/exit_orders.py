"""Orders that only shrink a position: how much there is to shrink, and in which pieces the venue takes it."""

from decimal import Decimal
from typing import Final

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import MANUAL, InstrumentId, OrderType, Side, StrategyId, TimeInForce
from veloz_tui.engine import pnl
from veloz_tui.engine.orders import open_orders
from veloz_tui.engine.risk_inputs import leaves
from veloz_tui.engine.turn import Turn

MAX_PIECES: Final = 20
"""Market orders of one exit; what is left is asked for again."""


def closing_side(quantity: Decimal) -> Side:
    """The side that shrinks a position of this signed quantity."""
    return Side.SELL if quantity > 0 else Side.BUY


def closable(turn: Turn, instrument_id: InstrumentId, *, fraction: Decimal = Decimal(1)) -> Decimal:
    """Return what an exit may be for: the position less the exits at work, and never more than is held.

    Fees taken in the base asset leave less in the wallet than was bought; the venue refuses the rest.
    """
    position = abs(turn.state.position(instrument_id).quantity)
    _, _, reducing = leaves(turn, instrument_id)
    return _in_lots(turn, instrument_id, min(position * min(fraction, Decimal(1)), position - reducing))


def closable_now(turn: Turn, instrument_id: InstrumentId) -> Decimal:
    """Return what an exit may be for at once: with this much no order of ours can carry it across zero.

    A canceled order counts until the venue confirms it: it may fill before the cancel is there.
    """
    position = abs(turn.state.position(instrument_id).quantity)
    _, _, reducing = leaves(turn, instrument_id)
    ordinary = sum(o.exposed for o in in_the_way(turn, instrument_id) if not o.request.reduce_only)
    return _in_lots(turn, instrument_id, position - reducing - ordinary)


def left_to_close(turn: Turn, instrument_id: InstrumentId) -> Decimal:
    """Return what is held, less the orders on the exit's side whose cancel nobody asked for."""
    position = abs(turn.state.position(instrument_id).quantity)
    staying = [o for o in in_the_way(turn, instrument_id) if o.cancel_requested_at is None]
    return _in_lots(turn, instrument_id, position - sum(order.leaves for order in staying))


def in_the_way(turn: Turn, instrument_id: InstrumentId) -> list[Order]:
    """Return our orders that may fill on the side that closes the position."""
    side = closing_side(turn.state.position(instrument_id).quantity)
    return [
        order
        for order in open_orders(turn)
        if order.instrument_id == instrument_id and order.side is side and not order.is_external
    ]


def _in_lots(turn: Turn, instrument_id: InstrumentId, wanted: Decimal) -> Decimal:
    instrument = turn.state.instruments[instrument_id]
    held = turn.state.balances.get(instrument.venue, {}).get(instrument.base)
    if turn.state.position(instrument_id).quantity > 0 and held is not None:
        wanted = min(wanted, held.total)
    return instrument.round_quantity(max(wanted, Decimal(0)))


def is_dust(turn: Turn, instrument_id: InstrumentId) -> bool:
    """Say whether what is held is clearly less than the venue takes in one order: fees leave such rests.

    Half the least value, as the venue's own average price decides and not ours: an exit that might be taken
    is tried. Not said where the price isn't known, or where no least value holds for MARKET orders.
    """
    instrument = turn.state.instruments[instrument_id]
    lots = instrument.round_quantity(abs(turn.state.position(instrument_id).quantity))
    if not lots or lots < instrument.min_quantity:
        return True
    if not instrument.notional_applies_to_market:
        return False
    price = pnl.mark(turn.state, turn.live, instrument_id)
    return price is not None and 2 * lots * price < instrument.min_notional


def is_small(turn: Turn, instrument_id: InstrumentId, quantity: Decimal) -> bool:
    """Say whether the venue might refuse so small a part of an exit: below twice its least order."""
    instrument = turn.state.instruments[instrument_id]
    price = pnl.mark(turn.state, turn.live, instrument_id)
    return quantity < 2 * instrument.min_quantity or (
        price is not None and quantity * price < 2 * instrument.min_notional
    )


def limit_exit(
    turn: Turn, instrument: Instrument, quantity: Decimal, price: Decimal | None
) -> OrderRequest | str:
    """Return a LIMIT IOC through the touch by the configured slippage, or why it can't be priced."""
    side = closing_side(turn.state.position(instrument.id).quantity)
    if price is None:
        market = turn.live.books.get(instrument.id)
        book = market.book if market is not None and market.is_fresh else None
        best = None if book is None else book.best_bid if side is Side.SELL else book.best_ask
        if best is None:
            return f"no fresh book of {instrument.display}: name a price, or flatten it at the market"
        touch = instrument.price_from_level(best[0])
        through = touch * (1 + turn.settings.close_slippage * side.sign)
        price = instrument.round_price(through, side=side.opposite)
    return OrderRequest(
        instrument_id=instrument.id,
        side=side,
        quantity=quantity,
        price=price,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )


def market_exits(
    turn: Turn, instrument: Instrument, quantity: Decimal, *, strategy_id: StrategyId = MANUAL
) -> list[OrderRequest]:
    """Return the MARKET orders of an exit: one, or as many as the venue's largest market order asks for."""
    side = closing_side(turn.state.position(instrument.id).quantity)
    largest = instrument.market_max_quantity or instrument.max_quantity or quantity
    pieces: list[Decimal] = []
    while quantity and len(pieces) < MAX_PIECES:
        piece = min(quantity, instrument.round_quantity(largest) or quantity)
        pieces.append(piece)
        quantity -= piece
    return [
        OrderRequest(
            instrument_id=instrument.id,
            side=side,
            quantity=piece,
            order_type=OrderType.MARKET,
            reduce_only=True,
            strategy_id=strategy_id,
        )
        for piece in pieces
    ]
