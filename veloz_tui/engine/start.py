"""Start = recovery: what a run does first, on whatever state the journal gave. It never trades or cancels."""

from collections.abc import Mapping

from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import (
    AlertRaised,
    DayOpened,
    Halted,
    KillStamped,
    LimitsSet,
    OrderInDoubt,
    RunStarted,
    VenueStateChanged,
)
from veloz_tui.domain.strategy_events import StrategyChanged
from veloz_tui.domain.types import SECOND, ChannelState, OrderStatus, Severity, StrategyState
from veloz_tui.engine import amending, killswitch, parameters
from veloz_tui.engine.actions import SetGate
from veloz_tui.engine.ticks import TICK, day_start
from veloz_tui.engine.turn import Turn

_ENDED = (StrategyState.STOPPED, StrategyState.FAULTED)


def start(
    turn: Turn,
    *,
    account_tag: str,
    epoch: int,
    sim_id: str,
    kill_flag: str,
    kill_stamps: Mapping[str, float],
) -> None:
    """Begin a run: ids of a new epoch, everything unconfirmed in doubt, strategies stopped, halt latched."""
    state, settings = turn.state, turn.settings
    was_running = state.is_running
    if epoch <= state.epoch:
        raise InvariantBroken(f"a run with the order ids of epoch {epoch}, after one of {state.epoch}")
    turn.emit(
        RunStarted(
            turn.now,
            epoch,
            account_tag,
            settings.mode,
            settings.version,
            sim_id,
        )
    )
    turn.emit(LimitsSet(turn.now, settings.limits.as_text()))
    for venue in settings.venues:
        turn.emit(VenueStateChanged(turn.now, venue, ChannelState.DOWN, "starting"))
    _doubt_unconfirmed(turn)
    amending.forget_at_start(turn)
    if was_running:
        _name_inline_strategies(turn)
    _stop_strategies(turn)
    parameters.let_go_of_changed(turn)
    if was_running:
        text = "the engine did not stop cleanly last time: orders and fills are being reconciled"
        turn.emit(AlertRaised(turn.now, "restart", Severity.WARN, text, "UNCLEAN_STOP"))
    if kill_flag and not state.is_halted:
        turn.emit(Halted(turn.now, kill_flag, "kill flag found at start", "guardian"))
        for stage in ("gate_closed", "cancels_sent", "first_zero"):
            # Zero is certified by this run's own lists: it must not rest on another process's word.
            if stage in kill_stamps:
                turn.emit(KillStamped(turn.now, kill_flag, stage, kill_stamps[stage], "hard kill"))
    if state.is_halted:
        killswitch.resume(turn)
    else:
        turn.act(SetGate(is_open=True, reason="start", after_seq=state.seq))
    if day_start(turn) > state.day_at:
        realized = {i: p.realized for i, p in state.positions.items()}
        fees = {i: p.fees for i, p in state.positions.items()}
        turnover = {i: p.turnover for i, p in state.positions.items()}
        turn.emit(DayOpened(turn.now, None, realized, fees, turnover, day_start(turn)))
    turn.timer(TICK, after_ns=SECOND)


def _doubt_unconfirmed(turn: Turn) -> None:
    """Sent or perhaps sent by a run that is gone: in doubt until the venue gives evidence."""
    for client_order_id in list(turn.state.open_orders):
        order = turn.state.orders[client_order_id]
        unconfirmed = order.status in (OrderStatus.CREATED, OrderStatus.SUBMITTED)
        if unconfirmed and order.in_doubt_since is None:
            turn.emit(OrderInDoubt(turn.now, client_order_id, "the engine restarted before the answer"))


def _name_inline_strategies(turn: Turn) -> None:
    """Nobody else can name one that never came back from a callback: it took the engine with it."""
    for settings in turn.settings.strategies:
        record = turn.state.strategies.get(settings.strategy_id)
        if not settings.is_inline or record is None or record.state in _ENDED:
            continue
        text = (
            f"INLINE {settings.strategy_id} ran inside the engine when that died or hung, and may be why. "
            "Stopped. Without inline = true it can't stop the engine"
        )
        turn.emit(
            AlertRaised(turn.now, f"inline:{settings.strategy_id}", Severity.WARN, text, "INLINE_SUSPECT")
        )


def _stop_strategies(turn: Turn) -> None:
    for strategy_id, record in turn.state.strategies.items():
        if record.state not in _ENDED:
            turn.emit(
                StrategyChanged(turn.now, strategy_id, StrategyState.STOPPED, record.run, "engine restarted")
            )
