"""A strategy's wanted quotes against its working orders: latest wins, paced, new legs after old cancels."""

from collections.abc import Sequence

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import ZERO, InstrumentId, Side, StrategyId, StrategyState
from veloz_tui.engine.orders import cancel, own_orders, place
from veloz_tui.engine.quoting import Covered, diff_quotes
from veloz_tui.engine.turn import Turn


def wish(turn: Turn, strategy_id: StrategyId, intent: QuoteIntent) -> None:
    """The newest wish replaces the one before."""
    turn.live.strategy(strategy_id).quotes[intent.instrument_id] = intent
    requote(turn, strategy_id, intent.instrument_id)


def requote(turn: Turn, strategy_id: StrategyId, instrument_id: InstrumentId) -> None:
    """Move the working quotes towards the wish, as far as may be done now."""
    intent = turn.live.strategy(strategy_id).quotes.get(instrument_id)
    instrument = turn.state.instruments.get(instrument_id)
    market = turn.live.books.get(instrument_id)
    if intent is None or instrument is None or market is None or not market.is_fresh:
        return
    working = [o for o in own_orders(turn, strategy_id) if o.instrument_id == instrument_id and not o.ref]
    bid, ask = market.book.best_bid, market.book.best_ask
    touch = None
    if bid is not None and ask is not None:
        touch = (instrument.price_from_level(bid[0]), instrument.price_from_level(ask[0]))
    plan = diff_quotes(
        intent,
        working,
        instrument,
        touch=touch,
        may_overlap=False,
        strategy_id=strategy_id,
        covered=_covered(turn, instrument, working),
    )
    for client_order_id in plan.cancels:
        cancel(turn, turn.state.orders[client_order_id], by=strategy_id)
    for request in plan.places:
        if not _has_budget(turn, strategy_id):
            turn.timer(f"requote:{strategy_id}:{instrument_id}", after_ns=200_000_000)
            return
        place(turn, request)


def _covered(turn: Turn, instrument: Instrument, working: Sequence[Order]) -> Covered:
    """What the wallet has for these quotes: all that other orders don't lock.

    Totals, not what is free: a cancel's answer comes a moment before the balance that it frees. Unknown
    balances are risk's to refuse.
    """
    balances = turn.state.balances.get(instrument.venue)
    if balances is None:
        return Covered()
    base, quote = balances.get(instrument.base), balances.get(instrument.quote)
    base_left = base.total if base is not None else ZERO
    quote_left = quote.total if quote is not None else ZERO
    for instrument_id, totals in turn.live.working.totals.items():
        its = turn.state.instruments.get(instrument_id)
        if its is None or its.venue != instrument.venue:
            continue
        if its.base == instrument.base:
            base_left -= totals.selling
        if its.quote == instrument.quote:
            quote_left -= totals.bid_value
    for order in working:
        if order.side is Side.SELL:
            base_left += order.leaves
        else:
            quote_left += order.leaves * (order.request.price or ZERO)
    return Covered(base=base_left, quote=quote_left)


def _has_budget(turn: Turn, strategy_id: StrategyId) -> bool:
    """Wait rather than be denied: quotes are paced by the limits on orders a second, with room for others."""
    limits = turn.settings.limits
    own = limits.strategy_orders_per_second.get(strategy_id)
    if own is not None and turn.live.order_rate.of_strategy(strategy_id, turn.now) >= own:
        return False
    account = limits.max_orders_per_second
    if account is not None and turn.live.order_rate.of_account(turn.now) >= max(1, account * 4 // 5):
        return False
    venue_used = max((v.health.orders_used or 0.0 for v in turn.live.venues.values()), default=0.0)
    return venue_used < 0.7


def on_requote_timer(turn: Turn, rest: str) -> None:
    strategy_id, _, instrument_id = rest.partition(":")
    requote(turn, StrategyId(strategy_id), InstrumentId(instrument_id))


def requote_after(turn: Turn, order: Order) -> None:
    """An order ended: a wish that waited for it may go on."""
    record = turn.state.strategies.get(order.strategy_id)
    if record is not None and record.state is StrategyState.RUNNING and not turn.state.is_paused:
        requote(turn, order.strategy_id, order.instrument_id)


def pull(turn: Turn, strategy_id: StrategyId, *, by: str) -> int:
    """Forget the wishes and cancel every order of the strategy; returns how many were open."""
    turn.live.strategy(strategy_id).quotes.clear()
    count = 0
    for order in own_orders(turn, strategy_id):
        if cancel(turn, order, by=by):
            count += 1
    return count
