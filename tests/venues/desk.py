"""A desk for adapter tests: a simulated venue on loopback, an adapter connected to it, and what it
reported.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar

import msgspec

from veloz_tui.domain.ids import client_order_id
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    BookDelta,
    BookSnapshot,
    Channel,
    ChannelReported,
    HealthReported,
    TopOfBook,
    TradePrinted,
    VenueSnapshot,
)
from veloz_tui.domain.types import ChannelState, ClientOrderId, InstrumentId, Nanos, OrderType, Side
from veloz_tui.engine.actions import Cancel, Reconcile, Submit
from veloz_tui.net.connection import StreamSettings
from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.sim.server import RunningSim, start_sim
from veloz_tui.sim.settings import (
    DEFAULT_INSTRUMENTS,
    AccountSettings,
    LimitSettings,
    MarketSettings,
    SimSettings,
)
from veloz_tui.venues.base import VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.requests import HmacSigner
from veloz_tui.venues.binance.settings import BinanceSettings, loopback

API_KEY = "k" * 64
SECRET = "s" * 64
SYMBOL = "BTCUSDT"
INSTRUMENT = instrument_id(symbol=SYMBOL, venue=BinanceSpotAdapter.venue)
R = TypeVar("R")
_NOISE = (BookDelta, TopOfBook, TradePrinted, HealthReported)


def now() -> Nanos:
    return Nanos(time.time_ns())


async def until(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Wait for a condition, bounded."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


class MarketStatus(msgspec.Struct):
    bid: list[str]
    ask: list[str]


class VenueStatus(msgspec.Struct):
    """What the simulated venue says of itself."""

    open_orders: int
    orders_per_client_id: dict[str, int]
    requests: dict[str, int]
    user_subscriptions: int
    markets: dict[str, MarketStatus]


class Desk:
    """The adapter under test with its venue. `reports` leaves out what flows all the time."""

    def __init__(self, sim: RunningSim, settings: BinanceSettings) -> None:
        self.sim = sim
        self.settings = settings
        self.reports: list[VenueReport] = []
        self.noise: list[VenueReport] = []
        self.fills_since: tuple[tuple[InstrumentId, None], ...] = ()
        self.answers_sync = True
        self.clock: Callable[[], Nanos] = now
        self._counter = 0
        self.adapter = BinanceSpotAdapter(
            settings,
            HmacSigner(api_key=API_KEY, secret=SECRET),
            self._take,
            now=self._now,
            jitter=random.Random(7).random,
        )
        self.admin = HttpClient(sim.base_url)

    def _now(self) -> Nanos:
        return self.clock()

    def _take(self, report: VenueReport) -> None:
        (self.noise if isinstance(report, _NOISE) else self.reports).append(report)
        match report:
            case ChannelReported(channel=Channel.USER, state=ChannelState.SYNCING) if self.answers_sync:
                self.reconcile()

    # --- looking ---

    def of(self, kind: type[R]) -> list[R]:
        return [report for report in self.reports if isinstance(report, kind)]

    def flowed(self, kind: type[R]) -> list[R]:
        return [report for report in self.noise if isinstance(report, kind)]

    async def one(self, kind: type[R], *, where: Callable[[R], bool] = lambda _: True) -> R:
        """The first report of a kind, waited for."""
        await until(lambda: any(where(report) for report in self.of(kind)))
        return next(report for report in self.of(kind) if where(report))

    async def ready(self) -> None:
        """User stream and order socket up, books live."""
        states = (Channel.USER, Channel.ORDERS, Channel.MARKET)
        await until(lambda: all(self.state(channel) is ChannelState.READY for channel in states))
        await until(lambda: len(self.of(BookSnapshot)) >= len(self.settings.symbols))

    def state(self, channel: Channel) -> ChannelState | None:
        found = [report.state for report in self.of(ChannelReported) if report.channel is channel]
        return found[-1] if found else None

    def forget(self) -> None:
        self.reports.clear()
        self.noise.clear()

    # --- acting ---

    def submit(self, request: OrderRequest, *, deadline_s: float = 5.0) -> ClientOrderId:
        self._counter += 1
        order_id = client_order_id(account="TT", epoch=1, counter=self._counter)
        deadline = Nanos(now() + int(deadline_s * 1e9))
        order = Submit(order_id, self.adapter.venue, request, seq=self._counter, deadline=deadline)
        self.adapter.submit(order, proof(order_id, self._counter))
        return order_id

    def reconcile(self) -> None:
        self.adapter.reconcile(Reconcile(self.adapter.venue, (), self.fills_since))

    def cancel(self, order_id: ClientOrderId) -> None:
        self.adapter.cancel(Cancel(order_id, self.adapter.venue, INSTRUMENT, None, order_id))

    async def best(self, side: Side, *, away: str = "0.9") -> Decimal:
        """The best price of that side times `away`, on the tick."""
        market = (await self.status()).markets[SYMBOL]
        best = market.bid if side is Side.BUY else market.ask
        return (Decimal(best[0]) * Decimal(away)).quantize(Decimal("0.01"))

    async def status(self) -> VenueStatus:
        return msgspec.json.decode(await self.ask("GET", "/sim/status"), type=VenueStatus)

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        """Talk to the venue's admin face."""
        data = msgspec.json.encode(body) if body is not None else b""
        answer = await self.admin.request(method, path, body=data)
        assert isinstance(answer, HttpResponse), answer
        assert answer.status == 200, answer.body
        return answer.body

    async def fault(self, action: str, **fields: object) -> None:
        await self.ask("POST", "/sim/faults", {"action": action, **fields})

    async def orders_made(self, order_id: ClientOrderId) -> int:
        """How many orders the venue ever made of this id."""
        return (await self.status()).orders_per_client_id.get(order_id, 0)


def proof(order_id: ClientOrderId, seq: int) -> DurableIntent:
    """What the journal would mint; there is none here."""
    return DurableIntent._mint(client_order_id=order_id, seq=seq)


def limit(quantity: str, price: Decimal, *, side: Side = Side.BUY, **more: object) -> OrderRequest:
    base = OrderRequest(INSTRUMENT, side, Decimal(quantity), OrderType.LIMIT, price)
    return msgspec.structs.replace(base, **more) if more else base


FAST = StreamSettings(
    open_timeout_s=3.0,
    close_timeout_s=0.2,
    overlap_s=0.3,
    drain_s=2.0,
    backoff_base_s=0.02,
    backoff_cap_s=0.2,
    stable_s=0.5,
)


@asynccontextmanager
async def desk(
    *,
    symbols: tuple[str, ...] = (SYMBOL,),
    limits: LimitSettings | None = None,
    paused: bool = False,
    is_gate_open: bool = True,
    waits: bool = True,
    **settings: object,
) -> AsyncIterator[Desk]:
    """A connected desk; `settings` go to BinanceSettings."""
    sim = await start_sim(
        SimSettings(
            accounts=(AccountSettings(api_key=API_KEY, credential=SECRET, key_type="HMAC"),),
            limits=limits or LimitSettings(messages_per_s=50),
            market=MarketSettings(instruments=DEFAULT_INSTRUMENTS[:2], paused=paused),
        )
    )
    fields: Mapping[str, object] = {
        "place_timeout_s": 0.6,
        "cancel_timeout_s": 0.6,
        "stream": FAST,
        **settings,
    }
    adapter_settings = msgspec.convert(
        {**fields, "hosts": loopback(port=sim.port), "symbols": symbols},
        BinanceSettings,
        from_attributes=True,
    )
    found = Desk(sim, adapter_settings)
    found.adapter.set_gate(is_open=is_gate_open, reason="test")
    running = asyncio.create_task(found.adapter.run())
    try:
        if waits:
            await found.ready()
        yield found
        assert not running.done(), "the adapter ended by itself"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await found.admin.aclose()
        await sim.stop()


async def synced(found: Desk) -> VenueSnapshot:
    return await found.one(VenueSnapshot)
