"""Views for consoles: everything is computed here, a console only draws. Read-only over State and Live."""

from collections.abc import Collection, Iterable

import msgspec

from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import (
    MILLISECOND,
    ZERO,
    ChannelState,
    InstrumentId,
    Severity,
    StrategyId,
    StrategyState,
    VenueId,
)
from veloz_tui.domain.views import (
    AlertView,
    KillView,
    StatusView,
    StrategyView,
    VenueView,
    View,
)
from veloz_tui.engine import parameters, pnl, words
from veloz_tui.engine.account_views import account_view, has_stop, order_views, position_view
from veloz_tui.engine.market_views import instrument_view, ladder_view
from veloz_tui.engine.risk_inputs import state_reason, trading_state, way_out
from veloz_tui.engine.turn import Turn

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
        instruments=tuple(instrument_view(turn, i) for i in configured),
        books=tuple(ladder_view(turn, i, depth) for i in known),
        orders=order_views(turn),
        positions=tuple(position_view(turn, i) for i, p in turn.state.positions.items() if p.quantity),
        account=account_view(turn),
        strategies=tuple(strategy_view(turn, s.strategy_id) for s in turn.settings.strategies),
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
        state_reason=state_reason(turn),
        way_out=way_out(turn),
        at=turn.now,
        orders_open=len(ours),
        orders_cap=settings.limits.open_orders_max,
        orders_in_doubt=sum(1 for order in ours if order.is_in_doubt),
        alerts_unacknowledged=sum(
            1 for a in state.alerts.values() if a.severity is not Severity.INFO and not a.is_acknowledged
        ),
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
            stop = "" if has_stop(turn, instrument_id) else " no stop"
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


# --- Strategies and alerts --------------------------------------------------------------------------------


def strategy_view(turn: Turn, strategy_id: StrategyId) -> StrategyView:
    """Return one row of the strategies pane."""
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
        open_orders=len(turn.live.working.of_strategy(strategy_id)),
        callback_p99_us=live.callback_p99_us,
        restarts=record.restarts if record else 0,
        is_inline=settings.is_inline,
        instrument_id=first,
        orders_sent=record.orders_sent if record else 0,
        parameters=parameters.shown(turn, settings),
    )


def _alerts(turn: Turn) -> tuple[AlertView, ...]:
    """Newest first."""
    newest = list(turn.state.alerts.items())[: -MAX_ALERTS - 1 : -1]
    return tuple(
        AlertView(key, a.severity, a.text, a.code, a.first_at, a.last_at, a.count, a.is_acknowledged)
        for key, a in newest
    )
