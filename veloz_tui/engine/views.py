"""Views for consoles: everything is computed here, a console only draws. Read-only over State and Live."""

from collections.abc import Collection, Iterable
from decimal import Decimal

import msgspec

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import (
    MILLISECOND,
    ZERO,
    Asset,
    ChannelState,
    ClientOrderId,
    InstrumentId,
    Side,
    StrategyId,
    StrategyState,
    VenueId,
)
from veloz_tui.domain.views import (
    AccountView,
    AlertView,
    AssetView,
    InstrumentView,
    KillView,
    LadderView,
    LevelView,
    OrderView,
    PositionView,
    StatusView,
    StrategyView,
    VenueView,
    View,
)
from veloz_tui.engine import pnl, words
from veloz_tui.engine.live import LiveBook
from veloz_tui.engine.risk.exposure import worst_case
from veloz_tui.engine.risk_inputs import leaves, trading_state
from veloz_tui.engine.turn import Turn

KEEP_ENDED_ON_SCREEN_NS = 10_000 * MILLISECOND
"""Ended orders stay in view this long, so that an end is seen."""
MAX_ORDERS = 500
MAX_ALERTS = 200


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a view shows of the process around the core."""

    pid: int
    lag_ms: float | None = None
    inline: Collection[StrategyId] = ()


def build_view(turn: Turn, around: Surroundings, *, watched: Iterable[InstrumentId], depth: int) -> View:
    """Return everything a console draws, with `depth` levels a side of the watched books."""
    configured = [i for i in turn.settings.instruments if i in turn.state.instruments]
    known = [i for i in watched if i in turn.state.instruments]
    return View(
        status=_status(turn, around),
        kill=_kill(turn),
        venues=tuple(_venue(turn, venue) for venue in turn.settings.venues),
        instruments=tuple(_instrument(turn, i) for i in configured),
        books=tuple(_ladder(turn, i, depth) for i in known),
        orders=_orders(turn),
        positions=tuple(_position(turn, i) for i, p in turn.state.positions.items() if p.quantity),
        account=_account(turn),
        strategies=tuple(_strategy(turn, s.strategy_id) for s in turn.settings.strategies),
        alerts=_alerts(turn),
        log_seq=turn.state.seq,
    )


# --- Status, kill, venues ---------------------------------------------------------------------------------


def _status(turn: Turn, around: Surroundings) -> StatusView:
    state, live, settings = turn.state, turn.live, turn.settings
    ours = [state.orders[i] for i in state.open_orders]
    return StatusView(
        mode=settings.mode,
        profile=settings.profile,
        trading_state=trading_state(turn),
        is_paused=state.is_paused,
        state_reason=_state_reason(turn),
        at=turn.now,
        orders_open=len(ours),
        orders_cap=settings.limits.open_orders_max,
        orders_in_doubt=sum(1 for order in ours if order.is_in_doubt),
        alerts_unacknowledged=sum(1 for a in state.alerts.values() if not a.is_acknowledged),
        engine_pid=around.pid,
        engine_lag_ms=around.lag_ms,
        journal=settings.durability
        if live.journal.state is JournalState.OK
        else f"{live.journal.state} {live.journal.reason}",
        guardian="ok" if live.guardian_alive else f"GONE {live.guardian_reason}",
        controller=live.controller,
        on_detach=settings.on_detach,
        version=settings.version,
    )


def _state_reason(turn: Turn) -> str:
    state, live = turn.state, turn.live
    if state.is_halted and state.kill is not None:
        return f"{words.utc(state.kill.at)} by {state.kill.by}"
    if live.journal.state is not JournalState.OK:
        return f"journal {live.journal.state}: {live.journal.reason}"
    if not live.guardian_alive:
        return f"guardian gone: {live.guardian_reason}"
    return "stopping" if live.stopping else ""


def _kill(turn: Turn) -> KillView:
    state = turn.state
    orders = [state.orders[i] for i in state.open_orders]
    running = (StrategyState.RUNNING, StrategyState.STARTING, StrategyState.PAUSED)
    stops = [order for order in orders if order.is_stop]
    record = state.kill
    stamps = record.stamps if record else {}
    return KillView(
        is_halted=state.is_halted,
        kill_id=record.kill_id if record else "",
        at=record.at if record else None,
        by=record.by if record else "",
        gate_closed_ms=stamps.get("gate_closed"),
        cancels_sent_ms=stamps.get("cancels_sent"),
        first_zero_ms=stamps.get("first_zero"),
        certified_zero_ms=stamps.get("certified_zero"),
        canceled=max(record.total - len(orders), 0) if record else 0,
        total=record.total if record else 0,
        unverified=_unverified(turn, orders),
        open_positions=_open_positions(turn),
        would_stop=sum(1 for s in state.strategies.values() if s.state in running),
        would_cancel=len(orders),
        would_cancel_stops=len(stops),
        venues=len({state.venue_of(order.instrument_id) for order in orders}) or len(turn.settings.venues),
        unprotected=_unprotected(turn, stops),
        rearm_level="" if state.is_halted else state.rearm_level,
    )


def _unverified(turn: Turn, orders: list[Order]) -> tuple[str, ...]:
    sweep = turn.live.kill
    if sweep is None or not turn.state.is_halted:
        return ()
    texts = []
    for venue in turn.settings.venues:
        if sweep.zero_at.get(venue, 0) <= sweep.started_at:
            count = sum(1 for order in orders if turn.state.venue_of(order.instrument_id) == venue)
            texts.append(f"{words.code(venue)} {count}")
    return tuple(texts)


def _held(turn: Turn, instrument_id: InstrumentId) -> str:
    instrument = turn.state.instruments.get(instrument_id)
    base = instrument.base if instrument else instrument_id
    return f"{words.number(turn.state.position(instrument_id).quantity)} {base}"


def _open_positions(turn: Turn) -> str:
    texts = []
    for instrument_id, position in turn.state.positions.items():
        if position.quantity:
            stop = "" if _has_stop(turn, instrument_id) else " no stop"
            texts.append(f"{_held(turn, instrument_id)}{stop}")
    return f"OPEN POSITION {', '.join(texts)}" if texts else ""


def _unprotected(turn: Turn, stops: list[Order]) -> str:
    """What a kill would leave without the stops it cancels."""
    texts = []
    for instrument_id in dict.fromkeys(order.instrument_id for order in stops):
        position = turn.state.position(instrument_id)
        price = pnl.mark(turn.state, turn.live, instrument_id)
        if position.quantity and price is not None:
            instrument = turn.state.instruments[instrument_id]
            value = abs(position.quantity * price)
            texts.append(f"{_held(turn, instrument_id)} ({value:,.0f} {instrument.quote})")
    return f" -> {', '.join(texts)} unprotected" if texts else ""


def _has_stop(turn: Turn, instrument_id: InstrumentId) -> bool:
    return any(
        order.instrument_id == instrument_id and order.is_stop
        for order in (turn.state.orders[i] for i in turn.state.open_orders)
    )


def _venue(turn: Turn, venue: VenueId) -> VenueView:
    live = turn.live.venues[venue]
    ages = [
        turn.now - market.updated_at
        for i, market in turn.live.books.items()
        if turn.state.venue_of(i) == venue and market.updated_at
    ]
    return VenueView(
        venue=venue,
        code=words.code(venue),
        state=turn.state.venues.get(venue, ChannelState.DOWN),
        channels={channel.value: state for channel, state in live.channels.items()},
        market_age_ms=min(ages) // MILLISECOND if ages else None,
        round_trip_ms=live.health.round_trip_ms,
        clock_offset_ms=live.health.clock_offset_ms,
        rate_used=live.health.rate_used,
        breaker=live.breaker.peek(turn.now),
        breaker_text=live.breaker.text(turn.now),
        door_closed_until=live.door_closed_until,
        protection="guardian only",
        reason="; ".join(reason for reason in live.reasons.values() if reason),
    )


# --- Market -----------------------------------------------------------------------------------------------


def _instrument(turn: Turn, instrument_id: InstrumentId) -> InstrumentView:
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
        stale_reason=market.stale_reason,
        position=turn.state.position(instrument_id).quantity,
    )


def _ladder(turn: Turn, instrument_id: InstrumentId, depth: int) -> LadderView:
    instrument = turn.state.instruments[instrument_id]
    market = turn.live.books.get(instrument_id) or LiveBook()
    mine = _mine(turn, instrument_id)
    return LadderView(
        instrument_id=instrument_id,
        bids=_levels(instrument, market.book.bid_levels(depth), mine[Side.BUY]),
        asks=_levels(instrument, market.book.ask_levels(depth), mine[Side.SELL]),
        last_price=instrument.price_from_level(market.last_price) if market.last_price is not None else None,
        last_side=market.last_side,
        stale_reason=market.stale_reason,
        is_quiet=market.is_quiet,
        age_ms=(turn.now - market.updated_at) // MILLISECOND if market.updated_at else None,
        update_id=market.book.update_id,
    )


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
    instrument: Instrument, levels: list[tuple[float, float]], mine: dict[Decimal, tuple[Decimal, int]]
) -> tuple[LevelView, ...]:
    rows = []
    for level_price, level_size in levels:
        price = instrument.price_from_level(level_price)
        size, count = mine.get(price, (ZERO, 0))
        rows.append(LevelView(price, instrument.quantity_from_level(level_size), size, count))
    return tuple(rows)


# --- Orders, positions, account ---------------------------------------------------------------------------


def _orders(turn: Turn) -> tuple[OrderView, ...]:
    """Open orders, newest first, and those that ended a moment ago."""
    state = turn.state
    ended: list[ClientOrderId] = []
    for client_order_id in reversed(state.ended):
        if turn.now - state.ended[client_order_id] > KEEP_ENDED_ON_SCREEN_NS or len(ended) >= MAX_ORDERS:
            break
        ended.append(client_order_id)
    ids = [*reversed(state.open_orders), *ended][:MAX_ORDERS]
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
        is_external=order.is_external,
    )


def _position(turn: Turn, instrument_id: InstrumentId) -> PositionView:
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
        has_stop=_has_stop(turn, instrument_id),
        by_strategy={s: quantity for s, quantity in by_strategy.items() if quantity},
    )


def _account(turn: Turn) -> AccountView:
    state, live, settings = turn.state, turn.live, turn.settings
    equity = pnl.equity(state, live, settings)
    open_pnl = [pnl.unrealized(state, live, i) for i in state.positions]
    unrealized = None if None in open_pnl else sum((p for p in open_pnl if p is not None), ZERO)
    peak = live.equity_peak
    free = [b[settings.quote].free for b in state.balances.values() if settings.quote in b]
    fees = next(iter(live.fees.values()), None)
    return AccountView(
        quote=settings.quote,
        equity=equity,
        free=sum(free, ZERO) if free else None,
        day_pnl=equity - state.day_equity if equity is not None and state.day_equity is not None else None,
        day_realized=sum((pnl.day_realized(state, i) for i in state.positions), ZERO),
        day_unrealized=unrealized,
        day_fees=sum((p.fees - state.day_fees.get(i, ZERO) for i, p in state.positions.items()), ZERO),
        drawdown_fraction=(peak - equity) / peak if peak and equity is not None else None,
        assets=tuple(_assets(turn)),
        maker_fee=fees[0] if fees else None,
        taker_fee=fees[1] if fees else None,
    )


def _assets(turn: Turn) -> Iterable[AssetView]:
    for venue, balances in turn.state.balances.items():
        for balance in balances.values():
            if balance.total:
                yield AssetView(
                    venue=venue,
                    asset=Asset(balance.asset),
                    free=balance.free,
                    locked=balance.locked,
                    total=balance.total,
                    value=pnl.asset_value(
                        turn.state,
                        turn.live,
                        venue=venue,
                        asset=balance.asset,
                        quote=turn.settings.quote,
                        amount=balance.total,
                    ),
                )


# --- Strategies and alerts --------------------------------------------------------------------------------


def _strategy(turn: Turn, strategy_id: StrategyId) -> StrategyView:
    settings = next(s for s in turn.settings.strategies if s.strategy_id == strategy_id)
    record = turn.state.strategies.get(strategy_id)
    live = turn.live.strategy(strategy_id)
    positions = turn.state.strategy_positions.get(strategy_id, {})
    first = settings.instruments[0] if settings.instruments else None
    doing = live.doing or (record.reason if record else "")
    return StrategyView(
        strategy_id=strategy_id,
        state=record.state if record else StrategyState.STOPPED,
        doing=doing or "stopped, Space starts it",
        position=positions[first].quantity if first in positions else ZERO,
        day_pnl=pnl.strategy_pnl(turn.state, turn.live, strategy_id),
        open_orders=sum(1 for i in turn.state.open_orders if turn.state.orders[i].strategy_id == strategy_id),
        callback_p99_us=live.callback_p99_us,
        restarts=record.restarts if record else 0,
        is_inline=settings.is_inline,
        instrument_id=first,
        orders_sent=record.orders_sent if record else 0,
    )


def _alerts(turn: Turn) -> tuple[AlertView, ...]:
    """Newest first."""
    newest = list(turn.state.alerts.items())[: -MAX_ALERTS - 1 : -1]
    return tuple(
        AlertView(key, a.severity, a.text, a.code, a.first_at, a.last_at, a.count, a.is_acknowledged)
        for key, a in newest
    )
