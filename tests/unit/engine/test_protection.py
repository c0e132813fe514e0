"""Stop loss, take profit, and how much of each limit is used."""

from decimal import Decimal

import msgspec
import pytest

from tests.unit.engine.factories import (
    BTC,
    LIMITS,
    SETTINGS,
    Core,
    D,
    balances,
    fill,
    foreign,
    ids_of,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import AlertRaised
from veloz_tui.domain.types import OrderType, Severity, Side
from veloz_tui.engine.actions import Cancel, Submit
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits

BOTH = InstrumentLimits(
    max_position_size=D(10_000), stop_loss_threshold=D("0.02"), take_profit_threshold=D("0.05")
)


def guarded(**changes: object) -> Core:
    limits = Limits(default=BOTH, **changes)  # type: ignore[arg-type]
    return Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))


def moved(core: Core, to: str) -> None:
    price = Decimal(to)
    core.book(str(price - D("0.01")), str(price + D("0.01")))
    core.tick()


@pytest.mark.parametrize(
    ("side", "price", "leaves"),
    [
        (Side.BUY, "98.01", False),
        (Side.BUY, "98", True),
        (Side.BUY, "104.99", False),
        (Side.BUY, "105", True),
        (Side.SELL, "101.99", False),
        (Side.SELL, "102", True),
        (Side.SELL, "95", True),
    ],
)
def test_a_threshold_reached_exactly_leaves_the_position(side: Side, price: str, *, leaves: bool) -> None:
    core = guarded()
    core.holding("2 @ 100", side=side)
    core.actions.clear()
    moved(core, price)
    requests = [act.request for act in core.actions if isinstance(act, Submit)]
    assert bool(requests) is leaves
    if leaves:
        (request,) = requests
        assert (request.side, request.quantity, request.order_type) == (side.opposite, D(2), OrderType.MARKET)
        assert request.reduce_only
        assert request.strategy_id == "risk"
        assert core.state.alerts[f"exit:{BTC.id}"].severity is Severity.CRIT


def test_orders_on_the_exits_side_go_first() -> None:
    core = guarded()
    core.holding("2 @ 100")
    selling = core.working(limit_sell("1 @ 110"), venue_order_id="2")
    buying = core.working(limit_buy("1 @ 90"), venue_order_id="3")
    core.actions.clear()
    moved(core, "97")
    kinds = [type(act) for act in core.actions if isinstance(act, Cancel | Submit)]
    assert kinds == [Cancel, Submit]
    assert ids_of(core.actions, Cancel) == [selling.client_order_id]
    assert buying.cancel_requested_at is None


def test_one_exit_at_a_time_and_again_after_a_while() -> None:
    core = guarded()
    core.holding("2 @ 100")
    core.actions.clear()
    moved(core, "97")
    (exit_id,) = ids_of(core.actions, Submit)
    core.tick(3)
    assert ids_of(core.actions, Submit) == [exit_id]
    core.tick(4)  # still at work: a second one would cross zero
    assert ids_of(core.actions, Submit) == [exit_id]
    order = core.state.orders[exit_id]  # type: ignore[index]
    core.send(r.SubmitRejected(order.client_order_id, -2010, "no"))
    core.tick(6)
    assert len(ids_of(core.actions, Submit)) == 2


def test_a_closed_position_asks_for_nothing() -> None:
    core = guarded()
    core.holding("2 @ 100")
    moved(core, "97")
    (exit_id,) = ids_of(core.actions, Submit)[-1:]
    order = core.state.orders[exit_id]  # type: ignore[index]
    core.send(r.SubmitWritten(order.client_order_id))
    core.send(report(order, "FILLED", fill=fill(order, 50, "2 @ 97", venue_order_id="9"), venue_order_id="9"))
    core.actions.clear()
    core.tick(20)
    assert not ids_of(core.actions, Submit)


def test_without_a_fresh_book_nothing_can_be_judged() -> None:
    core = guarded()
    core.holding("2 @ 100")
    core.book("89.99", "90.01")
    core.send(r.BookStale(BTC.id, "gap"))
    core.actions.clear()
    core.tick(10)
    assert not ids_of(core.actions, Submit)


def test_an_exit_passes_what_holds_others_back() -> None:
    core = guarded()
    core.holding("2 @ 100")
    core.command(c.Pause(command_id=core.new_id()))
    core.command(c.Reduce(command_id=core.new_id()))
    core.actions.clear()
    moved(core, "97")
    assert ids_of(core.actions, Submit)


def test_an_exit_does_not_pass_the_kill_switch() -> None:
    core = guarded()
    core.holding("2 @ 100")
    core.kill()
    core.actions.clear()
    moved(core, "97")
    assert not ids_of(core.actions, Submit)
    assert "HALTED" in core.state.alerts[f"exit:{BTC.id}"].text


# --- Use of limits ----------------------------------------------------------------------------------------


def uses(core: Core) -> list[Severity]:
    core.tick()
    return [
        record.event.severity
        for record in core.records
        if isinstance(record.event, AlertRaised) and record.event.code == "LIMIT_USE"
    ]


def test_alerts_rise_at_fifty_eighty_and_a_hundred_percent() -> None:
    core = Core()
    for number, what in enumerate(("49 @ 100", "2 @ 100", "30 @ 100", "18.99 @ 100")):
        core.working(limit_buy(what), venue_order_id=str(number))
        uses(core)
    assert uses(core) == [Severity.INFO, Severity.WARN]
    core.book("101.00", "101.02")  # the mark lifts the value over the limit
    assert uses(core) == [Severity.INFO, Severity.WARN, Severity.CRIT]


def test_in_doubt_and_held_orders_are_in_the_use() -> None:
    core = Core()
    core.doubted(limit_buy("51 @ 100"))
    assert uses(core) == [Severity.INFO]


def test_external_orders_do_not_use_our_cap() -> None:
    limits = msgspec.structs.replace(LIMITS, open_orders_max=2)
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    core.working(limit_buy("1 @ 100"))
    core.send(foreign())
    assert uses(core) == [Severity.INFO]


def test_the_least_balance_warns_before_it_is_reached() -> None:
    limits = msgspec.structs.replace(LIMITS, account_balance_threshold=D(900))
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    core.send(balances(quote="1000"))
    assert uses(core) == [Severity.WARN]
    assert core.refused(limit_buy("1.5 @ 100")) == "MIN_FREE_BALANCE"


def test_a_rest_below_the_venues_least_order_raises_no_exit() -> None:
    core = guarded()
    core.holding("0.06 @ 100")
    core.actions.clear()
    core.book("40.00", "40.02")
    core.tick(10)
    assert not core.told(Submit)
    assert not core.alerts("EXIT")
