"""Gathers what the risk rules look at: all working, parked, in-doubt and held orders count."""

from collections.abc import Iterator
from decimal import Decimal

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import (
    ZERO,
    BreakerState,
    ChannelState,
    InstrumentId,
    RearmLevel,
    Side,
    TradingState,
)
from veloz_tui.engine import pnl, words
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.state import HOLD_NEVER_ARRIVED
from veloz_tui.engine.turn import Turn


def trading_state(turn: Turn) -> TradingState:
    """What may leave now, the strictest reason first."""
    state, live = turn.state, turn.live
    if state.is_halted:
        return TradingState.HALTED
    if live.journal.state is not JournalState.OK or not live.guardian_alive or live.stopping:
        return TradingState.CANCEL_ONLY
    if state.is_reduce_only or state.rearm_level is RearmLevel.EXITS:
        return TradingState.REDUCE_ONLY
    return TradingState.READY


def state_reason(turn: Turn) -> str:
    """Why less than everything may leave now; nothing while trading is OK."""
    state, live = turn.state, turn.live
    if state.is_halted:
        return f"{words.utc(state.kill.at)} by {state.kill.by}" if state.kill is not None else ""
    if live.journal.state is not JournalState.OK:
        return f"journal {live.journal.state}: {live.journal.reason}"
    if not live.guardian_alive:
        return f"guardian gone: {live.guardian_reason}"
    if live.stopping:
        return "stopping"
    reasons = []
    if state.is_reduce_only:
        reasons.append("reduce is on")
    if state.rearm_level is RearmLevel.EXITS:
        reasons.append("re-armed for exits only")
    return " and ".join(reasons)


def way_out(turn: Turn) -> str:
    """The words after which orders may grow positions again; nothing where none are needed."""
    state = turn.state
    needed = [":rearm full"] if state.is_halted or state.rearm_level is RearmLevel.EXITS else []
    if state.is_reduce_only:
        needed.append(":resume")
    return " and ".join(needed)


def _held(turn: Turn) -> Iterator[Order]:
    """Orders that never arrived, as far as we know, and whose absence is recent: they may still fill."""
    for client_order_id, ended_at in turn.state.held.items():
        if turn.now - ended_at < HOLD_NEVER_ARRIVED:
            yield turn.state.orders[client_order_id]


def leaves(
    turn: Turn, instrument_id: InstrumentId, *, without: Order | None = None
) -> tuple[Decimal, Decimal, Decimal]:
    """Return the leaves that buy, that sell, and what on the closing side shrinks the position already.

    That is what reduce-only orders leave, and what has traded and isn't booked. A held exit is none: limits
    count it, but one that never arrived must not keep anybody in the position for half an hour.
    """
    totals = turn.live.working.of_instrument(instrument_id)
    is_long = turn.state.position(instrument_id).quantity > 0
    closing = Side.SELL if is_long else Side.BUY
    buying, selling = totals.buying, totals.selling
    reducing = totals.reduce_selling if is_long else totals.reduce_buying
    if without is not None and without.is_open and without.instrument_id == instrument_id:
        counted = without.exposed
        buying -= counted if without.side is Side.BUY else ZERO
        selling -= counted if without.side is Side.SELL else ZERO
        reducing -= counted if without.side is closing and without.request.reduce_only else ZERO
    for order in _held(turn):
        if order.instrument_id != instrument_id:
            continue
        if order.side is Side.BUY:
            buying += order.leaves
        else:
            selling += order.leaves
    for client_order_id in turn.state.awaiting_fills:
        order = turn.state.orders[client_order_id]
        if order.instrument_id != instrument_id:
            continue
        # Gone from the leaves and not yet in the position: it must not fall between the two.
        if order.side is Side.BUY:
            buying += order.untold
        else:
            selling += order.untold
        if order.side is closing:
            reducing += order.untold
    return buying, selling, reducing


def _in_flight(turn: Turn, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """Base and quote that our orders will lock, but the venue's balances don't show yet."""
    base = quote = ZERO
    for client_order_id in turn.live.working.unsent:
        order = turn.state.orders[client_order_id]
        its = turn.state.instruments.get(order.instrument_id)
        if its is None or its.venue != instrument.venue:
            continue
        price = order.request.price or pnl.mark(turn.state, turn.live, order.instrument_id) or ZERO
        if order.side is Side.SELL and its.base == instrument.base:
            base += order.leaves
        elif order.side is Side.BUY and its.quote == instrument.quote:
            quote += order.leaves * price
    return base, quote


def free(turn: Turn, instrument: Instrument) -> tuple[Decimal | None, Decimal | None]:
    """Return free base and quote at the instrument's venue, less what is in flight."""
    balances = turn.state.balances.get(instrument.venue)
    if balances is None:
        return None, None
    base_in_flight, quote_in_flight = _in_flight(turn, instrument)
    base, quote = balances.get(instrument.base), balances.get(instrument.quote)
    return (
        (base.free if base else ZERO) - base_in_flight,
        (quote.free if quote else ZERO) - quote_in_flight,
    )


def free_without(turn: Turn, instrument: Instrument, order: Order) -> tuple[Decimal | None, Decimal | None]:
    """Return free base and quote as if `order` had never locked any.

    The venue tells of what a cancel frees a moment after the cancel, and of what an order locks a moment
    after its acceptance: so neither more than what is free and the order's part, nor than what no other
    order locks.
    """
    free_base, free_quote = free(turn, instrument)
    balances = turn.state.balances.get(instrument.venue)
    if balances is None or free_base is None or free_quote is None:
        return free_base, free_quote
    base, quote = balances.get(instrument.base), balances.get(instrument.quote)
    base_left = base.total if base else ZERO
    quote_left = quote.total if quote else ZERO
    for instrument_id, totals in turn.live.working.totals.items():
        its = turn.state.instruments.get(instrument_id)
        if its is not None and its.venue == instrument.venue:
            base_left -= totals.selling if its.base == instrument.base else ZERO
            quote_left -= totals.bid_value if its.quote == instrument.quote else ZERO
    if order.side is Side.SELL:
        base_left += order.exposed if order.is_open else ZERO
        return min(free_base + order.leaves, base_left), free_quote
    quote_left += order.exposed_value if order.is_open else ZERO
    return free_base, min(free_quote + order.leaves * (order.request.price or ZERO), quote_left)


def gross_exposure(turn: Turn, *, without: Order | None = None) -> Decimal | None:
    """The worst case of every instrument, valued and summed; None if one can't be valued."""
    total = ZERO
    held = {order.instrument_id for order in _held(turn)}
    instruments = held.union(turn.state.positions, turn.live.working.totals)
    for instrument_id in sorted(instruments):
        position = turn.state.position(instrument_id).quantity
        buying, selling, _ = leaves(turn, instrument_id, without=without)
        worst = max(abs(position + buying), abs(position - selling))
        if not worst:
            continue
        price = pnl.mark(turn.state, turn.live, instrument_id)
        if price is None:
            return None
        total += worst * price
    return total


def risk_inputs(
    turn: Turn, request: OrderRequest, *, is_exit: bool = False, instead_of: Order | None = None
) -> RiskInputs:
    """Build the inputs of one check. The instrument must be known (the caller has looked).

    `instead_of`: the order that `request` replaces; what it works with and locks counts for nothing.
    """
    state, live, settings = turn.state, turn.live, turn.settings
    instrument = state.instruments[request.instrument_id]
    venue = live.venues.get(instrument.venue)
    market = live.books.get(instrument.id)
    buying, selling, reducing = leaves(turn, instrument.id, without=instead_of)
    free_base, free_quote = (
        free(turn, instrument) if instead_of is None else free_without(turn, instrument, instead_of)
    )
    fees = live.fees.get(instrument.venue)
    is_counted = instead_of is not None and not instead_of.is_open  # its amendment took the slot
    has_leverage = settings.limits.max_leverage is not None
    return RiskInputs(
        instrument=instrument,
        limits=settings.limits,
        book=market.book if market is not None and market.is_fresh else None,
        reference=pnl.reference(state, live, instrument.id, now=turn.now),
        trading_state=trading_state(turn),
        state_reason=state_reason(turn),
        way_out=way_out(turn),
        is_paused=state.is_paused,
        venue_state=state.venues.get(instrument.venue, ChannelState.DOWN),
        breaker=venue.breaker.peek(turn.now) if venue else BreakerState.OPEN,
        journal_ok=live.journal.state is JournalState.OK,
        guardian_ok=live.guardian_alive,
        position=state.position(instrument.id).quantity,
        buy_leaves=buying,
        sell_leaves=selling,
        reduce_leaves=reducing,
        is_exit=is_exit,
        free_base=free_base,
        free_quote=free_quote,
        equity=pnl.equity(state, live, settings) if has_leverage else None,
        gross_exposure=gross_exposure(turn, without=instead_of) if has_leverage else None,
        maker_fee=fees[0] if fees else None,
        taker_fee=fees[1] if fees else None,
        recent_account=0 if is_counted else live.order_rate.of_account(turn.now),
        recent_strategy=0 if is_counted else live.order_rate.of_strategy(request.strategy_id, turn.now),
        open_orders=live.working.ours - (instead_of is not None and instead_of.is_open),
    )
