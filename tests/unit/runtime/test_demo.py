"""A fresh demo shows orders, also where the disk was slow when it began."""

from tests.unit.engine.factories import Core, D, report
from veloz_tui.domain import reports as r
from veloz_tui.domain.types import OrderStatus
from veloz_tui.runtime.demo import FirstOrders


def fresh() -> tuple[Core, FirstOrders]:
    core = Core()
    return core, FirstOrders(core.engine, core.command)


def open_sides(core: Core) -> list[str]:
    return sorted(order.side for order in core.state.orders.values() if order.status is OrderStatus.ACCEPTED)


def accept_all(core: Core) -> None:
    for number, order in enumerate(list(core.state.orders.values())):
        if order.status is OrderStatus.CREATED:
            core.send(r.SubmitWritten(order.client_order_id))
            core.send(r.SubmitAccepted(order.client_order_id, report(order, venue_order_id=str(number + 1))))


def test_three_orders_are_placed_once() -> None:
    core, first = fresh()
    for _ in range(5):
        first.look()
        accept_all(core)
    assert open_sides(core) == ["BUY", "BUY", "SELL"]
    assert first.is_done


def test_what_a_slow_disk_held_back_is_asked_for_again() -> None:
    core, first = fresh()
    first.look()
    held_back = next(iter(core.state.orders.values()))
    core.send(r.SubmitNotSent(held_back.client_order_id, "not durable within 250 ms"))
    core.book("101", "101.02")
    first.look()
    accept_all(core)
    first.look()
    assert open_sides(core) == ["BUY", "BUY", "SELL"]
    assert first.is_done
    assert D(101) in {order.request.price for order in core.state.orders.values()}


def test_nothing_is_placed_while_the_journal_is_slow() -> None:
    core, first = fresh()
    core.send(r.JournalReported(r.JournalState.SLOW, "300 ms"))
    first.look()
    assert not core.state.orders
    core.send(r.JournalReported(r.JournalState.OK))
    first.look()
    assert len(core.state.orders) == 3
