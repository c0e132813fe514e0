"""What becomes of a submit and of a cancel."""

import pytest

from tests.unit.engine.factories import BTC, MM, VENUE, Core, fill, ids_of, limit_buy, report
from veloz_tui.domain import reports as r
from veloz_tui.domain.commands import CancelOrders
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import AlertRaised, CancelRejected, CancelRequested, OrderCreated, OrderRejected
from veloz_tui.domain.ids import is_ours
from veloz_tui.domain.types import ChannelState, ClientOrderId, OrderStatus
from veloz_tui.engine.actions import Cancel, QueryOrder, Submit, Unpark


def test_an_order_is_created_before_it_may_be_submitted() -> None:
    core = Core()
    order = core.place(limit_buy("1.5 @ 100"))
    (submit,) = core.told(Submit)
    created = next(record for record in core.records if isinstance(record.event, OrderCreated))
    assert submit.seq == created.seq
    assert submit.client_order_id == order.client_order_id
    assert submit.deadline == core.now + 250_000_000
    assert is_ours(order.client_order_id)
    assert order.status is OrderStatus.CREATED


def test_written_then_accepted() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    assert order.status is OrderStatus.SUBMITTED
    core.send(r.SubmitAccepted(order.client_order_id, report(order)))
    assert (order.status, order.venue_order_id) == (OrderStatus.ACCEPTED, "1")


def test_acceptance_may_outrun_the_transports_word() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    core.send(report(order))
    core.send(r.SubmitWritten(order.client_order_id))
    assert order.status is OrderStatus.ACCEPTED
    assert not core.alerts("ANOMALY")


def test_a_rejection_is_definitive_and_frees_exposure_at_once() -> None:
    core = Core()
    order = core.sent(limit_buy("90 @ 100"))
    core.send(r.SubmitRejected(order.client_order_id, -2010, "Account has insufficient balance"))
    assert order.status is OrderStatus.REJECTED
    assert "-2010" in order.reason
    core.place(limit_buy("90 @ 100"))


def test_a_rejection_is_said_with_its_state_what_to_do_and_the_code_last() -> None:
    core = Core()
    order = core.sent(limit_buy("90 @ 100"))
    core.send(r.SubmitRejected(order.client_order_id, -2010, "It would take.", remedy="Drop post"))
    (alert,) = core.alerts("REJECTED")
    assert alert.endswith(": It would take. Not in book. Drop post [-2010]")


def test_every_rejection_of_an_order_of_the_operators_is_said_in_full() -> None:
    core = Core()
    for reason in ("Account has insufficient balance", "Order would immediately match and take."):
        order = core.sent(limit_buy("1 @ 100"))
        core.send(r.SubmitRejected(order.client_order_id, -2010, reason))
        (alert,) = core.said(AlertRaised)
        assert alert.text.endswith(f": {reason.rstrip('.')}. Not in book. [-2010]")


def test_a_rejection_after_acceptance_is_an_anomaly_and_ends_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(r.SubmitRejected(order.client_order_id, -2010, "Duplicate order sent."))
    assert order.status is OrderStatus.ACCEPTED
    assert core.alerts("ANOMALY")
    assert not core.said(OrderRejected)


def test_an_unknown_outcome_after_acceptance_changes_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(r.SubmitUnknown(order.client_order_id, "timeout"))
    assert not order.is_in_doubt


def test_not_sent_frees_the_order() -> None:
    core = Core()
    order = core.place(limit_buy("90 @ 100"))
    core.send(r.SubmitNotSent(order.client_order_id, "journal slow"))
    assert (order.status, order.reason) == (OrderStatus.NOT_SENT, "journal slow")
    assert core.alerts("NOT_SENT")
    core.place(limit_buy("90 @ 100"))


def test_a_venues_word_after_not_sent_reopens_with_an_alarm() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    core.send(r.SubmitNotSent(order.client_order_id, "reset"))
    core.send(report(order))
    assert (order.status, order.is_open) == (OrderStatus.ACCEPTED, True)
    assert core.alerts("REOPENED")


def test_a_status_we_do_not_know_keeps_the_order_as_it_was() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "UNKNOWN", raw_status="PENDING_WHATEVER"))
    assert order.status is OrderStatus.ACCEPTED
    assert core.alerts("UNKNOWN_STATUS")


def test_a_transport_that_speaks_of_an_order_never_created_breaks_the_core() -> None:
    core = Core()
    with pytest.raises(InvariantBroken):
        core.send(r.SubmitWritten(ClientOrderId("vz00NEVERCREATED")))
    with pytest.raises(InvariantBroken, match="broke before"):
        core.timer("tick")


def test_fifteen_seconds_without_an_outcome_put_an_order_in_doubt() -> None:
    core = Core()
    parked, sent = core.place(limit_buy("1 @ 100")), core.sent(limit_buy("1 @ 99"))
    core.tick(14)
    assert not core.alerts("IN_DOUBT")
    core.tick(2)
    assert sent.is_in_doubt
    assert parked.is_in_doubt


# --- Cancels ----------------------------------------------------------------------------------------------


def test_a_cancel_leaves_at_once_and_names_both_ids() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"), venue_order_id="12")
    ack = core.cancel(order)
    (cancel,) = core.told(Cancel)
    assert ack.client_order_ids == (order.client_order_id,)
    assert (cancel.venue_order_id, cancel.venue_client_id) == ("12", order.client_order_id)
    assert order.cancel_requested_at == core.now
    assert order.status is OrderStatus.ACCEPTED


def test_a_parked_order_is_removed_before_its_cancel() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    core.cancel(order)
    kinds = [type(act) for act in core.acts if isinstance(act, Unpark | Cancel)]
    assert kinds == [Unpark, Cancel]
    assert core.told(Unpark)[0].client_order_ids == (order.client_order_id,)


def test_a_cancel_before_acceptance_is_sticky() -> None:
    core = Core()
    order = core.sent(limit_buy("1 @ 100"))
    core.cancel(order)
    core.later(s=2)
    core.send(r.CancelFailed(order.client_order_id, -2011, "Unknown order sent."))
    core.send(r.SubmitAccepted(order.client_order_id, report(order)))
    assert ids_of(core.acts, Cancel) == [order.client_order_id]


def test_a_wished_cancel_survives_a_wrong_end() -> None:
    core = Core()
    order = core.doubted(limit_buy("1 @ 100"))
    core.cancel(order)
    core.later(s=13)
    for endpoint in (r.Endpoint.ORDER, r.Endpoint.OPEN_ORDERS, r.Endpoint.ORDER):
        core.answer(order, None, endpoint)
    assert core.status(order) is OrderStatus.NEVER_ARRIVED
    core.send(report(order))
    assert order.status is OrderStatus.ACCEPTED
    assert ids_of(core.acts, Cancel) == [order.client_order_id]


def test_cancels_coalesce_for_a_second() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.later(ms=900)
    core.cancel(order)
    assert not core.told(Cancel)
    core.later(ms=200)
    core.cancel(order)
    assert core.told(Cancel)
    assert sum(isinstance(record.event, CancelRequested) for record in core.records) == 1


def test_not_found_by_a_cancel_never_ends_the_order_it_is_asked_for() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.send(r.CancelFailed(order.client_order_id, -2011, "Unknown order sent."))
    assert core.said(CancelRejected)
    assert ids_of(core.acts, QueryOrder) == [order.client_order_id]
    core.answer(order, None)
    assert order.status is OrderStatus.ACCEPTED


def test_a_cancel_that_loses_against_the_fill_ends_filled_without_an_error() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100")))
    core.send(r.CancelFailed(order.client_order_id, -2011, "Unknown order sent."))
    assert order.status is OrderStatus.FILLED
    assert not core.events
    assert not core.alerts("ANOMALY")


def test_a_cancel_after_a_partial_fill_keeps_what_filled() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, fill=fill(order, 5, "0.4 @ 100")))
    core.cancel(order)
    core.send(r.CancelSucceeded(order.client_order_id, report(order, "CANCELED", cumulative="0.4")))
    assert (order.status, order.filled) == (OrderStatus.CANCELED, core.position)


def test_a_success_without_the_order_in_it_is_asked_about() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.send(r.CancelSucceeded(order.client_order_id))
    assert order.is_open
    assert ids_of(core.acts, QueryOrder) == [order.client_order_id]


def test_a_cancel_without_an_answer_is_sent_again_and_asked_about() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.send(r.CancelUnknown(order.client_order_id, "timeout"))
    core.later(s=1)
    core.timer(f"cancel:{order.client_order_id}")
    assert ids_of(core.acts, Cancel) == [order.client_order_id]
    assert ids_of(core.acts, QueryOrder) == [order.client_order_id]


def test_a_cancel_timer_of_an_ended_order_does_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.cancel(order)
    core.send(report(order, "CANCELED"))
    core.later(s=1)
    assert not core.timer(f"cancel:{order.client_order_id}")


@pytest.mark.parametrize("state", ["halted", "journal", "guardian", "venue", "breaker"])
def test_nothing_of_ours_holds_a_cancel_up(state: str) -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    match state:
        case "halted":
            core.kill()
            core.later(s=2)
        case "journal":
            core.send(r.JournalReported(r.JournalState.FAILED, "disk full"))
        case "guardian":
            core.send(r.GuardianReported(is_alive=False))
        case "venue":
            core.channel(ChannelState.DOWN)
        case "breaker":
            for price in range(90, 95):
                core.doubted(limit_buy(f"1 @ {price}"))
            assert core.alerts("BREAKER_OPEN")
    core.cancel(order)
    assert order.client_order_id in ids_of(core.acts, Cancel)


def test_canceling_what_is_gone_is_said() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "CANCELED"))
    ack = core.cancel(order)
    assert (ack.is_ok, ack.code) == (False, "GONE")


def test_cancel_all_spares_stops_and_others_orders_unless_asked() -> None:
    core = Core()
    plain = core.working(limit_buy("1 @ 100"))
    other = CancelOrders(command_id=core.new_id(), is_all=True)
    assert core.command(other).client_order_ids == (plain.client_order_id,)
    assert core.command(CancelOrders(command_id=core.new_id())).code == "NOTHING_NAMED"
    elsewhere = CancelOrders(command_id=core.new_id(), is_all=True, strategy_id=MM)
    assert not core.command(elsewhere).client_order_ids
    here = CancelOrders(command_id=core.new_id(), is_all=True, instrument_id=BTC.id, venue=VENUE)
    assert core.command(here).client_order_ids == (plain.client_order_id,)


def test_naming_one_unknown_id_cancels_nothing() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    ack = core.command(
        CancelOrders(
            command_id=core.new_id(),
            client_order_ids=(order.client_order_id, ClientOrderId("vz00NEVERCREATED")),
        )
    )
    assert ack.code == "UNKNOWN_ORDER"
    assert not core.told(Cancel)
