"""The WebSocket API façade: requests by id, sessions, user data events (protocol sheet, section 10)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
from aiohttp import web

from veloz_tui.sim import binance_errors as errors
from veloz_tui.sim import signing
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.connection import Connection
from veloz_tui.sim.gateway import Answer, ApiKey, Delivery, Gateway
from veloz_tui.sim.instruments import rate_limits
from veloz_tui.sim.operations import BY_NAME, Operation, Params
from veloz_tui.sim.sockets import Sockets

CONNECT_WEIGHT = 2
SESSION_WEIGHT = 2
PENDING_MAX = 10_000
_SessionMethod = Callable[[Params], object]


class _Request(msgspec.Struct):
    id: str | int | None = None
    method: str = ""
    params: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


class _Job(msgspec.Struct, frozen=True):
    request_id: str | int | None
    operation: Operation
    params: dict[str, str]
    act: Callable[[], Answer]
    show: bool


class WsApi:
    def __init__(self, gateway: Gateway, sockets: Sockets) -> None:
        self._gateway = gateway
        self._sockets = sockets

    async def handle(self, request: web.Request) -> web.StreamResponse:
        gateway = self._gateway
        try:
            self._sockets.admit(gateway.exchange.clock.ms())
            gateway.limiter.charge(CONNECT_WEIGHT, gateway.exchange.clock.ms())
        except VenueError as error:
            return web.Response(status=error.status, body=gateway.refusal(error).body)
        show = request.query.get("returnRateLimits", "true") != "false"
        connection = self._sockets.open("ws-api")
        async with asyncio.TaskGroup() as tasks:
            session = _Session(gateway, connection, tasks, show_limits=show)
            try:
                return await connection.run(request, lambda: None, session.receive)
            finally:
                session.end()
                self._sockets.gone(connection)


class _Session:
    """What one connection has logged on to and subscribed to."""

    def __init__(
        self, gateway: Gateway, connection: Connection, tasks: asyncio.TaskGroup, *, show_limits: bool
    ) -> None:
        self._gateway = gateway
        self._connection = connection
        self._tasks = tasks
        self._pending: set[asyncio.Task[None]] = set()
        self._show_limits = show_limits
        self._connected_at = gateway.exchange.clock.ms()
        self._authorized_at: int | None = None
        self._api_key: str | None = None
        # Subscription id -> (account uid, handle, whether it came from the session's logon).
        self._subscriptions: dict[int, tuple[int, int, bool]] = {}
        self._next_subscription = 0
        self._methods = {
            "session.logon": self._logon,
            "session.status": self._status,
            "session.logout": self._logout,
            "session.subscriptions": self._list,
            "userDataStream.subscribe": self._subscribe_session,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    async def receive(self, text: str) -> None:
        try:
            request = msgspec.json.decode(text, type=_Request)
            params = {name: _plain(raw) for name, raw in request.params.items()}
        except msgspec.DecodeError:
            refusal = VenueError(-1000, "Request is not valid JSON or lacks a method.")
            self._send(None, self._gateway.refusal(refusal), show=True)
            return
        method = request.method.removeprefix("v3/")
        session_method, operation = self._methods.get(method), BY_NAME.get(method)
        act: Callable[[], Answer]
        if session_method is not None:
            operation = Operation(method, "", lambda _params: SESSION_WEIGHT)
            act = partial(self._session_answer, method, session_method, params)
        elif operation is not None:
            account = partial(self._account, params)
            act = partial(self._gateway.answer, operation, params, account, wire="ws-api")
        else:
            refusal = VenueError(-1020, f"Unknown method '{method}'.")
            self._send(request.id, self._gateway.refusal(refusal), show=self._show_limits)
            return
        show = params.get("returnRateLimits", str(self._show_limits).lower()) != "false"
        self._run(_Job(request.id, operation, params, act, show))

    def end(self) -> None:
        for subscription in list(self._subscriptions):
            self._drop(subscription)
        for task in self._pending:
            task.cancel()

    # Requests

    def _run(self, job: _Job) -> None:
        # At once where nothing has to wait: the common path takes no task.
        gateway = self._gateway
        if not (gateway.latency_s or gateway.faults.has_request_faults):
            self._send(job.request_id, job.act(), show=job.show)
            gateway.events.flush()
        elif len(self._pending) < PENDING_MAX:
            task = self._tasks.create_task(self._run_slowly(job))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)
        else:
            busy = VenueError(-1003, "Too many requests queued.", status=429)
            self._send(job.request_id, gateway.refusal(busy), show=job.show)

    async def _run_slowly(self, job: _Job) -> None:
        gateway = self._gateway
        if gateway.latency_s:
            await asyncio.sleep(gateway.latency_s)
        fault = gateway.fault_for(job.operation, job.params, wire="ws-api")
        if fault is None:
            self._send(job.request_id, job.act(), show=job.show)
        else:
            answer, delivery = await gateway.perform(fault, job.params, job.act)
            await self._deliver(job, answer, delivery)
        gateway.events.flush()

    async def _deliver(self, job: _Job, answer: Answer | None, delivery: Delivery) -> None:
        if answer is None or delivery == "close":
            self._connection.abort()
            return
        frame = self._frame(job.request_id, answer, show=job.show)
        if delivery == "half":
            await self._connection.send_half_and_reset(frame)
        elif delivery == "truncated":
            self._connection.control(frame[: len(frame) // 2])
        elif delivery == "normal":
            self._connection.send(frame, delay_s=self._gateway.latency_s)

    def _account(self, params: Params) -> Account:
        gateway = self._gateway
        if "apiKey" not in params and self._api_key is not None:
            signing.check_time(params, gateway.exchange.clock.ms())
            return gateway.key(self._api_key).account
        return self._signed_by(params).account

    def _signed_by(self, params: Params) -> ApiKey:
        if "apiKey" not in params:
            raise errors.missing("apiKey")
        key = self._gateway.key(params["apiKey"])
        signature = params.get("signature")
        if not signature:
            raise errors.missing("signature")
        self._gateway.check_signature(key, params, signing.ws_payload(params), signature)
        return key

    # Sessions and subscriptions

    def _session_answer(self, name: str, method: _SessionMethod, params: Params) -> Answer:
        gateway = self._gateway
        gateway.ledger[f"ws-api {name}"] += 1
        try:
            gateway.limiter.charge(SESSION_WEIGHT, gateway.exchange.clock.ms())
            return Answer(status=200, body=msgspec.json.encode(method(params)))
        except VenueError as error:
            return gateway.refusal(error)

    def _logon(self, params: Params) -> object:
        key = self._signed_by(params)
        if not key.verifier.can_log_on:
            raise VenueError(-4056, "HMAC_SHA256 API key is not supported.")
        self._api_key = params["apiKey"]
        self._authorized_at = self._gateway.exchange.clock.ms()
        return self._status(params)

    def _status(self, _params: Params) -> object:
        return {
            "apiKey": self._api_key,
            "authorizedSince": self._authorized_at,
            "connectedSince": self._connected_at,
            "returnRateLimits": self._show_limits,
            "serverTime": self._gateway.exchange.clock.ms(),
            "userDataStream": any(by_logon for _, _, by_logon in self._subscriptions.values()),
        }

    def _logout(self, params: Params) -> object:
        for subscription, (_, _, by_logon) in list(self._subscriptions.items()):
            if by_logon:
                self._drop(subscription)
                self._terminated(subscription)
        self._api_key = self._authorized_at = None
        return self._status(params)

    def _list(self, _params: Params) -> object:
        return [{"subscriptionId": subscription} for subscription in self._subscriptions]

    def _subscribe_session(self, _params: Params) -> object:
        if self._api_key is None:
            raise VenueError(-2015, "The session isn't logged on.", status=401)
        return self._subscribe(self._gateway.key(self._api_key).account, by_logon=True)

    def _subscribe_signed(self, params: Params) -> object:
        return self._subscribe(self._signed_by(params).account, by_logon=False)

    def _subscribe(self, account: Account, *, by_logon: bool) -> object:
        if any(uid == account.uid for uid, _, _ in self._subscriptions.values()):
            raise VenueError(-2035, "User Data Stream subscription already active.")
        subscription = self._next_subscription
        self._next_subscription += 1
        prefix = b'{"subscriptionId":%d,"event":' % subscription

        def sink(event: bytes) -> None:
            self._connection.send(prefix + event + b"}", delay_s=self._gateway.latency_s)

        handle = self._gateway.events.subscribe(account.uid, sink)
        self._subscriptions[subscription] = (account.uid, handle, by_logon)
        return {"subscriptionId": subscription}

    def _unsubscribe(self, params: Params) -> object:
        raw = params.get("subscriptionId")
        chosen = [int(raw)] if raw and raw.isdigit() else list(self._subscriptions)
        if not chosen or any(one not in self._subscriptions for one in chosen):
            raise VenueError(-2036, "User Data Stream subscription not active.")
        for subscription in chosen:
            self._drop(subscription)
            self._terminated(subscription)
        return {}

    def _drop(self, subscription: int) -> None:
        uid, handle, _ = self._subscriptions.pop(subscription)
        self._gateway.events.unsubscribe(uid, handle)

    def _terminated(self, subscription: int) -> None:
        event = {"e": "eventStreamTerminated", "E": self._gateway.exchange.clock.ms()}
        self._connection.send(msgspec.json.encode({"subscriptionId": subscription, "event": event}))

    # Frames

    def _send(self, request_id: str | int | None, answer: Answer, *, show: bool) -> None:
        self._connection.send(self._frame(request_id, answer, show=show), delay_s=self._gateway.latency_s)

    def _frame(self, request_id: str | int | None, answer: Answer, *, show: bool) -> bytes:
        name = b"result" if answer.status == 200 else b"error"
        body = answer.body
        if answer.retry_after_ms is not None:
            error = msgspec.json.decode(body, type=dict[str, object])
            now = self._gateway.exchange.clock.ms()
            error["data"] = {"serverTime": now, "retryAfter": answer.retry_after_ms}
            body = msgspec.json.encode(error)
        limits = b',"rateLimits":' + msgspec.json.encode(self._limits(answer)) if show else b""
        return b'{"id":%b,"status":%d,"%b":%b%b}' % (
            msgspec.json.encode(request_id),
            answer.status,
            name,
            body,
            limits,
        )

    def _limits(self, answer: Answer) -> list[dict[str, object]]:
        gateway = self._gateway
        weight, ten_seconds, day, _ = rate_limits(gateway.exchange.limits)
        weight["count"] = gateway.limiter.weight.count(gateway.exchange.clock.ms())
        if answer.uid is None or not answer.shows_order_counts:
            return [weight]
        ten_seconds["count"], day["count"] = gateway.order_counts(answer.uid)
        return [ten_seconds, day, weight]


def _plain(raw: msgspec.Raw) -> str:
    # Signed text is what stands in the JSON: strings unquoted, everything else verbatim.
    text = bytes(raw)
    if text[:1] == b'"':
        return msgspec.json.decode(text, type=str)
    return text.decode()
