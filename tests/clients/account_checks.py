"""What two programs do with one account, refusals by class and code, keys, and how the stream was opened."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tests.clients import terms
from tests.clients.desk import API_KEY, SECRET, SYMBOL, Desk, connection, eventually
from tests.clients.ours import instrument
from tests.clients.peer import peer
from veloz_tui.domain.errors import VenueError
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType, Side

QUIET_SYMBOL = "ETHBTC"
AHEAD_MS = 30_000
LISTEN_KEY = "rest POST /api/v3/userDataStream"
SUBSCRIBE = "ws-api userDataStream.subscribe.signature"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A request the venue refuses. `ccxt`: the class ccxt must make of it."""

    name: str
    code: int
    says: str
    ccxt: str
    command: str = "place"
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    request: OrderRequest | None = None
    """The same order through our adapter."""


async def check_shared_account(desk: Desk) -> None:
    """Orders of our adapter as the client sees them, and the other way round."""
    price = desk.price("BUY", times="0.96")
    resting = desk.ours.submit(_limit("0.015", price))
    await _check_seen(desk, "our order, seen by the client", resting, "OPEN")
    desk.ours.cancel(SYMBOL, resting)
    await _check_seen(desk, "our cancel, seen by the client", resting, "CANCELED")
    taking = desk.ours.submit(OrderRequest(instrument(SYMBOL), Side.SELL, Decimal("0.02"), OrderType.MARKET))
    await _check_seen(desk, "our market order, seen by the client", taking, "FILLED")
    ours_left = desk.ours.submit(_limit("0.016", price))
    await _check_seen(desk, "our second order, seen by the client", ours_left, "OPEN")
    await desk.peer.tell("cancel", symbol=SYMBOL, client_id=ours_left, wire="rest")
    await _check_seen(desk, "our order, canceled by the client", ours_left, "CANCELED")
    fields = {"client_id": "theirs-1", "side": "BUY", "quantity": "0.017", "price": str(price)}
    await desk.peer.tell("place", symbol=SYMBOL, kind="limit", wire="rest", **fields)
    desk.ours.cancel(SYMBOL, "theirs-1", desk.ledger.order(SYMBOL, "theirs-1").venue_id)
    await _check_seen(desk, "their order, canceled by our adapter", "theirs-1", "CANCELED")


async def _check_seen(desk: Desk, check: str, name: str, status: str) -> None:
    async def streamed() -> terms.Order | None:
        return (await desk.peer.ask("user_orders", dict[str, terms.Order])).get(name)

    def is_right(found: terms.Order | None) -> bool:
        own = desk.ours.orders.get(name)
        return found is not None and found.status == status and own is not None and own.status == status

    found = await eventually(streamed, is_right)
    truth = desk.ledger.order(SYMBOL, name)
    desk.compare(check, found, truth, desk.ours.orders.get(name))
    desk.table.equal(f"{check}: status", truth.status, status)


async def check_refusals(desk: Desk) -> None:
    cases = _cases(desk)
    await desk.peer.tell("place", **_twice(desk))
    for case in cases:
        refusal = await desk.peer.refusal_of(case.command, **case.fields)
        _judge(desk, case.name, refusal, case)
        if case.request is not None:
            await _check_ours_is_refused(desk, case, case.request)
    # On the venue the duplicate's original still lives.
    await desk.peer.tell("cancel_all", symbol=SYMBOL, wire="rest")
    await _check_no_orders(desk)
    await _check_halt(desk)
    await _check_clock(desk)


def _judge(desk: Desk, check: str, refusal: terms.Refusal, case: Case) -> None:
    expected = case.ccxt if desk.client == "ccxt" else "BinanceAPIException"
    is_ok = expected in refusal.classes and case.says in refusal.text
    if desk.client != "ccxt":
        is_ok = is_ok and f"code={case.code})" in refusal.text
    told = f"{refusal.classes[0]}: {refusal.text}"
    desk.table.add(f"refused: {check}", told, f"{expected} ({case.code} {case.says})", is_ok=is_ok)


async def _check_ours_is_refused(desk: Desk, case: Case, request: OrderRequest) -> None:
    order_id = desk.ours.submit(request)

    async def refused() -> tuple[int | None, str]:
        return desk.ours.refusals.get(order_id, (None, "accepted"))

    code, text = await eventually(refused, lambda found: found[0] is not None)
    is_ok = code == case.code and case.says in text
    desk.table.add(f"refused: {case.name}, our adapter", f"{code} {text}", f"{case.code}", is_ok=is_ok)


def _cases(desk: Desk) -> list[Case]:
    low = desk.price("BUY", times="0.97")
    ask = desk.ledger.ticker(SYMBOL).ask
    poor, take = _limit("100", low), _limit("0.01", ask)
    off_tick, off_lot = _limit("0.01", low + Decimal("0.001")), _limit("0.010001", low)
    unknown = {"symbol": SYMBOL, "client_id": "never-made", "wire": "rest"}
    funds = "Account has insufficient balance for requested action."
    return [
        Case(name="funds", code=-2010, says=funds, ccxt="InsufficientFunds",
             fields=_fields("limit", poor, "poor"), request=poor),
        Case(name="funds, over ws", code=-2010, says=funds, ccxt="InsufficientFunds",
             fields=_fields("limit", poor, "poor") | {"wire": "ws"}),
        Case(name="unknown order, query", code=-2013, says="Order does not exist.", ccxt="OrderNotFound",
             command="order", fields=unknown),
        Case(name="unknown order, query over ws", code=-2013, says="Order does not exist.",
             ccxt="OrderNotFound", command="order", fields=unknown | {"wire": "ws"}),
        Case(name="unknown order, cancel", code=-2011, says="Unknown order sent.", ccxt="OrderNotFound",
             command="cancel", fields=unknown),
        Case(name="cancel all of nothing", code=-2011, says="Unknown order sent.", ccxt="OrderNotFound",
             command="cancel_all", fields={"symbol": QUIET_SYMBOL, "wire": "rest"}),
        Case(name="price off tick", code=-1013, says="Filter failure: PRICE_FILTER", ccxt="InvalidOrder",
             command="place_raw", fields=_raw(off_tick), request=off_tick),
        Case(name="quantity off lot", code=-1013, says="Filter failure: LOT_SIZE", ccxt="InvalidOrder",
             command="place_raw", fields=_raw(off_lot), request=off_lot),
        Case(name="notional too small", code=-1013, says="Filter failure: NOTIONAL", ccxt="BadRequest",
             command="place_raw", fields=_raw(_limit("0.00005", low)), request=_limit("0.00005", low)),
        Case(name="post-only would take", code=-2010, says="Order would immediately match and take.",
             ccxt="OrderImmediatelyFillable", fields=_fields("post_only", take, "taker"),
             request=msgspec.structs.replace(take, post_only=True)),
        Case(name="stop would trigger", code=-2010, says="Order would trigger immediately.",
             ccxt="OrderImmediatelyFillable",
             fields=_fields("stop_limit", _limit("0.01", low), "stopped") | {"stop_price": str(low)}),
        Case(name="client id of an open order", code=-2010, says="Duplicate order sent.", ccxt="InvalidOrder",
             fields=_twice(desk)),
    ]  # fmt: skip


def _twice(desk: Desk) -> dict[str, str]:
    return _fields("limit", _limit("0.01", desk.price("BUY", times="0.97")), "twice")


async def _check_no_orders(desk: Desk) -> None:
    made = desk.sim.venue.exchange.table.created
    names = ("poor", "taker", "stopped")
    desk.table.equal("refused orders were never made", [made[name] for name in names], [0, 0, 0])
    desk.table.equal("the duplicate was made once", made["twice"], 1)
    knows = await desk.ours.knows_order(SYMBOL, "never-made")
    desk.table.equal("our adapter doesn't know the unknown order", knows, False)


async def _check_halt(desk: Desk) -> None:
    request = _limit("0.01", desk.price("BUY", times="0.97"))
    case = Case(
        name="market closed", code=-2010, says="Market is closed.", ccxt="OperationRejected",
        fields=_fields("limit", request, "halted"), request=request,
    )  # fmt: skip
    await desk.market("status", symbol=SYMBOL, status="HALT")
    _judge(desk, case.name, await desk.peer.refusal_of(case.command, **case.fields), case)
    await _check_ours_is_refused(desk, case, request)
    await desk.market("status", symbol=SYMBOL, status="TRADING")


async def _check_clock(desk: Desk) -> None:
    """The venue's clock goes ahead: signed requests come from outside their window."""
    says = "Timestamp for this request is outside of the recvWindow."
    case = Case(name="clock", code=-1021, says=says, ccxt="InvalidNonce")
    await desk.admin("/sim/faults", {"action": "clock_offset", "ms": AHEAD_MS})
    refusal = await desk.peer.refusal_of("open_orders", symbol=SYMBOL, wire="rest")
    _judge(desk, case.name, refusal, case)
    try:
        own = str(await desk.ours.open_orders(SYMBOL))
    except VenueError as error:
        own = f"{error.code} {error}"
    desk.table.add("refused: clock, our adapter", own, "-1021", is_ok=own.startswith("-1021"))
    await desk.admin("/sim/faults", {"action": "clock_offset", "ms": 0})


async def check_keys(desk: Desk) -> None:
    """Wrong secrets and unknown keys, each in a client of its own."""
    secret, pem = SECRET + "x", "a bad key"
    cases = (
        (API_KEY, secret, Case(name="bad signature", code=-1022, ccxt="AuthenticationError",
                               says="Signature for this request is not valid.")),
        ("u" * 64, secret, Case(name="unknown key", code=-2015, ccxt="AuthenticationError",
                                says="Invalid API-key, IP, or permissions for action.")),
        (pem, secret, Case(name="malformed key", code=-2014, ccxt="AuthenticationError",
                           says="API-key format invalid.")),
    )  # fmt: skip
    for api_key, wrong, case in cases:
        async with peer(desk.client) as other:
            refusal = await other.refusal_of("connect", **connection(desk.sim, secret=wrong, api_key=api_key))
        _judge(desk, case.name, refusal, case)


async def check_stream_opening(desk: Desk) -> None:
    """Both opened their user streams by signature; the removed listenKey was never asked for."""
    asked = desk.sim.venue.gateway.ledger
    desk.table.equal("user streams opened by signature", asked[SUBSCRIBE], 2)
    desk.table.equal("listenKeys asked for", asked[LISTEN_KEY], 0)
    if desk.client == "python-binance":
        refusal = await desk.peer.refusal_of("listen_key")
        told = f"{refusal.classes[0]}: {refusal.text}"
        desk.table.add("its old listenKey call", told, "HTTP 410", is_ok="removed" in refusal.text)


def _limit(quantity: str, price: Decimal) -> OrderRequest:
    return OrderRequest(instrument(SYMBOL), Side.BUY, Decimal(quantity), OrderType.LIMIT, price)


def _fields(kind: str, request: OrderRequest, name: str) -> dict[str, str]:
    # The stop is a sell below the market only in name: its trigger is already passed.
    return {
        "symbol": SYMBOL, "kind": kind, "wire": "rest", "client_id": name, "side": request.side.value,
        "quantity": str(request.quantity), "price": str(request.price),
    }  # fmt: skip


def _raw(request: OrderRequest) -> dict[str, str]:
    return {
        "symbol": SYMBOL, "type": "LIMIT", "timeInForce": "GTC", "side": request.side.value,
        "quantity": str(request.quantity), "price": str(request.price),
    }  # fmt: skip
