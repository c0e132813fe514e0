"""The market stream façade: paths, subscriptions and their control messages (protocol sheet, section 7)."""

from __future__ import annotations

import msgspec
from aiohttp import web

from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.clock import VenueClock
from veloz_tui.sim.connection import Connection
from veloz_tui.sim.settings import LimitSettings
from veloz_tui.sim.sockets import Sockets
from veloz_tui.sim.stream_hub import StreamHub


class _Control(msgspec.Struct):
    method: str
    params: list[str | bool] = msgspec.field(default_factory=list)
    id: str | int | None = None


class MarketStreams:
    def __init__(self, *, hub: StreamHub, sockets: Sockets, limits: LimitSettings, clock: VenueClock) -> None:
        self._hub = hub
        self._sockets = sockets
        self._limits = limits
        self._clock = clock

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve `/ws`, `/ws/<a>/<b>` and `/stream?streams=<a>/<b>`."""
        try:
            self._sockets.admit(self._clock.ms())
        except VenueError as error:
            return web.json_response(error.body(), status=error.status)
        combined = request.path == "/stream"
        listed = request.query.get("streams", "") if combined else request.match_info.get("streams", "")
        connection = self._sockets.open("streams")
        session = _Session(self._hub, connection, self._limits)
        self._hub.set_combined(connection, combined=combined)

        def subscribe() -> None:
            session.add([name for name in listed.split("/") if name])

        try:
            return await connection.run(request, subscribe, session.receive)
        finally:
            session.end()
            self._hub.set_combined(connection, combined=False)
            self._sockets.gone(connection)


class _Session:
    # The subscriptions of one connection, in the order they were made.
    def __init__(self, hub: StreamHub, connection: Connection, limits: LimitSettings) -> None:
        self._hub = hub
        self._connection = connection
        self._limits = limits
        self._streams: dict[str, None] = {}

    def add(self, names: list[str]) -> bool:
        if len(self._streams.keys() | set(names)) > self._limits.streams_per_connection:
            return False
        for name in names:
            self._streams[name] = None
            self._hub.subscribe(self._connection, name)
        return True

    def end(self) -> None:
        for name in self._streams:
            self._hub.unsubscribe(self._connection, name)

    async def receive(self, text: str) -> None:
        try:
            control = msgspec.json.decode(text, type=_Control)
        except msgspec.ValidationError:
            self._refuse(2, "Invalid request: wrong field or type", None)
            return
        except msgspec.DecodeError as error:
            self._refuse(3, f"Invalid JSON: {error}", None)
            return
        names = [name for name in control.params if isinstance(name, str)]
        match control.method:
            case "SUBSCRIBE" if self.add(names):
                self._reply(None, control.id)
            case "SUBSCRIBE":
                self._refuse(2, "Invalid request: too many streams", control.id)
            case "UNSUBSCRIBE":
                for name in names:
                    self._streams.pop(name, None)
                    self._hub.unsubscribe(self._connection, name)
                self._reply(None, control.id)
            case "LIST_SUBSCRIPTIONS":
                self._reply(list(self._streams), control.id)
            case "SET_PROPERTY" | "GET_PROPERTY":
                self._property(control)
            case other:
                self._refuse(2, f"Invalid request: unknown variant {other}", control.id)

    def _property(self, control: _Control) -> None:
        if not control.params or control.params[0] != "combined":
            self._refuse(0, "Unknown property", control.id)
        elif control.method == "GET_PROPERTY":
            self._reply(self._hub.is_combined(self._connection), control.id)
        elif len(control.params) == 2 and isinstance(control.params[1], bool):
            self._hub.set_combined(self._connection, combined=control.params[1])
            self._reply(None, control.id)
        else:
            self._refuse(1, "Invalid value type: expected Boolean", control.id)

    def _reply(self, result: object, request_id: str | int | None) -> None:
        self._connection.send(msgspec.json.encode({"result": result, "id": request_id}))

    def _refuse(self, code: int, message: str, request_id: str | int | None) -> None:
        self._connection.send(msgspec.json.encode({"code": code, "msg": message, "id": request_id}))
