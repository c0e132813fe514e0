"""Questions about the account: queries, open orders, trades, and the snapshot for reconciliation."""

import asyncio
from decimal import Decimal

import pytest

from tests.venues.desk import INSTRUMENT, Desk, desk, limit, until
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    CancelSucceeded,
    Endpoint,
    FillsListed,
    OpenOrdersFailed,
    OpenOrdersListed,
    QueryAnswered,
    QueryFailed,
    ReportedStatus,
    SubmitAccepted,
    VenueSnapshot,
)
from veloz_tui.domain.types import ClientOrderId, OrderType, Side, TradeId, VenueOrderId
from veloz_tui.engine.actions import FetchFills, ListOpenOrders, QueryOrder, Reconcile


async def resting(d: Desk, quantity: str = "0.001") -> SubmitAccepted:
    order_id = d.submit(limit(quantity, await d.best(Side.BUY)))
    return await d.one(SubmitAccepted, where=lambda one: one.client_order_id == order_id)


async def bought(d: Desk, quantity: str = "0.001") -> SubmitAccepted:
    order_id = d.submit(OrderRequest(INSTRUMENT, Side.BUY, Decimal(quantity), OrderType.MARKET))
    return await d.one(SubmitAccepted, where=lambda one: one.client_order_id == order_id)


async def asked(
    d: Desk, order_id: ClientOrderId, endpoint: Endpoint, venue_order_id: VenueOrderId | None = None
) -> QueryAnswered:
    d.adapter.query(QueryOrder(order_id, d.adapter.venue, INSTRUMENT, endpoint, venue_order_id))
    return await d.one(
        QueryAnswered, where=lambda one: (one.client_order_id, one.endpoint) == (order_id, endpoint)
    )


async def test_an_order_is_found_by_its_client_id_on_each_endpoint_that_can() -> None:
    async with desk() as d:
        accepted = await resting(d)
        order_id = accepted.client_order_id
        by_order = await asked(d, order_id, Endpoint.ORDER)
        by_list = await asked(d, order_id, Endpoint.OPEN_ORDERS)
        for answer in (by_order, by_list):
            assert answer.report is not None
            assert answer.report.client_order_id == order_id
            assert answer.report.status is ReportedStatus.OPEN
            assert answer.venue_at > 0


async def test_trades_find_an_order_by_the_venues_id() -> None:
    async with desk() as d:
        accepted = await bought(d)
        answer = await asked(d, accepted.client_order_id, Endpoint.TRADES, accepted.report.venue_order_id)
        assert answer.report is not None
        assert answer.report.status is ReportedStatus.FILLED


async def test_trades_without_the_venues_id_say_nothing() -> None:
    async with desk() as d:
        d.adapter.query(QueryOrder(ClientOrderId("vz1"), d.adapter.venue, INSTRUMENT, Endpoint.TRADES))
        assert (await d.one(QueryFailed)).client_order_id == "vz1"


async def test_an_order_that_never_was_is_absent_not_failed() -> None:
    async with desk() as d:
        assert (await asked(d, ClientOrderId("vznone"), Endpoint.ORDER)).report is None
        assert (await asked(d, ClientOrderId("vznone"), Endpoint.OPEN_ORDERS)).report is None


@pytest.mark.parametrize("status", [500, 503, 403])
async def test_a_query_without_a_usable_answer_fails_and_says_nothing(status: int) -> None:
    async with desk() as d:
        await d.fault("http_error", operation="order.status", status=status, code=-1000)
        d.adapter.query(QueryOrder(ClientOrderId("vz1"), d.adapter.venue, INSTRUMENT, Endpoint.ORDER))
        await d.one(QueryFailed)
        assert d.of(QueryAnswered) == []


async def test_open_orders_are_listed_by_instrument_and_for_the_account() -> None:
    async with desk() as d:
        ids = {(await resting(d)).client_order_id for _ in range(2)}
        for instrument in (INSTRUMENT, None):
            d.adapter.list_open_orders(ListOpenOrders(d.adapter.venue, instrument, "kill"))
            listed = await d.one(OpenOrdersListed, where=lambda one: one.instrument_id == instrument)  # noqa: B023
            assert {one.client_order_id for one in listed.orders} == ids
            assert listed.purpose == "kill"


async def test_a_list_that_cannot_be_had_is_a_failure_not_an_empty_list() -> None:
    async with desk() as d:
        await d.fault("truncate_body", operation="openOrders.status")
        d.adapter.list_open_orders(ListOpenOrders(d.adapter.venue, INSTRUMENT))
        await d.one(OpenOrdersFailed)
        assert d.of(OpenOrdersListed) == []


async def test_fills_are_fetched_after_a_trade_and_of_an_order() -> None:
    async with desk() as d:
        first, second = await bought(d), await bought(d, "0.002")
        last = first.report.fills[-1].trade_id
        d.adapter.fetch_fills(FetchFills(d.adapter.venue, INSTRUMENT, since=last))
        listed = await d.one(FillsListed)
        assert {fill.trade_id for fill in listed.fills} == {fill.trade_id for fill in second.report.fills}
        assert listed.since == last  # complete from there: the next audit begins where this one ended
        d.reports.remove(listed)
        of_first = first.report.venue_order_id
        d.adapter.fetch_fills(FetchFills(d.adapter.venue, INSTRUMENT, venue_order_id=of_first))
        listed = await d.one(FillsListed)
        assert {fill.trade_id for fill in listed.fills} == {fill.trade_id for fill in first.report.fills}


async def test_trades_over_a_page_are_all_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veloz_tui.venues.binance.reconcile._TRADES_PAGE", 2)
    async with desk() as d:
        ids = set()
        for _ in range(5):
            ids |= {fill.trade_id for fill in (await bought(d)).report.fills}
        d.adapter.fetch_fills(FetchFills(d.adapter.venue, INSTRUMENT, since=TradeId("0")))
        listed = await d.one(FillsListed)
        assert [int(fill.trade_id) for fill in listed.fills] == sorted(int(one) for one in ids)


async def test_a_snapshot_holds_open_orders_asked_orders_fills_balances_and_account() -> None:
    async with desk() as d:
        open_one, filled = await resting(d), await bought(d)
        missing = ClientOrderId("vznone")
        since = TradeId(str(min(int(fill.trade_id) for fill in filled.report.fills) - 1))
        ask = tuple((one, INSTRUMENT) for one in (open_one.client_order_id, filled.client_order_id, missing))
        d.forget()
        d.adapter.reconcile(Reconcile(d.adapter.venue, ask, ((INSTRUMENT, since),)))
        snapshot = await d.one(VenueSnapshot)
        assert [one.client_order_id for one in snapshot.open_orders] == [open_one.client_order_id]
        answers = {one.client_order_id: one.report for one in snapshot.asked_orders}
        assert set(answers) == {filled.client_order_id, missing}
        assert answers[missing] is None
        found = answers[filled.client_order_id]
        assert found is not None
        assert found.status is ReportedStatus.FILLED
        assert len(snapshot.fills) == len(filled.report.fills)
        assert snapshot.balances.is_complete
        assert snapshot.account.can_trade
        assert snapshot.account.account_uid == str(d.sim.account_uid)
        assert snapshot.account.fees is not None
        assert snapshot.account.fees.maker == Decimal("0.001")


async def test_a_reconciliation_that_fails_is_tried_until_it_succeeds() -> None:
    async with desk(retry_base_s=0.02, retry_cap_s=0.05) as d:
        d.forget()
        await d.fault("http_error", operation="account.status", status=500, count=3)
        d.adapter.reconcile(Reconcile(d.adapter.venue, (), ()))
        await d.one(VenueSnapshot)


async def test_a_second_reconciliation_takes_the_place_of_the_first() -> None:
    async with desk() as d:
        d.forget()
        await d.fault("delay_response", operation="account.status", ms=300)
        d.adapter.reconcile(Reconcile(d.adapter.venue, (), ()))
        await asyncio.sleep(0)
        d.adapter.reconcile(Reconcile(d.adapter.venue, (), ()))
        await d.one(VenueSnapshot)
        await until(lambda: all(task.get_name() != "binance-reconcile" for task in asyncio.all_tasks()))
        assert len(d.of(VenueSnapshot)) == 1


async def test_before_it_runs_every_question_still_gets_an_answer() -> None:
    async with desk() as d:
        d.adapter._tasks = None
        d.adapter.query(QueryOrder(ClientOrderId("vz1"), d.adapter.venue, INSTRUMENT, Endpoint.ORDER))
        d.adapter.list_open_orders(ListOpenOrders(d.adapter.venue, None))
        assert d.of(QueryFailed)
        assert d.of(OpenOrdersFailed)
        assert d.of(CancelSucceeded) == []
