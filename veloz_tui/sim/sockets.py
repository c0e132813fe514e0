"""All open WebSockets of the venue, so that scenarios can silence, confuse or end them."""

from __future__ import annotations

import asyncio

from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.connection import Connection
from veloz_tui.sim.ratelimit import FIVE_MINUTES_MS, Window
from veloz_tui.sim.settings import LimitSettings

SOCKETS_MAX = 2000


class Sockets:
    """`kind` is `streams` or `ws-api`; a target is one of them or `all`."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._connected = Window(FIVE_MINUTES_MS)
        self._open: dict[Connection, str] = {}
        self._silent: set[str] = set()

    def admit(self, now: int) -> None:
        """Count a connection attempt or refuse it."""
        if self._connected.count(now) >= self._limits.connections_5m or len(self._open) >= SOCKETS_MAX:
            raise VenueError(-1034, "Too many connections.", status=429)
        self._connected.add(now)

    def open(self, kind: str) -> Connection:
        most = self._limits.messages_per_s if kind == "streams" else None
        connection = Connection(self._limits, silent=kind in self._silent, most_per_s=most)
        self._open[connection] = kind
        return connection

    def gone(self, connection: Connection) -> None:
        self._open.pop(connection, None)

    def counts(self) -> dict[str, int]:
        kinds = list(self._open.values())
        return {kind: kinds.count(kind) for kind in ("streams", "ws-api")}

    def matching(self, target: str) -> list[Connection]:
        return [one for one, kind in self._open.items() if target in ("all", kind)]

    def silence(self, target: str, *, silent: bool) -> None:
        kinds = {"streams", "ws-api"} if target == "all" else {target}
        self._silent = self._silent | kinds if silent else self._silent - kinds
        for connection in self.matching(target):
            connection.silent = silent

    def disconnect(self, target: str) -> None:
        for connection in self.matching(target):
            connection.abort()

    async def close(self, target: str) -> None:
        closing = [connection.close() for connection in self.matching(target)]
        await asyncio.gather(*closing, return_exceptions=True)
