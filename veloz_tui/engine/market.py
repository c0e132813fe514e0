"""Public market data: into Live, never journaled. A stale book prices nothing and reaches no strategy."""

from veloz_tui.domain.reports import BookDelta, BookSnapshot, BookStale, Quiet, TopOfBook, TradePrinted
from veloz_tui.domain.types import Nanos
from veloz_tui.engine import queues
from veloz_tui.engine.actions import ResyncBook
from veloz_tui.engine.turn import Turn


def on_book_snapshot(turn: Turn, report: BookSnapshot) -> None:
    market = turn.live.book(report.instrument_id)
    market.book.replace(bids=report.bids, asks=report.asks, update_id=report.update_id)
    market.stale_reason = ""
    market.is_quiet = False
    market.updated_at = turn.now
    market.venue_at = Nanos(0)
    queues.on_snapshot(turn.state, turn.live, report.instrument_id, turn.now)
    _check_crossed(turn, report)


def on_book_delta(turn: Turn, report: BookDelta) -> None:
    market = turn.live.books.get(report.instrument_id)
    if market is None or market.stale_reason:
        return  # book_sync sends a snapshot first; anything else has nothing to stand on
    market.book.apply(bids=report.bids, asks=report.asks, update_id=report.update_id)
    market.is_quiet = False
    market.updated_at = turn.now
    market.venue_at = report.venue_at
    mine = turn.live.queues.get(report.instrument_id)
    if mine is not None:
        queues.on_delta(mine, turn.state.instruments[report.instrument_id], report)
    if market.book.is_crossed:
        _check_crossed(turn, report)


def _check_crossed(turn: Turn, report: BookSnapshot | BookDelta) -> None:
    market = turn.live.book(report.instrument_id)
    if market.book.is_crossed:
        market.stale_reason = f"crossed book at u={report.update_id}"
        venue = turn.state.venue_of(report.instrument_id)
        turn.act(ResyncBook(venue, report.instrument_id, market.stale_reason))


def on_book_stale(turn: Turn, report: BookStale) -> None:
    turn.live.book(report.instrument_id).stale_reason = report.reason or "stale"


def on_quiet(turn: Turn, report: Quiet) -> None:
    """Nothing happens there, and the probe says so: tradable, and said on screen."""
    market = turn.live.book(report.instrument_id)
    market.is_quiet = True


def on_trade(turn: Turn, report: TradePrinted) -> None:
    market = turn.live.book(report.instrument_id)
    market.last_price = report.price
    market.last_side = report.aggressor
    market.last_traded_at = turn.now
    market.turnover += report.price * report.quantity
    market.tape.append(report)
    mine = turn.live.queues.get(report.instrument_id)
    if mine is not None:
        queues.on_trade(mine, turn.state.instruments[report.instrument_id], report)
    if market.first_price is None:
        market.first_price = report.price


def on_top_of_book(turn: Turn, report: TopOfBook) -> None:
    """The venue's own best prices are an oracle for tests, and a sign of life; the book is the book."""
    turn.live.book(report.instrument_id).is_quiet = False
