"""Timers: the once-a-second round, and the named ones of doubts, cancels, quotes and the kill switch."""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.events import BreakerChanged, ControlTaken, DayOpened, MinuteNoted
from veloz_tui.domain.reports import (
    ConsolesChanged,
    DiskReported,
    GuardianReported,
    JournalReported,
    JournalState,
    TimerFired,
)
from veloz_tui.domain.results import MINUTE
from veloz_tui.domain.types import SECOND, ChannelState, Nanos, OrderStatus, Severity, StrategyState
from veloz_tui.engine import (
    amending,
    connections,
    denials,
    doubts,
    flatten,
    killswitch,
    pnl,
    protection,
    quotes,
    reconcile,
    strategies,
)
from veloz_tui.engine.actions import Unpark
from veloz_tui.engine.fills import fetch_fills
from veloz_tui.engine.orders import cancel, on_cancel_timer, open_orders
from veloz_tui.engine.turn import Turn

TICK: Final = "tick"
DETACHED: Final = "detached"
AUDIT_EVERY: Final = 30
"""Seconds between audits of one instrument's open orders and fills."""
FETCH_AGAIN_EVERY: Final = 5
"""Seconds between two tries for fills that the venue spoke of and did not give."""
NO_OUTCOME_AFTER: Final = 15 * SECOND
"""A transport owes an outcome sooner; without one the order is in doubt."""
RECONCILE_AGAIN_AFTER: Final = 180 * SECOND
"""The adapter tries by itself, and may have to wait for the next minutes' request weight. Begun anew too
soon, a long reconciliation would spend each minute's weight on its beginning and never end."""
DAY: Final = 86_400
_UNANSWERED: Final = (OrderStatus.CREATED, OrderStatus.SUBMITTED)
LOW_DISK_MB: Final = 500
FULL_DISK_MB: Final = 64


def on_timer(turn: Turn, fired: TimerFired) -> None:
    """Find whose timer it is: `tick`, `kill`, `kill-singles`, `doubt:ID`, `cancel:ID`, `requote:S:I`,
    `denied:S`, `restart:S`, `detached`."""
    kind, _, rest = fired.timer.partition(":")
    match kind:
        case "tick":
            _tick(turn)
        case "kill":
            killswitch.on_timer(turn)
        case "restart":
            strategies.on_restart_timer(turn, rest)
        case "kill-singles":
            killswitch.on_singles(turn)
        case "doubt":
            doubts.on_doubt_timer(turn, rest)
        case "cancel":
            on_cancel_timer(turn, rest)
        case "detached":
            _on_detached(turn)
        case "requote":
            quotes.on_requote_timer(turn, rest)
        case "denied":
            denials.on_timer(turn, rest)


def _on_detached(turn: Turn) -> None:
    """Nobody came back within the grace time."""
    if turn.live.controller:
        return
    if turn.settings.on_detach == "kill":
        killswitch.kill(turn, kill_id=f"detach-{turn.now}", reason="no console any more", by="on_detach")
        return
    for strategy_id in list(turn.state.strategies):
        strategies.stop(turn, strategy_id, by="on_detach")
    orders = [order for order in open_orders(turn) if not order.is_external]
    for order in orders:
        cancel(turn, order, by="on_detach")
    text = f"DETACHED {turn.settings.detach_grace_s:.0f} s: strategies stopped, canceling {len(orders)}"
    turn.alert("detached", Severity.WARN, text, code="DETACHED")


def _tick(turn: Turn) -> None:
    turn.timer(TICK, after_ns=SECOND)
    second = turn.now // SECOND
    for client_order_id in list(turn.state.open_orders):
        order = turn.state.orders[client_order_id]
        unanswered = order.status in _UNANSWERED and not order.is_in_doubt
        if unanswered and turn.now - order.updated_at > NO_OUTCOME_AFTER:
            doubts.doubt(turn, order, "the transport gave no outcome")
    _breakers(turn)
    for number, instrument_id in enumerate(turn.settings.instruments):
        # Spread over the half minute: an audit weighs 26 of the venue's 6,000 a minute.
        is_ready = turn.state.venues.get(turn.state.venue_of(instrument_id)) is ChannelState.READY
        if is_ready and (second + number) % AUDIT_EVERY == 0:
            reconcile.audit(turn, instrument_id)
    for venue, live in turn.live.venues.items():
        if live.reconciling and turn.now - live.reconcile_asked_at >= RECONCILE_AGAIN_AFTER:
            connections.start_reconciling(turn, venue)
    if second % FETCH_AGAIN_EVERY == 0:
        for client_order_id in turn.state.awaiting_fills:
            fetch_fills(turn, turn.state.orders[client_order_id])
    flatten.go_on(turn)
    amending.expire(turn)
    protection.check_positions(turn)
    protection.check_usage(turn)
    _day(turn)


def _breakers(turn: Turn) -> None:
    """An open breaker becomes half-open by itself once its time is over."""
    for venue, live in turn.live.venues.items():
        now_state = live.breaker.peek(turn.now)
        if now_state is not turn.state.breakers.get(venue, now_state):
            turn.emit(BreakerChanged(turn.now, venue, now_state))


def day_start(turn: Turn) -> Nanos:
    """The beginning of the PnL day that `now` is in."""
    offset = turn.settings.pnl_day_start_s
    seconds = (turn.now // SECOND - offset) // DAY * DAY + offset
    return Nanos(seconds * SECOND)


def _day(turn: Turn) -> None:
    equity = pnl.equity(turn.state, turn.live, turn.settings)
    is_new = day_start(turn) > turn.state.day_at
    if is_new or (turn.state.day_equity is None and equity is not None):
        state = turn.state
        realized = {i: p.realized for i, p in state.positions.items()} if is_new else state.day_realized
        fees = {i: p.fees for i, p in state.positions.items()} if is_new else state.day_fees
        turnover = {i: p.turnover for i, p in state.positions.items()} if is_new else state.day_turnover
        turn.emit(DayOpened(turn.now, equity, realized, fees, turnover, day_start(turn)))
        for market in turn.live.books.values() if is_new else ():
            market.open_day()
    if equity is not None:
        turn.live.equity_peak = max(turn.live.equity_peak or Decimal(0), equity)
        _minute(turn, equity)


def _minute(turn: Turn, equity: Decimal) -> None:
    """Note once a minute what the account is worth and how strategies do, for reports and curves."""
    last = turn.state.noted
    if last is not None and turn.now // MINUTE == last.at // MINUTE:
        return
    held = (i for i, position in turn.state.positions.items() if position.quantity)
    marks = {i: mark for i in held if (mark := pnl.mark(turn.state, turn.live, i)) is not None}
    running = (i for i, s in turn.state.strategies.items() if s.state is StrategyState.RUNNING)
    callbacks = {i: times for i in running if (times := turn.live.strategy(i).callback_times) is not None}
    noted = MinuteNoted(turn.now, equity, marks, callbacks)
    if last is None or msgspec.structs.replace(last, at=noted.at) != noted:
        turn.emit(noted)


def on_journal(turn: Turn, report: JournalReported) -> None:
    """Without a durable journal nothing new leaves; what is parked is removed; cancels go on."""
    before = turn.live.journal.state
    turn.live.journal = report
    if report.state is before:
        return
    if report.state is JournalState.OK:
        turn.alert("journal", Severity.INFO, "JOURNAL durable again: trading goes on", code="JOURNAL_OK")
        return
    turn.act(Unpark((), f"journal {report.state}: {report.reason}"))
    severity = Severity.CRIT if report.state is JournalState.FAILED else Severity.WARN
    remedy = (
        "Free disk space, or flatten at the venue" if report.state is JournalState.FAILED else "The disk lags"
    )
    text = f"JOURNAL {report.state}: {report.reason}. CANCEL-ONLY, {len(open_orders(turn))} open. {remedy}"
    turn.alert("journal", severity, text, code=f"JOURNAL_{report.state}")


def on_disk(turn: Turn, report: DiskReported) -> None:
    """Say that room gets short while there is time: with none left the journal stops new orders."""
    if report.free_mb >= LOW_DISK_MB:
        return
    severity = Severity.CRIT if report.free_mb < FULL_DISK_MB else Severity.WARN
    text = (
        f"DISK {report.free_mb:,} MB left at {report.path}. At 0 no new orders leave, cancels do. Free some"
    )
    turn.alert("disk", severity, text, code="DISK_LOW")


def on_guardian(turn: Turn, report: GuardianReported) -> None:
    was_alive = turn.live.guardian_alive
    turn.live.guardian_alive, turn.live.guardian_reason = report.is_alive, report.reason
    if was_alive and not report.is_alive:
        text = f"GUARDIAN gone: {report.reason}. CANCEL-ONLY until it is back; restarting it"
        turn.alert("guardian", Severity.CRIT, text, code="GUARDIAN_GONE")
        turn.act(Unpark((), "the guardian is gone"))
    elif report.is_alive and not was_alive:
        turn.alert("guardian", Severity.INFO, "GUARDIAN back: trading goes on", code="GUARDIAN_BACK")


def on_consoles(turn: Turn, report: ConsolesChanged) -> None:
    had_control = bool(turn.live.controller)
    turn.live.consoles = report.count
    if had_control and not report.controller and turn.settings.on_detach != "continue":
        turn.timer(DETACHED, after_ns=int(turn.settings.detach_grace_s * SECOND))
    if report.controller and report.controller != turn.live.controller:
        turn.emit(ControlTaken(turn.now, report.controller))
    turn.live.controller = report.controller
