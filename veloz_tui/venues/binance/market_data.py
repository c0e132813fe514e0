"""Binance Spot's public data: trades, best prices and synchronised books of the configured instruments.

One combined stream carries everything. Liveness is judged per instrument by what arrives, not by the
socket: an instrument whose book is silent is probed over REST. If the venue's book has not moved either, it
is quiet; if it has moved on and the stream doesn't follow, the book is stale and the connection is
replaced.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.reports import Channel, ChannelReported, Quiet
from veloz_tui.domain.types import ChannelState
from veloz_tui.net.connection import Connection, OpeningRefused
from veloz_tui.net.ratelimit import Cost, Lane
from veloz_tui.net.stream import Stream, StreamState
from veloz_tui.venues.base import OnReport
from veloz_tui.venues.binance import parse_market
from veloz_tui.venues.binance.messages import StreamFrame
from veloz_tui.venues.binance.parse import VENUE
from veloz_tui.venues.binance.policy import Answered
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.book_sync import BookSync, BookUpdate

_LOG = logging.getLogger(__name__)
_STREAMS_PER_MESSAGE = 100
_MESSAGE_PAUSE_S = 0.3  # at most five control messages a second are allowed, pongs included
_MAX_UNREADABLE = 10
_TICK_S = 0.25
_PROBE = Cost(Lane.RECONCILE, weight=5)


class InstrumentFeed:
    """One instrument's three streams and its synchroniser."""

    def __init__(
        self, symbol: str, *, session: Session, report: OnReport, snapshot_wanted: asyncio.Event
    ) -> None:
        self.symbol = symbol
        self.instrument = instrument_id(symbol=symbol, venue=VENUE)
        self.sync = BookSync(self.instrument, jitter=session.jitter)
        self.changed_at_s = 0.0
        self.probed_at_s = 0.0
        self.snapshot_due_s: float | None = None
        self._report = report
        self._top_id = self._trade_id = -1
        self._snapshot_wanted = snapshot_wanted
        self._clock = asyncio.get_running_loop().time

    @property
    def names(self) -> tuple[str, str, str]:
        lower = self.symbol.lower()
        return f"{lower}@depth@100ms", f"{lower}@bookTicker", f"{lower}@trade"

    def on_depth(self, frame: bytes) -> None:
        self.changed_at_s = self._clock()
        self.emit(self.sync.on_change(parse_market.depth(frame)))

    def on_ticker(self, frame: bytes) -> None:
        top = parse_market.top_of_book(frame, self.instrument)
        if top is not None and top.update_id >= self._top_id:
            self._top_id = top.update_id
            self._report(top)

    def on_trade(self, frame: bytes) -> None:
        trade = parse_market.trade(frame, self.instrument)
        if trade.trade_id > self._trade_id:  # overlapping connections tell each one twice
            self._trade_id = trade.trade_id
            self._report(trade.report)

    def restart(self, reason: str) -> None:
        """A new connection after a break: nothing known before it counts."""
        self._top_id = self._trade_id = -1
        self.emit(self.sync.restart(reason))

    def emit(self, updates: tuple[BookUpdate, ...]) -> None:
        """Report, and note when the next snapshot is due."""
        for update in updates:
            self._report(update)
        after_s = self.sync.snapshot_after_s
        if after_s is None:
            self.snapshot_due_s = None
        elif self.snapshot_due_s is None:
            self.snapshot_due_s = self._clock() + after_s
            self._snapshot_wanted.set()


class MarketData:
    """A StreamHandler. Run `stream` and `watch` in the adapter's TaskGroup."""

    def __init__(self, session: Session, rest: RestClient, report: OnReport) -> None:
        settings = session.settings
        self._session = session
        self._rest = rest
        self._report = report
        self._next_id = 0
        self._subscribing: dict[int, asyncio.Future[str]] = {}
        self._unreadable = 0
        self._snapshot_wanted = asyncio.Event()
        self._feeds = [
            InstrumentFeed(symbol, session=session, report=report, snapshot_wanted=self._snapshot_wanted)
            for symbol in settings.symbols
        ]
        self._routes: dict[bytes, Callable[[bytes], None]] = {}
        for feed in self._feeds:
            handlers = (feed.on_depth, feed.on_ticker, feed.on_trade)
            for name, handler in zip(feed.names, handlers, strict=True):
                self._routes[name.encode()] = handler
        self.stream = Stream(
            lambda: f"{settings.hosts.streams}/stream",
            self,
            settings=settings.stream,
            budget=session.connects,
            jitter=session.jitter,
        )

    async def watch(self) -> None:
        """Fetch due snapshots, one at a time, and probe silent instruments, until canceled."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as probes:
            while True:
                now_s = loop.time()
                for feed in self._feeds:
                    if self._needs_probe(feed, now_s):
                        feed.probed_at_s = now_s
                        probes.create_task(self._probe(feed), name=f"probe-{feed.symbol}")
                due = [feed for feed in self._feeds if (feed.snapshot_due_s or now_s + 1) <= now_s]
                if due:
                    await self._fetch_snapshot(min(due, key=lambda feed: feed.snapshot_due_s or 0.0))
                else:
                    await self._pause(now_s)

    async def _pause(self, now_s: float) -> None:
        """Until a snapshot is due, one more is wanted, or it is time to look for silence again."""
        dues = [feed.snapshot_due_s for feed in self._feeds if feed.snapshot_due_s is not None]
        self._snapshot_wanted.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min([now_s + _TICK_S, *dues])):
                await self._snapshot_wanted.wait()

    async def _fetch_snapshot(self, feed: InstrumentFeed) -> None:
        limit, epoch = self._session.settings.snapshot_limit, feed.sync.epoch
        answer = await self._rest.call(
            "GET",
            "/api/v3/depth",
            {"symbol": feed.symbol, "limit": limit},
            cost=Cost(Lane.RECONCILE, weight=snapshot_weight(limit)),
            signed=False,
        )
        feed.snapshot_due_s = None
        try:
            if not isinstance(answer, Answered) or answer.status != 200:
                feed.sync.on_snapshot_failed(epoch=epoch)
                feed.emit(())
                return
            found = parse_market.snapshot(answer.body)
        except ProtocolError as error:
            _LOG.warning("Binance %s: %s", feed.symbol, error)
            feed.sync.on_snapshot_failed(epoch=epoch)
            feed.emit(())
            return
        feed.changed_at_s = asyncio.get_running_loop().time()
        feed.emit(feed.sync.on_snapshot(epoch=epoch, last_id=found.last_id, bids=found.bids, asks=found.asks))

    # --- liveness ---

    def _needs_probe(self, feed: InstrumentFeed, now_s: float) -> bool:
        settings = self._session.settings
        return (
            feed.sync.is_live
            and now_s - feed.changed_at_s >= settings.quiet_after_s
            and now_s - feed.probed_at_s >= settings.probe_every_s
        )

    async def _probe(self, feed: InstrumentFeed) -> None:
        """Compare the venue's book id with ours; give the stream a moment to catch up before judging it."""
        settings, epoch = self._session.settings, feed.sync.epoch
        answer = await self._rest.call(
            "GET",
            "/api/v3/depth",
            {"symbol": feed.symbol, "limit": 5},
            cost=_PROBE,
            signed=False,
            timeout_s=settings.probe_timeout_s,
        )
        venue_id = _book_id(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        if venue_id is not None and venue_id > feed.sync.last_id:
            await asyncio.sleep(settings.late_change_s)
        if feed.sync.epoch != epoch or not feed.sync.is_live:
            return
        silent_s = asyncio.get_running_loop().time() - feed.changed_at_s
        if silent_s < settings.quiet_after_s:
            return
        if venue_id is not None and venue_id <= feed.sync.last_id:
            self._report(Quiet(feed.instrument))
        elif venue_id is not None or silent_s >= settings.stale_after_s:
            reason = f"silent for {silent_s:.0f} s"
            feed.restart(reason)
            self.stream.drop(f"{feed.symbol} {reason}")

    def resync(self, instrument: str, reason: str) -> None:
        """Begin one instrument's book anew from a snapshot; the connection stays."""
        for feed in self._feeds:
            if feed.instrument == instrument:
                feed.restart(reason)

    # --- StreamHandler ---

    async def on_open(self, connection: Connection) -> None:
        is_replacing = self.stream.current is not None and self.stream.current.is_open
        for feed in self._feeds:
            if is_replacing:
                feed.emit(feed.sync.set_overlap(is_on=True))
            else:
                feed.restart("connecting")
        names = [name for feed in self._feeds for name in feed.names]
        for start in range(0, len(names), _STREAMS_PER_MESSAGE):
            if start:
                await asyncio.sleep(_MESSAGE_PAUSE_S)
            await self._subscribe(connection, names[start : start + _STREAMS_PER_MESSAGE])

    async def _subscribe(self, connection: Connection, names: list[str]) -> None:
        self._next_id = request_id = self._next_id + 1
        answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._subscribing[request_id] = answered
        message = {"method": "SUBSCRIBE", "params": names, "id": request_id}
        try:
            connection.write(msgspec.json.encode(message).decode())
            refusal = await answered
        finally:
            del self._subscribing[request_id]
        if refusal:
            raise OpeningRefused(f"subscribe: {refusal}")

    def on_ready(self, connection: Connection, *, continuous: bool) -> None:
        """Books that stopped because the predecessor died while this one was opening start here."""
        self._unreadable = 0
        for feed in self._feeds:
            if feed.sync.is_stopped:
                feed.restart("connected")

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        name = parse_market.stream_name(frame)
        self._session.tap.public_frames += 1
        try:
            route = self._routes.get(name) if name is not None else None
            if route is not None:
                route(frame)
            else:
                self._on_other(connection, parse_market.stream_frame(frame), frame)
        except ProtocolError as error:
            self._on_unreadable(connection, error)

    def _on_other(self, connection: Connection, found: StreamFrame, frame: bytes) -> None:
        route = self._routes.get(found.stream.encode())
        if route is not None:  # the same frame, spelled with other spaces
            route(frame)
        elif b'"serverShutdown"' in frame:
            if connection is self.stream.current:
                self.stream.replace("the venue shuts this server down")
        elif isinstance(found.id, int) and found.id in self._subscribing:
            answered = self._subscribing[found.id]
            if not answered.done():
                refused = found.code is not None or bool(found.error)
                answered.set_result((found.msg or "refused") if refused else "")

    def _on_unreadable(self, connection: Connection, error: ProtocolError) -> None:
        """A change that can't be read leaves a gap, which the next one shows: the book restarts by itself."""
        self._unreadable += 1
        _LOG.warning("Binance: %s", error)
        if self._unreadable >= _MAX_UNREADABLE:
            self._unreadable = 0
            connection.abort()

    def on_lost(self, connection: Connection, reason: str) -> None:
        current = self.stream.current
        other_lives = current is not None and current is not connection and current.is_open
        for feed in self._feeds:
            if other_lives:
                feed.emit(feed.sync.set_overlap(is_on=False))
            else:
                feed.emit(feed.sync.stop(f"connection {reason}"))

    def on_state(self, state: StreamState, reason: str) -> None:
        self._report(ChannelReported(VENUE, Channel.MARKET, channel_state(state), reason))

    def on_refused(self, status: int, retry_after_s: float | None) -> None:
        if status in (418, 429):
            self._session.close_door(int((retry_after_s or 10.0) * 1000), f"WebSocket HTTP {status}")


def channel_state(state: StreamState) -> ChannelState:
    match state:
        case StreamState.READY | StreamState.REPLACING:
            return ChannelState.READY
        case StreamState.CONNECTING | StreamState.OPENING:
            return ChannelState.CONNECTING
        case StreamState.DISCONNECTED | StreamState.STOPPED:
            return ChannelState.DOWN


def snapshot_weight(limit: int) -> int:
    """What GET depth costs (Binance spot API docs, "Market Data endpoints")."""
    for at_most, weight in ((100, 5), (500, 25), (1000, 50)):
        if limit <= at_most:
            return weight
    return 250


def _book_id(body: bytes) -> int | None:
    try:
        return parse_market.snapshot(body).last_id
    except ProtocolError:
        return None
