"""Exits: what they may be for, in which pieces, and that nothing falls between leaves and position."""

import msgspec

from tests.unit.engine.factories import BTC, Core, D, fill, limit_buy, limit_sell, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Asset, OrderType, Side, TimeInForce
from veloz_tui.engine.exit_orders import MAX_PIECES


def close(core: Core) -> OrderRequest:
    ack = core.command(c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id))
    assert ack.is_ok, ack.text
    return core.state.orders[ack.client_order_ids[0]].request


def test_close_is_a_reduce_only_ioc_through_the_best_bid() -> None:
    core = Core()
    core.holding("1 @ 100")
    core.book("100", "100.5")
    request = close(core)
    assert (request.side, request.quantity, request.time_in_force) == (Side.SELL, D(1), TimeInForce.IOC)
    assert request.reduce_only
    assert request.price == D("99.9")


def test_close_leaves_out_what_another_exit_works_on() -> None:
    core = Core()
    core.holding("1 @ 100")
    core.working(limit_sell("0.4 @ 101", reduce_only=True))
    assert close(core).quantity == D("0.6")


def test_close_never_sells_more_than_the_wallet_holds_after_fees() -> None:
    core = Core()
    core.holding("1 @ 100")
    balance = r.Balance(Asset("BTC"), D("0.9987"), D(0))
    core.send(r.BalancesReported(BTC.venue, (balance,), is_complete=False, venue_at=core.now))
    assert close(core).quantity == D("0.998")


def test_flatten_needs_no_book_and_goes_in_the_venues_pieces() -> None:
    core = Core()
    smaller = msgspec.structs.replace(BTC, market_max_quantity=D("0.4"))
    core.send(r.InstrumentsReported(BTC.venue, (smaller,)))
    core.holding("1 @ 100")
    core.send(r.BookStale(BTC.id, "gap"))
    ack = core.command(c.Flatten(command_id=core.new_id()))
    pieces = [core.state.orders[i].request for i in ack.client_order_ids]
    assert {piece.order_type for piece in pieces} == {OrderType.MARKET}
    assert [piece.quantity for piece in pieces] == [D("0.4"), D("0.4"), D("0.2")]
    assert len(pieces) <= MAX_PIECES


def test_what_the_venue_says_is_traded_counts_until_its_fills_are_here() -> None:
    core = Core()
    order = core.working(limit_buy("60 @ 100"))
    core.send(report(order, "CANCELED", cumulative="60"))  # 6,000 of 10,000, and no fill told yet
    assert core.refused(limit_buy("60 @ 100")) == "POS_MAX"
    core.send(report(order, "CANCELED", fill=fill(order, 5, "60 @ 100"), cumulative="60"))
    assert not core.state.awaiting_fills
    assert core.refused(limit_buy("60 @ 100")) == "POS_MAX"


def test_fills_that_do_not_come_are_asked_for_again() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "CANCELED", cumulative="0.4"))
    core.tick(12)
    asked = [action for action in core.actions if type(action).__name__ == "FetchFills"]
    assert len(asked) >= 3
