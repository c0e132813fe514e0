"""Binance's WebSocket API: requests and answers, matched by id only, and events in between, on one stream.

Each written request is answered exactly once: by the venue, by its timeout, or by the loss of its
connection; the last two leave it unanswered. An answer that comes after the timeout still goes to
`on_late`, as long as the connection lives. Requests are written synchronously
(net.stream.Connection.write), so the line before the call is the last one before the socket.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.net.connection import Connection, NotWritten, OpeningRefused, WriteUnknown
from veloz_tui.net.ratelimit import Cost, Ticket
from veloz_tui.net.stream import Stream, StreamState
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.answers import from_frame
from veloz_tui.venues.binance.decoding import Shape
from veloz_tui.venues.binance.parse_instruments import counts
from veloz_tui.venues.binance.policy import Answer, Answered, Unanswered, Unwritten
from veloz_tui.venues.binance.requests import Params, api_request
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.wire_words import shortened
from veloz_tui.venues.wire_tap import Sent

_LOG = logging.getLogger(__name__)
_FRAME = Shape(wire.ApiFrame, "WebSocket API frame")
_EVENT = Shape(wire.EventName, "event")
_MAX_UNREADABLE = 10
_MAX_PENDING = 4_000
OnAnswer = Callable[[Answer], None]


class ApiOwner(Protocol):
    """Whose socket it is."""

    async def on_open(self, connection: Connection) -> None: ...

    def on_ready(self, *, continuous: bool) -> None: ...

    def on_event(self, event: msgspec.Raw) -> None:
        """May raise ProtocolError: the connection is then dropped, for something may have been missed."""

    def on_state(self, state: StreamState, reason: str) -> None: ...


class _Pending:
    __slots__ = ("connection", "on_answer", "on_late", "sent", "ticket", "timer")

    def __init__(
        self, connection: Connection, ticket: Ticket, on_answer: OnAnswer, on_late: OnAnswer | None
    ) -> None:
        self.sent: Sent | None = None
        self.connection = connection
        self.ticket: Ticket | None = ticket
        self.on_answer: OnAnswer | None = on_answer
        self.on_late = on_late
        self.timer: asyncio.TimerHandle | None = None


class ApiSocket:
    """A StreamHandler; run `stream` in the adapter's TaskGroup."""

    def __init__(self, session: Session, owner: ApiOwner, *, name: str) -> None:
        settings = session.settings
        self._session = session
        self._name = name
        self._owner = owner
        self._pending: dict[str, _Pending] = {}
        self._next_id = 0
        self._unreadable = 0
        self.stream = Stream(
            lambda: settings.hosts.api_socket,
            self,
            settings=settings.stream,
            budget=session.connects,
            jitter=session.jitter,
        )

    def request(
        self,
        method: str,
        params: Params,
        *,
        cost: Cost,
        timeout_s: float,
        on_answer: OnAnswer,
        on_late: OnAnswer | None = None,
        signed: bool = True,
        recv_window_ms: int | None = None,
        connection: Connection | None = None,
    ) -> Unwritten | None:
        """Write one request now. None: written, `on_answer` comes later, once. Else it provably wasn't."""
        connection = connection or self.stream.current
        if connection is None or not connection.is_open:
            return Unwritten("no connection")
        if len(self._pending) >= _MAX_PENDING:
            return Unwritten(f"{_MAX_PENDING} requests are unanswered")
        ticket = self._session.admit(cost)
        if isinstance(ticket, Unwritten):
            return ticket
        if signed:
            params = self._session.stamped(params, recv_window_ms=recv_window_ms)
        self._next_id += 1
        request_id = str(self._next_id)
        text = api_request(
            request_id=request_id,
            method=method,
            params=params,
            signer=self._session.signer if signed else None,
        )
        loop = asyncio.get_running_loop()
        pending = _Pending(connection, ticket, on_answer, on_late)
        try:
            connection.write(text)
        except NotWritten as error:
            unwritten = Unwritten(str(error))
            self._session.settle(ticket, unwritten)
            return unwritten
        except WriteUnknown as error:
            self._session.settle(ticket, Unanswered(str(error)))
            lost = Unanswered(f"write: {error}")
            self._session.tap.received(self._session.tap.sent(self._name, method, params), lost)
            loop.call_soon(on_answer, lost)
            return None
        connection.hold()
        self._pending[request_id] = pending
        pending.timer = loop.call_later(timeout_s, self._time_out, request_id)
        pending.sent = self._session.tap.sent(self._name, method, params)
        return None

    async def call(
        self,
        method: str,
        params: Params,
        *,
        cost: Cost,
        timeout_s: float,
        signed: bool = True,
        connection: Connection | None = None,
    ) -> Answer:
        """The same, awaited."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def on_answer(answer: Answer) -> None:
            if not answered.done():
                answered.set_result(answer)

        unwritten = self.request(
            method,
            params,
            cost=cost,
            timeout_s=timeout_s,
            on_answer=on_answer,
            signed=signed,
            connection=connection,
        )
        return unwritten if unwritten is not None else await answered

    # --- StreamHandler ---

    async def on_open(self, connection: Connection) -> None:
        await self._owner.on_open(connection)

    def on_ready(self, connection: Connection, *, continuous: bool) -> None:
        self._owner.on_ready(continuous=continuous)

    def on_state(self, state: StreamState, reason: str) -> None:
        self._owner.on_state(state, reason)

    def on_refused(self, status: int, retry_after_s: float | None) -> None:
        if status in (418, 429):
            self._session.close_door(int((retry_after_s or 10.0) * 1000), f"WebSocket HTTP {status}")

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        try:
            self._take(connection, _FRAME.decode(frame))
        except ProtocolError as error:
            self._on_unreadable(connection, error)

    def on_lost(self, connection: Connection, reason: str) -> None:
        lost = [key for key, pending in self._pending.items() if pending.connection is connection]
        for key in lost:
            self._finish(key, Unanswered(f"connection {reason}"))

    # --- frames ---

    def _take(self, connection: Connection, frame: wire.ApiFrame) -> None:
        if frame.event:
            self._take_event(connection, frame.event)
        elif frame.error is not None and frame.id is None:
            # The key was revoked, or a frame of ours couldn't be read: there is no request to match it with.
            _LOG.error("Binance: HTTP %s, %s", frame.status, frame.error)
            connection.abort()
        elif str(frame.id) in self._pending:
            answer = from_frame(frame, now_ms=self._session.venue_ms())
            self._finish(str(frame.id), answer, frame.rate_limits)
        else:
            _LOG.info("Binance sent a frame that nobody waits for, id %r", frame.id)

    def _take_event(self, connection: Connection, event: msgspec.Raw) -> None:
        self._session.tap.pushed(self._name, event)
        if _EVENT.decode(event).name == "serverShutdown":
            if connection is self.stream.current:
                self.stream.replace("the venue shuts this server down")
            return
        try:
            self._owner.on_event(event)
        except ProtocolError as error:
            _LOG.error("Binance: %s; reconnecting", error)
            connection.abort()

    def _on_unreadable(self, connection: Connection, error: ProtocolError) -> None:
        self._unreadable += 1
        _LOG.warning("Binance: %s", error)
        if self._unreadable % _MAX_UNREADABLE == 0:
            connection.abort()

    def _time_out(self, key: str) -> None:
        pending = self._pending.get(key)
        if pending is not None and pending.on_answer is not None:
            on_answer, pending.on_answer = pending.on_answer, None
            self._note(pending, Unanswered("timeout"))
            self._settle(pending, Unanswered("timeout"), [])
            on_answer(Unanswered("timeout"))

    def _finish(self, key: str, answer: Answer, limits: list[wire.RateLimit] | None = None) -> None:
        pending = self._pending.pop(key)
        pending.connection.release()
        if pending.timer is not None:
            pending.timer.cancel()
        self._note(pending, answer)
        self._settle(pending, answer, limits or [])
        if pending.on_answer is not None:
            pending.on_answer(answer)
        elif pending.on_late is not None and isinstance(answer, Answered):
            pending.on_late(answer)

    def _note(self, pending: _Pending, answer: Answer) -> None:
        if pending.sent is not None:
            self._session.tap.received(pending.sent, shortened(answer))

    def _settle(self, pending: _Pending, answer: Answer, limits: list[wire.RateLimit]) -> None:
        if pending.ticket is not None:
            self._session.settle(pending.ticket, answer, counts(limits))
            pending.ticket = None


def refuse_opening(what: str, answer: Answer) -> OpeningRefused:
    """The error that makes the stream try again later."""
    reason = answer.text if isinstance(answer, Answered) else answer.reason
    return OpeningRefused(f"{what}: {reason}")
