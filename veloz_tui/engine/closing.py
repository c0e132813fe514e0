"""Getting out of what is held, past orders of ours that could fill beside the exit.

An order that rests on the exit's side may fill until the venue confirms its cancel; an exit for everything
beside it could carry the position across zero. Waiting for the cancels with all of it would leave everything
exposed for a round trip. So what nothing of ours can fill is sent at once, and the rest the moment that what
is in its way has ended: one round trip later, not at the next tick. An order in doubt holds back its own part
until the venue says what became of it. Others' orders (EXTERNAL) hold nothing back: nobody here cancels them.
"""

from typing import Final

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import SECOND, ZERO, ClientOrderId, Severity
from veloz_tui.engine import words
from veloz_tui.engine.exit_orders import closable_now, closing_side, is_small, limit_exit, market_exits
from veloz_tui.engine.live import Closing
from veloz_tui.engine.orders import place
from veloz_tui.engine.turn import Turn

STANDS_FOR: Final = 30 * SECOND


def begin(turn: Turn, instrument: Instrument, wish: Closing) -> tuple[tuple[ClientOrderId, ...], str]:
    """Send what may be sent now and keep the rest of the wish; returns the orders, and what to tell."""
    turn.live.closing[instrument.id] = wish
    ids, refusal = _send(turn, instrument, wish)
    if refusal or not wish.rest:
        _let_go(turn, instrument, wish)
    if refusal:
        return ids, refusal
    told = [f"SENDING {words.order_text(turn.state, turn.state.orders[ids[0]])}"] if ids else []
    if wish.rest:
        more = "more " if ids else ""
        told.append(f"{words.number(wish.rest)} {more}once the orders in its way are canceled")
    return ids, "; ".join(told)


def on_end(turn: Turn, order: Order) -> None:
    """An order ended, and may have been in the way of one that waits."""
    wish = turn.live.closing.get(order.instrument_id)
    instrument = turn.state.instruments.get(order.instrument_id)
    if wish is None or instrument is None or order.side is not wish.side or not wish.rest:
        return
    if turn.now < wish.until:
        _, refusal = _send(turn, instrument, wish)
    else:
        refusal = f"{words.number(wish.rest)} was not sent: its cancels took too long. Close it again"
    if refusal and not wish.is_standing:  # a standing one is tried again, and says so itself at its end
        _alert(turn, instrument, refusal)
    if refusal or not wish.rest:
        _let_go(turn, instrument, wish)


def _let_go(turn: Turn, instrument: Instrument, wish: Closing) -> None:
    if not wish.is_standing:
        del turn.live.closing[instrument.id]


def _send(turn: Turn, instrument: Instrument, wish: Closing) -> tuple[tuple[ClientOrderId, ...], str]:
    """Send what of the rest nothing is in the way of; returns the orders, and why one was refused."""
    position = turn.state.position(instrument.id).quantity
    if not position or closing_side(position) is not wish.side:
        wish.rest = ZERO  # what was in the way has filled, or others have carried it across
        return (), ""
    requests = _requests(turn, instrument, wish)
    if isinstance(requests, str):
        return (), requests
    ids: list[ClientOrderId] = []
    for request in requests:
        client_order_id, denial = place(turn, request, is_exit=True)
        if denial is not None:
            return tuple(ids), denial.text
        ids.append(client_order_id)
        wish.rest -= request.quantity
    return tuple(ids), ""


def _requests(turn: Turn, instrument: Instrument, wish: Closing) -> list[OrderRequest] | str:
    quantity = min(wish.rest, closable_now(turn, instrument.id))
    if not quantity or (quantity < wish.rest and is_small(turn, instrument.id, quantity)):
        return []  # the venue may refuse so small a part, which would end the exit: it goes with the rest
    if not wish.is_limit:
        return market_exits(turn, instrument, quantity, strategy_id=wish.strategy_id)
    request = limit_exit(turn, instrument, quantity, wish.price)
    return request if isinstance(request, str) else [request]


def _alert(turn: Turn, instrument: Instrument, text: str) -> None:
    turn.alert(f"exit:{instrument.id}", Severity.CRIT, f"EXIT {instrument.display}: {text}", code="EXIT")
