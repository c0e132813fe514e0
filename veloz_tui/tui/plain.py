"""The plain view: one block of text from a View, for pipes, logs and screen readers."""

from decimal import Decimal

from veloz_tui.domain.types import ZERO
from veloz_tui.domain.views import LadderView, PositionView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.names import Names


def render(view: View, *, foot: bool = True) -> str:
    """The block, without ANSI, ending in a newline; `foot` says where the live view is."""
    names = Names(view)
    lines = [headline(view)]
    lines += [_book(book, names) for book in view.books]
    lines += [_position(position, names) for position in view.positions if position.quantity]
    if foot:
        lines.append(texts.leaving.PLAIN_FOOT)
    return "\n".join(lines) + "\n"


def headline(view: View) -> str:
    """Mode, state, money and counts in one line."""
    status, account = view.status, view.account
    state = texts.names.STATES[status.trading_state].removeprefix("trading ")
    paused = "+PAUSED" if status.is_paused else ""
    equity = "-" if account.equity is None else f"{_bare(account.equity, 2)}{fmt.clean(account.quote)}"
    return (
        f"VeloZ {status.mode} {fmt.timestamp(status.at)} trading={state}{paused} "
        f"engine=pid {status.engine_pid} equity={equity} day={_signed(account.day_pnl)} "
        f"orders={status.orders_open} doubt={status.orders_in_doubt} alerts={status.alerts_unacknowledged}"
    )


def _book(book: LadderView, names: Names) -> str:
    instrument = names.instrument(book.instrument_id)
    tick = None if instrument is None else instrument.tick_size
    sides = [
        f"{side} {_bare(levels[0].price, _places(tick))}x{_bare(levels[0].size, 4)}"
        if levels
        else f"{side} -"
        for side, levels in (("bid", book.bids), ("ask", book.asks))
    ]
    spread = "-"
    if book.bids and book.asks and tick:
        spread = f"{(book.asks[0].price - book.bids[0].price) / tick:.0f}t"
    age = "-" if book.age_ms is None else f"{book.age_ms / 1000:.2f}s"
    stale = f" STALE {fmt.clean(book.stale_reason)}" if book.stale_reason else ""
    return f"BOOK {names.display(book.instrument_id)} {' '.join(sides)} spread {spread} age {age}{stale}"


def _position(position: PositionView, names: Names) -> str:
    instrument = names.instrument(position.instrument_id)
    places = _places(None if instrument is None else instrument.tick_size)
    side = "LONG" if position.quantity > ZERO else "SHORT"
    quantity = _bare(abs(position.quantity).normalize(), None)
    return (
        f"POSITION {names.display(position.instrument_id)} {side} {quantity} "
        f"entry {_bare(position.entry, places)} breakeven {_bare(position.break_even, places)} "
        f"unrealized {_signed(position.unrealized)}"
    )


def _places(tick: Decimal | None) -> int | None:
    return None if tick is None else fmt.decimals_of(tick)


def _bare(value: Decimal | None, decimals: int | None) -> str:
    # No thousands comma: these lines are cut by programs.
    return fmt.number(value, decimals).replace(",", "")


def _signed(value: Decimal | None) -> str:
    return fmt.signed(value).replace(",", "")
