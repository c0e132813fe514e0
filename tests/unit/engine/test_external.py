"""Orders that aren't ours: shown, counted, killed, and touched by nobody else."""

import msgspec

from tests.unit.engine.factories import (
    BTC,
    MM,
    SETTINGS,
    VENUE,
    Core,
    D,
    foreign,
    ids_of,
    limit_buy,
    report,
)
from veloz_tui.domain.commands import CancelOrders, StopStrategy
from veloz_tui.domain.events import ExternalOrderSeen
from veloz_tui.domain.ids import client_order_id
from veloz_tui.domain.intents import CancelIntent
from veloz_tui.domain.reports import OpenOrdersListed
from veloz_tui.domain.types import EXTERNAL, InstrumentId, Nanos, OrderStatus
from veloz_tui.engine.actions import Cancel, CancelAll, QueryOrder

OURS = client_order_id(account="00", epoch=5, counter=9)


def test_an_unknown_open_order_is_external() -> None:
    core = Core()
    core.send(foreign("2 @ 90"))
    (order,) = core.mine(EXTERNAL)
    assert (order.status, order.leaves, order.venue_client_id) == (OrderStatus.ACCEPTED, D(2), "web_abc")
    assert not core.alerts("ORPHAN")
    core.send(foreign("2 @ 90"))
    assert len(core.mine(EXTERNAL)) == 1


def test_one_that_ended_before_we_knew_of_it_is_nobodys_business() -> None:
    core = Core()
    core.send(foreign(status="CANCELED"))
    assert not core.events


def test_it_counts_in_exposure() -> None:
    core = Core()
    core.send(foreign("90 @ 100"))
    assert core.refused(limit_buy("20 @ 100")) == "POS_MAX"


def test_it_does_not_use_up_our_cap_of_open_orders() -> None:
    limits = msgspec.structs.replace(SETTINGS.limits, open_orders_max=1)
    core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
    core.send(foreign())
    core.working(limit_buy("1 @ 100"))
    assert core.refused(limit_buy("1 @ 100")) == "OPEN_ORDERS_MAX"


def test_our_prefix_without_an_intent_is_an_orphan_and_an_alarm() -> None:
    core = Core()
    core.send(foreign(client_order_id=OURS))
    (seen,) = core.said(ExternalOrderSeen)
    assert seen.is_orphan
    assert core.alerts("ORPHAN")


def test_something_like_our_prefix_is_no_orphan() -> None:
    core = Core()
    broken = OURS[:-1] + ("0" if OURS[-1] != "0" else "1")
    core.send(foreign(client_order_id=broken))
    assert not core.alerts("ORPHAN")


def test_strategies_and_their_stops_leave_it_alone() -> None:
    core = Core()
    core.run_strategy()
    core.send(foreign())
    (order,) = core.mine(EXTERNAL)
    core.wants(CancelIntent(client_order_id=order.client_order_id), CancelIntent())
    assert not core.told(Cancel)
    core.command(StopStrategy(command_id=core.new_id(), strategy_id=MM))
    assert not core.told(Cancel)


def test_cancel_all_touches_it_only_when_asked_for() -> None:
    core = Core()
    core.send(foreign())
    (order,) = core.mine(EXTERNAL)
    assert not core.command(CancelOrders(command_id=core.new_id(), is_all=True)).client_order_ids
    core.command(CancelOrders(command_id=core.new_id(), is_all=True, includes_external=True))
    (cancel,) = core.told(Cancel)
    assert (cancel.venue_order_id, cancel.venue_client_id) == ("77", "web_abc")
    assert order.cancel_requested_at is not None


def test_the_kill_switch_cancels_it_wherever_it_is() -> None:
    core = Core()
    core.send(foreign("2 @ 3000", instrument_id=InstrumentId("ETHUSDT.BINANCE")))
    core.kill()
    (sweep,) = core.told(CancelAll)
    assert set(sweep.instrument_ids) == {BTC.id, "ETHUSDT.BINANCE"}
    core.timer("kill")
    core.later(s=1)
    core.timer("kill")  # the bulk cancel did not get it: by itself then
    assert ids_of(core.acts, Cancel) == ["x-ETHUSDT.BINANCE-77"]


def test_its_end_is_the_venues_word() -> None:
    core = Core()
    core.send(foreign())
    (order,) = core.mine(EXTERNAL)
    core.send(report(order, "CANCELED", venue_order_id="77"))
    assert order.status is OrderStatus.CANCELED


def test_an_audit_adopts_what_the_stream_never_told() -> None:
    core = Core()
    core.listed(foreign(), instrument_id=BTC.id, purpose="audit")
    assert core.mine(EXTERNAL)


def test_an_audit_asks_for_what_is_not_listed_and_ends_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    fresh = core.working(limit_buy("1 @ 99"), venue_order_id="2")
    core.later(s=10)
    fresh.updated_at = core.now  # accepted a moment before the list was asked for
    core.listed(instrument_id=BTC.id, purpose="audit")
    assert ids_of(core.acts, QueryOrder) == [order.client_order_id]
    assert order.is_open


def test_a_list_of_another_instrument_says_nothing_of_ours() -> None:
    core = Core()
    core.working(limit_buy("1 @ 100"))
    core.later(s=10)
    core.listed(instrument_id=InstrumentId("ETHUSDT.BINANCE"), purpose="audit")
    assert not core.told(QueryOrder)


def test_a_list_older_than_the_order_says_nothing_of_it() -> None:
    core = Core()
    asked_at = core.now
    core.later(s=10)
    core.working(limit_buy("1 @ 100"))
    core.send(OpenOrdersListed(VENUE, BTC.id, (), Nanos(asked_at), "audit"))
    assert not core.told(QueryOrder)


def test_an_external_order_that_ended_while_we_were_away_is_asked_for() -> None:
    core = Core()
    core.send(foreign(instrument_id=InstrumentId("ETHUSDT.BINANCE")))
    core.later(s=10)
    core.reconnect()
    asked = [act for act in core.actions if isinstance(act, QueryOrder)]
    assert [(act.instrument_id, act.venue_order_id) for act in asked] == [("ETHUSDT.BINANCE", "77")]
