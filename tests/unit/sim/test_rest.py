"""The REST wire, through a real HTTP client."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from tests.unit.sim.support import API_KEY, Client, as_json, as_rows, limit_buy, now_ms, settings, sign, venue
from veloz_tui.sim.settings import AccountSettings, LimitSettings


async def test_public_data_is_there_without_a_key() -> None:
    async with venue() as client:
        for path, params in (
            ("/api/v3/ping", {}),
            ("/api/v3/time", {}),
            ("/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5}),
            ("/api/v3/trades", {"symbol": "BTCUSDT"}),
            ("/api/v3/aggTrades", {"symbol": "BTCUSDT"}),
            ("/api/v3/klines", {"symbol": "BTCUSDT", "interval": "1m"}),
            ("/api/v3/avgPrice", {"symbol": "BTCUSDT"}),
            ("/api/v3/ticker/price", {"symbol": "BTCUSDT"}),
            ("/api/v3/ticker/bookTicker", {"symbols": '["BTCUSDT","ETHUSDT"]'}),
            ("/api/v3/ticker/24hr", {}),
            ("/sapi/v1/margin/allPairs", {}),
        ):
            reply = await client.rest("GET", path, params, signed=False, key=None)
            assert reply.status == 200, path


async def test_exchange_info_lists_the_rules_and_limits() -> None:
    async with venue() as client:
        info = (await client.rest("GET", "/api/v3/exchangeInfo", {"symbol": "BTCUSDT"}, signed=False)).body
        (symbol,) = as_rows(info["symbols"])
        filters = {str(one["filterType"]): one for one in as_rows(symbol["filters"])}
        assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
        assert filters["LOT_SIZE"]["stepSize"] == "0.00001000"
        limits = [(one["rateLimitType"], one["limit"]) for one in as_rows(info["rateLimits"])]
        assert ("ORDERS", 100_000) in limits
        everything = (await client.rest("GET", "/api/v3/exchangeInfo", signed=False)).body
        assert len(as_rows(everything["symbols"])) == 2
        margin = {"permissions": '["MARGIN"]'}
        nothing = (await client.rest("GET", "/api/v3/exchangeInfo", margin, signed=False)).body
        assert nothing["symbols"] == []


async def test_candles_have_a_past_that_ends_at_the_price() -> None:
    async with venue() as client:
        params = {"symbol": "BTCUSDT", "interval": "15m", "limit": 50}
        rows = (await client.rest("GET", "/api/v3/klines", params, signed=False)).rows
        assert len(rows) == 50
        opens = [int(str(as_rows(row)[0])) for row in rows]
        assert [later - earlier for earlier, later in pairwise(opens)] == [900_000] * 49


async def test_an_order_lives_from_placement_to_cancel() -> None:
    async with venue() as client:
        placed = (await client.place("a1")).body
        assert (placed["status"], placed["executedQty"], placed["fills"]) == ("NEW", "0.00000000", [])
        query = {"symbol": "BTCUSDT", "origClientOrderId": "a1"}
        found = (await client.rest("GET", "/api/v3/order", query)).body
        assert (found["orderId"], found["isWorking"]) == (placed["orderId"], True)
        assert len((await client.rest("GET", "/api/v3/openOrders")).rows) == 1

        canceled = (await client.rest("DELETE", "/api/v3/order", query | {"newClientOrderId": "c1"})).body
        assert (canceled["clientOrderId"], canceled["origClientOrderId"]) == ("c1", "a1")
        assert canceled["status"] == "CANCELED"
        assert (await client.rest("GET", "/api/v3/openOrders")).rows == []
        again = await client.rest("DELETE", "/api/v3/order", query)
        assert (again.status, again.body["code"]) == (400, -2011)
        assert (await client.rest("GET", "/api/v3/order", query)).body["status"] == "CANCELED"


async def test_parameters_may_come_in_the_body() -> None:
    async with venue() as client:
        body = "&".join(f"{name}={value}" for name, value in limit_buy("b1").items())
        signature = sign(f"{body}&timestamp={(now := now_ms())}")
        body += f"&timestamp={now}&signature={signature}"
        reply = await client.raw("POST", "/api/v3/order", body=body)
        assert (reply.status, reply.body["clientOrderId"]) == (200, "b1")


async def test_a_market_order_pays_and_receives_what_its_fills_say() -> None:
    async with venue() as client:
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.5"}
        placed = (await client.rest("POST", "/api/v3/order", order)).body
        fills = as_rows(placed["fills"])
        spent = sum(Decimal(str(one["price"])) * Decimal(str(one["qty"])) for one in fills)
        fee = sum(Decimal(str(one["commission"])) for one in fills)
        assert placed["status"] == "FILLED"
        assert Decimal(str(placed["cummulativeQuoteQty"])) == spent
        balances = await _balances(client)
        assert balances["USDT"] == Decimal(100_000) - spent
        assert balances["BTC"] == Decimal("1.5") - fee
        trades = (await client.rest("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT"})).rows
        assert [one["id"] for one in trades] == [one["tradeId"] for one in fills]


async def test_a_client_id_is_unique_among_open_orders_only() -> None:
    async with venue() as client:
        await client.place("same")
        again = await client.place("same")
        assert (again.status, again.body) == (400, {"code": -2010, "msg": "Duplicate order sent."})
        await client.rest("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
        assert (await client.place("same")).status == 200
        status = await client.status()
        assert as_json(status["orders_per_client_id"])["same"] == 2


async def test_canceling_all_of_nothing_is_an_error() -> None:
    async with venue() as client:
        await client.place("a1")
        await client.place("a2")
        everything = await client.rest("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
        assert [one["origClientOrderId"] for one in everything.rows] == ["a1", "a2"]
        nothing = await client.rest("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
        assert nothing.body == {"code": -2011, "msg": "Unknown order sent."}


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.010001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.0000000001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "HOPE"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"newClientOrderId": "no spaces"}, -1100, None),
        ({"price": "1e5"}, -1100, None),
        ({"price": "NaN"}, -1100, None),
        ({"price": "-1"}, -1100, None),
        ({"stopPrice": "1"}, -1106, None),
    ],
)
async def test_orders_that_break_a_rule_are_refused(
    changes: dict[str, str], code: int, message: str | None
) -> None:
    async with venue() as client:
        reply = await client.place("bad", **changes)
        assert (reply.status, reply.body["code"]) == (400, code)
        assert message is None or reply.body["msg"] == message
        assert (await client.status())["open_orders"] == 0


async def test_post_only_that_would_take_is_refused() -> None:
    async with venue() as client:
        order = limit_buy("p1", type="LIMIT_MAKER", price="70000", quantity="0.001")
        del order["timeInForce"]
        reply = await client.rest("POST", "/api/v3/order", order)
        assert reply.body == {"code": -2010, "msg": "Order would immediately match and take."}
        assert (await _balances(client))["USDT"] == 100_000


async def test_keys_signatures_and_times_are_checked() -> None:
    async with venue() as client:
        path = "/api/v3/account"
        assert (await client.rest("GET", path, key=None)).body["code"] == -2014
        unknown = await client.rest("GET", path, key="unknown")
        assert (unknown.status, unknown.body["code"]) == (401, -2015)
        assert (await client.raw("GET", f"{path}?timestamp={now_ms()}")).body["code"] == -1102
        wrong = f"{path}?timestamp={now_ms()}&signature={'0' * 64}"
        assert (await client.raw("GET", wrong)).body["code"] == -1022
        for skew in (-6000, 2000):
            query = f"timestamp={now_ms() + skew}"
            reply = await client.raw("GET", f"{path}?{query}&signature={sign(query)}")
            assert reply.body["code"] == -1021
        query = f"symbol=A&symbol=B&timestamp={now_ms()}"
        reply = await client.raw("GET", f"/api/v3/order?{query}&signature={sign(query)}")
        assert reply.body["code"] == -1101


async def test_naming_no_order_is_a_missing_parameter() -> None:
    async with venue() as client:
        for method in ("GET", "DELETE"):
            reply = await client.rest(method, "/api/v3/order", {"symbol": "BTCUSDT"})
            assert reply.body["code"] == -1102
        placed = (await client.place("a1")).body
        both = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "origClientOrderId": "other"}
        assert (await client.rest("DELETE", "/api/v3/order", both)).body["code"] == -2039
        missing = {"symbol": "BTCUSDT", "orderId": 999_999}
        assert (await client.rest("GET", "/api/v3/order", missing)).body["code"] == -2013


async def test_weights_are_shown_and_successful_orders_are_free() -> None:
    async with venue() as client:
        first = await client.rest("GET", "/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5000}, signed=False)
        used = int(first.headers["X-MBX-USED-WEIGHT-1M"])
        assert used >= 250
        placed = await client.place("a1")
        assert placed.headers["X-MBX-ORDER-COUNT-10S"] == "1"
        assert int(placed.headers["X-MBX-USED-WEIGHT"]) in (used, 0)
        await client.place("a1")
        refused = await client.place("a1")
        assert int(refused.headers["X-MBX-USED-WEIGHT"]) in (used + 2, 2, 1)


async def test_throttling_answers_429_with_retry_after() -> None:
    limits = LimitSettings(request_weight_1m=10, strikes_before_ban=1)
    async with venue(settings(limits=limits)) as client:
        first, second = [await client.rest("GET", "/api/v3/exchangeInfo", signed=False) for _ in range(2)]
        assert (first.status, first.body["code"]) == (429, -1003)
        assert 0 < int(first.headers["RETRY-AFTER"]) <= 60
        assert second.status == 418
        assert 60 < int(second.headers["RETRY-AFTER"]) <= 120


async def test_the_order_count_is_limited_and_given_back_by_the_first_fill() -> None:
    async with venue(settings(limits=LimitSettings(orders_10s=100_000, orders_1d=2))) as client:
        await client.place("a1")
        await client.place("a2")
        third = await client.place("a3")
        assert (third.status, third.body["code"]) == (429, -1015)
        await client.admin("/sim/order", {"action": "fill", "symbol": "BTCUSDT", "client_order_id": "a1"})
        assert (await client.place("a3")).status == 200
        rows = (await client.rest("GET", "/api/v3/rateLimit/order")).rows
        assert [one["count"] for one in rows][1] == 2


async def test_removed_endpoints_are_gone() -> None:
    async with venue() as client:
        assert (await client.rest("POST", "/api/v3/userDataStream", signed=False)).status == 410


async def test_restrictions_tell_what_the_key_may_do() -> None:
    account = AccountSettings(api_key=API_KEY, credential="test-secret", key_type="HMAC", can_withdraw=True)
    async with venue(settings(accounts=(account,))) as client:
        reply = await client.rest("GET", "/sapi/v1/account/apiRestrictions")
        assert (reply.body["enableWithdrawals"], reply.body["enableReading"]) == (True, True)
        coins = (await client.rest("GET", "/sapi/v1/capital/config/getall")).rows
        assert {"BTC", "USDT"} <= {str(one["coin"]) for one in coins}


async def test_test_orders_change_nothing() -> None:
    async with venue() as client:
        reply = await client.rest("POST", "/api/v3/order/test", limit_buy("t1"))
        assert (reply.status, reply.body) == (200, {})
        assert (await client.rest("POST", "/api/v3/order/test", limit_buy("t1", price="1"))).status == 400
        assert (await client.status())["open_orders"] == 0


CANCEL_A1 = {"cancelOrigClientOrderId": "a1"}
CANCEL_NOTHING = {"cancelOrigClientOrderId": "nothing"}
TOO_MUCH = {"quantity": "50"}


@pytest.mark.parametrize(
    ("mode", "cancel", "new", "status", "code", "results", "open_ids"),
    [
        ("STOP_ON_FAILURE", CANCEL_A1, {}, 200, None, ("SUCCESS", "SUCCESS"), ["a2"]),
        ("STOP_ON_FAILURE", CANCEL_NOTHING, {}, 400, -2022, ("FAILURE", "NOT_ATTEMPTED"), ["a1"]),
        ("ALLOW_FAILURE", CANCEL_NOTHING, TOO_MUCH, 400, -2022, ("FAILURE", "FAILURE"), ["a1"]),
        ("STOP_ON_FAILURE", CANCEL_A1, TOO_MUCH, 409, -2021, ("SUCCESS", "FAILURE"), []),
        ("ALLOW_FAILURE", CANCEL_A1, TOO_MUCH, 409, -2021, ("SUCCESS", "FAILURE"), []),
        ("ALLOW_FAILURE", CANCEL_NOTHING, {}, 409, -2021, ("FAILURE", "SUCCESS"), ["a1", "a2"]),
    ],
)
async def test_the_cancel_replace_matrix(
    mode: str,
    cancel: dict[str, str],
    new: dict[str, str],
    status: int,
    code: int | None,
    results: tuple[str, str],
    open_ids: list[str],
) -> None:
    async with venue() as client:
        await client.place("a1")
        order = limit_buy("a2", **new) | cancel | {"cancelReplaceMode": mode}
        reply = await client.rest("POST", "/api/v3/order/cancelReplace", order)
        assert (reply.status, reply.body.get("code")) == (status, code)
        data = as_json(reply.body["data"]) if code else reply.body
        assert (data["cancelResult"], data["newOrderResult"]) == results
        found = (await client.rest("GET", "/api/v3/openOrders")).rows
        assert [one["clientOrderId"] for one in found] == open_ids


async def test_an_amend_lowers_the_quantity_and_gives_the_lock_back() -> None:
    async with venue() as client:
        placed = (await client.place("a1")).body
        amend = {"symbol": "BTCUSDT", "origClientOrderId": "a1", "newQty": "0.004", "newClientOrderId": "a1b"}
        reply = await client.rest("PUT", "/api/v3/order/amend/keepPriority", amend)
        amended = as_json(reply.body["amendedOrder"])
        assert (amended["orderId"], amended["qty"]) == (placed["orderId"], "0.00400000")
        assert (amended["origClientOrderId"], amended["clientOrderId"]) == ("a1", "a1b")
        account = (await client.rest("GET", "/api/v3/account")).body
        (usdt,) = [one for one in as_rows(account["balances"]) if one["asset"] == "USDT"]
        assert (usdt["free"], usdt["locked"]) == ("99760.00000000", "240.00000000")
        up = {"symbol": "BTCUSDT", "origClientOrderId": "a1b", "newQty": "0.02"}
        assert (await client.rest("PUT", "/api/v3/order/amend/keepPriority", up)).body["code"] == -2038


async def _balances(client: Client) -> dict[str, Decimal]:
    account = (await client.rest("GET", "/api/v3/account")).body
    return {
        str(one["asset"]): Decimal(str(one["free"])) + Decimal(str(one["locked"]))
        for one in as_rows(account["balances"])
    }
