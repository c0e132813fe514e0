"""Flatten: the wish stands until what is held is closed, and nothing is closed twice."""

from decimal import Decimal

from tests.unit.engine.factories import BTC, Core, D, fill, ids_of, limit_sell, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import OrderType
from veloz_tui.engine.actions import Cancel, Submit


def stopped() -> tuple[Core, Order]:
    """Two held, a stop on both of them."""
    core = Core()
    core.holding("2 @ 100")
    stop = limit_sell("2 @ 94", order_type=OrderType.STOP_LIMIT, stop_price=D(95), reduce_only=True)
    order = core.working(stop, venue_order_id="5")
    core.actions.clear()
    return core, order


def flatten(core: Core) -> str:
    return core.command(c.Flatten(command_id=core.new_id())).text


def sold(core: Core) -> list[str]:
    return [str(act.request.quantity) for act in core.actions if isinstance(act, Submit)]


def test_what_a_stop_is_on_is_closed_once_the_stop_is_gone() -> None:
    core, stop = stopped()
    assert "2 once the orders in its way are canceled" in flatten(core)
    assert ids_of(core.actions, Cancel) == [stop.client_order_id]
    core.tick(2)
    assert not sold(core)
    core.send(report(stop, "CANCELED", venue_order_id="5"))
    core.tick()
    assert sold(core) == ["2"]
    core.tick(5)
    assert sold(core) == ["2"]


def test_a_stop_that_fills_before_its_cancel_leaves_nothing_to_close() -> None:
    core, stop = stopped()
    flatten(core)
    core.send(report(stop, "FILLED", fill=fill(stop, 70, "2 @ 94", venue_order_id="5"), venue_order_id="5"))
    core.tick(40)
    assert not sold(core)
    assert not core.alerts("NOT_FLAT")


def test_what_could_not_be_closed_is_said() -> None:
    core, _ = stopped()
    flatten(core)
    core.tick(31)
    assert core.alerts("NOT_FLAT")
    assert not core.engine.live.closing


def test_a_refused_exit_is_tried_again() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.actions.clear()
    flatten(core)
    (first,) = core.told(Submit)
    core.send(r.SubmitRejected(first.client_order_id, -2010, "no"))
    core.tick()
    assert sold(core) == ["2", "2"]


def test_an_exit_in_doubt_is_not_doubled() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.actions.clear()
    flatten(core)
    (first,) = core.told(Submit)
    core.send(r.SubmitWritten(first.client_order_id))
    core.send(r.SubmitUnknown(first.client_order_id, "timeout"))
    core.tick(29)
    assert sold(core) == ["2"]


def test_dust_is_flat_enough() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.state.position(BTC.id).quantity = D("0.0004")
    flatten(core)
    core.tick(40)
    assert not core.alerts("NOT_FLAT")


def test_a_kill_ends_the_wish() -> None:
    core, stop = stopped()
    flatten(core)
    core.kill()
    core.send(report(stop, "CANCELED", venue_order_id="5"))
    core.certify()
    core.rearm()
    core.tick(5)
    assert not sold(core)


def test_a_rest_below_the_venues_least_order_is_let_be() -> None:
    core = Core()
    core.holding("0.06 @ 100")
    core.book("40.00", "40.02")  # worth less than half of 5 now
    core.actions.clear()
    assert "no position to flatten" in flatten(core)
    core.tick(31)
    assert not sold(core)
    assert not core.alerts("NOT_FLAT")


def test_an_exit_that_the_venue_might_take_is_tried() -> None:
    core = Core()
    core.holding("0.06 @ 100")
    core.actions.clear()
    core.book("80.00", "80.02")  # 4.8 of at least 5 by our price: the venue's own average decides
    flatten(core)
    assert [Decimal(quantity) for quantity in sold(core)] == [D("0.06")]
