"""The admin face of the simulated venue: `/sim/...`, loopback only, no key. See server.py for the list."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation

import msgspec
from aiohttp import web

from veloz_tui.sim.accounts import Account
from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.faults import IMMEDIATE_ACTIONS, Fault
from veloz_tui.sim.match_messages import Side
from veloz_tui.sim.orders import Order
from veloz_tui.sim.placement import parse
from veloz_tui.sim.replay import Replay
from veloz_tui.sim.settings import AccountSettings
from veloz_tui.sim.user_events import oversized
from veloz_tui.sim.venue import Venue

Handler = Callable[[web.Request], Awaitable[web.Response]]
LOOPBACK = frozenset({"127.0.0.1", "::1"})


class _Deposit(msgspec.Struct, forbid_unknown_fields=True):
    asset: str
    amount: Decimal
    account: str = "demo"


class _MarketControl(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    action: str
    symbol: str | None = None
    value: Decimal | None = None
    side: Side | None = None
    quantity: Decimal | None = None
    status: str | None = None
    fields: dict[str, Decimal] | None = None


class _OrderControl(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    action: str
    symbol: str
    order_id: int | None = None
    client_order_id: str | None = None
    quantity: Decimal | None = None
    reason: str = "EXCHANGE_CANCELED"
    account: str = "demo"


class _Placement(msgspec.Struct, forbid_unknown_fields=True):
    params: dict[str, str]
    account: str = "demo"


class Admin:
    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._closing: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/sim/status", self._status),
            ("GET", "/sim/orders", self._orders),
            ("POST", "/sim/accounts", self._open_account),
            ("POST", "/sim/deposit", self._deposit),
            ("POST", "/sim/reset", self._reset),
            ("GET", "/sim/faults", self._list_faults),
            ("POST", "/sim/faults", self._add_faults),
            ("DELETE", "/sim/faults", self._clear_faults),
            ("POST", "/sim/market", self._market),
            ("POST", "/sim/order", self._order),
            ("POST", "/sim/place", self._place),
            ("POST", "/sim/replay/start", self._start_replay),
            ("GET", "/sim/replay/status", self._replay_status),
            ("GET", "/sim/replay/dropped", self._dropped),
        )
        return [web.route(method, path, self._guarded(handler)) for method, path, handler in table]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            if request.remote not in LOOPBACK:
                return web.json_response({"error": "loopback only"}, status=403)
            try:
                return await handler(request)
            except (msgspec.DecodeError, ValueError, InvalidOperation) as error:
                return web.json_response({"error": str(error)}, status=400)
            except VenueError as error:
                return web.json_response({"error": error.message, "code": error.code}, status=400)

        return guarded

    # Looking

    async def _status(self, _request: web.Request) -> web.Response:
        venue = self._venue
        exchange = venue.exchange
        return _json({
            "sim_id": exchange.store.sim_id,
            "accounts": {one.profile.name: one.uid for one in exchange.booking.accounts.values()},
            "server_time": exchange.clock.ms(),
            "open_orders": len(exchange.table.all_open()),
            "fills": exchange.table.fill_count(),
            "requests": dict(venue.gateway.ledger),
            "orders_per_client_id": dict(exchange.table.created),
            "sockets": venue.sockets.counts(),
            "user_subscriptions": venue.events.subscriber_count(),
            "frames_sent": venue.hub.frames_sent,
            "used_weight": venue.gateway.limiter.weight.count(exchange.clock.ms()),
            "banned_until": venue.gateway.limiter.banned_until,
            "markets": {
                symbol: {
                    "bid": _text(listing.book.best("BUY")),
                    "ask": _text(listing.book.best("SELL")),
                    "last": str(exchange.last_price(symbol) or ""),
                    "update_id": listing.book.update_id,
                }
                for symbol, listing in exchange.listings.items()
            },
            "faults": len(list(venue.faults.listed())),
        })  # fmt: skip

    async def _orders(self, request: web.Request) -> web.Response:
        """All orders that are open, of every account; with `?client_order_id=` every one of that id."""
        exchange = self._venue.exchange
        wanted = request.query.get("client_order_id")
        found = exchange.table.all_open() if wanted is None else exchange.table.made_by(wanted)
        return _json(found)

    # Accounts

    async def _open_account(self, request: web.Request) -> web.Response:
        settings = msgspec.json.decode(await request.read(), type=AccountSettings)
        account = self._venue.open_account(settings)
        return _json({"uid": account.uid, "name": account.profile.name})

    async def _deposit(self, request: web.Request) -> web.Response:
        deposit = msgspec.json.decode(await request.read(), type=_Deposit)
        account = self._account(deposit.account)
        self._venue.exchange.deposit(account, deposit.asset, deposit.amount)
        self._venue.events.flush()
        return _json({"free": str(account.free(deposit.asset))})

    async def _reset(self, _request: web.Request) -> web.Response:
        """Cancel everything open; balances stay."""
        exchange = self._venue.exchange
        for order in exchange.table.all_open():
            exchange.expire(order, "EXCHANGE_CANCELED")
        self._venue.faults.clear()
        self._venue.events.flush()
        return _json({"open_orders": len(exchange.table.all_open())})

    # Faults

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return _json([
            {"hits": hits} | msgspec.to_builtins(fault) for fault, hits in self._venue.faults.listed()
        ])  # fmt: skip

    async def _add_faults(self, request: web.Request) -> web.Response:
        raw = await request.read()
        faults = msgspec.json.decode(raw, type=list[Fault] | Fault)
        ids = []
        for fault in faults if isinstance(faults, list) else [faults]:
            if fault.action in IMMEDIATE_ACTIONS:
                self._act(fault)
            else:
                ids.append(self._venue.faults.add(fault))
                if fault.action == "frozen_account":
                    self._venue.gateway.freeze_accounts()
        return _json({"ids": ids})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        raw = request.query.get("id")
        self._venue.faults.clear(None if raw is None else int(raw))
        return _json({"faults": len(list(self._venue.faults.listed()))})

    def _act(self, fault: Fault) -> None:
        venue = self._venue
        match fault.action:
            case "disconnect":
                venue.sockets.disconnect(fault.target)
            case "silence" | "unsilence":
                venue.sockets.silence(fault.target, silent=fault.action == "silence")
            case "malformed_frame" | "oversized_frame":
                frame = oversized() if fault.action == "oversized_frame" else b'{"e":"trade","s":'
                for connection in venue.sockets.matching(fault.target):
                    connection.control(frame)
            case "server_shutdown":
                self._shut_down(fault)
            case "clock_offset":
                venue.exchange.clock.offset_ms = round(fault.ms)
            case "latency":
                venue.gateway.latency_s = fault.ms / 1000
            case "read_lag":
                venue.gateway.read_lag_ms = round(fault.ms)
            case "ban":
                venue.gateway.limiter.ban(round(fault.ms), venue.exchange.clock.ms())
            case "revoke_key":
                venue.gateway.keys.pop(fault.api_key or "", None)

    def _shut_down(self, fault: Fault) -> None:
        venue = self._venue
        now = venue.exchange.clock.ms()
        for connection in venue.sockets.matching("streams" if fault.target == "all" else fault.target):
            venue.hub.shutdown_notice(connection, now)
        if fault.target in ("ws-api", "all"):
            event = b'{"event":{"e":"serverShutdown","E":%d}}' % now
            for connection in venue.sockets.matching("ws-api"):
                connection.control(event)
        leaving = venue.sockets.matching(fault.target)

        async def close_later() -> None:
            await asyncio.sleep(fault.ms / 1000)
            await asyncio.gather(*(one.close() for one in leaving), return_exceptions=True)

        task = asyncio.create_task(close_later())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    # The market and single orders

    async def _market(self, request: web.Request) -> web.Response:
        control = msgspec.json.decode(await request.read(), type=_MarketControl)
        driver = self._venue.driver
        markets = (
            driver.markets if control.symbol is None else {control.symbol: driver.markets[control.symbol]}
        )
        match control.action:
            case "pause" | "resume":
                driver.paused = control.action == "pause"
            case "speed" if control.value is not None and control.value > 0:
                driver.speed = float(control.value)
            case "jump" if control.value is not None and control.value > -1:
                for symbol, market in markets.items():
                    market.jump(float(control.value))
                    driver.step(symbol, 0.0)
            case "burst":
                for market in markets.values():
                    market.burst(float(control.value or 5))
            case "step":
                for symbol in markets:
                    driver.step(symbol, float(control.value or 0))
            case "trade" if control.symbol and control.side and control.quantity:
                events = driver.markets[control.symbol].market_order(control.side, control.quantity)
                self._venue.exchange.apply_market(control.symbol, events)
                self._venue.events.flush()
            case "status" | "rules" if control.symbol is not None:
                self._change_rules(control.symbol, control)
            case other:
                raise ValueError(f"market action {other} is unknown or lacks a field")
        return _json({})

    def _change_rules(self, symbol: str, control: _MarketControl) -> None:
        instrument = self._venue.exchange.listing(symbol).instrument
        if control.status is not None:
            instrument.status = control.status
        for name, value in (control.fields or {}).items():
            if not isinstance(getattr(instrument, name, None), Decimal):
                raise ValueError(f"no rule named {name}")
            setattr(instrument, name, value)

    async def _order(self, request: web.Request) -> web.Response:
        """Make the venue do something to one order: `fill`, `expire` or `cancel`."""
        control = msgspec.json.decode(await request.read(), type=_OrderControl)
        exchange = self._venue.exchange
        order = self._find(control)
        match control.action:
            case "fill":
                exchange.force_fill(order, control.quantity)
            case "expire":
                exchange.expire(order, control.reason)
            case "cancel":
                exchange.cancel(order, f"web_{order.order_id}")
            case other:
                raise ValueError(f"unknown order action {other}")
        self._venue.events.flush()
        return _json(order)

    async def _place(self, request: web.Request) -> web.Response:
        """Place an order as the account's owner would on the venue's own pages."""
        wanted = msgspec.json.decode(await request.read(), type=_Placement)
        order, _ = self._venue.exchange.place(self._account(wanted.account), parse(wanted.params))
        self._venue.events.flush()
        return _json(order)

    def _find(self, control: _OrderControl) -> Order:
        account = self._account(control.account)
        order = self._venue.exchange.find(
            account, control.symbol, order_id=control.order_id, client_id=control.client_order_id
        )
        if order is None or not order.is_open:
            raise ValueError("no such open order")
        return order

    # Replay

    async def _start_replay(self, _request: web.Request) -> web.Response:
        self._replay().start()
        return _json({})

    async def _replay_status(self, _request: web.Request) -> web.Response:
        return _json(self._replay().status())

    async def _dropped(self, _request: web.Request) -> web.Response:
        return _json(self._replay().dropped)

    def _replay(self) -> Replay:
        if self._venue.replay is None:
            raise ValueError("this venue doesn't replay a recording")
        return self._venue.replay

    def _account(self, name: str) -> Account:
        account = self._venue.exchange.account_named(name)
        if account is None:
            raise ValueError(f"no account named {name}")
        return account


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _text(level: tuple[Decimal, Decimal] | None) -> list[str]:
    return [] if level is None else [str(level[0]), str(level[1])]
