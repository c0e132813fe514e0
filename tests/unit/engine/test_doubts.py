"""Orders in doubt: counted, asked for, and ended by evidence only."""

import pytest

from tests.unit.engine.factories import LIMITS, SETTINGS, Core, D, fill, ids_of, limit_buy, report
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import OrderInDoubt, OrderNeverArrived
from veloz_tui.domain.types import Nanos, OrderStatus
from veloz_tui.engine.actions import QueryOrder, SetTimer, Submit
from veloz_tui.engine.state import HOLD_NEVER_ARRIVED

ENDPOINT = r.Endpoint
SETTLED_S = 2 + 10
"""recvWindow of the settings, and the venue's own time limit."""


def test_no_answer_is_no_failure() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    assert (order.status, order.is_open) == (OrderStatus.SUBMITTED, True)
    assert core.alerts("IN_DOUBT")
    assert [act.timer for act in core.told(SetTimer)] == [f"doubt:{order.client_order_id}"]


def test_its_alerts_say_how_long_there_was_no_answer_and_what_the_venue_has() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.later(s=2)
    core.send(r.SubmitUnknown(order.client_order_id, "timeout"))
    (alert,) = core.alerts("IN_DOUBT")
    assert ": no answer 2.0 s, may be live. Counted in limits; asking BIN. Do not resend" in alert
    core.later(s=3)
    core.answer(order, report(order, "OPEN"))
    (alert,) = core.alerts("RESOLVED")
    assert alert.endswith(": OPEN at BIN, in doubt 3.0 s")


def test_it_is_never_sent_again() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    for _ in range(20):
        core.later(s=5)
        core.timer(f"doubt:{order.client_order_id}")
    core.tick(3)
    assert ids_of(core.actions, Submit) == [order.client_order_id]


def test_it_counts_in_exposure_while_in_doubt() -> None:
    core = Core()
    core.doubted(limit_buy("90 @ 100"))
    assert core.refused(limit_buy("20 @ 100")) == "POS_MAX"


def test_it_is_asked_for_on_several_endpoints_for_ever() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    for _ in range(12):
        core.later(s=5)
        core.timer(f"doubt:{order.client_order_id}")
        core.send(r.QueryFailed(order.client_order_id, "unreachable"))
    asked = [act.endpoint for act in core.actions if isinstance(act, QueryOrder)]
    assert len(asked) == 12
    assert set(asked) == {ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS}  # trades need the venue's id
    assert order.is_in_doubt


@pytest.mark.parametrize("status", ["OPEN", "CANCELED", "EXPIRED", "REJECTED"])
def test_any_word_of_the_venue_resolves_it(status: str) -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    core.answer(order, report(order, status))
    assert not order.is_in_doubt
    assert core.alerts("RESOLVED")
    assert not core.timer(f"doubt:{order.client_order_id}")


def test_filled_before_anyone_asked_is_booked_once() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    core.answer(order, report(order, "FILLED", cumulative="1"))
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100"), cumulative="1"))
    assert (order.status, core.position) == (OrderStatus.FILLED, D(1))


def absent(core: Core, order: object, *endpoints: r.Endpoint) -> None:
    for endpoint in endpoints:
        core.answer(order, None, endpoint)  # type: ignore[arg-type]


def test_never_arrived_needs_three_not_founds_on_two_endpoints_after_the_settle_time() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    absent(core, order, *[ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS] * 5)  # too early: they count for nothing
    core.later(s=SETTLED_S)
    absent(core, order, ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS, ENDPOINT.ORDER)  # at the moment itself: not yet
    core.later(ms=1)
    absent(core, order, ENDPOINT.ORDER, ENDPOINT.ORDER, ENDPOINT.ORDER, ENDPOINT.ORDER)
    assert order.is_in_doubt
    absent(core, order, ENDPOINT.OPEN_ORDERS)
    assert core.said(OrderNeverArrived)
    assert order.status is OrderStatus.NEVER_ARRIVED


def test_two_not_founds_are_not_enough() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    core.later(s=60)
    absent(core, order, ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS)
    assert order.is_in_doubt


def test_the_settle_time_counts_on_the_venues_clock() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    core.send(r.HealthReported("BINANCE", clock_offset_ms=3_000.0))  # type: ignore[arg-type]
    core.later(s=SETTLED_S + 1)
    venue_at = Nanos(core.now + 3_000_000_000 - 2_000_000_000)
    for endpoint in (ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS, ENDPOINT.ORDER):
        core.send(r.QueryAnswered(order.client_order_id, endpoint, None, venue_at))
    assert order.is_in_doubt
    venue_at = Nanos(core.now + 3_000_000_000)
    for endpoint in (ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS, ENDPOINT.ORDER):
        core.send(r.QueryAnswered(order.client_order_id, endpoint, None, venue_at))
    assert order.status is OrderStatus.NEVER_ARRIVED


def test_a_sight_of_it_makes_earlier_not_founds_void() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    core.later(s=60)
    absent(core, order, ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS)
    core.answer(order, report(order, "UNKNOWN", raw_status="ODD"))
    absent(core, order, ENDPOINT.ORDER)
    assert order.is_in_doubt


def test_absence_of_an_accepted_order_says_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.later(s=60)
    absent(core, order, *[ENDPOINT.ORDER, ENDPOINT.OPEN_ORDERS] * 5)
    assert order.status is OrderStatus.ACCEPTED


def test_after_never_arrived_its_exposure_is_held_for_half_an_hour() -> None:
    core = Core()
    core.never_arrived(limit_buy("90 @ 100"))
    core.later(s=1799 - 13)
    assert core.refused(limit_buy("20 @ 100")) == "POS_MAX"
    core.later(s=15)
    core.place(limit_buy("20 @ 100"))


def test_held_exposure_ends_even_when_nothing_else_gets_through() -> None:
    core = Core()
    core.never_arrived(limit_buy("99.999 @ 100"))
    for _ in range(3):
        assert core.refused(limit_buy("1 @ 100")) == "POS_MAX"
        core.later(s=2)
    core.later(s=HOLD_NEVER_ARRIVED // 1_000_000_000)
    core.place(limit_buy("1 @ 100"))
    assert not core.state.held


@pytest.mark.parametrize("status", ["OPEN", "CANCELED", "EXPIRED"])
def test_later_evidence_reopens_with_an_alarm(status: str) -> None:
    core = Core()
    order = core.never_arrived(limit_buy("90 @ 100"))
    core.send(report(order, status))
    assert core.alerts("REOPENED")
    assert order.is_open is (status == "OPEN")
    assert not core.state.held


def test_a_late_fill_of_one_that_never_arrived_is_booked_and_ends_the_hold() -> None:
    core = Core()
    order = core.never_arrived(limit_buy("90 @ 100"))
    core.send(report(order, "FILLED", fill=fill(order, 5, "90 @ 100")))
    assert (order.status, core.position) == (OrderStatus.FILLED, D(90))
    assert core.alerts("REOPENED")
    assert not core.state.held
    core.place(limit_buy("9 @ 100"))


def test_a_second_unknown_outcome_is_no_second_doubt() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    since = order.in_doubt_since
    core.later(s=1)
    core.send(r.SubmitUnknown(order.client_order_id, "timeout"))
    assert not core.said(OrderInDoubt)
    assert order.in_doubt_since == since


def test_the_limits_in_these_tests_bind() -> None:
    assert LIMITS is SETTINGS.limits
    assert Core().refused(limit_buy("101 @ 100")) == "POS_MAX"
