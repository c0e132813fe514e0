"""One strategy in full, and why it places nothing. Read-only over State and Live."""

import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.strategy_views import CallbackFigures, LogLine, SetBy, StrategyDetail, StrategyResults
from veloz_tui.domain.types import SECOND, ZERO, StrategyId, StrategyState
from veloz_tui.domain.views import OrderView
from veloz_tui.engine import parameters, pnl, words
from veloz_tui.engine.account_views import order_views
from veloz_tui.engine.settings import StrategySettings
from veloz_tui.engine.state import StrategyRecord
from veloz_tui.engine.turn import Turn
from veloz_tui.engine.views import strategy_view

RECENT_DENIAL = 60 * SECOND


class FromOutside(msgspec.Struct, frozen=True, kw_only=True):
    """What the core doesn't know of a strategy."""

    source: str
    parameters: tuple[Parameter, ...]
    parameters_error: str = ""
    log: Sequence[LogLine] = ()


def strategy_detail(turn: Turn, strategy_id: StrategyId, outside: FromOutside) -> StrategyDetail:
    """Return everything about a configured strategy."""
    settings = parameters.settings_of(turn.settings, strategy_id)
    record = turn.state.strategies.get(strategy_id) or StrategyRecord()
    return StrategyDetail(
        at=turn.now,
        strategy=strategy_view(turn, strategy_id),
        source=outside.source,
        code=record.code,
        reason=record.reason,
        changed_at=record.changed_at,
        run=record.run,
        waits_for=waits_for(turn, settings),
        parameters=outside.parameters,
        parameters_error=outside.parameters_error,
        set_by=_set_by(turn, settings),
        orders=_orders(turn, strategy_id),
        fills=tuple(reversed(record.fills)),
        results=_results(turn, strategy_id, record),
        callbacks=_callbacks(turn, settings),
        faults=tuple(reversed(record.faults)),
        restart_policy=_policy(settings),
        log=tuple(outside.log),
    )


def waits_for(turn: Turn, settings: StrategySettings) -> tuple[str, ...]:
    """Say what keeps a strategy from placing orders, the strongest reason first."""
    state, live = turn.state, turn.live.strategy(settings.strategy_id)
    record = state.strategies.get(settings.strategy_id) or StrategyRecord()
    texts = []
    if state.is_halted:
        texts.append("HALTED: nothing is sent until :rearm")
    if record.state is not StrategyState.RUNNING:
        why = f": {record.reason}" if record.reason else ""
        texts.append(f"{record.state}{why}" if record.run else "not started yet: Space starts it")
    if live.restart_at is not None:
        texts.append(f"restarts in {words.seconds(max(live.restart_at - turn.now, 0))}")
    if state.is_paused:
        texts.append("all strategies are paused: :resume")
    for instrument_id in settings.instruments:
        market = turn.live.books.get(instrument_id)
        if instrument_id not in state.instruments:
            texts.append(f"{instrument_id}: not known to the venue yet")
        elif market is None or not market.is_fresh:
            why = "waiting for the first snapshot" if market is None else market.why_stale
            texts.append(f"{state.instruments[instrument_id].display}: no fresh book: {why}")
    texts += _denials(turn, settings.strategy_id)
    return tuple(texts)


def _denials(turn: Turn, strategy_id: StrategyId) -> list[str]:
    return [
        f"denied {code} {words.seconds(turn.now - denied.at)} ago"
        + (f" and {denied.suppressed} times more" if denied.suppressed else "")
        + (f": {denied.text}" if denied.text else "")
        for (denied_id, _, code), denied in turn.live.denied.items()
        if denied_id == strategy_id and turn.now - denied.at < RECENT_DENIAL
    ]


def _set_by(turn: Turn, settings: StrategySettings) -> dict[str, SetBy]:
    return {
        name: SetBy(one.by, one.at, words.value_text(one.configured) if one.configured else None)
        for name, one in parameters.operators(turn.state, settings).items()
    }


def _orders(turn: Turn, strategy_id: StrategyId) -> tuple[OrderView, ...]:
    return tuple(
        order
        for order in order_views(turn)
        if order.strategy_id == strategy_id and order.client_order_id in turn.state.open_orders
    )


def _results(turn: Turn, strategy_id: StrategyId, record: StrategyRecord) -> StrategyResults:
    realized = fees = ZERO
    unrealized: Decimal | None = ZERO
    for instrument_id, position in turn.state.strategy_positions.get(strategy_id, {}).items():
        realized += position.realized
        fees += position.fees
        if position.quantity and unrealized is not None:
            price = pnl.mark(turn.state, turn.live, instrument_id)
            unrealized = None if price is None else unrealized + position.unrealized(price)
    net = realized - fees
    return StrategyResults(
        realized,
        fees,
        unrealized,
        None if unrealized is None else net + unrealized,
        net - record.net_at_day,
        net - record.net_at_start,
    )


def _callbacks(turn: Turn, settings: StrategySettings) -> CallbackFigures:
    live = turn.live.strategy(settings.strategy_id)
    ordered = sorted(live.callbacks_us)
    return CallbackFigures(
        count=live.callbacks,
        p50_us=ordered[math.ceil(len(ordered) / 2) - 1] if ordered else None,
        p99_us=live.callback_p99_us,
        max_us=live.slowest_us or None,
        slow=live.slow_callbacks,
        limit_s=settings.callback_limit_s,
    )


def _policy(settings: StrategySettings) -> str:
    if not settings.restarts_on_failure:
        return "never"
    return (
        f"on failure, {settings.restart_attempts} times in {settings.restart_window_s:g} s, "
        f"first after {settings.restart_backoff_s:g} s"
    )
