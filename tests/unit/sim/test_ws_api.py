"""The WebSocket API and its user data events, through a real client."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.sim.support import (
    API_KEY,
    as_json,
    as_rows,
    decimals,
    limit_buy,
    now_ms,
    settings,
    venue,
)
from veloz_tui.sim.settings import AccountSettings

PATH = "/ws-api/v3"


async def test_requests_are_answered_by_id_with_limits_unless_unwanted() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        answer = await socket.call("time", signed=False)
        assert answer["status"] == 200
        assert {one["rateLimitType"] for one in as_rows(answer["rateLimits"])} == {"REQUEST_WEIGHT"}
        bare = await socket.call("ping", {"returnRateLimits": False}, signed=False)
        assert bare == {"id": bare["id"], "status": 200, "result": {}}
        quiet = await socket.call("order.place", limit_buy("w0") | {"returnRateLimits": False})
        assert (quiet["status"], "rateLimits" in quiet) == (200, False)
        placed = await socket.call("order.place", limit_buy("w1"))
        kinds = [(one["rateLimitType"], one["count"]) for one in as_rows(placed["rateLimits"])]
        assert [kind for kind, _ in kinds] == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
        assert kinds[1] == ("ORDERS", 2)


async def test_every_public_method_answers() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        symbol = {"symbol": "BTCUSDT"}
        for method, params in (
            ("exchangeInfo", {"symbols": ["BTCUSDT", "ETHUSDT"]}),
            ("depth", symbol | {"limit": "5"}),
            ("trades.recent", symbol),
            ("trades.aggregate", symbol),
            ("klines", symbol | {"interval": "1h"}),
            ("avgPrice", symbol),
            ("ticker.24hr", symbol),
            ("ticker.price", symbol),
            ("ticker.book", {}),
        ):
            assert (await socket.call(method, params, signed=False))["status"] == 200, method


async def test_an_order_tells_its_whole_story_in_events() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        placed = as_json((await socket.call("order.place", limit_buy("e1")))["result"])
        new = await socket.receive_event()
        assert (new["e"], new["x"], new["X"], new["c"], new["C"]) == (
            "executionReport", "NEW", "NEW", "e1", "",
        )  # fmt: skip
        assert (new["i"], new["t"], new["w"], new["N"]) == (placed["orderId"], -1, True, None)
        position = await socket.receive_event()
        (usdt,) = [one for one in as_rows(position["B"]) if one["a"] == "USDT"]
        assert decimals(usdt, "f", "l") == (Decimal(99_400), Decimal(600))

        fill = {"action": "fill", "symbol": "BTCUSDT", "client_order_id": "e1", "quantity": "0.004"}
        await client.admin("/sim/order", fill)
        (trade,) = await socket.reports(1)
        assert (trade["x"], trade["X"], trade["m"]) == ("TRADE", "PARTIALLY_FILLED", True)
        assert decimals(trade, "l", "z", "L", "Y", "Z") == (
            Decimal("0.004"), Decimal("0.004"), Decimal(60_000), Decimal(240), Decimal(240),
        )  # fmt: skip
        assert (trade["n"], trade["N"]) == ("0.00000400", "BTC")

        cancel = {"symbol": "BTCUSDT", "origClientOrderId": "e1", "newClientOrderId": "cancel-1"}
        answer = as_json((await socket.call("order.cancel", cancel))["result"])
        assert (answer["clientOrderId"], answer["origClientOrderId"]) == ("cancel-1", "e1")
        (canceled,) = await socket.reports(1)
        assert (canceled["x"], canceled["X"], canceled["c"], canceled["C"]) == (
            "CANCELED", "CANCELED", "cancel-1", "e1",
        )  # fmt: skip
        assert (canceled["w"], canceled["z"], canceled["t"]) == (False, "0.00400000", -1)
        assert int(str(new["I"])) < int(str(trade["I"])) < int(str(canceled["I"]))


async def test_the_answer_comes_before_the_events_by_default() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        await socket.request("order.place", limit_buy("o1"))
        assert "result" in await socket.receive()
        assert "event" in await socket.receive()


async def test_an_immediate_or_cancel_rest_says_why_it_expired() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        answer = await socket.call("order.place", limit_buy("i1", timeInForce="IOC"))
        result = as_json(answer["result"])
        assert (result["status"], result["expiryReason"]) == ("EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED")
        new, expired = await socket.reports(2)
        assert (new["x"], expired["x"], expired["eR"]) == (
            "NEW", "EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED",
        )  # fmt: skip


async def test_refusals_make_no_events() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        answer = await socket.call("order.place", limit_buy("r1", quantity="50"))
        assert (answer["status"], as_json(answer["error"])["code"]) == (400, -2010)
        await socket.call("order.place", limit_buy("r2"))
        assert (await socket.receive_event())["c"] == "r2"


async def test_a_deposit_is_a_balance_update() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        await client.admin("/sim/deposit", {"asset": "BTC", "amount": "2.5"})
        update = await socket.receive_event()
        assert (update["e"], update["a"], update["d"]) == ("balanceUpdate", "BTC", "2.50000000")
        assert (await socket.receive_event())["e"] == "outboundAccountPosition"


async def test_subscriptions_are_one_an_account_and_can_end() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        again = await socket.call("userDataStream.subscribe.signature")
        assert as_json(again["error"])["code"] == -2035
        assert (await socket.call("session.subscriptions", signed=False))["result"] == [{"subscriptionId": 0}]
        await socket.call("userDataStream.unsubscribe", {"subscriptionId": 0}, signed=False)
        assert (await socket.receive_event())["e"] == "eventStreamTerminated"
        gone = await socket.call("userDataStream.unsubscribe", {"subscriptionId": 0}, signed=False)
        assert as_json(gone["error"])["code"] == -2036
        second = await socket.call("userDataStream.subscribe.signature")
        assert second["result"] == {"subscriptionId": 1}


async def test_an_hmac_key_cannot_log_on() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        answer = await socket.call("session.logon")
        assert answer["status"] == 400
        answer = await socket.call("userDataStream.subscribe", signed=False)
        assert answer["status"] == 401


async def test_a_session_logged_on_with_ed25519_needs_no_more_signatures() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    account = AccountSettings(api_key=API_KEY, credential=pem)
    async with venue(settings(accounts=(account,))) as client, client.socket(PATH) as socket:
        params: dict[str, object] = {"apiKey": API_KEY, "timestamp": now_ms()}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()
        params["signature"] = base64.b64encode(private.sign(payload)).decode()
        logon = await socket.call("session.logon", params, signed=False)
        assert as_json(logon["result"])["apiKey"] == API_KEY

        stamped: dict[str, object] = {"timestamp": now_ms()}
        assert (await socket.call("userDataStream.subscribe", signed=False))["result"] == {
            "subscriptionId": 0
        }
        placed = await socket.call("order.place", limit_buy("s1") | stamped, signed=False)
        assert placed["status"] == 200
        assert (await socket.receive_event())["c"] == "s1"
        without_time = await socket.call("account.status", signed=False)
        assert as_json(without_time["error"])["code"] == -1102

        status = as_json((await socket.call("session.logout", signed=False))["result"])
        assert (status["apiKey"], status["userDataStream"]) == (None, False)
        refused = await socket.call("account.status", stamped, signed=False)
        assert as_json(refused["error"])["code"] == -1102


@pytest.mark.parametrize(
    ("frame", "code"),
    [("{", -1000), ("[]", -1000), ('{"id":1,"method":"no.such","params":{}}', -1020)],
)
async def test_nonsense_is_refused_without_closing(frame: str, code: int) -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.ws.send_str(frame)
        assert as_json((await socket.receive())["error"])["code"] == code
        assert (await socket.call("ping", signed=False))["status"] == 200


async def test_bans_tell_when_to_come_back() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await client.admin("/sim/faults", {"action": "ban", "ms": 60_000})
        answer = await socket.call("ping", signed=False)
        error = as_json(answer["error"])
        data = as_json(error["data"])
        assert (answer["status"], error["code"]) == (418, -1003)
        assert 0 < int(str(data["retryAfter"])) - int(str(data["serverTime"])) <= 60_000


async def test_mirrored_account_methods() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.call("order.place", limit_buy("m1"))
        symbol: dict[str, object] = {"symbol": "BTCUSDT"}
        own = symbol | {"origClientOrderId": "m1"}
        assert as_json((await socket.call("order.status", own))["result"])["status"] == "NEW"
        assert len(as_rows((await socket.call("openOrders.status"))["result"])) == 1
        assert len(as_rows((await socket.call("allOrders", symbol))["result"])) == 1
        assert as_rows((await socket.call("myTrades", symbol))["result"]) == []
        assert as_json((await socket.call("account.status"))["result"])["canTrade"] is True
        assert len(as_rows((await socket.call("account.rateLimits.orders"))["result"])) == 2
        assert (await socket.call("account.commission", symbol))["status"] == 200
        assert (await socket.call("order.test", limit_buy("m2")))["result"] == {}
        assert len(as_rows((await socket.call("openOrders.cancelAll", symbol))["result"])) == 1


async def test_two_sockets_of_one_account_both_hear_of_a_fill() -> None:
    async with venue() as client, client.socket(PATH) as first, client.socket(PATH) as second:
        await first.subscribe_user()
        await second.subscribe_user()
        order = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.001"}
        await client.rest("POST", "/api/v3/order", order)
        stories = [[one["x"] for one in await socket.reports(2)] for socket in (first, second)]
        assert stories == [["NEW", "TRADE"], ["NEW", "TRADE"]]


async def test_the_market_fills_a_resting_order_in_its_turn() -> None:
    async with venue() as client, client.socket(PATH) as socket:
        await socket.subscribe_user()
        await socket.call("order.place", limit_buy("turn", price="64249.99", quantity="0.2"))
        trade = {"action": "trade", "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.05"}
        await client.admin("/sim/market", trade)
        new, fill = await socket.reports(2)
        assert (new["x"], fill["x"], fill["L"], fill["l"]) == (
            "NEW", "TRADE", "64249.99000000", "0.05000000",
        )  # fmt: skip
