"""All parts of one simulated venue, put together but not yet serving."""

from __future__ import annotations

import asyncio

import msgspec

from veloz_tui.sim import signing
from veloz_tui.sim.accounts import Account, AccountProfile
from veloz_tui.sim.clock import VenueClock
from veloz_tui.sim.driver import MarketDriver
from veloz_tui.sim.exchange import Exchange
from veloz_tui.sim.faults import Faults
from veloz_tui.sim.gateway import ApiKey, Gateway
from veloz_tui.sim.publisher import Publisher
from veloz_tui.sim.replay import Replay
from veloz_tui.sim.settings import AccountSettings, SimSettings
from veloz_tui.sim.sockets import Sockets
from veloz_tui.sim.store import Store
from veloz_tui.sim.stream_hub import StreamHub
from veloz_tui.sim.tape import AggregatedTrade, PublicTrade
from veloz_tui.sim.user_events import UserEvents

DEPTH_INTERVAL_S = 0.1
DEPTHS_A_SECOND = 10
FIRST_UID = 350_000_001


class Venue:
    """Raises StoreError when the store can't be used, ValueError for unusable settings."""

    def __init__(self, settings: SimSettings) -> None:
        self.settings = settings
        self._refills = False
        self.faults = Faults()
        self.events = UserEvents(self.faults)
        self.hub = StreamHub(self.faults)
        self.sockets = Sockets(settings.limits)
        self.exchange = Exchange(
            store=Store(settings.db_path),
            clock=VenueClock(settings.clock_offset_ms),
            limits=settings.limits,
            emit=self.events.emit,
            listener=self,
        )
        self.gateway = Gateway(self.exchange, faults=self.faults, events=self.events)
        self.gateway.latency_s = settings.latency_ms / 1000
        self._publisher = Publisher(self.exchange, self.hub)
        self.replay = self._make_replay()
        market = settings.market
        if self.replay is not None:
            market = msgspec.structs.replace(market, instruments=())
        self.driver = MarketDriver(self.exchange, market, seed=settings.seed, flush=self.events.flush)
        self.driver.populate()
        self.exchange.restore()
        for account in settings.accounts:
            self.open_account(account)
        self.gateway.remember_books()
        self._refills = True

    def on_step(self, symbol: str, trades: list[PublicTrade], aggregated: list[AggregatedTrade]) -> None:
        # A recording's own frames are the streams.
        if self.replay is None:
            self._publisher.on_step(symbol, trades, aggregated)
            if self._refills:
                # Once a step: refilling is a step of its own.
                self._refills = False
                self.driver.refill(symbol)
                self._refills = True

    def open_account(self, settings: AccountSettings) -> Account:
        """Open an account, or give the one of that name its key again."""
        verifier = signing.make_verifier(settings.key_type, settings.credential)
        account = self.exchange.account_named(settings.name)
        if account is None:
            profile = AccountProfile(
                uid=self.exchange.ids.next("uid", first=FIRST_UID),
                name=settings.name,
                maker_rate=settings.maker_rate,
                taker_rate=settings.taker_rate,
                pays_fees_in_bnb=settings.pays_fees_in_bnb,
                can_trade=settings.can_trade,
                can_withdraw=settings.can_withdraw,
            )
            account = self.exchange.open_account(profile, settings.balances)
        self.gateway.keys[settings.api_key] = ApiKey(account, verifier)
        return account

    async def run(self) -> None:
        """Move the market and its timed streams until canceled."""
        async with asyncio.TaskGroup() as tasks:
            if self.replay is not None:
                tasks.create_task(self.replay.run())
                # The venue outlives its recording: books, orders and accounts are still there.
                await asyncio.Event().wait()
            else:
                tasks.create_task(self._flush_forever())
                tasks.create_task(self.driver.run())

    def _make_replay(self) -> Replay | None:
        settings = self.settings.market.replay
        if settings is None:
            return None
        return Replay(self.exchange, self.hub, settings, flush=self.events.flush)

    def close(self) -> None:
        self.exchange.store.close()

    async def _flush_forever(self) -> None:
        loop = asyncio.get_running_loop()
        due, ticks = loop.time(), 0
        while True:
            due = max(due + DEPTH_INTERVAL_S, loop.time())
            await asyncio.sleep(due - loop.time())
            ticks += 1
            self._publisher.flush_depth()
            if ticks % DEPTHS_A_SECOND == 0:
                self._publisher.flush_second()
            self.events.flush()
