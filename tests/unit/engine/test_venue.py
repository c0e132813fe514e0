"""A venue's life: what may leave while it isn't READY, reconciliation, balances, the account's identity."""

import pytest

from tests.unit.engine.factories import (
    BTC,
    SETTINGS,
    T0,
    VENUE,
    Core,
    D,
    account,
    balances,
    fill,
    foreign,
    limit_buy,
    report,
)
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import AccountIdentified, BalanceChanged, OrderFilled, VenueStateChanged
from veloz_tui.domain.types import Asset, ChannelState, OrderStatus, TradeId
from veloz_tui.engine.actions import FetchFills, ListOpenOrders, QueryOrder, Reconcile

READY, SYNCING, DOWN, CONNECTING = (
    ChannelState.READY,
    ChannelState.SYNCING,
    ChannelState.DOWN,
    ChannelState.CONNECTING,
)


@pytest.mark.parametrize("state", [DOWN, CONNECTING, SYNCING])
def test_new_orders_leave_only_when_the_user_stream_is_ready(state: ChannelState) -> None:
    core = Core()
    core.channel(state)
    assert core.refused(limit_buy("1 @ 100")) == "VENUE_NOT_READY"


def test_a_ready_stream_without_a_reconciliation_is_not_ready() -> None:
    core = Core()
    core.channel(DOWN)
    core.channel(READY)
    assert core.state.venues[VENUE] is SYNCING
    assert core.refused(limit_buy("1 @ 100")) == "VENUE_NOT_READY"


def test_the_first_start_is_ready_after_its_snapshot() -> None:
    core = Core(ready=False)
    core.send(r.InstrumentsReported(VENUE, (BTC,)))
    core.book("99.99", "100.01")
    assert core.refused(limit_buy("1 @ 100")) == "VENUE_NOT_READY"
    (asked,) = [act for act in core.channel(SYNCING) if isinstance(act, Reconcile)]
    assert (asked.ask_orders, asked.fills_since) == ((), ((BTC.id, None),))
    core.snapshot()
    assert core.state.venues[VENUE] is SYNCING
    core.channel(READY)
    assert core.state.venues[VENUE] is READY
    core.place(limit_buy("1 @ 100"))


def test_reconciling_asks_for_every_open_order_of_ours_and_trades_since_the_last() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(foreign())
    core.send(r.FillsListed(VENUE, BTC.id, (fill(order, 41, "0.1 @ 100"),), TradeId("0")))
    core.channel(DOWN)
    (asked,) = [act for act in core.channel(SYNCING) if isinstance(act, Reconcile)]
    assert asked.ask_orders == ((order.client_order_id, BTC.id),)
    assert asked.fills_since == ((BTC.id, "41"),)


def test_a_reconciliation_that_waits_for_request_weight_is_not_begun_anew_but_one_that_got_lost_is() -> None:
    core = Core()
    core.channel(DOWN)
    core.channel(SYNCING)
    asked = len([act for act in core.actions if isinstance(act, Reconcile)])
    core.tick(150)
    assert len([act for act in core.actions if isinstance(act, Reconcile)]) == asked
    core.tick(40)
    assert len([act for act in core.actions if isinstance(act, Reconcile)]) == asked + 1


def test_a_cancel_refused_while_reconciling_asks_nothing_more_as_every_order_is_asked_for() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.channel(DOWN)
    core.channel(SYNCING)
    acts = core.send(r.CancelFailed(order.client_order_id, -2011, "Unknown order sent."))
    assert not [act for act in acts if isinstance(act, QueryOrder)]


def test_a_snapshot_is_not_fresh_before_the_stream_that_will_change_it_is_ready() -> None:
    core = Core()
    core.channel(READY, r.Channel.MARKET)
    core.channel(CONNECTING, r.Channel.MARKET)
    core.send(r.BookStale(BTC.id, "silent for 5 s"))
    core.book("99.99", "100.01")
    book = core.engine.live.books[BTC.id]
    assert not book.is_fresh
    assert book.why_stale == "market stream CONNECTING"
    core.channel(READY, r.Channel.MARKET)
    assert book.is_fresh


def test_what_happened_in_a_gap_is_taken_in_once() -> None:
    core = Core()
    filled = core.working(limit_buy("1 @ 100"))
    canceled = core.working(limit_buy("2 @ 99"), venue_order_id="2")
    kept = core.working(limit_buy("3 @ 98"), venue_order_id="3")
    core.channel(DOWN)
    trade = fill(filled, 5, "1 @ 100", client_order_id="")
    core.reconnect(
        open_orders=(report(kept, venue_order_id="3"), foreign()),
        asked=(
            r.QueryAnswered(
                filled.client_order_id, r.Endpoint.ORDER, report(filled, "FILLED", cumulative="1"), T0
            ),
            r.QueryAnswered(
                canceled.client_order_id,
                r.Endpoint.ORDER,
                report(canceled, "CANCELED", venue_order_id="2"),
                T0,
            ),
        ),
        fills=(trade,),
    )
    core.send(report(filled, "FILLED", fill=fill(filled, 5, "1 @ 100"), cumulative="1"))
    assert [o.status for o in (filled, canceled, kept)] == [
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.ACCEPTED,
    ]
    assert core.position == D(1)
    assert core.state.last_trade[BTC.id] == "5"
    assert core.state.venues[VENUE] is READY


def test_missing_from_every_list_ends_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.reconnect(asked=(r.QueryAnswered(order.client_order_id, r.Endpoint.ORDER, None, T0),))
    assert order.status is OrderStatus.ACCEPTED


def test_trades_from_before_the_journal_are_not_ours_to_book() -> None:
    core = Core(ready=False)
    old = foreign()
    trade = r.Fill(
        BTC.id, TradeId("9"), old.venue_order_id, old.side, D(90), D("0.3"), D(0), Asset("USDT"), True, T0
    )
    core.connected(fills=(trade,))
    assert core.position == 0
    assert core.state.last_trade[BTC.id] == "9"
    core.send(r.FillsListed(VENUE, BTC.id, (trade,), TradeId("0")))
    assert core.position == 0


def test_an_account_without_trades_books_everything_from_the_first_on() -> None:
    core = Core()
    assert core.state.last_trade[BTC.id] == "0"


def test_audits_go_on_only_while_the_venue_is_ready() -> None:
    core = Core()
    core.actions.clear()
    core.tick(31)
    assert [act.purpose for act in core.actions if isinstance(act, ListOpenOrders)] == ["audit"]
    assert [act.since for act in core.actions if isinstance(act, FetchFills)] == ["0"]
    core.channel(DOWN)
    core.actions.clear()
    core.tick(31)
    assert not any(isinstance(act, ListOpenOrders) for act in core.actions)


# --- Balances and the account -----------------------------------------------------------------------------


def test_complete_balances_set_what_they_do_not_name_to_zero() -> None:
    core = Core()
    core.send(
        r.BalancesReported(VENUE, (r.Balance(Asset("BTC"), D(3), D(1)),), is_complete=True, venue_at=T0)
    )
    held = core.state.balances[VENUE]
    assert (held[Asset("BTC")].total, held[Asset("USDT")].total) == (D(4), D(0))


def test_partial_balances_leave_the_others() -> None:
    core = Core()
    core.send(
        r.BalancesReported(VENUE, (r.Balance(Asset("BTC"), D(3), D(1)),), is_complete=False, venue_at=T0)
    )
    held = core.state.balances[VENUE]
    assert (held[Asset("BTC")].free, held[Asset("USDT")].free) == (D(3), D(1_000_000))


def test_equal_balances_are_no_news() -> None:
    core = Core()
    core.send(balances())
    assert not core.said(BalanceChanged)


def test_an_order_must_be_covered_by_what_is_free_and_not_in_flight() -> None:
    core = Core()
    core.send(balances(quote="1000"))
    core.sent(limit_buy("6 @ 100"))
    assert core.refused(limit_buy("6 @ 100")) == "BALANCE_INSUFFICIENT"


def test_the_account_is_identified_once() -> None:
    core = Core()
    assert sum(isinstance(record.event, AccountIdentified) for record in core.records) == 1
    core.send(account("7"))
    assert not core.events


def swapped() -> Core:
    """Restarted with the key of another account, which holds other things."""
    before = Core()
    before.working(limit_buy("1 @ 100"))
    core = before.restarted(ready=False)
    core.send(r.InstrumentsReported(VENUE, (BTC,)))
    core.book("99.99", "100.01")
    core.channel(SYNCING)
    core.snapshot(uid="8", base="5", open_orders=(foreign(),))
    core.channel(READY)
    return core


def test_another_account_lets_nothing_leave() -> None:
    core = swapped()
    assert core.alerts("ACCOUNT_SWAPPED")
    assert core.refused(limit_buy("1 @ 100")) == "VENUE_NOT_READY"


def test_nothing_of_another_account_is_booked() -> None:
    core = swapped()
    before = core.folded()
    other = foreign()
    trade = r.Fill(
        BTC.id, TradeId("9"), other.venue_order_id, other.side, D(90), D("0.3"), D(0), Asset("USDT"), True, T0
    )
    core.send(foreign(fill=trade, cumulative="0.3"))
    core.send(balances("55"))
    core.send(r.FillsListed(VENUE, BTC.id, (trade,), TradeId("0")))
    (order,) = core.mine()
    core.answer(order, report(order, "CANCELED"))
    core.listed(other, instrument_id=BTC.id, purpose="audit")
    assert core.state.balances == before.balances
    assert core.state.orders.keys() == before.orders.keys()
    assert order.is_open
    assert core.position == 0
    assert not any(isinstance(record.event, OrderFilled) for record in core.records)


def test_the_right_key_put_back_goes_on() -> None:
    core = swapped()
    core.channel(SYNCING)
    core.snapshot()
    core.channel(READY)
    assert core.state.venues[VENUE] is READY
    core.send(balances("55"))
    assert core.state.balances[VENUE][Asset("BTC")].free == D(55)


def test_a_lost_market_stream_makes_its_books_stale() -> None:
    core = Core()
    core.channel(DOWN, r.Channel.MARKET)
    assert core.refused(limit_buy("1 @ 100")) == "REFERENCE_UNKNOWN"
    assert not core.said(VenueStateChanged)


def test_a_delta_without_a_snapshot_changes_nothing() -> None:
    core = Core()
    core.send(r.BookStale(BTC.id, "gap"))
    core.send(r.BookDelta(BTC.id, 2, [(100.0, 1.0)], [], T0))
    assert core.engine.live.books[BTC.id].stale_reason == "gap"
    core.book("99.00", "101.00")
    assert core.engine.live.books[BTC.id].is_fresh


def test_a_crossed_book_prices_nothing() -> None:
    core = Core()
    core.send(r.BookDelta(BTC.id, 2, [(100.5, 1.0)], [], T0))
    assert not core.engine.live.books[BTC.id].is_fresh
    assert core.refused(limit_buy("1 @ 100")) == "REFERENCE_UNKNOWN"


def test_the_settings_of_these_tests_have_one_venue() -> None:
    assert SETTINGS.venues == (VENUE,)
