"""Amending: the old one is canceled, the new one follows its confirmed end, and never both."""

from decimal import Decimal

import msgspec
import pytest

from tests.unit.engine.factories import (
    BTC,
    MM,
    SETTINGS,
    VENUE,
    Core,
    D,
    balances,
    fill,
    foreign,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import commands as c
from veloz_tui.domain import events as e
from veloz_tui.domain import reports as r
from veloz_tui.domain.intents import PlaceIntent, QuoteIntent
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import Asset, ClientOrderId, OrderStatus, OrderType, Severity, Side
from veloz_tui.domain.views import Ack
from veloz_tui.engine import actions as a
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits
from veloz_tui.engine.risk_inputs import leaves
from veloz_tui.engine.state import decode_state, encode_state


def amend(core: Core, order: Order, **changes: object) -> Ack:
    wanted = {name: D(str(value)) if name != "is_dry" else value for name, value in changes.items()}
    return core.command(
        c.AmendOrder(command_id=core.new_id(), by="test", client_order_id=order.client_order_id, **wanted)  # type: ignore[arg-type]
    )


def canceled(core: Core, order: Order, **told: object) -> None:
    core.send(r.CancelSucceeded(order.client_order_id, report(order, "CANCELED", **told)))  # type: ignore[arg-type]


def successor(core: Core, order: Order) -> Order:
    assert order.replaced_by is not None
    return core.state.orders[order.replaced_by]


def acts(core: Core, kind: type) -> list[object]:
    return [act for act in core.acts if isinstance(act, kind)]


def test_the_old_one_is_canceled_first_and_the_new_one_follows_its_confirmed_end() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99", post_only=True))
    assert amend(core, order, price=98, quantity=2).is_ok
    assert acts(core, a.Cancel)
    assert not acts(core, a.Submit)
    canceled(core, order)
    (submit,) = acts(core, a.Submit)
    assert isinstance(submit, a.Submit)
    assert submit.request == msgspec.structs.replace(order.request, price=D(98), quantity=D(2))
    new = successor(core, order)
    assert new.replaces == order.client_order_id
    assert new.status is OrderStatus.CREATED


def test_what_filled_until_then_is_taken_off_the_new_total() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    core.send(report(order, fill=fill(order, 1, "0.25 @ 99")))
    assert amend(core, order, quantity=2).is_ok
    canceled(core, order, fill=fill(order, 2, "0.25 @ 99"))
    assert successor(core, order).quantity == D("1.5")


def test_fills_that_are_still_to_be_fetched_are_taken_off_too() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, quantity=2)
    canceled(core, order, cumulative="0.5")
    assert successor(core, order).quantity == D("1.5")


@pytest.mark.parametrize("total", ["1", "0.75", "0.5"])
def test_if_it_filled_meanwhile_nothing_is_placed_and_it_is_said(total: str) -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    assert amend(core, order, price=98, quantity=total).is_ok
    core.send(r.CancelFailed(order.client_order_id, -2011, "Unknown order sent."))
    core.answer(order, report(order, "FILLED", fills=(fill(order, 1, "1 @ 99"),)))
    assert order.status is OrderStatus.FILLED
    assert order.replaced_by is None
    assert "it filled 1 before" in core.state.alerts[f"amend:{order.client_order_id}"].text


def test_a_cancel_in_doubt_places_nothing_until_there_is_evidence() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98)
    core.send(r.CancelUnknown(order.client_order_id, "timeout"))
    assert not acts(core, a.Submit)
    core.later(s=1)
    core.timer(f"cancel:{order.client_order_id}")
    assert acts(core, a.QueryOrder)
    assert acts(core, a.Cancel)
    assert order.amendment is not None
    core.answer(order, report(order, "CANCELED"))
    assert successor(core, order).request.price == 98


def test_a_cancel_that_nobody_confirms_keeps_no_wish_alive() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98)
    core.tick(31)
    assert order.amendment is None
    canceled(core, order)
    assert order.replaced_by is None


def refused(core: Core, order: Order, **changes: object) -> str:
    events = len(core.records)
    ack = amend(core, order, **changes)
    assert not ack.is_ok
    later = [record.event for record in core.records[events:]]
    assert all(isinstance(event, e.CommandTaken) for event in later)  # nothing changed
    return ack.code


def test_a_denied_amendment_changes_nothing() -> None:
    limits = Limits(default=InstrumentLimits(max_order_size=D(150), max_position_size=D(10_000)))
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    order = core.working(limit_buy("1 @ 99"))
    assert refused(core, order, quantity=2) == "ORDER_NOTIONAL_MAX"
    assert refused(core, order, price="98.123") == "TICK"
    assert order.cancel_requested_at is None


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+999999"])
@pytest.mark.parametrize("field", ["price", "quantity", "stop_price"])
def test_a_number_that_is_none_is_refused_and_the_engine_lives(field: str, number: str) -> None:
    core = Core()
    orders = (
        core.working(limit_buy("1 @ 99"), venue_order_id="1"),
        core.working(
            limit_sell("1 @ 90", order_type=OrderType.STOP_LIMIT, stop_price=D("91")), venue_order_id="2"
        ),
    )
    for order in orders:
        refused(core, order, **{field: number})
        refused(core, order, **{field: number}, is_dry=True)


def test_risk_is_asked_as_if_the_old_order_were_not_there() -> None:
    limits = Limits(default=InstrumentLimits(max_position_size=D(150)), open_orders_max=1)
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    order = core.working(limit_buy("1 @ 99"))
    told = r.BalancesReported(
        VENUE, (r.Balance(Asset("USDT"), D(60), D(99)),), is_complete=False, venue_at=None
    )
    core.send(told)
    assert amend(core, order, quantity="1.5", price=98).is_ok
    canceled(core, order)  # before the balance that it frees is told
    assert successor(core, order).quantity == D("1.5")


def test_what_cannot_be_amended_says_why_and_changes_nothing() -> None:
    core = Core()
    sent = core.sent(limit_buy("1 @ 98"))
    assert refused(core, sent, price=97) == "UNCONFIRMED"
    order = core.working(limit_buy("1 @ 99"), venue_order_id="2")
    assert refused(core, order) == "UNCHANGED"
    assert refused(core, order, price=99, quantity=1) == "UNCHANGED"
    core.send(report(order, fill=fill(order, 1, "0.5 @ 99", venue_order_id="2"), venue_order_id="2"))
    assert refused(core, order, quantity="0.5") == "NOTHING_LEFT"
    core.send(foreign())
    external = next(each for each in core.state.orders.values() if each.is_external)
    assert refused(core, external, price=91) == "EXTERNAL"
    core.cancel(order)
    assert refused(core, order, price=98) == "CANCELING"
    missing = core.command(
        c.AmendOrder(command_id=core.new_id(), client_order_id=ClientOrderId("none"), price=D(1))
    )
    assert missing.code == "UNKNOWN_ORDER"


def test_a_post_only_successor_that_would_take_does_not_cost_the_resting_order() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99", post_only=True))
    assert refused(core, order, price="100.01") == "POST_ONLY_CROSSES"
    plain = core.working(limit_buy("1 @ 98"), venue_order_id="2")
    assert amend(core, plain, price="100.01").is_ok


@pytest.mark.parametrize(("side", "stop", "wrong"), [(Side.SELL, "98", "101"), (Side.BUY, "102", "99")])
def test_a_stop_that_would_trigger_at_once_does_not_cost_the_one_that_protects(
    side: Side, stop: str, wrong: str
) -> None:
    core = Core()
    request = limit_buy("1 @ 100") if side is Side.BUY else limit_sell("1 @ 100")
    order = core.working(
        msgspec.structs.replace(request, order_type=OrderType.STOP_LIMIT, stop_price=D(stop))
    )
    assert refused(core, order, stop_price=wrong) == "STOP_TRIGGERS"
    assert order.cancel_requested_at is None
    assert amend(core, order, stop_price=D(stop) + side.sign).is_ok


def test_a_stop_whose_price_was_passed_already_is_not_placed_anew() -> None:
    core = Core()
    order = core.working(limit_sell("1 @ 98", order_type=OrderType.STOP_LIMIT, stop_price=D("98")))
    core.book("97.99", "98.01")
    core.send(r.TradePrinted(BTC.id, 97.9, 1.0, Side.SELL, core.now))
    assert refused(core, order, price="97") == "STOP_TRIGGERS"


def test_a_slot_for_the_successor_is_taken_when_the_amendment_is() -> None:
    limits = msgspec.structs.replace(SETTINGS.limits, max_orders_per_second=2)
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    order = core.working(limit_buy("1 @ 99"))
    core.later(s=5)
    assert amend(core, order, price="98.5").is_ok
    core.working(limit_buy("1 @ 97"), venue_order_id="2")
    assert core.refused(limit_buy("1 @ 96")) == "MSG_RATE"
    canceled(core, order)
    assert successor(core, order).status is OrderStatus.CREATED


def lost(core: Core) -> list[str]:
    return [alert.text for alert in core.state.alerts.values() if alert.severity is Severity.CRIT]


def test_a_protective_stop_that_is_gone_and_not_replaced_is_critical() -> None:
    core = Core()
    stop = limit_sell("1 @ 97", order_type=OrderType.STOP_LIMIT, stop_price=D("98"))
    dropped, rejected, unsent = (core.working(stop, venue_order_id=str(i)) for i in range(1, 4))
    for order in (dropped, rejected, unsent):
        assert amend(core, order, stop_price="98.5").is_ok
    core.send(report(dropped, "EXPIRED", venue_order_id="1"))
    canceled(core, rejected, venue_order_id="2")
    core.send(r.SubmitRejected(successor(core, rejected).client_order_id, -2010, "would trigger"))
    canceled(core, unsent, venue_order_id="3")
    core.send(r.SubmitNotSent(successor(core, unsent).client_order_id, "the disk is slow"))
    assert len(lost(core)) == 3
    assert all("NO STOP" in text for text in lost(core))


def test_a_successor_that_was_canceled_by_hand_or_kill_is_no_lost_stop() -> None:
    core = Core()
    stop = limit_sell("1 @ 97", order_type=OrderType.STOP_LIMIT, stop_price=D("98"))
    order = core.working(stop)
    assert amend(core, order, stop_price="98.5").is_ok
    canceled(core, order)
    core.cancel(successor(core, order))
    core.send(r.SubmitNotSent(successor(core, order).client_order_id, "canceled before it was sent"))
    assert not lost(core)


def test_a_dry_amendment_says_the_verdict_and_nothing_else() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    ack = amend(core, order, price=98, quantity=2, is_dry=True)
    assert ack.is_ok
    assert ack.verdict is not None
    assert ack.verdict.notional == 196
    assert not core.events
    assert order.amendment is None


def test_limits_count_the_larger_of_old_and_new_until_the_end_is_known() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, quantity=3)
    assert leaves(core.engine._turn(core.now), BTC.id)[0] == 3
    amend(core, order, quantity="0.5")
    assert leaves(core.engine._turn(core.now), BTC.id)[0] == 1
    canceled(core, order)
    assert leaves(core.engine._turn(core.now), BTC.id)[0] == D("0.5")


def test_the_latest_wish_wins_while_the_cancel_is_under_way() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98, quantity=2)
    core.later(ms=1500)
    assert amend(core, order, price="98.50").is_ok
    canceled(core, order)
    assert (successor(core, order).request.price, successor(core, order).quantity) == (D("98.50"), D(2))


def by_kill(core: Core, order: Order) -> None:
    core.kill()


def by_cancel(core: Core, order: Order) -> None:
    core.cancel(order)


def by_pause(core: Core, order: Order) -> None:
    core.command(c.Pause(command_id=core.new_id(), by="test"))


def by_reduce(core: Core, order: Order) -> None:
    core.command(c.Reduce(command_id=core.new_id(), by="test"))


def by_shutdown(core: Core, order: Order) -> None:
    core.command(c.Shutdown(command_id=core.new_id(), by="test"))


def by_flatten(core: Core, order: Order) -> None:
    core.command(c.Flatten(command_id=core.new_id(), by="test"))


@pytest.mark.parametrize("drops", [by_kill, by_cancel, by_pause, by_reduce, by_shutdown, by_flatten])
def test_whoever_wants_less_drops_a_pending_successor(drops: object) -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98)
    drops(core, order)  # type: ignore[operator]
    assert order.amendment is None
    assert any(isinstance(record.event, e.AmendDropped) for record in core.records)
    canceled(core, order)
    assert order.replaced_by is None
    assert not acts(core, a.Submit)


def test_pause_and_reduce_keep_the_successor_of_an_exit() -> None:
    core = Core()
    core.holding("1 @ 100")
    order = core.working(limit_sell("1 @ 101", reduce_only=True), venue_order_id="2")
    assert amend(core, order, price="100.50").is_ok
    by_reduce(core, order)
    by_pause(core, order)
    canceled(core, order, venue_order_id="2")
    assert successor(core, order).request.reduce_only


def test_a_restart_never_places_what_was_wanted_before_it_and_says_so() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98)
    again = Core(state=decode_state(encode_state(core.state)), ready=False)
    same = again.state.orders[order.client_order_id]
    assert same.amendment is None
    assert "restarted" in again.state.alerts[f"amend:{order.client_order_id}"].text
    asked = r.QueryAnswered(order.client_order_id, r.Endpoint.ORDER, report(same, "CANCELED"), again.now)
    again.connected(asked=(asked,))
    assert same.status is OrderStatus.CANCELED
    assert same.replaced_by is None


def test_a_successor_that_risk_refuses_meanwhile_is_said_loudly() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98)
    core.send(r.GuardianReported(is_alive=False, reason="test"))
    canceled(core, order)
    assert order.replaced_by is None
    assert "refused" in core.state.alerts[f"amend:{order.client_order_id}"].text


def test_a_stop_keeps_its_kind_and_the_answer_warns_of_the_gap() -> None:
    core = Core()
    core.holding("1 @ 100")
    request = limit_sell("1 @ 89", order_type=OrderType.STOP_LIMIT, stop_price=D(90), reduce_only=True)
    stop = core.working(request, venue_order_id="2")
    ack = amend(core, stop, stop_price=91, price="90.50")
    assert ack.is_ok
    assert "no stop between the two" in ack.text
    canceled(core, stop, venue_order_id="2")
    new = successor(core, stop).request
    assert (new.stop_price, new.price, new.reduce_only) == (D(91), D("90.50"), True)


def test_a_quote_may_be_moved_and_its_strategy_moves_it_back() -> None:
    core = Core()
    run = core.run_strategy()
    core.wants(QuoteIntent(BTC.id, D("99.50"), None, D(1)), run=run)
    quote = core.state.orders[next(iter(core.state.open_orders))]
    core.send(r.SubmitAccepted(quote.client_order_id, report(quote)))
    ack = amend(core, quote, price="99.40")
    assert "mm-1 will move it again; Space stops it" in ack.text
    canceled(core, quote)
    alive = [core.state.orders[i] for i in core.state.open_orders]
    assert [(order.strategy_id, order.quantity) for order in alive] == [(MM, D(1))]


def test_an_order_that_its_strategy_follows_by_number_is_not_taken_from_under_it() -> None:
    core = Core()
    run = core.run_strategy()
    core.wants(PlaceIntent(5, limit_buy("1 @ 99", strategy_id=MM)), run=run)
    order = core.state.orders[next(iter(core.state.open_orders))]
    core.send(r.SubmitAccepted(order.client_order_id, report(order)))
    assert refused(core, order, price=98) == "STRATEGY_RUNS"


def test_an_end_that_was_not_our_cancel_is_followed_by_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 99"))
    amend(core, order, price=98)
    core.send(report(order, "EXPIRED"))
    assert order.replaced_by is None
    assert "ended EXPIRED" in core.state.alerts[f"amend:{order.client_order_id}"].text


def test_selling_more_than_is_free_is_covered_by_what_the_old_one_locks() -> None:
    core = Core()
    core.holding("1 @ 100")
    order = core.working(limit_sell("1 @ 101"), venue_order_id="2")
    core.send(balances(base="0.2", locked="1"))
    assert amend(core, order, quantity="1.2").is_ok
    assert refused_quantity(core, order) == Decimal("1.2")


def refused_quantity(core: Core, order: Order) -> Decimal:
    """The wanted total stays as it was when a larger one isn't covered."""
    assert amend(core, order, quantity="1.3").code == "BALANCE_INSUFFICIENT"
    assert order.amendment is not None
    assert order.side is Side.SELL
    return order.amendment.quantity
