"""Watching what is held: stop loss and take profit exits, and alerts at 50, 80 and 100 % of each limit."""

from typing import Final

from veloz_tui.domain.types import SECOND, InstrumentId, Nanos, Severity, StrategyId
from veloz_tui.engine import pnl, words
from veloz_tui.engine.closing import STANDS_FOR, begin
from veloz_tui.engine.exit_orders import is_dust, left_to_close
from veloz_tui.engine.live import Closing
from veloz_tui.engine.orders import cancel, open_orders
from veloz_tui.engine.risk.exits import ExitWish, exit_wish
from veloz_tui.engine.risk.exposure import worst_case
from veloz_tui.engine.risk.usage import LimitUsage, PositionUse, usages
from veloz_tui.engine.risk_inputs import free, gross_exposure, leaves
from veloz_tui.engine.turn import Turn

EXIT: Final = StrategyId("risk")
EXIT_AGAIN_AFTER: Final = 5 * SECOND
"""An exit that did not close the position is tried again, not sooner."""


def check_positions(turn: Turn) -> None:
    """Leave positions that reached their threshold, once a few seconds at most."""
    for instrument_id, position in list(turn.state.positions.items()):
        if instrument_id not in turn.state.instruments or is_dust(turn, instrument_id):
            continue
        wish = exit_wish(
            quantity=position.quantity,
            entry=position.entry,
            mark=pnl.reference(turn.state, turn.live, instrument_id, now=turn.now),
            limits=turn.settings.limits.for_instrument(instrument_id),
        )
        if wish is not None:
            _leave(turn, instrument_id, wish)


def _leave(turn: Turn, instrument_id: InstrumentId, wish: ExitWish) -> None:
    if turn.now - turn.live.exits_placed_at.get(instrument_id, 0) < EXIT_AGAIN_AFTER:
        return
    known = turn.live.closing.get(instrument_id)
    if known is not None and known.is_standing:
        return  # somebody is flattening it
    turn.live.exits_placed_at[instrument_id] = turn.now
    instrument = turn.state.instruments[instrument_id]
    # Ordinary orders on the exit's side could carry the position across zero; they go first.
    for order in open_orders(turn):
        if order.instrument_id == instrument_id and order.side is wish.side and not order.is_external:
            cancel(turn, order, by=wish.kind)
    what = f"{wish.kind.upper()} {instrument.display}: {wish.reason}"
    closing = Closing(
        side=wish.side,
        rest=left_to_close(turn, instrument_id),
        until=Nanos(turn.now + STANDS_FOR),
        strategy_id=EXIT,
    )
    _, told = begin(turn, instrument, closing)
    text = f"{what}. {told or 'Less than one lot is left to close'}"
    turn.alert(f"exit:{instrument_id}", Severity.CRIT, text, code="EXIT")


def check_usage(turn: Turn) -> None:
    """Raise an alert where the use of a limit rose to the next level."""
    for crossing in turn.live.usage.crossings(limit_uses(turn)):
        use = crossing.usage
        assert use.fraction is not None
        value = "-" if use.value is None else words.number(round(use.value, 2))
        turn.alert(
            f"limit:{use.name}:{use.scope}",
            crossing.severity,
            f"LIMIT {use.name} {use.scope}: {use.fraction:.0%} used, {value} of {words.number(use.limit)}",
            code="LIMIT_USE",
        )


def limit_uses(turn: Turn) -> tuple[LimitUsage, ...]:
    """Return how much of each limit that is on is used now."""
    state, limits = turn.state, turn.settings.limits
    uses = []
    for instrument_id in turn.settings.instruments:
        buying, selling, _ = leaves(turn, instrument_id)
        worst = worst_case(
            position=state.position(instrument_id).quantity, buy_leaves=buying, sell_leaves=selling
        )
        price = pnl.mark(state, turn.live, instrument_id)
        uses.append(PositionUse(instrument_id=instrument_id, value=None if price is None else worst * price))
    first = next((state.instruments[i] for i in turn.settings.instruments if i in state.instruments), None)
    return usages(
        limits=limits,
        positions=uses,
        gross_exposure=gross_exposure(turn) if limits.max_leverage is not None else None,
        equity=pnl.equity(state, turn.live, turn.settings),
        free_quote=free(turn, first)[1] if first is not None else None,
        margin_ratio=None,
        recent_account=turn.live.order_rate.of_account(turn.now),
        recent_strategies={},  # their quotes are paced up to the limit: being at it is no news
        open_orders=turn.live.working.ours,
    )
