"""What the state lets go of, and what it must not."""

import pytest

from tests.unit.engine.factories import BTC, Core, D, limit_buy, report
from veloz_tui.domain import reports as r
from veloz_tui.domain.types import OrderStatus, Side
from veloz_tui.engine import forgetting


def test_of_many_ended_orders_the_oldest_leave_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "MAX_ENDED", 5)
    core = Core()
    orders = []
    for number in range(20):
        order = core.working(limit_buy("1 @ 100"), venue_order_id=str(number))
        core.send(report(order, "CANCELED", cumulative="0", venue_order_id=str(number)))
        orders.append(order.client_order_id)
    core.working(limit_buy("1 @ 99"), venue_order_id="99")
    assert len(core.state.ended) <= 6
    assert orders[0] not in core.state.orders
    assert orders[-1] in core.state.orders
    assert len(core.state.by_venue_id) <= 7
    assert core.folded() == core.state


def test_an_order_whose_exposure_is_held_stays_however_many_end_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forgetting, "MAX_ENDED", 3)
    core = Core()
    held = core.never_arrived(limit_buy("1 @ 100"))
    for number in range(10):
        order = core.working(limit_buy("1 @ 100"), venue_order_id=str(number))
        core.send(report(order, "CANCELED", cumulative="0", venue_order_id=str(number)))
    assert core.state.orders[held.client_order_id].status is OrderStatus.NEVER_ARRIVED
    assert core.refused(limit_buy("99.5 @ 100")) == "POS_MAX"  # 1 of 100 is still held
    core.later(s=1801)
    core.book("100", "100.01")
    core.working(limit_buy("1 @ 99"), venue_order_id="77")
    assert held.client_order_id not in core.state.held


def test_a_trade_just_made_prices_orders_while_the_book_is_stale() -> None:
    core = Core()
    core.send(r.BookStale(BTC.id, "gap"))
    assert core.refused(limit_buy("1 @ 100")) == "REFERENCE_UNKNOWN"
    core.send(r.TradePrinted(BTC.id, 100.0, 1.0, Side.BUY, core.now))
    assert core.place(limit_buy("1 @ 100")).quantity == D(1)
    core.later(s=6)
    assert core.refused(limit_buy("1 @ 100")) == "REFERENCE_UNKNOWN"
