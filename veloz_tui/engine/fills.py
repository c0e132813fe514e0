"""Fills: each trade is booked once, by its TradeId, on the order that made it.

Trade lists carry no client id. A trade may therefore come before we know the venue's id of its order: then it
counts as EXTERNAL at once, and moves to its order when that is known. The position never counts it twice.
"""

from typing import Final

from veloz_tui.domain import events as e
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import Fill, FillsListed
from veloz_tui.domain.types import SECOND, ZERO, ClientOrderId, InstrumentId, Nanos, TradeId
from veloz_tui.engine import doubts, pnl, words
from veloz_tui.engine.actions import FetchFills
from veloz_tui.engine.known_orders import accept, adopt_filler, after_end, anomaly, external_id, find
from veloz_tui.engine.orders import chase
from veloz_tui.engine.postings import Posting, held
from veloz_tui.engine.turn import Turn

NO_TRADE: Final = TradeId("0")
MAX_DIGITS: Final = 30
CLOCKS_DIFFER: Final = 10 * SECOND
"""By more than this the venue's clock and ours never do."""


def book_fill(turn: Turn, order: Order, fill: Fill) -> None:
    """Book a trade once; after an end of the order it counts all the same, with an alarm."""
    if fill.trade_id in order.trade_ids or fill.quantity <= 0:
        return
    accept(
        turn, order, venue_order_id=fill.venue_order_id, venue_at=fill.venue_at, says=f"trade {fill.trade_id}"
    )
    was_ended = order.is_terminal
    was_expected = order.progressed > order.filled
    instrument = turn.state.instruments.get(order.instrument_id)
    before = held(turn.state.position(order.instrument_id))
    turn.emit(
        e.OrderFilled(
            turn.now,
            order.client_order_id,
            fill.instrument_id,
            fill.trade_id,
            fill.price,
            fill.quantity,
            fill.fee,
            fill.fee_asset,
            fill.is_maker,
            pnl.fee_value(turn.state, turn.live, instrument, fill) if instrument is not None else None,
            fill.venue_at,
            moved_from=_booked_as(turn, order, fill),
            base_fee=fill.fee if instrument is not None and fill.fee_asset == instrument.base else ZERO,
        )
    )
    after = held(turn.state.position(order.instrument_id))
    turn.live.postings.append(Posting(order.client_order_id, fill.trade_id, before, after))
    if was_ended and not was_expected:
        anomaly(turn, order, f"a fill of {words.number(fill.quantity)} came after its end; booked")
    if order.filled > order.quantity:
        anomaly(turn, order, f"filled {words.number(order.filled)} of {words.number(order.quantity)}")
    if order.is_terminal and not was_ended:
        doubts.resolved(turn, order)
        after_end(turn, order)


def _booked_as(turn: Turn, order: Order, fill: Fill) -> ClientOrderId | None:
    """The EXTERNAL order that got this trade before its own was known."""
    key = external_id(fill.instrument_id, fill.venue_order_id)
    guess = turn.state.orders.get(key)
    is_there = guess is not None and guess is not order and fill.trade_id in guess.trade_ids
    return key if is_there else None


def on_fill(turn: Turn, fill: Fill) -> None:
    """A trade by itself: ours if we know its order, else of an order that isn't ours."""
    order = find(turn, fill.instrument_id, fill.client_order_id, fill.venue_order_id)
    if order is None:
        order = adopt_filler(turn, fill)
    book_fill(turn, order, fill)
    chase(turn, order)


def on_fills_listed(turn: Turn, listed: FillsListed) -> None:
    """Trades fetched for one order or since a trade; without a known start only our orders' count."""
    if turn.live.venues[listed.venue].is_swapped:
        return
    for fill in listed.fills:
        known = find(turn, fill.instrument_id, fill.client_order_id, fill.venue_order_id)
        if known is not None or is_news(turn, fill):
            on_fill(turn, fill)
    if listed.since is not None:
        fetched_up_to(turn, listed.instrument_id, listed.fills)


def is_news(turn: Turn, fill: Fill) -> bool:
    """Whether a listed trade of an order we don't know is one that nobody has booked.

    It isn't if it is from before the journal, or so old that its order may have left memory since.
    """
    state = turn.state
    since = state.last_trade.get(fill.instrument_id)
    if since is None or fill.venue_at <= state.forgotten_until + CLOCKS_DIFFER:
        return False
    return is_later((fill.trade_id, fill.venue_at), (since, _told_at(turn, fill.instrument_id)))


def fetched_up_to(turn: Turn, instrument_id: InstrumentId, fills: tuple[Fill, ...]) -> None:
    """Note that every trade up to the newest of these is booked."""
    known = turn.state.last_trade.get(instrument_id)
    newest = (known or NO_TRADE, _told_at(turn, instrument_id))
    for fill in fills:
        trade = (fill.trade_id, fill.venue_at)
        if fill.instrument_id == instrument_id and is_later(trade, newest):
            newest = trade
    if newest[0] != known:
        turn.emit(e.TradesFetched(turn.now, instrument_id, *newest))


def _told_at(turn: Turn, instrument_id: InstrumentId) -> Nanos:
    return turn.state.last_trade_at.get(instrument_id, Nanos(0))


def is_later(trade: tuple[TradeId, Nanos], other: tuple[TradeId, Nanos]) -> bool:
    """Whether a trade (its id, the venue's time) is newer than another of the same instrument.

    Where the venue numbers its trades the numbers say so; ids that are none say nothing, but the times do.
    """
    number, other_number = number_of(trade[0]), number_of(other[0])
    if number is not None and other_number is not None:
        return number > other_number
    return trade[1] > other[1]


def number_of(trade_id: TradeId) -> int | None:
    """The number that an id is; None: it names its trade in another way."""
    is_number = trade_id.isascii() and trade_id.isdigit() and len(trade_id) <= MAX_DIGITS
    return int(trade_id) if is_number else None


def fetch_fills(turn: Turn, order: Order) -> None:
    """Ask for all trades of one order."""
    turn.act(
        FetchFills(
            venue=turn.state.venue_of(order.instrument_id),
            instrument_id=order.instrument_id,
            venue_order_id=order.venue_order_id,
        )
    )
