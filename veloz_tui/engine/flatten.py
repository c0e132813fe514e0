"""Flatten: cancel what works and close what is held at the market.

Orders at work on the exit's side may fill until their cancel is confirmed: what they are on is closed only
then, so that two orders never carry a position across zero (engine.closing). Until it is closed the wish
stands, half a minute.
"""

from veloz_tui.domain.types import ClientOrderId, InstrumentId, Nanos, Severity
from veloz_tui.engine import words
from veloz_tui.engine.closing import STANDS_FOR, begin
from veloz_tui.engine.exit_orders import closable, closing_side, is_dust, left_to_close
from veloz_tui.engine.live import Closing
from veloz_tui.engine.orders import cancel, open_orders
from veloz_tui.engine.risk_inputs import leaves
from veloz_tui.engine.turn import Turn


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
        text, placed = _close(turn, instrument_id, until=Nanos(turn.now + STANDS_FOR))
        texts.append(text)
        ids.extend(placed)
    return "; ".join(texts) or "no position to flatten; orders canceled", tuple(ids)


def go_on(turn: Turn) -> None:
    """Once a second: close what other exits were on, now that they are gone."""
    for instrument_id, wish in list(turn.live.closing.items()):
        if not wish.is_standing:
            continue
        is_open = closable(turn, instrument_id) or _has_exits(turn, instrument_id)
        is_done = turn.state.is_halted or not is_open or is_dust(turn, instrument_id)
        if is_done or turn.now >= wish.until:
            del turn.live.closing[instrument_id]
        else:
            _close(turn, instrument_id, until=wish.until)
        if not is_done and turn.now >= wish.until:
            display = turn.state.instruments[instrument_id].display
            left = words.number(turn.state.position(instrument_id).quantity)
            text = f"FLATTEN {display}: {left} is still held. Flatten again, or at the venue"
            turn.alert(f"flatten:{instrument_id}", Severity.CRIT, text, code="NOT_FLAT")


def _has_exits(turn: Turn, instrument_id: InstrumentId) -> bool:
    return leaves(turn, instrument_id)[2] > 0


def _close(turn: Turn, instrument_id: InstrumentId, *, until: Nanos) -> tuple[str, tuple[ClientOrderId, ...]]:
    instrument = turn.state.instruments[instrument_id]
    wish = Closing(
        side=closing_side(turn.state.position(instrument_id).quantity),
        rest=left_to_close(turn, instrument_id),
        until=until,
        is_standing=True,
    )
    ids, text = begin(turn, instrument, wish)
    return (text if ids else f"{instrument.display}: {text or 'nothing to close'}"), ids
