"""Binance Spot, one account: the VenueAdapter that puts its parts together and owns their tasks.

Four parts with a connection or a pool each: market data (streams), the user stream and order entry (two
sockets of the WebSocket API), and REST for everything cold. A failure of one leaves the others alone.
Start: the venue's clock, then its instruments and limits, then the streams, each for ever.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from veloz_tui.domain.errors import VenueError
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.reports import (
    Channel,
    ChannelReported,
    OpenOrdersFailed,
    QueryFailed,
)
from veloz_tui.domain.types import ChannelState, Nanos, VenueId
from veloz_tui.engine.actions import (
    Cancel,
    CancelAll,
    FetchFills,
    ListOpenOrders,
    QueryOrder,
    Reconcile,
    ResyncBook,
    Submit,
)
from veloz_tui.net.backoff import Jitter
from veloz_tui.net.http import HttpClient
from veloz_tui.net.ratelimit import Cost, Lane
from veloz_tui.venues.base import OnReport
from veloz_tui.venues.binance.order_entry import OrderEntry
from veloz_tui.venues.binance.parse import VENUE
from veloz_tui.venues.binance.public_feed import PublicFeed
from veloz_tui.venues.binance.reconcile import AccountReader
from veloz_tui.venues.binance.requests import Signer
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.settings import BinanceSettings
from veloz_tui.venues.binance.user_stream import UserStream
from veloz_tui.venues.wire_tap import WireTap

_LOG = logging.getLogger(__name__)
_CANCEL_ROOM = 8
_WARM_UP = Cost(Lane.CANCEL)


class BinanceSpotAdapter:
    """Implements VenueAdapter. Make it inside a running loop; `now` is the engine's clock."""

    venue: VenueId = VENUE

    def __init__(
        self,
        settings: BinanceSettings,
        signer: Signer,
        on_report: OnReport,
        *,
        now: Callable[[], Nanos],
        jitter: Jitter,
    ) -> None:
        self._settings = settings
        self._report = on_report
        self._session = Session(settings, signer, now=now, jitter=jitter)
        self._http = HttpClient(settings.hosts.rest, timeout_s=settings.read_timeout_s)
        # Orders and cancels have a pool of their own: they never queue behind reads.
        self._order_http = HttpClient(settings.hosts.rest, timeout_s=settings.place_timeout_s)
        self._rest = RestClient(self._http, self._session)
        self._order_rest = RestClient(self._order_http, self._session)
        self._reader = AccountReader(self._session, self._rest, on_report)
        self._public = PublicFeed(self._session, self._rest, on_report)
        self._user = UserStream(self._session, on_report, on_balance_hint=self._refresh_balances)
        self._orders = OrderEntry(
            self._session,
            self._order_rest,
            on_report,
            spawn=self._spawn,
            spawn_cancel=self._spawn_cancel,
        )
        self._tasks: asyncio.TaskGroup | None = None
        self._running = 0
        self._reconciling: asyncio.Task[None] | None = None
        self._is_refreshing = False

    async def run(self) -> None:
        """Connect, stay connected and report until canceled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await self._public.start(tasks)
                tasks.create_task(self._user.socket.stream.run(), name="binance-user")
                tasks.create_task(self._user.watch(), name="binance-user-watch")
                tasks.create_task(self._orders.socket.stream.run(), name="binance-orders")
        finally:
            self._tasks = None
            await self._http.aclose()
            await self._order_http.aclose()

    @property
    def tap(self) -> WireTap:
        """What was sent and received on the private side."""
        return self._session.tap

    def set_gate(self, *, is_open: bool, reason: str) -> None:
        self._orders.set_gate(is_open=is_open, reason=reason)

    def submit(self, order: Submit, intent: DurableIntent) -> None:
        self._orders.submit(order, intent)

    def cancel(self, action: Cancel) -> None:
        self._orders.cancel(action)

    def cancel_all(self, action: CancelAll) -> None:
        self._orders.cancel_all(action)

    def query(self, action: QueryOrder) -> None:
        if not self._spawn(self._reader.query(action), f"query-{action.client_order_id}"):
            self._report(QueryFailed(action.client_order_id, "no room for a request"))

    def list_open_orders(self, action: ListOpenOrders) -> None:
        if not self._spawn(self._reader.list_open_orders(action), f"list-{action.purpose}"):
            self._report(
                OpenOrdersFailed(VENUE, action.instrument_id, "no room for a request", action.purpose)
            )

    def fetch_fills(self, action: FetchFills) -> None:
        self._spawn(self._reader.fetch_fills(action), f"fills-{action.instrument_id}")

    def reconcile(self, action: Reconcile) -> None:
        """A newer reconciliation takes the place of one that is still running."""
        if self._reconciling is not None:
            self._reconciling.cancel()
        if self._tasks is not None:
            self._reconciling = self._tasks.create_task(self._reconcile(action), name="binance-reconcile")

    def resync_book(self, action: ResyncBook) -> None:
        """After the frame at hand: the engine asks from within its report."""
        asyncio.get_running_loop().call_soon(self._public.market.resync, action.instrument_id, action.reason)

    def warm_up(self) -> None:
        """The sockets are open already; this opens a REST connection for the fall-back."""
        self._spawn(self._warm_up(), "binance-warm-up")

    # --- tasks ---

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> bool:
        return self._start(work, name, limit=self._settings.max_tasks)

    def _spawn_cancel(self, work: Coroutine[object, object, None], name: str) -> bool:
        """Cancels have room when nothing else has."""
        return self._start(work, name, limit=_CANCEL_ROOM * self._settings.max_tasks)

    def _start(self, work: Coroutine[object, object, None], name: str, *, limit: int) -> bool:
        if self._tasks is None or self._running >= limit:
            work.close()
            return False
        self._running += 1
        task = self._tasks.create_task(work, name=name)
        task.add_done_callback(self._on_task_done)
        return True

    def _on_task_done(self, _task: asyncio.Task[None]) -> None:
        self._running -= 1

    async def _reconcile(self, action: Reconcile) -> None:
        """Try until it succeeds; then hand over what the user stream said meanwhile."""
        sync_number = self._user.sync_number
        backoff = self._session.new_backoff()
        while True:
            try:
                snapshot = await self._reader.snapshot(action)
            except VenueError as error:
                _LOG.warning("Binance, reconciliation: %s", error)
                self._report(ChannelReported(VENUE, Channel.USER, ChannelState.CONNECTING, str(error)))
                await asyncio.sleep(backoff.next_delay_s())
                continue
            break
        if sync_number == self._user.sync_number:
            self._report(snapshot)
            self._user.finish_sync(sync_number)

    def _refresh_balances(self) -> None:
        if not self._is_refreshing:
            self._is_refreshing = self._spawn(self._read_balances(), "binance-balances")

    async def _read_balances(self) -> None:
        try:
            self._report(await self._reader.balances())
        except VenueError as error:
            _LOG.warning("Binance, balances: %s", error)
        finally:
            self._is_refreshing = False

    async def _warm_up(self) -> None:
        await self._order_rest.sample_clock(_WARM_UP)
