"""What Binance Spot tells everybody: its clock, its instruments and limits, and market data.

Start: the clock, then instruments and limits, then the streams; each is kept fresh for ever. Needs no key.
"""

import asyncio
import logging

from veloz_tui.domain.errors import ProtocolError, VenueError
from veloz_tui.domain.reports import (
    Channel,
    ChannelReported,
    HealthReported,
    InstrumentsReported,
)
from veloz_tui.domain.types import MILLISECOND, ChannelState, Nanos
from veloz_tui.net.ratelimit import Cost, Kind, Lane
from veloz_tui.venues.base import OnReport
from veloz_tui.venues.binance import parse_instruments
from veloz_tui.venues.binance.market_data import MarketData
from veloz_tui.venues.binance.parse import VENUE
from veloz_tui.venues.binance.reconcile import body_or_raise
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session

_LOG = logging.getLogger(__name__)
_FIRST_SAMPLES = 4
_CLOCK = Cost(Lane.RECONCILE)


class PublicFeed:
    """Make it inside a running loop."""

    def __init__(self, session: Session, rest: RestClient, report: OnReport) -> None:
        self._session = session
        self._settings = session.settings
        self._rest = rest
        self._report = report
        self.market = MarketData(session, rest, report)

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Return when the clock and the limits are known; everything else goes on in `tasks`."""
        await self._prepare()
        tasks.create_task(self._keep_clock(), name="binance-clock")
        tasks.create_task(self._keep_instruments(), name="binance-instruments")
        tasks.create_task(self._tell_health(), name="binance-health")
        tasks.create_task(self.market.stream.run(), name="binance-market")
        tasks.create_task(self.market.watch(), name="binance-market-watch")

    async def _prepare(self) -> None:
        """The clock and the limits come first: nothing may be signed or spent without them."""
        backoff = self._session.new_backoff()
        self._report(ChannelReported(VENUE, Channel.MARKET, ChannelState.CONNECTING))
        while True:
            try:
                await self._rest.sample_clock(_CLOCK)
                await self._read_instruments()
            except VenueError as error:
                _LOG.warning("Binance, start: %s", error)
                self._report(ChannelReported(VENUE, Channel.MARKET, ChannelState.DOWN, str(error)))
                await asyncio.sleep(backoff.next_delay_s())
                continue
            break
        for _ in range(_FIRST_SAMPLES - 1):
            await self._rest.sample_clock(_CLOCK)

    async def _keep_clock(self) -> None:
        refused = self._session.clock_refused
        while True:
            try:
                async with asyncio.timeout(self._settings.clock_every_s):
                    await refused.wait()
            except TimeoutError:
                pass
            if refused.is_set():
                refused.clear()
                self._session.skew.forget()
            await self._rest.sample_clock(_CLOCK)
            await asyncio.sleep(min(1.0, self._settings.clock_every_s))  # bounds how often a refusal samples

    async def _keep_instruments(self) -> None:
        """Steps, bounds and states can change while we trade."""
        while True:
            await asyncio.sleep(self._settings.instruments_every_s)
            try:
                await self._read_instruments()
            except VenueError as error:
                _LOG.warning("Binance, instruments: %s", error)

    async def _read_instruments(self) -> None:
        names = ",".join(f'"{symbol}"' for symbol in self._settings.symbols)
        answer = await self._rest.call(
            "GET",
            "/api/v3/exchangeInfo",
            {"symbols": f"[{names}]"},
            cost=Cost(Lane.RECONCILE, weight=20),
            signed=False,
        )
        found = parse_instruments.exchange_info(body_or_raise(answer))
        self._session.budget.configure(found.limits)
        for refused in found.refused:
            _LOG.error("Binance, instrument %s", refused)
        wanted = {instrument.symbol for instrument in found.instruments}
        missing = [symbol for symbol in self._settings.symbols if symbol not in wanted]
        if missing:
            raise ProtocolError(f"no usable instrument data for {', '.join(missing)}", venue=VENUE)
        self._report(InstrumentsReported(VENUE, found.instruments))

    async def _tell_health(self) -> None:
        while True:
            self._report(self._health())
            await asyncio.sleep(self._settings.health_every_s)

    def _health(self) -> HealthReported:
        session = self._session
        now_ms = session.venue_ms()
        until_ms = session.budget.closed_until_ms(now_ms)
        used: dict[Kind, float] = {}
        for use in session.budget.uses(now_ms):
            kind = use.limit.kind
            used[kind] = max(used.get(kind, 0.0), use.used / use.limit.limit)
        return HealthReported(
            venue=VENUE,
            clock_offset_ms=session.skew.offset_ms if session.skew.error_ms is not None else None,
            round_trip_ms=session.round_trip_ms,
            rate_used=used.get(Kind.WEIGHT),
            orders_used=used.get(Kind.ORDERS),
            door_closed_until=None if until_ms is None else Nanos(until_ms * MILLISECOND),
        )
