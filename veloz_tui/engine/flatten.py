"""Flatten: cancel what works and close what is held at the market.

Exits at work (a protective stop) may fill until their cancel is confirmed: what they are on is closed only
then, so that two exits never carry a position across zero. Until it is closed the wish stands, half a minute.
"""

from typing import Final

from veloz_tui.domain.types import SECOND, ClientOrderId, InstrumentId, Nanos, Severity
from veloz_tui.engine import words
from veloz_tui.engine.exit_orders import closable, is_dust, market_exits
from veloz_tui.engine.orders import cancel, open_orders, place
from veloz_tui.engine.risk_inputs import leaves
from veloz_tui.engine.turn import Turn

STANDS_FOR: Final = 30 * SECOND


def flatten(turn: Turn, only: InstrumentId | None, *, by: str) -> tuple[str, tuple[ClientOrderId, ...]]:
    """Do it for one instrument or all; returns what to tell, and the orders."""
    state = turn.state
    wanted = [
        i for i in state.positions if only in (None, i) and i in state.instruments and not is_dust(turn, i)
    ]
    for order in open_orders(turn):
        if only in (None, order.instrument_id) and not order.is_external:
            cancel(turn, order, by=by)
    texts: list[str] = []
    ids: list[ClientOrderId] = []
    for instrument_id in wanted:
        text, placed = _close(turn, instrument_id)
        texts.append(text)
        ids.extend(placed)
        turn.live.flattening[instrument_id] = Nanos(turn.now + STANDS_FOR)
    return "; ".join(texts) or "no position to flatten; orders canceled", tuple(ids)


def go_on(turn: Turn) -> None:
    """Once a second: close what other exits were on, now that they are gone."""
    for instrument_id, until in list(turn.live.flattening.items()):
        is_open = closable(turn, instrument_id) or _has_exits(turn, instrument_id)
        is_done = turn.state.is_halted or not is_open or is_dust(turn, instrument_id)
        if is_done or turn.now >= until:
            del turn.live.flattening[instrument_id]
        else:
            _close(turn, instrument_id)
        if not is_done and turn.now >= until:
            display = turn.state.instruments[instrument_id].display
            left = words.number(turn.state.position(instrument_id).quantity)
            text = f"FLATTEN {display}: {left} is still held. Flatten again, or at the venue"
            turn.alert(f"flatten:{instrument_id}", Severity.CRIT, text, code="NOT_FLAT")


def _has_exits(turn: Turn, instrument_id: InstrumentId) -> bool:
    return leaves(turn, instrument_id)[2] > 0


def _close(turn: Turn, instrument_id: InstrumentId) -> tuple[str, tuple[ClientOrderId, ...]]:
    instrument = turn.state.instruments[instrument_id]
    requests = market_exits(turn, instrument, closable(turn, instrument_id))
    if not requests:
        is_busy = _has_exits(turn, instrument_id)
        what = "closed once its other exits are canceled" if is_busy else "nothing to close"
        return f"{instrument.display}: {what}", ()
    ids: list[ClientOrderId] = []
    for request in requests:
        client_order_id, denial = place(turn, request, is_exit=True)
        if denial is not None:
            return denial.text, tuple(ids)
        ids.append(client_order_id)
    return f"SENDING {words.order_text(turn.state, turn.state.orders[ids[0]])}", tuple(ids)
