"""The REST façade: raw bytes in, the venue's answers and headers out, scripted transport faults between."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from veloz_tui.sim import signing
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.gateway import Answer, Delivery, Gateway
from veloz_tui.sim.operations import BY_ENDPOINT, EMPTY_ENDPOINTS, REMOVED_PATHS, Operation

# An answer that never comes is given up when the client hasn't left by then.
NEVER_S = 120.0
JSON_TYPE = "application/json"


class RestApi:
    """Handles every path under /api, /sapi and the empty neighbours."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def handle(self, request: web.Request) -> web.StreamResponse:
        endpoint = f"{request.method} {request.path}"
        operation = BY_ENDPOINT.get(endpoint)
        if operation is None:
            return self._unlisted(request, endpoint)
        _, _, query_text = request.raw_path.partition("?")
        query = query_text.encode("utf-8", "surrogateescape")
        body = await request.read() if request.can_read_body else b""
        return await self._respond(request, operation, query, body)

    async def _respond(
        self, request: web.Request, operation: Operation, query: bytes, body: bytes
    ) -> web.StreamResponse:
        gateway = self._gateway
        try:
            params = signing.parse_form(body) | signing.parse_form(query)
        except VenueError as error:
            return self._response(gateway.refusal(error))

        def authenticate() -> Account:
            key = gateway.key(request.headers.get("X-MBX-APIKEY"))
            payload, signature = signing.rest_payload(query, body)
            gateway.check_signature(key, params, payload, signature)
            return key.account

        def act() -> Answer:
            return gateway.answer(operation, params, authenticate, wire="rest")

        if gateway.latency_s:
            await asyncio.sleep(gateway.latency_s)
        fault = gateway.fault_for(operation, params, wire="rest")
        answer, delivery = (act(), "normal") if fault is None else await gateway.perform(fault, params, act)
        gateway.events.flush()
        if gateway.latency_s:
            await asyncio.sleep(gateway.latency_s)
        return await self._deliver(request, answer, delivery)

    async def _deliver(
        self, request: web.Request, answer: Answer | None, delivery: Delivery
    ) -> web.StreamResponse:
        if answer is None or delivery == "close":
            reset(request.transport)
            return web.Response(status=500)
        match delivery:
            case "never":
                await wait_until_gone(request)
                reset(request.transport)
            case "half":
                return await self._send_half(request, answer)
            case "truncated":
                answer.body = answer.body[: len(answer.body) // 2]
        return self._response(answer)

    async def _send_half(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=self._headers(answer))
        response.content_length = len(answer.body)
        response.content_type = JSON_TYPE
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
        reset(request.transport)
        return response

    def _response(self, answer: Answer) -> web.Response:
        return web.Response(
            status=answer.status,
            body=answer.body,
            headers=self._headers(answer),
            content_type=JSON_TYPE,
            charset="utf-8",
        )

    def _headers(self, answer: Answer) -> dict[str, str]:
        gateway = self._gateway
        used = str(gateway.limiter.weight.count(gateway.exchange.clock.ms()))
        headers = answer.headers | {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if answer.uid is not None and answer.shows_order_counts:
            ten_seconds, day = gateway.order_counts(answer.uid)
            headers["X-MBX-ORDER-COUNT-10S"] = str(ten_seconds)
            headers["X-MBX-ORDER-COUNT-1D"] = str(day)
        return headers

    def _unlisted(self, request: web.Request, endpoint: str) -> web.Response:
        self._gateway.ledger[f"rest {endpoint}"] += 1
        if request.path in REMOVED_PATHS:
            gone = VenueError(-1000, "This endpoint has been removed.", status=410)
            return self._response(self._gateway.refusal(gone))
        if endpoint in EMPTY_ENDPOINTS:
            return web.json_response(EMPTY_ENDPOINTS[endpoint])
        return web.Response(status=404, text="<html><body><h2>404 Not found</h2></body></html>")


def reset(transport: asyncio.BaseTransport | None) -> None:
    """End a connection with a TCP reset, not a polite close."""
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def wait_until_gone(request: web.Request) -> None:
    """Stay silent until the client has left, at most NEVER_S."""
    for _ in range(int(NEVER_S / 0.05)):
        transport = request.transport
        if transport is None or transport.is_closing():
            return
        await asyncio.sleep(0.05)
