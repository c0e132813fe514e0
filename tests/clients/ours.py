"""Our own Binance adapter on the same account: what its streams tell, and what its REST reader answers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from tests.clients import terms
from tests.venues.desk import proof
from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.ids import client_order_id
from veloz_tui.domain.instrument import Instrument, instrument_id
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    Balance,
    BalancesReported,
    BookDelta,
    BookSnapshot,
    CancelFailed,
    Channel,
    ChannelReported,
    Fill,
    InstrumentsReported,
    OrderReport,
    SubmitRejected,
    TradePrinted,
    VenueSnapshot,
)
from veloz_tui.domain.types import ChannelState, ClientOrderId, InstrumentId, Nanos, VenueOrderId
from veloz_tui.engine.actions import Cancel, Reconcile, Submit
from veloz_tui.net.http import HttpClient
from veloz_tui.venues.base import VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.parse import VENUE
from veloz_tui.venues.binance.reconcile import AccountReader
from veloz_tui.venues.binance.requests import signer_for
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.settings import BinanceSettings, loopback

BOOKS_KEPT = 300
READY_S = 15.0


class Ours:
    """Collects the adapter's reports for one followed symbol and the whole account."""

    def __init__(self, settings: BinanceSettings, *, api_key: str, secret: str, followed: str) -> None:
        signer = signer_for(api_key=api_key, secret=secret)
        noise = random.Random(3).random
        self.adapter = BinanceSpotAdapter(settings, signer, self._take, now=_now, jitter=noise)
        self.http = HttpClient(settings.hosts.rest)
        session = Session(settings, signer, now=_now, jitter=noise)
        self._reader = AccountReader(session, RestClient(self.http, session), lambda _report: None)
        self._followed = instrument(followed)
        self._book = OrderBook()
        self._states: dict[Channel, ChannelState] = {}
        self._counter = 0
        self.instruments: dict[str, Instrument] = {}
        self.books: dict[int, terms.Book] = {}
        """The followed book as it was at its last update ids."""
        self.prints: list[TradePrinted] = []
        self.orders: dict[str, terms.Order] = {}
        self.fills: dict[str, terms.Fill] = {}
        self.balances: terms.Balances = {}
        self.refusals: dict[str, tuple[int | None, str]] = {}

    # What the streams tell

    @property
    def book(self) -> terms.Book:
        """The followed book as it is now."""
        found = self._book
        bids, asks = found.bid_levels(len(found.bids)), found.ask_levels(len(found.asks))
        return terms.Book(found.update_id, bids, asks)

    @property
    def is_ready(self) -> bool:
        wanted = (Channel.USER, Channel.ORDERS, Channel.MARKET)
        return bool(self._book.update_id) and all(
            self._states.get(one) is ChannelState.READY for one in wanted
        )

    def _take(self, report: VenueReport) -> None:
        match report:
            case BookSnapshot() | BookDelta() if report.instrument_id == self._followed:
                act = self._book.replace if isinstance(report, BookSnapshot) else self._book.apply
                act(bids=report.bids, asks=report.asks, update_id=report.update_id)
                self._keep_book()
            case TradePrinted() if report.instrument_id == self._followed:
                self.prints.append(report)
            case InstrumentsReported():
                self.instruments = {one.symbol: one for one in report.instruments}
            case ChannelReported():
                self._states[report.channel] = report.state
                if report.channel is Channel.USER and report.state is ChannelState.SYNCING:
                    self.adapter.reconcile(Reconcile(VENUE, (), ()))
            case OrderReport():
                self._take_order(report)
            case BalancesReported():
                self._take_balances(report)
            case VenueSnapshot():
                self._take_balances(report.balances)
            case SubmitRejected() | CancelFailed():
                self.refusals[report.client_order_id] = (report.code, report.text)

    def _keep_book(self) -> None:
        self.books[self._book.update_id] = self.book
        if len(self.books) > BOOKS_KEPT:
            del self.books[next(iter(self.books))]

    def _take_order(self, report: OrderReport) -> None:
        self.orders[report.client_order_id] = _order(report)
        if report.fill is not None:
            self.fills[report.fill.trade_id] = _fill(report.fill)

    def _take_balances(self, report: BalancesReported) -> None:
        self.balances |= _balances(report.balances)
        self.balances = {asset: both for asset, both in self.balances.items() if any(both)}

    # What we ask

    def rules(self, symbol: str) -> terms.Rules:
        found = self.instruments[symbol]
        assert found.max_quantity is not None
        assert found.max_price is not None
        return terms.Rules(
            tick_size=found.tick_size,
            lot_size=found.lot_size,
            min_notional=found.min_notional,
            min_quantity=found.min_quantity,
            max_quantity=found.max_quantity,
            min_price=found.min_price,
            max_price=found.max_price,
            is_trading=found.is_trading,
        )

    async def order(self, symbol: str, client_id: str) -> terms.Order:
        found = await self._reader.order(instrument(symbol), {"origClientOrderId": client_id})
        assert found is not None, client_id
        return _order(found)

    async def knows_order(self, symbol: str, client_id: str) -> bool:
        return await self._reader.order(instrument(symbol), {"origClientOrderId": client_id}) is not None

    async def open_orders(self, symbol: str) -> dict[str, terms.Order]:
        found = await self._reader.open_orders(instrument(symbol))
        return {one.client_order_id: _order(one) for one in found}

    async def account_fills(self, symbol: str) -> list[terms.Fill]:
        return [_fill(one) for one in await self._reader.trades_since(instrument(symbol), None)]

    async def account_balances(self) -> terms.Balances:
        return _balances((await self._reader.balances()).balances)

    # What we do

    def submit(self, request: OrderRequest) -> ClientOrderId:
        self._counter += 1
        order_id = client_order_id(account="TT", epoch=1, counter=self._counter)
        deadline = Nanos(_now() + 5_000_000_000)
        order = Submit(order_id, VENUE, request, seq=self._counter, deadline=deadline)
        self.adapter.submit(order, proof(order_id, self._counter))
        return order_id

    def cancel(self, symbol: str, order_id: str, venue_id: str | None = None) -> None:
        by_venue = None if venue_id is None else VenueOrderId(venue_id)
        self.adapter.cancel(Cancel(ClientOrderId(order_id), VENUE, instrument(symbol), by_venue, order_id))


@asynccontextmanager
async def ours(
    *, port: int, api_key: str, secret: str, symbols: tuple[str, ...], followed: str
) -> AsyncIterator[Ours]:
    """A connected adapter with its gate open."""
    settings = BinanceSettings(hosts=loopback(port=port), symbols=symbols)
    found = Ours(settings, api_key=api_key, secret=secret, followed=followed)
    found.adapter.set_gate(is_open=True, reason="test")
    running = asyncio.create_task(found.adapter.run())
    try:
        async with asyncio.timeout(READY_S):
            while not found.is_ready:
                await asyncio.sleep(0.01)
        yield found
        assert not running.done(), "the adapter ended by itself"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await found.http.aclose()


def instrument(symbol: str) -> InstrumentId:
    return instrument_id(symbol=symbol, venue=VENUE)


def _now() -> Nanos:
    return Nanos(time.time_ns())


def _order(report: OrderReport) -> terms.Order:
    return terms.Order(
        client_id=report.client_order_id,
        venue_id=report.venue_order_id,
        symbol=report.instrument_id.partition(".")[0],
        side=report.side.value,
        type=report.order_type.value,
        post_only=report.post_only,
        time_in_force=report.time_in_force.value,
        status=report.status.value,
        quantity=report.quantity,
        filled=report.cumulative,
        price=report.price,
        stop_price=report.stop_price,
    )


def _fill(fill: Fill) -> terms.Fill:
    return terms.Fill(
        trade_id=fill.trade_id,
        venue_id=fill.venue_order_id,
        side=fill.side.value,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        is_maker=fill.is_maker,
    )


def _balances(found: tuple[Balance, ...]) -> terms.Balances:
    zero = Decimal(0)
    return {one.asset: (one.free, one.locked) for one in found if (one.free, one.locked) != (zero, zero)}
