"""Fills: booked once, whoever tells them and in whatever order."""

from decimal import Decimal

import msgspec
import pytest

from tests.unit.engine.factories import (
    BTC,
    VENUE,
    Core,
    fill,
    foreign,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import AnomalyNoted, OrderFilled, OrderProgressed
from veloz_tui.domain.types import EXTERNAL, Asset, InstrumentId, OrderStatus, TradeId, VenueOrderId
from veloz_tui.engine.actions import FetchFills

D = Decimal


def listed(*fills: r.Fill, since: str | None = "0") -> r.FillsListed:
    return r.FillsListed(VENUE, BTC.id, fills, None if since is None else TradeId(since))


def test_a_fill_before_the_ack_accepts_the_order_and_is_booked() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.send(report(order, fill=fill(order, 5, "0.4 @ 100")))
    assert order.status is OrderStatus.ACCEPTED
    assert order.venue_order_id == "1"
    core.send(r.SubmitAccepted(order.client_order_id, report(order, cumulative="0")))
    assert (order.filled, core.position) == (D("0.4"), D("0.4"))
    assert order.leaves == D("0.6")


def test_a_bare_fill_before_the_ack_teaches_the_venues_id() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.send(fill(order, 5, "0.4 @ 100"))
    assert order.status is OrderStatus.ACCEPTED
    assert order.venue_order_id == "1"
    core.send(listed(fill(order, 5, "0.4 @ 100", client_order_id="")))
    assert core.position == D("0.4")


@pytest.mark.parametrize("times", [2, 5])
def test_a_repeated_fill_is_booked_once(times: int) -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    for _ in range(times):
        core.send(report(order, fill=fill(order, 5, "0.4 @ 100"), cumulative="0.4"))
        core.send(fill(order, 5, "0.4 @ 100"))
        core.send(listed(fill(order, 5, "0.4 @ 100", client_order_id="")))
    assert core.position == D("0.4")
    assert sum(isinstance(record.event, OrderFilled) for record in core.records) == 1


def test_out_of_order_filled_then_partial_then_new_ends_filled() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    first, second = fill(order, 5, "0.4 @ 100"), fill(order, 6, "0.6 @ 100")
    core.send(report(order, "FILLED", fill=second, cumulative="1"))
    assert order.leaves == 0
    core.send(report(order, fill=first, cumulative="0.4"))
    core.send(report(order, cumulative="0"))
    assert order.status is OrderStatus.FILLED
    assert core.position == D(1)
    assert not core.alerts("ANOMALY")


def test_a_cumulative_ahead_of_the_fills_moves_leaves_and_fetches_them() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, cumulative="0.7"))
    assert core.said(OrderProgressed)[0].cumulative == D("0.7")
    assert core.told(FetchFills)[0].venue_order_id == "1"
    assert (order.leaves, order.filled, core.position) == (D("0.3"), D(0), D(0))
    core.send(listed(fill(order, 5, "0.7 @ 100", client_order_id=""), since=None))
    assert (order.leaves, order.filled, core.position) == (D("0.3"), D("0.7"), D("0.7"))


def test_filled_by_the_venues_word_stays_open_until_its_fills_are_here() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "FILLED", cumulative="1"))
    assert (order.is_open, order.leaves) == (True, D(0))
    core.send(listed(fill(order, 5, "1 @ 100", client_order_id=""), since=None))
    assert order.status is OrderStatus.FILLED
    assert core.position == D(1)


def test_a_late_fill_after_a_cancel_counts_with_an_alarm() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "CANCELED", cumulative="0"))
    assert order.status is OrderStatus.CANCELED
    core.send(report(order, fill=fill(order, 5, "0.4 @ 100")))
    assert (order.status, core.position) == (OrderStatus.CANCELED, D("0.4"))
    assert core.said(AnomalyNoted)
    assert core.alerts("ANOMALY")


def test_a_late_fill_of_the_whole_makes_a_canceled_order_filled() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "CANCELED", cumulative="0"))
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100")))
    assert (order.status, core.position) == (OrderStatus.FILLED, D(1))
    assert core.alerts("ANOMALY")


def test_fills_fetched_after_a_cancel_with_a_cumulative_are_expected() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "CANCELED", cumulative="0.4"))
    assert core.told(FetchFills)
    core.send(listed(fill(order, 5, "0.4 @ 100", client_order_id=""), since=None))
    assert core.position == D("0.4")
    assert not core.alerts("ANOMALY")


def test_more_than_ordered_is_booked_and_alarmed() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, fill=fill(order, 5, "1 @ 100")))
    core.send(report(order, fill=fill(order, 6, "0.5 @ 100"), cumulative="1.5"))
    assert core.position == D("1.5")
    assert core.alerts("ANOMALY")


def test_a_fill_with_a_status_we_do_not_know_is_booked() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "UNKNOWN", fill=fill(order, 5, "0.4 @ 100"), raw_status="PENDING_WHATEVER"))
    assert (order.status, core.position) == (OrderStatus.ACCEPTED, D("0.4"))
    assert core.alerts("UNKNOWN_STATUS")


def test_a_fill_of_nothing_changes_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, fill=fill(order, 5, "0 @ 100")))
    assert not core.said(OrderFilled)


# --- Trades that carry no client id -----------------------------------------------------------------------


def test_after_a_crash_the_fill_of_an_order_without_its_answer_is_booked_once_as_ours() -> None:
    before = Core()
    order = before.sent(limit_buy("1 @ 100"))
    core = before.restarted(ready=False)
    order = core.state.orders[order.client_order_id]
    trade = fill(order, 5, "1 @ 100", client_order_id="")
    core.connected(
        asked=(
            r.QueryAnswered(
                order.client_order_id, r.Endpoint.ORDER, report(order, "FILLED", cumulative="1"), core.now
            ),
        ),
        fills=(trade,),
    )
    core.send(listed(trade, since=None))
    assert order.status is OrderStatus.FILLED
    assert core.position == D(1)
    assert EXTERNAL not in core.state.strategy_positions


def test_a_listed_trade_that_outruns_its_orders_answer_is_not_booked_twice() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.send(listed(fill(order, 5, "0.4 @ 100", client_order_id="")))
    core.send(r.SubmitAccepted(order.client_order_id, report(order, fill=fill(order, 5, "0.4 @ 100"))))
    assert core.position == D("0.4")
    assert (order.filled, order.leaves) == (D("0.4"), D("0.6"))
    by_strategy = core.state.strategy_positions
    assert by_strategy[order.strategy_id][BTC.id].quantity == D("0.4")
    assert by_strategy[EXTERNAL][BTC.id].quantity == 0
    core.send(report(order, "FILLED", fill=fill(order, 6, "0.6 @ 100"), cumulative="1"))
    assert (core.position, order.status) == (D(1), OrderStatus.FILLED)
    assert core.folded() == core.state


def test_a_trade_of_an_order_that_left_memory_is_not_booked_again() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    trade = msgspec.structs.replace(fill(order, 5, "1 @ 100", client_order_id=""), venue_at=core.now)
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100")))
    core.later(s=48 * 3600)
    core.working(limit_buy("0.1 @ 90"), venue_order_id="2")
    assert order.client_order_id not in core.state.orders
    core.send(listed(trade, since=None))
    core.reconnect(fills=(trade,))
    assert core.position == D(1)
    new = msgspec.structs.replace(trade, trade_id="6", venue_order_id="70", venue_at=core.now)
    core.send(listed(trade, new, since=None))
    assert core.position == D(2)


# --- Orders of others -------------------------------------------------------------------------------------


def test_a_trade_made_elsewhere_moves_the_position_as_external() -> None:
    core = Core()
    trade = r.Fill(
        BTC.id,
        TradeId("9"),
        VenueOrderId("70"),
        limit_sell("1 @ 100").side,
        D(100),
        D("0.3"),
        D(0),
        Asset("USDT"),
        is_maker=False,
        venue_at=core.now,
    )
    for _ in range(3):
        core.send(listed(trade))
    assert core.position == D("-0.3")
    assert core.state.strategy_positions[EXTERNAL][BTC.id].quantity == D("-0.3")


def partly_filled_elsewhere(core: Core) -> tuple[r.OrderReport, r.Fill]:
    """The report of somebody else's order, and the trade that it shows."""
    seen = foreign("1 @ 90", cumulative="0.3")
    trade = r.Fill(
        BTC.id,
        TradeId("9"),
        VenueOrderId("77"),
        seen.side,
        D(90),
        D("0.3"),
        D(0),
        Asset("USDT"),
        is_maker=True,
        venue_at=core.now,
    )
    return seen, trade


def test_an_external_order_known_by_its_fill_only_is_open_once_it_is_listed() -> None:
    core = Core()
    seen, trade = partly_filled_elsewhere(core)
    core.send(listed(trade))
    core.listed(seen, instrument_id=BTC.id, purpose="audit")
    (order,) = core.mine(EXTERNAL)
    assert (order.quantity, order.leaves, order.filled) == (D(1), D("0.7"), D("0.3"))
    core.send(listed(trade))
    assert core.position == D("0.3")
    assert core.folded() == core.state


def test_a_reconciliation_finds_an_external_order_that_is_partly_filled() -> None:
    core = Core()
    seen, trade = partly_filled_elsewhere(core)
    core.reconnect(open_orders=(seen,), fills=(trade,))
    (order,) = core.mine(EXTERNAL)
    assert (order.leaves, core.position) == (D("0.7"), D("0.3"))


def test_a_manual_trade_on_an_instrument_that_is_not_configured_does_not_break_the_core() -> None:
    core = Core()
    other = InstrumentId("ETHUSDT.BINANCE")
    seen = foreign("2 @ 3000", instrument_id=other)
    trade = r.Fill(
        other,
        TradeId("9"),
        VenueOrderId("77"),
        seen.side,
        D(3000),
        D("0.5"),
        D("0.001"),
        Asset("BNB"),
        is_maker=True,
        venue_at=core.now,
    )
    core.send(foreign("2 @ 3000", instrument_id=other, cumulative="0.5", fill=trade))
    assert core.state.position(other).quantity == D("0.5")
    core.place(limit_buy("1 @ 100"))


def test_a_second_venue_order_under_one_client_id_is_seen_and_alarmed() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100")))
    core.send(report(order, venue_order_id="2", cumulative="0"))
    (twin,) = core.mine(EXTERNAL)
    assert (twin.venue_order_id, twin.leaves) == ("2", D(1))
    assert core.alerts("ORPHAN")
    assert order.status is OrderStatus.FILLED
