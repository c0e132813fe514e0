"""Order safety at the wire: whatever the venue does with an answer, an intent is at most one venue order.

Real guardian, engine and simulated venue. The venue counts the orders it ever made per client order id.
"""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from tests.chaos.profile import Profile, running_profile, until
from veloz_tui.control.connection import Greeting, open_connection
from veloz_tui.control.messages import Answer, Request
from veloz_tui.control.oneshot import new_command_id
from veloz_tui.domain.commands import CancelOrders, PlaceOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ClientOrderId, OrderStatus
from veloz_tui.domain.views import Ack, OrderView
from veloz_tui.sim.settings import LimitSettings

SETTINGS = """
[risk]
max_orders_per_second = 1000
open_orders_max = 1000
[breaker]
max_failures = 1000
[journal]
submit_deadline_ms = 5000
"""
PLACE = {"operation": "order.place"}
ACTED = [
    pytest.param("drop_response", {}, id="no-answer"),
    pytest.param("drop_response", {"close": True}, id="no-answer-and-gone", marks=pytest.mark.slow),
    pytest.param("reset_mid_body", {}, id="half-an-answer"),
    pytest.param("truncate_body", {}, id="cut-answer", marks=pytest.mark.slow),
    pytest.param("http_error", {"act": True, "status": 503, "code": -1000}, id="503", marks=pytest.mark.slow),
    pytest.param(
        "http_error", {"act": True, "status": 500, "code": -1006}, id="-1006", marks=pytest.mark.slow
    ),
    pytest.param("http_error", {"act": True, "status": 408, "code": -1007}, id="-1007"),
    pytest.param("patch_response", {"patch": {"status": "CURIOUS"}}, id="unknown-status"),
    pytest.param("patch_response", {"patch": {"executedQty": "NaN"}}, id="not-a-number"),
    pytest.param("delay_response", {"ms": 1500}, id="late-answer", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    with running_profile(settings=SETTINGS, sim=LimitSettings(orders_10s=10_000)) as running:
        yield running


@pytest.fixture(autouse=True)
def healthy(profile: Profile) -> Iterator[None]:
    """Each test begins with a venue that works."""
    profile.until_ready()
    yield
    profile.sim.clear_faults()
    profile.sim.fault("unsilence", target="all")
    for action in ("latency", "read_lag"):
        profile.sim.fault(action, ms=0)


def placed(profile: Profile, request: OrderRequest) -> ClientOrderId:
    ack = profile.place(request)
    assert ack.is_ok, ack.text
    return ack.client_order_ids[0]


def until_status(
    profile: Profile, order: ClientOrderId, *statuses: OrderStatus, within_s: float
) -> OrderView:
    def look() -> OrderView | None:
        found = profile.order(order)
        is_there = found is not None and found.status in statuses and found.in_doubt_since is None
        return found if is_there else None

    return until(look, within_s=within_s, what=f"{order} {statuses}")


@pytest.mark.parametrize(("action", "fields"), ACTED)
def test_order_that_the_venue_took_is_found_and_never_sent_again(
    profile: Profile, action: str, fields: dict[str, object]
) -> None:
    profile.sim.fault(action, **PLACE, **fields)
    order = placed(profile, profile.away("BTCUSDT"))
    until_status(profile, order, OrderStatus.ACCEPTED, within_s=15)
    assert profile.sim.made()[order] == 1
    command = CancelOrders(command_id=new_command_id(), client_order_ids=(order,))
    assert profile.command(command).is_ok
    until_status(profile, order, OrderStatus.CANCELED, within_s=10)


@pytest.mark.slow
def test_order_without_any_word_is_in_doubt_on_screen_until_the_venue_tells(profile: Profile) -> None:
    profile.sim.fault("silence", target="ws-api")  # neither answers nor user events
    profile.sim.fault("empty_list", count=0)  # an audit may come by at any time
    profile.sim.fault("not_found", count=3)
    order = placed(profile, profile.away("ETHUSDT"))
    until(lambda: (found := profile.order(order)) and found.in_doubt_since, within_s=15, what="in doubt")
    assert profile.view().status.orders_in_doubt == 1
    (alert,) = profile.alerts(order[-4:])
    assert "IN DOUBT" in alert.text
    assert "Do not resend" in alert.text
    until_status(profile, order, OrderStatus.ACCEPTED, within_s=20)
    assert profile.sim.made()[order] == 1
    (alert,) = profile.alerts(order[-4:])
    assert "RESOLVED" in alert.text
    profile.sim.clear_faults()
    profile.sim.fault("unsilence", target="ws-api")
    assert profile.veloz("cancel", "all").code == 0


def test_fill_behind_a_lost_answer_is_booked_once(profile: Profile) -> None:
    before, there = held(profile, "SOLUSDT"), profile.sim.bought("SOLUSDT")
    away = profile.away("SOLUSDT", percent="-0.5", value="100")  # through the touch
    taking = msgspec.structs.replace(away, post_only=False)
    profile.sim.fault("reset_mid_body", **PLACE)
    order = placed(profile, taking)
    found = until_status(profile, order, OrderStatus.FILLED, within_s=15)
    assert found.filled == taking.quantity
    assert profile.sim.made()[order] == 1
    bought = profile.sim.bought("SOLUSDT") - there  # less its fee
    assert 0 < taking.quantity - bought < taking.quantity / 100
    assert held(profile, "SOLUSDT") - before == bought


def held(profile: Profile, symbol: str) -> Decimal:
    return next(i.position for i in profile.view().instruments if i.instrument_id == f"{symbol}.BINANCE")


@pytest.mark.slow
def test_answers_of_not_found_end_no_order(profile: Profile) -> None:
    profile.sim.fault("read_lag", ms=4_000)
    profile.sim.fault("drop_response", **PLACE, close=True)
    order = placed(profile, profile.away("BTCUSDT"))
    began = time.monotonic()
    seen = set()
    while time.monotonic() - began < 4:
        found = profile.order(order)
        assert found is not None
        seen.add(found.status)
        time.sleep(0.1)
    assert seen <= {OrderStatus.CREATED, OrderStatus.SUBMITTED, OrderStatus.ACCEPTED}
    until_status(profile, order, OrderStatus.ACCEPTED, within_s=10)
    assert profile.sim.made()[order] == 1
    assert profile.veloz("cancel", "all").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": 503, "code": -1000}, id="503"),
        pytest.param({"status": 500, "code": -1006}, id="-1006"),
        pytest.param({"status": 408, "code": -1007}, id="-1007"),
    ],
)
def test_order_that_never_arrived_is_in_doubt_for_the_whole_window(
    profile: Profile, fields: dict[str, object]
) -> None:
    profile.sim.fault("http_error", **PLACE, **fields)
    order = placed(profile, profile.away("BTCUSDT"))
    began = time.monotonic()
    until(lambda: (found := profile.order(order)) and found.in_doubt_since, what="in doubt")
    until_status(profile, order, OrderStatus.NEVER_ARRIVED, within_s=12 + 7)
    assert time.monotonic() - began > 12  # recvWindow + 10 s; and then soon
    assert order not in profile.sim.made()


async def send_pairs(profile: Profile, pairs: int, request: OrderRequest) -> list[Ack]:
    """An order and at once `cancel all`, without waiting for any answer."""
    connection = await open_connection(
        engine_path=profile.paths.engine_socket,
        token_path=profile.paths.session_token,
        greeting=Greeting(name="test", wants_views=False),
    )
    acks: list[Ack] = []
    async with connection:
        for number in range(pairs):
            place = PlaceOrder(command_id=new_command_id(), request=request)
            cancel = CancelOrders(command_id=new_command_id(), is_all=True)
            await connection.send(Request(place))
            await asyncio.sleep((0, 0.001, 0.004, 0.02)[number % 4])
            await connection.send(Request(cancel))
            await asyncio.sleep(0.03)
        while len(acks) < 2 * pairs:
            message = await connection.receive(timeout_s=10)
            if isinstance(message, Answer):
                acks.append(message.ack)
    return acks


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        pytest.param("latency", {"ms": 150}, id="slow-line"),
        pytest.param("delay_before", {**PLACE, "ms": 400, "count": 0}, id="cancel-overtakes-the-order"),
        pytest.param(
            "delay_response", {**PLACE, "ms": 400, "count": 0}, id="slow-answers", marks=pytest.mark.slow
        ),
        pytest.param(
            "drop_response",
            {"operation": "order.cancel", "count": 3},
            id="cancels-unanswered",
            marks=pytest.mark.slow,
        ),
        pytest.param("reset_before", {"operation": "order.cancel", "count": 2}, id="cancels-lost"),
    ],
)
def test_canceled_while_on_its_way_never_rests(
    profile: Profile, action: str, fields: dict[str, object]
) -> None:
    profile.sim.fault(action, **fields)
    acks = asyncio.run(send_pairs(profile, 12, profile.away("ETHUSDT")))
    orders = [order for ack in acks for order in ack.client_order_ids if ack.text.startswith("SENDING")]
    # On a machine whose disk stalls, the journal's word may refuse some of them.
    assert len(orders) >= 6, "\n".join(ack.text for ack in acks)
    ended = {OrderStatus.CANCELED, OrderStatus.NOT_SENT}

    def all_ended() -> bool:
        by_id = {order.client_order_id: order for order in profile.view().orders}
        return all(by_id[order].status in ended for order in orders)

    until(all_ended, within_s=25, what="all ended")
    assert not [o for o in profile.sim.open_orders() if o["client_order_id"] in orders]
    made = profile.sim.made()
    assert all(made.get(order, 0) <= 1 for order in orders)
