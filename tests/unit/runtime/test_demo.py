"""A fresh demo shows orders, also where the disk was slow when it began."""

from tests.unit.engine.factories import Core, D, fill, report
from veloz_tui.domain import reports as r
from veloz_tui.domain.types import OrderStatus, Side
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


def is_done(first: FirstOrders) -> bool:
    """A function, because mypy would believe an earlier assert on the attribute."""
    return first.is_done


def test_three_orders_are_placed_once() -> None:
    core, first = fresh()
    for _ in range(5):
        first.look(core.now)
        accept_all(core)
    assert open_sides(core) == ["BUY", "BUY", "SELL"]


def test_what_a_slow_disk_held_back_is_asked_for_again() -> None:
    core, first = fresh()
    first.look(core.now)
    held_back = next(iter(core.state.orders.values()))
    core.send(r.SubmitNotSent(held_back.client_order_id, "not durable within 250 ms"))
    core.book("101", "101.02")
    first.look(core.now)
    accept_all(core)
    first.look(core.now)
    assert open_sides(core) == ["BUY", "BUY", "SELL"]
    assert D(101) in {order.request.price for order in core.state.orders.values()}


def test_nothing_is_placed_while_the_journal_is_slow() -> None:
    core, first = fresh()
    core.send(r.JournalReported(r.JournalState.SLOW, "300 ms"))
    first.look(core.now)
    assert not core.state.orders
    core.send(r.JournalReported(r.JournalState.OK))
    first.look(core.now)
    assert len(core.state.orders) == 3


def test_it_is_done_with_the_first_fill() -> None:
    core, first = fresh()
    first.look(core.now)
    accept_all(core)
    first.look(core.now)
    assert not is_done(first)
    order = next(iter(core.state.orders.values()))
    core.send(report(order, "FILLED", fill=fill(order, 1, f"{order.request.quantity} @ 100")))
    core.later(s=11)
    core.book("103", "103.02")
    first.look(core.now)
    assert is_done(first)
    assert len(core.state.orders) == 3


def test_where_the_market_goes_the_other_way_the_same_is_bought_once_after_10_s() -> None:
    core, first = fresh()
    first.look(core.now)
    accept_all(core)
    first.look(core.now)
    core.later(s=9)
    first.look(core.now)
    assert not is_done(first)
    core.later(s=2)
    core.book("103", "103.02")
    first.look(core.now)
    assert is_done(first)
    bought = list(core.state.orders.values())[-1].request
    assert len(core.state.orders) == 4
    assert (bought.side, bought.post_only) == (Side.BUY, False)
    assert bought.price is not None
    assert D("103.02") <= bought.price <= D("103.3")
