"""Orders through the adapter against the simulated venue, with everything that can go wrong on the way."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.venues.desk import INSTRUMENT, Desk, desk, limit, proof, until
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    CancelFailed,
    CancelSucceeded,
    CancelUnknown,
    OrderReport,
    ReportedStatus,
    SubmitAccepted,
    SubmitNotSent,
    SubmitRejected,
    SubmitUnknown,
    SubmitWritten,
)
from veloz_tui.domain.types import ClientOrderId, Nanos, OrderType, Side, TimeInForce
from veloz_tui.engine.actions import CancelAll, Submit

OUTCOMES = (SubmitAccepted, SubmitRejected, SubmitUnknown, SubmitNotSent)


async def outcome(
    d: Desk, order_id: ClientOrderId
) -> SubmitAccepted | SubmitRejected | SubmitUnknown | SubmitNotSent:
    """The one outcome of a submit: waits a little longer, and asserts that there is no second one."""

    def found() -> list[SubmitAccepted | SubmitRejected | SubmitUnknown | SubmitNotSent]:
        return [one for one in d.reports if isinstance(one, OUTCOMES) and one.client_order_id == order_id]

    await until(lambda: bool(found()))
    await d.ask("GET", "/sim/status")  # a round trip, so that a second outcome would have come
    assert len(found()) == 1
    return found()[0]


def written(d: Desk, order_id: ClientOrderId) -> int:
    return sum(report.client_order_id == order_id for report in d.of(SubmitWritten))


async def test_a_limit_order_is_written_accepted_and_reported_by_the_stream() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        accepted = await outcome(d, order_id)
        assert isinstance(accepted, SubmitAccepted)
        assert accepted.report.status is ReportedStatus.OPEN
        assert written(d, order_id) == 1
        await d.one(OrderReport, where=lambda report: report.client_order_id == order_id)
        assert await d.orders_made(order_id) == 1


async def test_every_kind_of_order_is_accepted_by_the_venue() -> None:
    async with desk() as d:
        low, high = await d.best(Side.BUY), await d.best(Side.SELL, away="1.1")
        kinds = [
            limit("0.001", low),
            msgspec.structs.replace(limit("0.001", low), post_only=True),
            msgspec.structs.replace(limit("0.001", high), time_in_force=TimeInForce.IOC),
            msgspec.structs.replace(limit("0.001", high), time_in_force=TimeInForce.FOK),
            OrderRequest(INSTRUMENT, Side.SELL, Decimal("0.001"), OrderType.MARKET),
            OrderRequest(INSTRUMENT, Side.BUY, Decimal("0.001"), OrderType.STOP_LIMIT, high, high),
        ]
        reports = []
        for request in kinds:
            accepted = await outcome(d, d.submit(request))
            assert isinstance(accepted, SubmitAccepted), accepted
            reports.append(accepted.report)
        statuses = [report.status for report in reports]
        opened, filled = ReportedStatus.OPEN, ReportedStatus.FILLED
        assert statuses == [opened, opened, filled, filled, filled, opened]
        assert [report.post_only for report in reports] == [False, True, False, False, False, False]
        assert reports[5].stop_price == high
        assert sum(fill.quantity for fill in reports[4].fills) == Decimal("0.001")


async def test_a_fill_is_told_by_answer_and_stream_with_the_same_trade_id() -> None:
    async with desk() as d:
        order_id = d.submit(OrderRequest(INSTRUMENT, Side.BUY, Decimal("0.002"), OrderType.MARKET))
        accepted = await outcome(d, order_id)
        assert isinstance(accepted, SubmitAccepted)
        await d.one(OrderReport, where=lambda report: report.status is ReportedStatus.FILLED)
        streamed = [report.fill for report in d.of(OrderReport) if report.fill is not None]
        assert {fill.trade_id for fill in streamed} == {fill.trade_id for fill in accepted.report.fills}
        assert all(fill.fee_asset == "BTC" and fill.fee > 0 for fill in streamed)
        assert all(fill.client_order_id == order_id for fill in streamed)


async def test_a_definite_refusal_rejects_with_the_venues_code() -> None:
    async with desk() as d:
        rejected = await outcome(d, d.submit(limit("10", await d.best(Side.BUY))))
        assert isinstance(rejected, SubmitRejected)
        assert rejected.code == -2010
        assert not rejected.counts_as_failure


async def test_a_post_only_order_that_would_match_is_rejected() -> None:
    async with desk(paused=True) as d:
        price = await d.best(Side.SELL, away="1.01")
        request = msgspec.structs.replace(limit("0.001", price), post_only=True)
        rejected = await outcome(d, d.submit(request))
        assert isinstance(rejected, SubmitRejected)
        assert "immediately match" in rejected.text
        assert rejected.remedy == "Price it away from the market, or drop post"


# --- The gate and the token ---


async def test_nothing_passes_a_closed_gate() -> None:
    async with desk(is_gate_open=False) as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        assert await outcome(d, order_id) == SubmitNotSent(order_id, "test")
        assert written(d, order_id) == 0
        assert await d.orders_made(order_id) == 0


async def test_the_gate_closes_at_once() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        d.adapter.set_gate(is_open=False, reason="kill")
        order_id = d.submit(limit("0.001", price))
        assert d.reports[-1] == SubmitNotSent(order_id, "kill")


async def test_an_order_past_its_deadline_is_not_sent() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)), deadline_s=-1)
        assert isinstance(await outcome(d, order_id), SubmitNotSent)


async def test_another_orders_token_is_a_bug() -> None:
    async with desk() as d:
        order = Submit(
            ClientOrderId("a"), d.adapter.venue, limit("1", Decimal(1)), seq=1, deadline=Nanos(2**62)
        )
        with pytest.raises(InvariantBroken):
            d.adapter.submit(order, proof(ClientOrderId("b"), 1))


# --- In doubt: never rejected, never sent twice ---


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "drop_response"},
        {"action": "drop_response", "close": True},
        {"action": "reset_before"},
        {"action": "reset_mid_body"},
        {"action": "truncate_body"},
        {"action": "http_error", "status": 500, "code": -1000, "act": True},
        {"action": "http_error", "status": 503, "code": -1008},
        {"action": "http_error", "status": 408, "code": -1007, "act": True},
        {"action": "http_error", "status": 400, "code": -1006},
        {"action": "http_error", "status": 400, "code": -1007, "act": True},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
async def test_an_answer_that_proves_nothing_leaves_the_order_in_doubt(fault: dict[str, object]) -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await d.fault(operation="order.place", transport="ws-api", **fault)  # type: ignore[arg-type]
        order_id = d.submit(limit("0.001", price))
        assert isinstance(await outcome(d, order_id), SubmitUnknown)
        assert await d.orders_made(order_id) <= 1
        assert (await d.status()).requests.get("rest POST /api/v3/order", 0) == 0


async def test_an_answer_after_the_timeout_is_still_told() -> None:
    async with desk(place_timeout_s=0.2) as d:
        price = await d.best(Side.BUY)
        await d.fault("gap", transport="ws-api", kind="user", count=0)  # the stream says nothing
        await d.fault("delay_response", operation="order.place", ms=500)
        order_id = d.submit(limit("0.001", price))
        assert isinstance(await outcome(d, order_id), SubmitUnknown)
        report = await d.one(OrderReport, where=lambda one: one.client_order_id == order_id)
        assert report.status is ReportedStatus.OPEN


async def test_events_may_outrun_the_answer() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await d.fault("event_before_response", operation="order.place", ms=150)
        order_id = d.submit(limit("0.001", price))
        accepted = await outcome(d, order_id)
        kinds = [type(one) for one in d.reports if getattr(one, "client_order_id", None) == order_id]
        assert isinstance(accepted, SubmitAccepted)
        assert kinds.index(OrderReport) < kinds.index(SubmitAccepted)


async def test_answers_out_of_order_are_matched_by_id() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await d.fault("delay_response", operation="order.place", ms=200)
        slow, quick = d.submit(limit("0.001", price)), d.submit(limit("0.002", price))
        assert isinstance(await outcome(d, quick), SubmitAccepted)
        first = await outcome(d, slow)
        assert isinstance(first, SubmitAccepted)
        assert first.report.quantity == Decimal("0.001")


async def test_an_unknown_status_word_asks_rather_than_guesses() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        patch = {"status": "TELEPORTED", "brandNew": {"x": 1}}
        await d.fault("patch_response", operation="order.place", patch=patch)
        accepted = await outcome(d, d.submit(limit("0.001", price)))
        assert isinstance(accepted, SubmitAccepted)
        assert accepted.report.status is ReportedStatus.UNKNOWN
        assert accepted.report.raw_status == "TELEPORTED"


async def test_an_answer_about_another_order_proves_nothing() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await d.fault("patch_response", operation="order.place", patch={"clientOrderId": "another"})
        assert isinstance(await outcome(d, d.submit(limit("0.001", price))), SubmitUnknown)


# --- The fall-back ---


async def socket_down(d: Desk) -> None:
    """Refuse the order socket for a while: new handshakes fail, REST goes on."""
    d.adapter._orders.socket.stream._budget.close_until(asyncio.get_running_loop().time() + 30)
    connection = d.adapter._orders.socket.stream.current
    assert connection is not None
    connection.abort()
    await until(lambda: not connection.is_open)


async def test_without_a_socket_the_order_goes_over_rest_once() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await socket_down(d)
        order_id = d.submit(limit("0.001", price))
        assert isinstance(await outcome(d, order_id), SubmitAccepted)
        assert written(d, order_id) == 1
        assert await d.orders_made(order_id) == 1
        assert (await d.status()).requests["rest POST /api/v3/order"] == 1


async def test_a_rest_order_without_an_answer_is_in_doubt_and_not_repeated() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await socket_down(d)
        await d.fault("reset_mid_body", operation="order.place", count=0)
        order_id = d.submit(limit("0.001", price))
        assert isinstance(await outcome(d, order_id), SubmitUnknown)
        assert (await d.status()).requests["rest POST /api/v3/order"] == 1


async def test_the_gate_also_stops_an_order_on_its_way_over_rest() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        await socket_down(d)
        order_id = d.submit(limit("0.001", price))
        d.adapter.set_gate(is_open=False, reason="kill")  # before its task has run
        assert await outcome(d, order_id) == SubmitNotSent(order_id, "kill")
        assert await d.orders_made(order_id) == 0


async def test_warming_up_opens_a_connection_for_the_fall_back() -> None:
    async with desk() as d:
        before = (await d.status()).requests["rest GET /api/v3/time"]
        d.adapter.warm_up()
        await until(lambda: d.adapter._running == 0)
        assert (await d.status()).requests["rest GET /api/v3/time"] == before + 1


# --- Cancels ---


async def test_a_cancel_of_a_filled_order_fails_and_says_why() -> None:
    async with desk() as d:
        order_id = d.submit(OrderRequest(INSTRUMENT, Side.BUY, Decimal("0.001"), OrderType.MARKET))
        await outcome(d, order_id)
        d.cancel(order_id)
        failed = await d.one(CancelFailed)
        assert (failed.client_order_id, failed.code) == (order_id, -2011)


async def test_a_cancel_passes_a_closed_gate_and_a_lost_socket() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        await outcome(d, order_id)
        d.adapter.set_gate(is_open=False, reason="kill")
        await socket_down(d)
        d.cancel(order_id)
        canceled = await d.one(CancelSucceeded)
        assert canceled.client_order_id == order_id
        assert (await d.status()).open_orders == 0


async def test_a_cancel_without_an_answer_is_unknown() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        await outcome(d, order_id)
        await d.fault("drop_response", operation="order.cancel")
        d.cancel(order_id)
        assert (await d.one(CancelUnknown)).client_order_id == order_id


async def test_the_canceled_orders_own_id_is_reported_not_the_requests() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        await outcome(d, order_id)
        d.cancel(order_id)
        canceled = await d.one(OrderReport, where=lambda one: one.status is ReportedStatus.CANCELED)
        assert canceled.client_order_id == order_id


async def test_cancels_wait_while_the_venue_bans_us_and_go_first_when_it_ends() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        await outcome(d, order_id)
        await d.fault(
            "http_error", operation="order.cancel", status=418, code=-1003, msg="banned", retry_after_s=1
        )
        d.cancel(order_id)
        await d.one(CancelUnknown)
        blocked = d.submit(limit("0.001", Decimal(1000)))
        assert isinstance(await outcome(d, blocked), SubmitNotSent)
        assert (await d.status()).open_orders == 1
        assert (await d.one(CancelSucceeded)).client_order_id == order_id


async def test_a_cancel_with_a_refused_timestamp_is_signed_again_with_the_right_clock() -> None:
    async with desk() as d:
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        await outcome(d, order_id)
        await d.fault("clock_offset", ms=60_000)
        d.cancel(order_id)
        assert (await d.one(CancelSucceeded)).client_order_id == order_id


async def test_cancel_all_reports_each_order_and_an_empty_symbol_is_no_error() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        ids = {d.submit(limit("0.001", price)) for _ in range(3)}
        await until(lambda: len(d.of(SubmitAccepted)) == 3)
        d.adapter.cancel_all(CancelAll(d.adapter.venue, (INSTRUMENT,)))

        def canceled() -> set[str]:
            return {one.client_order_id for one in d.of(OrderReport) if one.status is ReportedStatus.CANCELED}

        await until(lambda: canceled() == ids)
        d.adapter.cancel_all(CancelAll(d.adapter.venue, (INSTRUMENT,)))
        await until(lambda: d.adapter._running == 0)
        assert (await d.status()).open_orders == 0
        assert d.of(CancelFailed) == []


# --- Limits ---


async def test_our_own_budget_stops_orders_before_the_venue_does_but_no_cancel() -> None:
    from veloz_tui.sim.settings import LimitSettings

    limits = LimitSettings(messages_per_s=500, orders_10s=10)
    async with desk(limits=limits) as d:
        price = await d.best(Side.BUY)
        ids = [d.submit(limit("0.0001", price)) for _ in range(14)]
        for order_id in ids:
            await outcome(d, order_id)
        assert len(d.of(SubmitAccepted)) <= 9  # a tenth is the operator's
        assert d.of(SubmitRejected) == []
        for accepted in d.of(SubmitAccepted):
            d.cancel(accepted.client_order_id)
        await until(lambda: len(d.of(CancelSucceeded)) == len(d.of(SubmitAccepted)))
