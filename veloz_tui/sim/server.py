"""The simulated Binance Spot venue as a server: REST, WebSocket API and streams on one loopback port.

Starting it
    running = await start_sim(SimSettings(accounts=(AccountSettings(api_key=…, credential=…),)))
    running.port, running.base_url ("http://127.0.0.1:PORT"), running.ws_url ("ws://127.0.0.1:PORT")
    running.sim_id, running.account_uid; await running.stop()
As a child process: `python -m veloz_tui.sim` reads SimSettings as one JSON line from standard input (or from
the descriptor `--settings-fd N`), prints `{"port":…,"sim_id":…,"account_uid":…}` as one line and serves until
SIGTERM. It outlives its parent unless `stop_with_parent` is set (then it ends when standard input closes).
A taken port or an unusable store: one line on standard error, exit code 2.

Wire: `/api/v3/*` and a little of `/sapi/v1/*` (REST), `/ws-api/v3` (WebSocket API), `/ws`, `/ws/<stream>/…`,
`/stream?streams=…` (market streams).

Admin (loopback only, JSON in and out, errors are 400 `{"error":…}`):
    GET    /sim/status        ids, counters, requests by endpoint, orders made per client order id, markets
    GET    /sim/orders        all open orders of all accounts; `?client_order_id=X`: every order of that id
    POST   /sim/accounts      an AccountSettings object: opens an account, or gives one its key again
    POST   /sim/deposit       {"account":"demo","asset":"USDT","amount":"100"} (negative: withdraws)
    POST   /sim/reset         the venue ends all open orders and disarms all faults
    GET    /sim/faults        armed faults with their hits
    POST   /sim/faults        one fault or a list (see faults.py)
    DELETE /sim/faults[?id=N] disarms
    POST   /sim/market        {"action":"pause"|"resume"} · {"action":"speed","value":"5"}
                              {"action":"jump","value":"-0.02"[,"symbol":…]} · {"action":"burst","value":"5"}
                              {"action":"step","value":"0.5"} advances a paused market by seconds
                              {"action":"trade","symbol":…,"side":"SELL","quantity":"0.5"} somebody takes
                              {"action":"status","symbol":…,"status":"HALT"}
                              {"action":"rules","symbol":…,"fields":{"tick_size":"0.1"}}
    POST   /sim/order         {"action":"fill"|"expire"|"cancel","symbol":…,"client_order_id":…|"order_id":…
                              [,"quantity":…][,"account":…]}: the venue acts on one open order
    POST   /sim/place         {"params":{"symbol":…,"side":…,…}[,"account":…]}: an order made elsewhere
    POST   /sim/replay/start · GET /sim/replay/status · GET /sim/replay/dropped   (recorded markets)
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from veloz_tui.sim.admin import Admin
from veloz_tui.sim.binance_rest import RestApi
from veloz_tui.sim.binance_streams import MarketStreams
from veloz_tui.sim.binance_ws_api import WsApi
from veloz_tui.sim.settings import SimSettings
from veloz_tui.sim.venue import Venue

BODY_BYTES_MAX = 1_000_000
STOP_S = 2.0


class RunningSim:
    """A serving venue; `failed` is set when a part of it died."""

    def __init__(self, venue: Venue, runner: web.AppRunner, task: asyncio.Task[None], port: int) -> None:
        self.venue = venue
        self.port = port
        self._runner = runner
        self._task = task

    @property
    def base_url(self) -> str:
        return f"http://{_host(self.venue.settings.host)}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{_host(self.venue.settings.host)}:{self.port}"

    @property
    def sim_id(self) -> str:
        return self.venue.exchange.store.sim_id

    @property
    def account_uid(self) -> int | None:
        """Of the first account in the settings."""
        accounts = self.venue.settings.accounts
        account = self.venue.exchange.account_named(accounts[0].name) if accounts else None
        return None if account is None else account.uid

    async def wait(self) -> None:
        """Until the market's task ends; raises what ended it."""
        await asyncio.shield(self._task)

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self.venue.sockets.disconnect("all")
        await self._runner.cleanup()
        self.venue.close()


async def start_sim(settings: SimSettings) -> RunningSim:
    """Serve a venue. Raises OSError for a taken port, StoreError for an unusable store."""
    venue = Venue(settings)
    runner = web.AppRunner(_application(venue), access_log=None, shutdown_timeout=STOP_S)
    try:
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError:
        await runner.cleanup()
        venue.close()
        raise
    port = int(runner.addresses[0][1])
    return RunningSim(venue, runner, asyncio.create_task(venue.run()), port)


def _application(venue: Venue) -> web.Application:
    application = web.Application(client_max_size=BODY_BYTES_MAX)
    rest = RestApi(venue.gateway)
    streams = MarketStreams(
        hub=venue.hub,
        sockets=venue.sockets,
        limits=venue.settings.limits,
        clock=venue.exchange.clock,
    )
    application.add_routes(Admin(venue).routes())
    application.add_routes([
        web.get("/ws-api/v3", WsApi(venue.gateway, venue.sockets).handle),
        web.get("/ws", streams.handle),
        web.get("/ws/{streams:.*}", streams.handle),
        web.get("/stream", streams.handle),
        web.route("*", "/{path:.*}", rest.handle),
    ])  # fmt: skip
    return application


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
