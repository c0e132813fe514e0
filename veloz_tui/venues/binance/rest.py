"""Binance Spot over REST: sign, pay, send once, and tell what came of it."""

import asyncio
from collections.abc import Callable

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.net.ratelimit import Cost
from veloz_tui.venues.binance import parse_market
from veloz_tui.venues.binance.answers import from_http, header_counts
from veloz_tui.venues.binance.policy import Answer, Answered, Unwritten
from veloz_tui.venues.binance.requests import Params, query_string, signed_query
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.wire_words import shortened
from veloz_tui.venues.wire_tap import Sent


class RestClient:
    """Every parameter goes into the query, POST included: one form to sign, one to test."""

    def __init__(self, http: HttpClient, session: Session) -> None:
        self._http = http
        self._session = session

    async def call(
        self,
        method: str,
        path: str,
        params: Params,
        *,
        cost: Cost,
        signed: bool = True,
        recv_window_ms: int | None = None,
        timeout_s: float | None = None,
        wait_s: float = 0.0,
        before_write: Callable[[], bool] | None = None,
    ) -> Answer:
        """Send one request, never twice. `wait_s`: how long it may wait for room in the budget first."""
        session = self._session
        ticket = session.admit(cost)
        while isinstance(ticket, Unwritten):
            pause_s = ((ticket.until_ms or 0) - session.venue_ms()) / 1000
            if pause_s > wait_s:
                return ticket
            wait_s -= pause_s
            await asyncio.sleep(max(pause_s, 0.001))
            ticket = session.admit(cost)
        sent: Sent | None = None
        if signed:
            stamped = session.stamped(params, recv_window_ms=recv_window_ms)
            query = signed_query(stamped, session.signer)
            sent = session.tap.sent("rest", f"{method} {path}", stamped)
        else:
            query = query_string(params)
            session.tap.public_frames += 1
        answer: Answer = Unwritten("not sent")
        counts = None
        try:
            outcome = await self._http.request(
                method,
                f"{path}?{query}" if query else path,
                headers={"X-MBX-APIKEY": session.signer.api_key} if signed else None,
                timeout_s=timeout_s if timeout_s is not None else session.settings.read_timeout_s,
                before_write=before_write,
            )
            answer = from_http(outcome)
            if isinstance(outcome, HttpResponse):
                counts = header_counts(outcome.headers)
        finally:
            session.settle(ticket, answer, counts)
            if sent is not None:
                session.tap.received(sent, shortened(answer))
        return answer

    async def sample_clock(self, cost: Cost) -> bool:
        """Ask the venue's time once. True if it answered."""
        session = self._session
        sent = session.now()
        answer = await self.call("GET", "/api/v3/time", {}, cost=cost, signed=False)
        received = session.now()
        if not isinstance(answer, Answered) or answer.status != 200:
            return False
        try:
            server_ms = parse_market.server_time_ms(answer.body)
        except ProtocolError:
            return False
        session.skew.add(sent_ms=sent / 1e6, server_ms=server_ms, received_ms=received / 1e6)
        session.round_trip_ms = (received - sent) / 1e6
        return True
