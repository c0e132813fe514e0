"""Commands: each is taken once, journaled in words, and answered by exactly one Ack."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from veloz_tui.domain import commands as c
from veloz_tui.domain.events import AlertAcknowledged, CommandTaken, PausedSet, ReduceOnlySet
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import (
    SECOND,
    ClientOrderId,
    InstrumentId,
    Nanos,
    RearmLevel,
    Side,
    StrategyState,
)
from veloz_tui.domain.views import Ack, Verdict
from veloz_tui.engine import amending, killswitch, parameters, strategies, words
from veloz_tui.engine.actions import Reply, StopEngine, WarmUp
from veloz_tui.engine.closing import STANDS_FOR, begin
from veloz_tui.engine.exit_orders import closable, closable_now, in_the_way, is_dust, limit_exit
from veloz_tui.engine.flatten import flatten
from veloz_tui.engine.live import Closing
from veloz_tui.engine.orders import cancel, is_protective_stop, open_orders, place
from veloz_tui.engine.queues import would_be_ahead
from veloz_tui.engine.risk.check import verdict
from veloz_tui.engine.risk_inputs import risk_inputs, way_out
from veloz_tui.engine.turn import Turn

MUTE: Final = 600 * SECOND
_UNJOURNALED: Final = (c.KillPrepare, c.WatchInstruments)


def on_command(turn: Turn, command: c.AnyCommand) -> None:
    """Do it, and answer; a repeated id is only answered."""
    known = turn.live.commands.get(command.command_id)
    if known is not None:
        turn.act(Reply(known))
        return
    if parameters.is_asking(turn, command.command_id):
        return
    is_dry = isinstance(command, c.PlaceOrder | c.ClosePosition | c.AmendOrder) and command.is_dry
    if not is_dry and not isinstance(command, _UNJOURNALED):
        turn.emit(CommandTaken(turn.now, command.by, _words_of(command)))
    ack = _HANDLERS[type(command)](turn, command)
    if ack is None:
        return  # its strategy is asked first; what it says is answered
    if not is_dry:
        turn.live.remember(ack)
    turn.act(Reply(ack))


def _words_of(command: c.AnyCommand) -> str:
    fields = (f"{name}={getattr(command, name)}" for name in command.__struct_fields__[2:])
    return f"{type(command).__name__} {' '.join(fields)}".strip()


def _ok(command: c.AnyCommand, text: str, ids: tuple[ClientOrderId, ...] = ()) -> Ack:
    return Ack(command.command_id, is_ok=True, text=text, client_order_ids=ids)


def _no(command: c.AnyCommand, text: str, code: str = "") -> Ack:
    return Ack(command.command_id, is_ok=False, text=text, code=code)


# --- Orders ----------------------------------------------------------------------------------------------


def _unknown_instrument(turn: Turn, command: c.AnyCommand, instrument_id: InstrumentId) -> Ack:
    known = ", ".join(sorted(turn.state.instruments)) or "none yet"
    return _no(command, f"no instrument {instrument_id}: known are {known}", "UNKNOWN_INSTRUMENT")


def _place_order(turn: Turn, command: c.PlaceOrder) -> Ack:
    if command.request.instrument_id not in turn.state.instruments:
        return _unknown_instrument(turn, command, command.request.instrument_id)
    return _place(turn, command, command.request, is_exit=False)


def _place(
    turn: Turn, command: c.PlaceOrder | c.ClosePosition, request: OrderRequest, *, is_exit: bool
) -> Ack:
    said = _verdict(turn, request, is_exit=is_exit)
    if command.is_dry:
        return Ack(command.command_id, is_ok=said.is_ok, text=said.text, code=said.code, verdict=said)
    client_order_id, denial = place(turn, request, is_exit=is_exit)
    if denial is not None:
        return Ack(command.command_id, is_ok=False, text=denial.text, code=denial.code, verdict=said)
    order = turn.state.orders[client_order_id]
    text = f"SENDING {words.order_text(turn.state, order)}"
    return Ack(command.command_id, is_ok=True, text=text, client_order_ids=(client_order_id,), verdict=said)


def _verdict(turn: Turn, request: OrderRequest, *, is_exit: bool) -> Verdict:
    entry = turn.state.position(request.instrument_id).entry
    said = verdict(request, risk_inputs(turn, request, is_exit=is_exit), average_entry=entry)
    return msgspec.structs.replace(said, ahead=would_be_ahead(turn.state, turn.live, request))


def _cancel_orders(turn: Turn, command: c.CancelOrders) -> Ack:
    orders = _named(turn, command) if command.client_order_ids else _matching(turn, command)
    if isinstance(orders, Ack):
        return orders
    ids = tuple(o.client_order_id for o in orders if cancel(turn, o, by=command.by or "operator"))
    if not ids and command.client_order_ids:
        gone = turn.state.orders[command.client_order_ids[0]]
        filled = words.number(gone.filled)
        return _no(command, f"{words.short_id(gone.client_order_id)} is gone: {gone.status} {filled}", "GONE")
    again = sorted({o.strategy_id for o in orders if _quotes_again(turn, o)})
    note = f"; {', '.join(again)} will quote again; Space stops it" if again else ""
    return _ok(command, f"canceling {len(ids)}{note}", ids)


def _quotes_again(turn: Turn, order: Order) -> bool:
    record = turn.state.strategies.get(order.strategy_id)
    return record is not None and record.state is StrategyState.RUNNING


def _named(turn: Turn, command: c.CancelOrders) -> list[Order] | Ack:
    orders = []
    for client_order_id in command.client_order_ids:
        order = turn.state.orders.get(client_order_id)
        if order is None:
            return _no(command, f"no order {client_order_id}: nothing canceled", "UNKNOWN_ORDER")
        orders.append(order)
    return orders


def _matching(turn: Turn, command: c.CancelOrders) -> list[Order] | Ack:
    if not command.is_all:
        return _no(command, "cancel what? An id, or all", "NOTHING_NAMED")
    return [
        order
        for order in open_orders(turn)
        if (command.instrument_id is None or order.instrument_id == command.instrument_id)
        and (command.venue is None or turn.state.venue_of(order.instrument_id) == command.venue)
        and (command.strategy_id is None or order.strategy_id == command.strategy_id)
        and (command.includes_stops or not is_protective_stop(order))
        and (command.includes_external or not order.is_external)
    ]


def _close_position(turn: Turn, command: c.ClosePosition) -> Ack:
    if command.instrument_id not in turn.state.instruments:
        return _unknown_instrument(turn, command, command.instrument_id)
    if not (command.fraction.is_finite() and command.fraction > 0):
        return _no(command, f"close which part? {command.fraction} is none", "INVALID_FRACTION")
    instrument = turn.state.instruments[command.instrument_id]
    quantity = closable(turn, instrument.id, fraction=command.fraction)
    if not quantity:
        return _no(command, _why_nothing_to_close(turn, instrument), "NOTHING_TO_CLOSE")
    request = limit_exit(turn, instrument, quantity, command.price)
    if isinstance(request, str):
        return _no(command, request, "NOTHING_TO_CLOSE")
    if command.is_dry:
        return _previewed(turn, _place(turn, command, request, is_exit=True), request)
    if closable_now(turn, instrument.id) >= quantity:
        return _place(turn, command, request, is_exit=True)
    return _close_past_others(turn, command, request)


def _previewed(turn: Turn, ack: Ack, request: OrderRequest) -> Ack:
    """What is closed, the worst price, and which orders it costs: nobody has typed any of them."""
    if not ack.is_ok or request.price is None:
        return ack
    edge = "down to" if request.side is Side.SELL else "up to"
    text = f"{words.number(request.quantity)} {edge} {words.number(request.price)}"
    ordinary = _ordinary_in_the_way(turn, request.instrument_id)
    if ordinary and closable_now(turn, request.instrument_id) < request.quantity:
        plural = "s" if len(ordinary) > 1 else ""
        text += f"; first cancels {len(ordinary)} {request.side} order{plural} of yours there"
    return msgspec.structs.replace(ack, text=text)


def _ordinary_in_the_way(turn: Turn, instrument_id: InstrumentId) -> list[Order]:
    return [order for order in in_the_way(turn, instrument_id) if not order.request.reduce_only]


def _why_nothing_to_close(turn: Turn, instrument: Instrument) -> str:
    held = turn.state.position(instrument.id).quantity
    if is_dust(turn, instrument.id):
        rest = f": {words.number(abs(held))} is too small for an order" if held else ""
        return f"nothing to close in {instrument.display}{rest}"
    return (
        f"nothing to close in {instrument.display}: exits are at work on all of it. "
        "Cancel them (x x for a stop), or flatten: that cancels and closes"
    )


def _close_past_others(turn: Turn, command: c.ClosePosition, request: OrderRequest) -> Ack:
    """Ordinary orders on the exit's side are canceled; what they are on follows once they are gone."""
    instrument = turn.state.instruments[command.instrument_id]
    for order in _ordinary_in_the_way(turn, instrument.id):
        cancel(turn, order, by=command.by or "close")
    wish = Closing(
        side=request.side,
        rest=request.quantity,
        until=Nanos(turn.now + STANDS_FOR),
        is_limit=True,
        price=command.price,
    )
    ids, text = begin(turn, instrument, wish)
    return _ok(command, text, ids) if ids or wish.rest else _no(command, text)


def _flatten(turn: Turn, command: c.Flatten) -> Ack:
    text, ids = flatten(turn, command.instrument_id, by=command.by or "flatten")
    return _ok(command, text, ids)


# --- Strategies and trading state -------------------------------------------------------------------------


def _start_strategy(turn: Turn, command: c.StartStrategy) -> Ack:
    is_ok, text = strategies.start(turn, command.strategy_id)
    return _ok(command, text) if is_ok else _no(command, text)


def _stop_strategy(turn: Turn, command: c.StopStrategy) -> Ack:
    is_ok, text = strategies.stop(
        turn, command.strategy_id, by=command.by or "operator", keeps_orders=command.keeps_orders
    )
    return _ok(command, text) if is_ok else _no(command, text)


def _pause_strategy(turn: Turn, command: c.PauseStrategy) -> Ack:
    is_ok, text = strategies.pause(turn, command.strategy_id, by=command.by or "operator")
    return _ok(command, text) if is_ok else _no(command, text)


def _pause(turn: Turn, command: c.Pause) -> Ack:
    turn.emit(PausedSet(turn.now, is_on=True, by=command.by))
    amending.drop_all(turn, "trading was paused", keeps_exits=True)
    canceled = strategies.pause_all(turn, by=command.by or "pause")
    return _ok(command, f"PAUSED: strategies pull their quotes, {canceled} canceled; positions stay. :resume")


def _resume(turn: Turn, command: c.Resume) -> Ack:
    if turn.state.is_halted:
        return _no(command, "HALTED: :rearm exits or :rearm full, not :resume")
    if turn.state.is_paused:
        turn.emit(PausedSet(turn.now, is_on=False, by=command.by))
    if turn.state.is_reduce_only:
        turn.emit(ReduceOnlySet(turn.now, is_on=False, by=command.by))
    if turn.state.rearm_level is RearmLevel.EXITS:
        return _ok(command, "resumed, but re-armed for exits only: :rearm full lets orders grow positions")
    return _ok(command, "trading OK: strategies may quote, orders may grow positions")


def _reduce(turn: Turn, command: c.Reduce) -> Ack:
    turn.emit(ReduceOnlySet(turn.now, is_on=True, by=command.by))
    amending.drop_all(turn, "REDUCE is on", keeps_exits=True)
    return _ok(command, f"REDUCE: only orders that shrink a position leave from now on. {way_out(turn)}")


def _kill_prepare(turn: Turn, command: c.KillPrepare) -> Ack:
    turn.act(WarmUp())
    return _ok(command, "ready to kill")


def _kill(turn: Turn, command: c.Kill) -> Ack:
    return _ok(
        command,
        killswitch.kill(turn, kill_id=command.kill_id, reason=command.reason, by=command.by or "operator"),
    )


def _rearm(turn: Turn, command: c.Rearm) -> Ack:
    if command.confirmation != turn.settings.profile:
        return _no(
            command, f"to re-arm type the profile's name: :rearm {command.level} {turn.settings.profile}"
        )
    why_not = killswitch.rearm(turn, level=command.level, by=command.by or "operator")
    if why_not is not None:
        return _no(command, f"not re-armed: {why_not}")
    more = way_out(turn)
    what = f"only exits may leave until {more}" if more else "trading OK"
    return _ok(command, f"RE-ARMED {command.level}: {what}; strategies stay stopped")


# --- Alerts, control, the end -----------------------------------------------------------------------------


def _acknowledge(turn: Turn, command: c.AcknowledgeAlert) -> Ack:
    if command.key != "*" and command.key not in turn.state.alerts:
        return _no(command, "no such alert")
    turn.emit(AlertAcknowledged(turn.now, command.key, command.by))
    return _ok(command, "acknowledged")


def _mute(turn: Turn, command: c.MuteAlert) -> Ack:
    turn.live.mutes[command.key] = Nanos(turn.now + MUTE)
    return _ok(command, "muted for 10 min; CRIT is never muted")


def _nothing(turn: Turn, command: c.AnyCommand) -> Ack:
    return _ok(command, "")


def _shutdown(turn: Turn, command: c.Shutdown) -> Ack:
    for strategy_id, record in turn.state.strategies.items():
        if record.state in (StrategyState.RUNNING, StrategyState.STARTING, StrategyState.PAUSED):
            strategies.stop(turn, strategy_id, by=command.by or "shutdown")
    amending.drop_all(turn, "the engine stops")
    if command.cancels_orders:
        for order in open_orders(turn):
            if not order.is_external:
                cancel(turn, order, by=command.by or "shutdown")
    turn.live.stopping = True
    turn.act(StopEngine(f"shutdown by {command.by or 'operator'}"))
    resting = 0 if command.cancels_orders else len(turn.state.open_orders)
    return _ok(command, f"engine stops; {resting} orders stay at the venue")


_HANDLERS: Final[dict[type[c.Command], Callable[[Turn, Any], Ack | None]]] = {
    c.PlaceOrder: _place_order,
    c.AmendOrder: amending.amend,
    c.CancelOrders: _cancel_orders,
    c.ClosePosition: _close_position,
    c.Flatten: _flatten,
    c.StartStrategy: _start_strategy,
    c.StopStrategy: _stop_strategy,
    c.PauseStrategy: _pause_strategy,
    c.SetParameters: parameters.set_parameters,
    c.Pause: _pause,
    c.Resume: _resume,
    c.Reduce: _reduce,
    c.KillPrepare: _kill_prepare,
    c.Kill: _kill,
    c.Rearm: _rearm,
    c.AcknowledgeAlert: _acknowledge,
    c.MuteAlert: _mute,
    c.TakeControl: _nothing,
    c.WatchInstruments: _nothing,
    c.Shutdown: _shutdown,
}
