"""The kill switch: freeze, cancel, verify, certify. It never trades.

One kill has four stamps, each measured from its beginning: gate_closed (the transports' last gate), then
cancels_sent, first_zero (every venue listed no open order, account-wide) and certified_zero (still none in a
list asked for after the settle time, when nothing under way can arrive any more). It sweeps on until then:
polls at 1, 2 and 3 round trips, every second by symbol, every 10 s account-wide (oftener only when zero is
near: such a list weighs 80 of the 6,000 a minute, and a banned kill switch cancels nothing).
"""

import math
from typing import Final

from veloz_tui.domain.events import (
    CancelRequested,
    Halted,
    KillStamped,
    Rearmed,
)
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import GateReported, OpenOrdersListed
from veloz_tui.domain.strategy_events import StrategyChanged
from veloz_tui.domain.types import (
    MILLISECOND,
    SECOND,
    InstrumentId,
    Nanos,
    OrderStatus,
    RearmLevel,
    Severity,
    StrategyState,
    VenueId,
)
from veloz_tui.engine import amending, restarts, words
from veloz_tui.engine.actions import CancelAll, ListOpenOrders, SetGate, StopHost, Unpark
from veloz_tui.engine.live import KillLive
from veloz_tui.engine.order_reports import on_order_report
from veloz_tui.engine.orders import cancel, open_orders
from veloz_tui.engine.turn import Turn

TIMER: Final = "kill"
SINGLES: Final = "kill-singles"
DEFAULT_ROUND_TRIP_MS: Final = 100.0
ACCOUNT_WIDE_EVERY: Final = 10 * SECOND
QUIET_FOR: Final = 2 * SECOND
"""No list has found anything for so long: the next one may be the last."""
FIRST_POLLS: Final = 3
_UNANSWERED: Final = (OrderStatus.CREATED, OrderStatus.SUBMITTED)


def kill(turn: Turn, *, kill_id: str, reason: str, by: str) -> str:
    """Begin a kill, or join the one under way; returns what to tell."""
    state = turn.state
    if state.is_halted and state.kill is not None and turn.live.kill is not None:
        since = f"HALTED since {words.utc(state.kill.at)} by {state.kill.by}"
        if not is_certified(turn):
            return f"{since}; the sweep goes on"
        if state.kill.kill_id == kill_id:
            return f"{since}; zero is certified"
    turn.act(SetGate(is_open=False, reason=f"kill by {by}"))
    turn.act(Unpark((), "kill switch"))
    turn.emit(Halted(turn.now, kill_id, reason, by))
    turn.live.kill = _sweep_from(turn)
    turn.live.closing.clear()  # it never trades, nor does what was begun before it
    amending.drop_all(turn, "the kill switch")
    _stop_strategies(turn, f"kill by {by}")
    orders = open_orders(turn)
    _sweep(turn, _symbols(turn, orders))
    # One by one in the next turn: 200 of them would keep the gate open for tens of milliseconds.
    turn.timer(SINGLES, after_ns=0)
    turn.alert(
        f"kill:{kill_id}", Severity.CRIT, f"HALTED by {by}: {reason}. Canceling {len(orders)}", code="KILL"
    )
    _next_poll(turn)
    return f"HALTED {words.utc(turn.now)}: gate closed, canceling {len(orders)}"


def on_singles(turn: Turn) -> None:
    """Every order is to go; those that a bulk cancel may miss, still on their way, get one of their own."""
    for order in open_orders(turn):
        if order.status in _UNANSWERED or order.is_in_doubt:
            cancel(turn, order, by="kill switch")
        elif order.cancel_requested_at is None:
            turn.emit(CancelRequested(turn.now, order.client_order_id, "kill switch"))


def resume(turn: Turn) -> None:
    """After a restart while halted: keep sweeping until zero is certified again."""
    turn.live.kill = _sweep_from(turn)
    stamp(turn, "gate_closed", "this run never opened it")
    _next_poll(turn)


def _sweep_from(turn: Turn) -> KillLive:
    in_doubt = any(order.is_in_doubt for order in open_orders(turn))
    settled_at = (
        turn.now + turn.settings.recv_window_ms * MILLISECOND + int(turn.settings.kill_settle_s * SECOND)
    )
    return KillLive(turn.now, Nanos(settled_at), had_doubts=in_doubt)


def _certify_after(turn: Turn, sweep: KillLive) -> Nanos:
    """When nothing that was under way at the fence can reach the venue's book any more."""
    unanswered = any(o.status in _UNANSWERED and not o.is_external for o in open_orders(turn))
    extra = int(turn.settings.kill_settle_in_doubt_s * SECOND)
    return Nanos(sweep.settled_at + (extra if sweep.had_doubts or unanswered else 0))


def _stop_strategies(turn: Turn, reason: str) -> None:
    restarts.forget_all(turn)
    for strategy_id, record in turn.state.strategies.items():
        if record.state in (StrategyState.STOPPED, StrategyState.FAULTED):
            continue
        turn.act(StopHost(strategy_id, record.run, reason))
        live = turn.live.strategy(strategy_id)
        live.quotes.clear()
        live.doing = ""
        turn.emit(StrategyChanged(turn.now, strategy_id, StrategyState.STOPPED, record.run, reason))


def _symbols(turn: Turn, orders: list[Order]) -> dict[VenueId, list[InstrumentId]]:
    """Which instruments to sweep, a venue: those with orders, and all that we may have used."""
    found: dict[VenueId, list[InstrumentId]] = {venue: [] for venue in turn.settings.venues}
    for instrument_id in dict.fromkeys((*(o.instrument_id for o in orders), *turn.settings.instruments)):
        found.setdefault(turn.state.venue_of(instrument_id), []).append(instrument_id)
    return found


def _sweep(turn: Turn, symbols: dict[VenueId, list[InstrumentId]]) -> None:
    for venue, instrument_ids in symbols.items():
        if instrument_ids:
            turn.act(CancelAll(venue, tuple(instrument_ids)))


def on_gate(turn: Turn, report: GateReported) -> None:
    """The loop did it: stamp how long it took."""
    if turn.live.kill is None or report.is_open:
        return
    stamp(turn, "gate_closed")
    if report.cancels_sent:
        stamp(turn, "cancels_sent")


def stamp(turn: Turn, stage: str, detail: str = "") -> None:
    record, live = turn.state.kill, turn.live.kill
    if record is None or live is None or stage in record.stamps:
        return
    elapsed = (turn.now - live.started_at) / MILLISECOND
    turn.emit(KillStamped(turn.now, record.kill_id, stage, elapsed, detail))


def _round_trip_ms(turn: Turn) -> float:
    known = [venue.health.round_trip_ms for venue in turn.live.venues.values()]
    return max((ms for ms in known if ms is not None), default=DEFAULT_ROUND_TRIP_MS)


def _next_poll(turn: Turn) -> None:
    assert turn.live.kill is not None
    pause_ms = max(_round_trip_ms(turn), 5.0) if turn.live.kill.polls < FIRST_POLLS else 1_000.0
    turn.timer(TIMER, after_ns=int(pause_ms * MILLISECOND))


def on_timer(turn: Turn) -> None:
    """Ask again what is open; sweep again where something is."""
    sweep = turn.live.kill
    if sweep is None or not turn.state.is_halted:
        return
    sweep.polls += 1
    is_wide = _is_wide(turn, sweep)
    if is_wide:
        sweep.asked_wide_at = turn.now
    orders = open_orders(turn)
    symbols = _symbols(turn, orders)
    for venue in turn.settings.venues:
        if is_wide:
            turn.act(ListOpenOrders(venue, None, purpose="kill"))
        else:
            for instrument_id in symbols[venue]:
                turn.act(ListOpenOrders(venue, instrument_id, purpose="kill"))
    if sweep.polls > 1:  # the bulk cancels had their round trip: what is left goes one by one
        for order in orders:
            cancel(turn, order, by="kill switch")
    if not is_certified(turn):
        _next_poll(turn)


def _is_wide(turn: Turn, sweep: KillLive) -> bool:
    is_near = turn.now > _certify_after(turn, sweep) and turn.now - sweep.found_at >= QUIET_FOR
    return sweep.polls <= FIRST_POLLS or is_near or turn.now - sweep.asked_wide_at >= ACCOUNT_WIDE_EVERY


def on_open_orders(turn: Turn, listed: OpenOrdersListed) -> None:
    """One list of the sweep: cancel what is on it; an empty account-wide one is a zero."""
    sweep = turn.live.kill
    if sweep is None:
        return
    for report in listed.orders:
        on_order_report(turn, report)
    if listed.orders:
        sweep.zero_at.pop(listed.venue, None)
        sweep.found_at = turn.now
        _sweep(turn, {listed.venue: list(dict.fromkeys(r.instrument_id for r in listed.orders))})
        for order in open_orders(turn):
            cancel(turn, order, by="kill switch")
        return
    if listed.instrument_id is not None:
        return
    sweep.zero_at[listed.venue] = listed.requested_at
    if all(sweep.zero_at.get(venue, 0) > sweep.started_at for venue in turn.settings.venues):
        stamp(turn, "cancels_sent", "nothing was left to cancel")  # where nothing was, long before this
        stamp(turn, "first_zero")
    settled_at = _certify_after(turn, sweep)
    if all(sweep.zero_at.get(venue, 0) > settled_at for venue in turn.settings.venues):
        _certify(turn)


def _certify(turn: Turn) -> None:
    record = turn.state.kill
    if record is None or is_certified(turn):
        return
    stamp(turn, "certified_zero")
    still_open = len(turn.state.open_orders)
    turn.alert(
        f"kill:{record.kill_id}",
        Severity.CRIT,
        f"HALTED {words.utc(record.at)} by {record.by}: zero open orders, certified after "
        f"{record.stamps['certified_zero'] / 1000:.1f} s"
        + (f"; {still_open} of ours still asked for" if still_open else "")
        + ". :rearm exits",
        code="KILL_CERTIFIED",
    )


def is_certified(turn: Turn) -> bool:
    return turn.state.kill is not None and "certified_zero" in turn.state.kill.stamps


def _uncertified(turn: Turn) -> str:
    sweep = turn.live.kill
    left_s = 0.0 if sweep is None else (_certify_after(turn, sweep) - turn.now) / SECOND
    if left_s > 0:
        return f"zero open orders can be certified in {math.ceil(left_s)} s at the earliest. Then again"
    return "zero open orders isn't certified yet, the sweep goes on: see the status line. Then again"


def rearm(turn: Turn, *, level: RearmLevel, by: str) -> str | None:
    """Leave HALTED; returns why not, or None."""
    state = turn.state
    if not state.is_halted and state.rearm_level is level:
        return "not halted: nothing to re-arm"
    if state.is_halted and not is_certified(turn):
        return _uncertified(turn)
    seq = turn.emit(Rearmed(turn.now, level, by))
    turn.live.kill = None
    turn.act(SetGate(is_open=True, reason=f"re-armed ({level}) by {by}", after_seq=seq))
    return None
