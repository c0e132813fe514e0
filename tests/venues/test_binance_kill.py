"""The guardian's client and the key check against the simulated venue."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.venues.desk import API_KEY, INSTRUMENT, SECRET, SYMBOL, Desk, desk, limit, now, until
from veloz_tui.domain.errors import AuthenticationFailed, VenueUnavailable
from veloz_tui.domain.reports import SubmitAccepted
from veloz_tui.domain.types import Nanos, Side
from veloz_tui.venues.binance.keycheck import check_key
from veloz_tui.venues.binance.kill_client import KillClient
from veloz_tui.venues.binance.requests import HmacSigner
from veloz_tui.venues.binance.settings import BinanceHosts, loopback

SIGNER = HmacSigner(api_key=API_KEY, secret=SECRET)


@asynccontextmanager
async def killer(d: Desk, hosts: BinanceHosts | None = None) -> AsyncIterator[KillClient]:
    client = KillClient(
        hosts or loopback(port=d.sim.port), SIGNER, now=now, jitter=random.Random(1).random, timeout_s=1.0
    )
    try:
        yield client
    finally:
        await client.aclose()


async def resting(d: Desk, count: int) -> None:
    price = await d.best(Side.BUY)
    for _ in range(count):
        d.submit(limit("0.0002", price))
    await until(lambda: len(d.of(SubmitAccepted)) == count)


async def test_it_cancels_all_symbols_and_proves_that_nothing_is_left() -> None:
    async with desk() as d, killer(d) as client:
        await resting(d, 5)
        assert await client.warm_up()
        outcomes = await client.cancel_all([SYMBOL, "ETHUSDT"])
        assert [one.is_done for one in outcomes] == [True, True]
        assert [len(one.canceled) for one in outcomes] == [5, 0]
        assert (await client.open_orders()).orders == ()
        assert (await client.open_orders(SYMBOL)).orders == ()


async def test_cancel_all_on_nothing_is_done() -> None:
    async with desk() as d, killer(d) as client:
        (outcome,) = await client.cancel_all([SYMBOL])
        assert outcome.is_done
        assert outcome.canceled == ()


async def test_it_lists_leftovers() -> None:
    async with desk() as d, killer(d) as client:
        await resting(d, 2)
        listing = await client.open_orders(SYMBOL)
        assert listing.orders is not None
        assert [order.instrument_id for order in listing.orders] == [INSTRUMENT, INSTRUMENT]


async def test_it_touches_no_user_stream() -> None:
    async with desk() as d, killer(d) as client:
        before = (await d.status()).user_subscriptions
        await client.warm_up()
        await client.cancel_all([SYMBOL])
        await client.open_orders()
        status = await d.status()
        assert status.user_subscriptions == before
        assert not any("userDataStream" in name and name.startswith("rest") for name in status.requests)


async def test_an_unclear_answer_is_not_done_and_nothing_is_claimed_to_be_known() -> None:
    async with desk() as d, killer(d) as client:
        await d.fault("http_error", operation="openOrders.cancelAll", status=503, code=-1008)
        assert not (await client.cancel_all([SYMBOL]))[0].is_done
        await d.fault("truncate_body", operation="openOrders.status")
        assert (await client.open_orders(SYMBOL)).orders is None


async def test_an_unreachable_host_is_passed_over() -> None:
    async with desk() as d:
        good = loopback(port=d.sim.port)
        hosts = BinanceHosts(
            rest="http://127.0.0.1:1",
            api_socket=good.api_socket,
            streams=good.streams,
            alternates=(good.rest,),
        )
        await resting(d, 1)
        async with killer(d, hosts) as client:
            assert (await client.cancel_all([SYMBOL]))[0].is_done
        assert (await d.status()).open_orders == 0


async def test_a_ban_closes_its_door_until_it_ends() -> None:
    async with desk() as d, killer(d) as client:
        await d.fault("ban", ms=60_000)
        assert not (await client.cancel_all([SYMBOL]))[0].is_done
        assert 0 < client.closed_for_s() <= 121
        requests = (await d.status()).requests
        assert not (await client.cancel_all([SYMBOL]))[0].is_done
        assert (await d.status()).requests == requests  # nothing was sent into the ban


async def test_a_wrong_clock_is_corrected_at_once() -> None:
    async with desk() as d, killer(d) as client:
        await resting(d, 1)
        await d.fault("clock_offset", ms=45_000)
        assert (await client.cancel_all([SYMBOL]))[0].is_done
        assert (await d.status()).open_orders == 0


# --- The key check ---


async def test_a_trading_key_is_described() -> None:
    async with desk() as d:
        facts = await check_key(loopback(port=d.sim.port), SIGNER, now=now, jitter=random.random)
        assert facts.account_uid == str(d.sim.account_uid)
        assert facts.can_trade
        assert abs(facts.clock_offset_ms) < 200


async def test_a_key_that_may_withdraw_or_roam_is_a_problem() -> None:
    async with desk() as d:
        patch = {"enableWithdrawals": True, "ipRestrict": False, "enableSpotAndMarginTrading": True}
        await d.fault("patch_response", endpoint="GET /sapi/v1/account/apiRestrictions", patch=patch)
        facts = await check_key(loopback(port=d.sim.port), SIGNER, now=now, jitter=random.random)
        assert facts.can_withdraw
        assert any("withdraw" in text for text in facts.problems)
        assert any("any address" in text for text in facts.problems)


async def test_an_unknown_key_is_refused() -> None:
    async with desk() as d:
        stranger = HmacSigner(api_key="x" * 64, secret=SECRET)
        with pytest.raises(AuthenticationFailed):
            await check_key(loopback(port=d.sim.port), stranger, now=now, jitter=random.random)


async def test_a_wrong_secret_is_refused() -> None:
    async with desk() as d:
        wrong = HmacSigner(api_key=API_KEY, secret="w" * 64)
        with pytest.raises(AuthenticationFailed):
            await check_key(loopback(port=d.sim.port), wrong, now=now, jitter=random.random)


async def test_a_clock_far_off_is_a_problem_but_no_obstacle() -> None:
    def late() -> Nanos:
        return Nanos(now() - 7_000_000_000)

    async with desk() as d:
        facts = await check_key(loopback(port=d.sim.port), SIGNER, now=late, jitter=random.random)
        assert 6_900 < facts.clock_offset_ms < 7_100
        assert any("clock" in text for text in facts.problems)


async def test_an_absent_venue_is_unavailable() -> None:
    with pytest.raises(VenueUnavailable):
        await check_key(loopback(port=1), SIGNER, now=now, jitter=random.random)
