"""Views of what is ours: orders, positions, account."""

from collections.abc import Iterable
from decimal import Decimal

from veloz_tui.domain.order import Order
from veloz_tui.domain.types import (
    MILLISECOND,
    ZERO,
    Asset,
    ClientOrderId,
    InstrumentId,
    VenueId,
)
from veloz_tui.domain.views import (
    AccountView,
    AssetView,
    OrderView,
    PositionView,
    VenueEquityView,
)
from veloz_tui.engine import pnl
from veloz_tui.engine.queues import ahead_of
from veloz_tui.engine.risk.exposure import worst_case
from veloz_tui.engine.risk_inputs import leaves
from veloz_tui.engine.turn import Turn

KEEP_ENDED_ON_SCREEN_NS = 10_000 * MILLISECOND
"""Ended orders stay in view this long, so that an end is seen."""
MAX_ORDERS = 500


def order_views(turn: Turn) -> tuple[OrderView, ...]:
    """Open orders, newest first, and those that ended a moment ago."""
    state = turn.state
    ended: list[ClientOrderId] = []
    for client_order_id in reversed(state.ended):
        if turn.now - state.ended[client_order_id] > KEEP_ENDED_ON_SCREEN_NS or len(ended) >= MAX_ORDERS:
            break
        ended.append(client_order_id)
    # Held ones, whose exposure still counts, are not among the ended yet.
    held = [i for i, at in state.held.items() if turn.now - at <= KEEP_ENDED_ON_SCREEN_NS]
    ids = [*reversed(state.open_orders), *held, *ended][:MAX_ORDERS]
    short = _short_ids(ids)
    return tuple(_order(turn, state.orders[i], short[i]) for i in ids)


def _short_ids(ids: Iterable[str]) -> dict[str, str]:
    """The shortest unique suffix of each, of at least four letters."""
    texts = list(ids)
    found: dict[str, str] = {}
    for length in range(4, 40):
        counts: dict[str, int] = {}
        rest = [text for text in texts if text not in found]
        for text in texts:
            counts[text[-length:]] = counts.get(text[-length:], 0) + 1
        for text in rest:
            if counts[text[-length:]] == 1:
                found[text] = text[-length:]
        if len(found) == len(texts):
            break
    return {text: found.get(text, text) for text in texts}


def _order(turn: Turn, order: Order, short_id: str) -> OrderView:
    request = order.request
    return OrderView(
        client_order_id=order.client_order_id,
        short_id=short_id,
        instrument_id=request.instrument_id,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        price=request.price,
        stop_price=request.stop_price,
        quantity=request.quantity,
        filled=order.filled,
        leaves=order.leaves if order.is_open else ZERO,
        average_price=order.average_price,
        status=order.status,
        created_at=order.created_at,
        strategy_id=request.strategy_id,
        in_doubt_since=order.in_doubt_since,
        cancel_requested_at=order.cancel_requested_at,
        reason=order.reason,
        ahead=ahead_of(turn.live, order),
        is_external=order.is_external,
        replaces=order.replaces,
        is_amending=order.amendment is not None,
    )


def position_view(turn: Turn, instrument_id: InstrumentId) -> PositionView:
    state, live = turn.state, turn.live
    position = state.positions[instrument_id]
    price = pnl.mark(state, live, instrument_id)
    fees = live.fees.get(state.venue_of(instrument_id))
    limit = turn.settings.limits.for_instrument(instrument_id).max_position_size
    buying, selling, _ = leaves(turn, instrument_id)
    worst = worst_case(position=position.quantity, buy_leaves=buying, sell_leaves=selling)
    by_strategy = {
        s: p[instrument_id].quantity for s, p in state.strategy_positions.items() if instrument_id in p
    }
    return PositionView(
        instrument_id=instrument_id,
        quantity=position.quantity,
        entry=position.entry,
        break_even=position.break_even(fees[1]) if fees else None,
        mark=price,
        unrealized=position.unrealized(price) if price is not None else None,
        realized_today=pnl.day_realized(state, instrument_id),
        limit_fraction=worst * price / limit if limit is not None and price is not None else None,
        has_stop=has_stop(turn, instrument_id),
        by_strategy={s: quantity for s, quantity in by_strategy.items() if quantity},
    )


def account_view(turn: Turn) -> AccountView:
    state, live, settings = turn.state, turn.live, turn.settings
    equity = pnl.equity(state, live, settings)
    open_pnl = [pnl.unrealized(state, live, i) for i in state.positions]
    unrealized = None if None in open_pnl else sum((p for p in open_pnl if p is not None), ZERO)
    peak = live.equity_peak
    free = [b[settings.quote].free for b in state.balances.values() if settings.quote in b]
    fees = next(iter(live.fees.values()), None)
    gross = _gross(turn)
    return AccountView(
        quote=settings.quote,
        equity=equity,
        free=sum(free, ZERO) if free else None,
        day_pnl=equity - state.day_equity if equity is not None and state.day_equity is not None else None,
        day_realized=sum((pnl.day_realized(state, i) for i in state.positions), ZERO),
        day_unrealized=unrealized,
        day_fees=sum((p.fees - state.day_fees.get(i, ZERO) for i, p in state.positions.items()), ZERO),
        drawdown_fraction=(peak - equity) / peak if peak and equity is not None else None,
        assets=tuple(_assets(turn, equity)),
        maker_fee=fees[0] if fees else None,
        taker_fee=fees[1] if fees else None,
        realized=sum((p.realized for p in state.positions.values()), ZERO),
        day_turnover=sum(
            (p.turnover - state.day_turnover.get(i, ZERO) for i, p in state.positions.items()), ZERO
        ),
        gross=gross,
        gross_fraction=_fraction(gross, equity),
        venues=tuple(_venue_equity(turn, venue) for venue in state.balances),
    )


def _gross(turn: Turn) -> Decimal | None:
    total = ZERO
    for instrument_id, position in turn.state.positions.items():
        price = pnl.mark(turn.state, turn.live, instrument_id) if position.quantity else ZERO
        if price is None:
            return None
        total += abs(position.quantity) * price
    return total


def _fraction(value: Decimal | None, equity: Decimal | None) -> Decimal | None:
    return value / equity if value is not None and equity is not None and equity > 0 else None


def _venue_equity(turn: Turn, venue: VenueId) -> VenueEquityView:
    quote = turn.state.balances[venue].get(turn.settings.quote)
    return VenueEquityView(
        venue=venue,
        equity=pnl.equity(turn.state, turn.live, turn.settings, venue=venue),
        free=None if quote is None else quote.free,
    )


def _assets(turn: Turn, equity: Decimal | None) -> Iterable[AssetView]:
    for venue, balances in turn.state.balances.items():
        for balance in balances.values():
            if balance.total:
                value = pnl.asset_value(
                    turn.state,
                    turn.live,
                    venue=venue,
                    asset=balance.asset,
                    quote=turn.settings.quote,
                    amount=balance.total,
                )
                yield AssetView(
                    venue=venue,
                    asset=Asset(balance.asset),
                    free=balance.free,
                    locked=balance.locked,
                    total=balance.total,
                    value=value,
                    equity_fraction=_fraction(value, equity),
                )


def has_stop(turn: Turn, instrument_id: InstrumentId) -> bool:
    return any(
        order.instrument_id == instrument_id and order.is_stop
        for order in (turn.state.orders[i] for i in turn.state.open_orders)
    )
