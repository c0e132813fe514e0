"""Each scripted fault does what its name says, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from tests.unit.sim.support import Client, Json, Socket, as_json, as_rows, limit_buy, settings, until, venue
from veloz_tui.sim.faults import Fault, Faults, Occasion
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, MarketSettings

PLACE = Occasion(transport="rest", operation="order.place", symbol="BTCUSDT")
PATH = "/ws-api/v3"


def test_nth_and_count_choose_the_requests_that_are_hit() -> None:
    faults = Faults()
    faults.add(Fault(action="not_found", operation="order.place", nth=2, count=2))
    hits = [faults.take_request(PLACE) is not None for _ in range(5)]
    assert hits == [False, True, True, False, False]
    assert not list(faults.listed())


def test_only_what_matches_is_hit() -> None:
    faults = Faults()
    faults.add(Fault(action="delay_before", transport="ws-api", count=0))
    faults.add(Fault(action="delay_before", symbol="ETHUSDT", count=0))
    faults.add(Fault(action="gap", transport="streams", count=0))
    assert faults.take_request(PLACE) is None
    assert faults.take_frame(Occasion(transport="streams", kind="depth")) is not None


def test_probability_is_seeded() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults()
        faults.add(Fault(action="delay_before", probability=0.5, seed=seed, count=0))
        return [faults.take_request(PLACE) is not None for _ in range(50)]

    assert run(1) == run(1) != run(2)
    assert 10 < sum(run(1)) < 40


@pytest.mark.parametrize("action", ["drop_response", "reset_mid_body", "truncate_body"])
async def test_the_order_exists_although_the_answer_was_lost(action: str) -> None:
    async with venue() as client:
        await _arm(client, action=action, operation="order.place", close=True)
        with pytest.raises((aiohttp.ClientError, ValueError)):
            await client.place("lost")
        assert [one["client_order_id"] for one in await _orders(client, "lost")] == ["lost"]


async def test_a_response_never_given_leaves_the_client_waiting() -> None:
    async with venue() as client:
        await _arm(client, action="drop_response", operation="order.place")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.place("lost")
        assert len(await _orders(client, "lost")) == 1
        assert (await client.place("next")).status == 200


async def test_reset_before_means_it_never_arrived() -> None:
    async with venue() as client:
        await _arm(client, action="reset_before", operation="order.place")
        with pytest.raises(aiohttp.ClientError):
            await client.place("never")
        assert await _orders(client, "never") == []


@pytest.mark.parametrize("acts", [True, False])
async def test_an_error_status_may_hide_an_execution(acts: bool) -> None:
    async with venue() as client:
        body = '{"code":-1000,"msg":"Unknown error, please check your request or try again later."}'
        await _arm(client, action="http_error", operation="order.place", status=503, act=acts, body=body)
        reply = await client.place("maybe")
        assert (reply.status, reply.body["code"]) == (503, -1000)
        assert len(await _orders(client, "maybe")) == int(acts)


async def test_a_throttle_carries_retry_after_on_both_wires() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        throttle = {
            "action": "http_error", "operation": "ping", "status": 429,
            "code": -1003, "retry_after_s": 7, "count": 2,
        }  # fmt: skip
        await _arm(client, **throttle)
        reply = await client.rest("GET", "/api/v3/ping", signed=False)
        assert (reply.status, reply.headers["RETRY-AFTER"]) == (429, "7")
        error = as_json((await socket.call("ping", signed=False))["error"])
        data = as_json(error["data"])
        assert int(str(data["retryAfter"])) - int(str(data["serverTime"])) == pytest.approx(7000, abs=500)


async def test_a_duplicated_request_makes_two_attempts() -> None:
    async with venue() as client:
        await _arm(client, action="duplicate_request", operation="order.place")
        assert (await client.place("twice")).status == 200
        assert len(await _orders(client, "twice")) == 1
        market = limit_buy("again", type="MARKET", quantity="0.001")
        for name in ("price", "timeInForce"):
            del market[name]
        await _arm(client, action="duplicate_request", operation="order.place")
        await client.rest("POST", "/api/v3/order", market)
        assert as_json((await client.status())["orders_per_client_id"])["again"] == 2


async def test_answers_can_carry_what_nobody_knows_yet() -> None:
    async with venue() as client:
        await _arm(
            client, action="patch_response", operation="order.place", patch={"status": "DREAMING", "zz": 1}
        )
        body = (await client.place("p1")).body
        assert (body["status"], body["zz"], body["clientOrderId"]) == ("DREAMING", 1, "p1")


async def test_events_can_come_before_or_after_the_answer() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        await _arm(client, action="event_before_response", operation="order.place", ms=50)
        await socket.request("order.place", limit_buy("first"))
        assert "event" in await socket.receive()
        assert "event" in await socket.receive()
        assert "result" in await socket.receive()
        await _arm(client, action="response_before_event", operation="order.place", ms=50)
        await socket.request("order.place", limit_buy("second"))
        assert "result" in await socket.receive()
        assert "event" in await socket.receive()


async def test_order_queries_can_lag_or_lie() -> None:
    async with venue() as client:
        placed = (await client.place("q1")).body
        query = {"symbol": "BTCUSDT", "origClientOrderId": "q1"}
        by_id = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
        await _arm(client, action="read_lag", ms=60_000)
        for params in (query, by_id):
            assert (await client.rest("GET", "/api/v3/order", params)).body["code"] == -2013
        await _arm(client, action="read_lag", ms=0)
        assert (await client.rest("GET", "/api/v3/order", query)).body["status"] == "NEW"
        await _arm(client, action="not_found", operation="order.status")
        assert (await client.rest("GET", "/api/v3/order", query)).body["code"] == -2013
        await _arm(client, action="not_found", operation="order.cancel")
        assert (await client.rest("DELETE", "/api/v3/order", query)).body["code"] == -2011
        await _arm(client, action="empty_list", operation="openOrders.status")
        assert (await client.rest("GET", "/api/v3/openOrders")).rows == []
        assert len((await client.rest("GET", "/api/v3/openOrders")).rows) == 1


async def test_balances_and_snapshots_can_be_old() -> None:
    async with venue() as client:
        await _arm(client, action="frozen_account")
        await client.place("f1")
        frozen = (await client.rest("GET", "/api/v3/account")).body
        fresh = (await client.rest("GET", "/api/v3/account")).body
        locked = [
            {one["asset"]: one["locked"] for one in as_rows(body["balances"])}["USDT"]
            for body in (frozen, fresh)
        ]
        assert locked == ["0.00000000", "600.00000000"]

        await client.admin("/sim/market", {"action": "step", "symbol": "BTCUSDT", "value": "0.5"})
        await _arm(client, action="stale_snapshot", operation="depth")
        params = {"symbol": "BTCUSDT"}
        stale, now = [
            (await client.rest("GET", "/api/v3/depth", params, signed=False)).body for _ in range(2)
        ]
        assert int(str(stale["lastUpdateId"])) < int(str(now["lastUpdateId"]))


async def test_websocket_answers_can_vanish_or_break() -> None:
    async with venue() as client:
        async with client.socket(PATH) as socket:
            await _arm(client, action="drop_response", transport="ws-api", operation="order.place")
            await socket.request("order.place", limit_buy("v1"))
            assert (await socket.call("ping", signed=False))["status"] == 200
            assert len(await _orders(client, "v1")) == 1
        for action in ("reset_before", "reset_mid_body"):
            async with client.socket(PATH) as socket:
                await _arm(client, action=action, transport="ws-api", operation="order.place")
                await socket.request("order.place", limit_buy(action))
                with pytest.raises((ConnectionError, aiohttp.ClientError)):
                    await socket.receive()
            assert len(await _orders(client, action)) == (action == "reset_mid_body")


async def test_logging_on_and_subscribing_can_fail_too() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        method = "userDataStream.subscribe.signature"
        await _arm(client, action="http_error", operation=method, status=503, code=-1008, msg="busy")
        assert (await socket.call(method))["status"] == 503
        assert (await socket.call(method))["status"] == 200


async def test_an_order_made_elsewhere_arrives_as_events() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        await client.admin("/sim/place", {"params": limit_buy("web_1")})
        assert (await socket.receive_event())["c"] == "web_1"


async def test_diffs_can_be_dropped_doubled_and_swapped() -> None:
    market = MarketSettings(instruments=DEFAULT_INSTRUMENTS[:1], speed=2.0)
    async with venue(settings(market=market)) as client, client.socket("/ws/btcusdt@depth@100ms") as socket:
        diffs = [await _diff(socket) for _ in range(2)]
        assert diffs[1][0] == diffs[0][1] + 1
        await _arm(client, action="gap", kind="depth", symbol="BTCUSDT")
        await _until_neighbours(socket, diffs, lambda last, new: new[0] > last[1] + 1)
        await _arm(client, action="duplicate", kind="depth")
        await _until_neighbours(socket, diffs, lambda last, new: new == last)
        await _arm(client, action="reorder", kind="depth")
        await _until_neighbours(socket, diffs, lambda last, new: new[1] < last[0])


async def test_sockets_can_fall_silent_break_and_end() -> None:
    async with venue() as client, client.socket("/ws/btcusdt@trade") as socket, client.socket(PATH) as api:
        trade = {"action": "trade", "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.001"}
        await _arm(client, action="silence", target="streams")
        await client.admin("/sim/market", trade)
        await _arm(client, action="unsilence", target="streams")
        await client.admin("/sim/market", trade)
        assert (await socket.receive())["t"] == 2

        await _arm(client, action="malformed_frame", target="streams")
        with pytest.raises(ValueError):
            await socket.receive()
        await _arm(client, action="oversized_frame", target="streams")
        assert len(str(await socket.receive())) > 10_000_000

        await _arm(client, action="server_shutdown", ms=20)
        assert (await socket.receive())["e"] == "serverShutdown"
        assert as_json((await api.receive())["event"])["e"] == "serverShutdown"
        for one in (socket, api):
            with pytest.raises(ConnectionError):
                await one.receive()


async def test_disconnect_ends_only_its_target() -> None:
    async with venue() as client, client.socket("/ws") as streams, client.socket(PATH) as api:
        await _arm(client, action="disconnect", target="streams")
        with pytest.raises((ConnectionError, aiohttp.ClientError)):
            await streams.receive()
        assert (await api.call("ping", signed=False))["status"] == 200
        await until(lambda: client.sim.venue.sockets.counts() == {"streams": 0, "ws-api": 1})


async def test_the_venues_clock_can_be_wrong() -> None:
    async with venue() as client:
        await _arm(client, action="clock_offset", ms=-10_000)
        assert (await client.place("late")).body["code"] == -1021
        await _arm(client, action="clock_offset", ms=10_000)
        assert (await client.place("early")).body["code"] == -1021
        await _arm(client, action="clock_offset", ms=0)
        assert (await client.place("right")).status == 200


async def test_latency_delays_both_ways() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        loop = asyncio.get_running_loop()
        await _arm(client, action="latency", ms=40)
        began = loop.time()
        await socket.call("ping", signed=False)
        assert loop.time() - began >= 0.08
        began = loop.time()
        await client.rest("GET", "/api/v3/ping", signed=False)
        assert loop.time() - began >= 0.08


async def test_a_revoked_key_is_refused() -> None:
    async with venue() as client:
        await _arm(client, action="revoke_key", api_key="test-key")
        assert (await client.place("r1")).body["code"] == -2015


async def test_nonsense_faults_are_refused() -> None:
    async with venue() as client:
        for body in (b'{"action":"dance"}', b'{"action":"gap","typo":1}', b"{"):
            async with client.session.post(client.sim.base_url + "/sim/faults", data=body) as got:
                assert got.status == 400


async def test_the_venue_can_end_an_order_and_halt_a_symbol() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        await client.place("x1")
        await client.admin("/sim/order", {"action": "expire", "symbol": "BTCUSDT", "client_order_id": "x1"})
        new, expired = await socket.reports(2)
        assert (new["x"], expired["x"], expired["eR"]) == ("NEW", "EXPIRED", "EXCHANGE_CANCELED")
        await client.admin("/sim/market", {"action": "status", "symbol": "BTCUSDT", "status": "HALT"})
        assert (await client.place("x2")).body["msg"] == "Market is closed."
        rules = {"action": "rules", "symbol": "ETHUSDT", "fields": {"tick_size": "10"}}
        await client.admin("/sim/market", rules)
        reply = await client.place("x3", symbol="ETHUSDT", price="3001", quantity="0.1")
        assert reply.body["msg"] == "Filter failure: PRICE_FILTER"


async def _arm(client: Client, **fault: object) -> None:
    await client.admin("/sim/faults", fault)


async def _orders(client: Client, client_id: str) -> list[Json]:
    async with client.session.get(f"{client.sim.base_url}/sim/orders?client_order_id={client_id}") as got:
        return as_rows(await got.json())


async def _diff(socket: Socket) -> tuple[int, int]:
    frame = await socket.receive()
    return int(str(frame["U"])), int(str(frame["u"]))


async def _until_neighbours(
    socket: Socket, seen: list[tuple[int, int]], wanted: Callable[[tuple[int, int], tuple[int, int]], bool]
) -> None:
    # Read on until two neighbours stand as wanted.
    for _ in range(12):
        seen.append(await _diff(socket))
        if wanted(seen[-2], seen[-1]):
            return
    pytest.fail(f"no such neighbours in {seen}")
