"""Plays a recorded market: frames go out verbatim, the books follow, the traders' orders meet the overlay.

The REST snapshot of a symbol is its book: at first the recorded one (whoever asks early buffers diffs, as the
sync procedure wants), later the recorded one with every diff played so far.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from decimal import Decimal
from itertools import count

import msgspec

from veloz_tui.sim.exchange import Exchange
from veloz_tui.sim.match_messages import MatchEvent, Side
from veloz_tui.sim.overlay import OverlayBook
from veloz_tui.sim.recording import Frame, Recording, instruments, load
from veloz_tui.sim.settings import ReplaySettings
from veloz_tui.sim.stream_hub import StreamHub
from veloz_tui.sim.tape import PublicTrade

# At full speed: after this many frames wait for slow clients and let others run.
FRAMES_A_TURN = 50
SLEEP_FROM_S = 0.002


class _Diff(msgspec.Struct):
    U: int
    u: int
    b: list[tuple[Decimal, Decimal]]
    a: list[tuple[Decimal, Decimal]]


class _Top(msgspec.Struct):
    u: int
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal


class _Trade(msgspec.Struct):
    p: Decimal
    q: Decimal
    m: bool
    T: int
    t: int = -1
    a: int = -1


class Dropped(msgspec.Struct, frozen=True):
    """A depth diff that was left out of the stream: `index` is its place in the recording."""

    symbol: str
    index: int
    U: int
    u: int


class Replay:
    """One recording on one exchange."""

    def __init__(
        self, exchange: Exchange, hub: StreamHub, settings: ReplaySettings, *, flush: Callable[[], None]
    ) -> None:
        self.dropped: list[Dropped] = []
        self._exchange = exchange
        self._hub = hub
        self._settings = settings
        self._flush = flush
        self._recording: Recording = load(settings.path)
        self._rng = random.Random(settings.drop_seed)  # noqa: S311 - a scripted fault
        self._started = asyncio.Event()
        self._position = 0
        # The last diff of a stream is never dropped: nothing after it could show the gap.
        self._last_diffs = set(
            {frame.stream: index for index, frame in enumerate(self._recording.frames)}.values()
        )
        self._books: dict[str, OverlayBook] = {}
        self._diffs = msgspec.json.Decoder(_Diff)
        self._tops = msgspec.json.Decoder(_Top)
        self._trades = msgspec.json.Decoder(_Trade)
        # Where trades and aggregated trades were both recorded, only the former count.
        self._trade_kind = "trade" if any("@trade" in one for one in self._recording.streams) else "aggTrade"
        ids = count(-1, -1)
        for instrument in instruments(self._recording):
            book = OverlayBook(lot_size=instrument.lot_size, take_id=lambda: next(ids))
            snapshot = self._recording.snapshots.get(instrument.symbol)
            if snapshot is not None:
                book.load(snapshot.lastUpdateId, snapshot.bids, snapshot.asks)
            self._books[instrument.symbol] = book
            exchange.list_instrument(instrument, book)

    def start(self) -> None:
        """Begin to play, whoever listens."""
        self._started.set()

    def status(self) -> dict[str, object]:
        return {
            "path": self._settings.path,
            "frames": len(self._recording.frames),
            "played": self._position,
            "started": self._started.is_set(),
            "finished": self._position >= len(self._recording.frames),
            "streams": sorted(self._recording.streams),
            "dropped": len(self.dropped),
        }

    async def run(self) -> None:
        await self._wait_for_start()
        loop = asyncio.get_running_loop()
        began, first, speed = loop.time(), self._recording.frames[0].at_s, self._settings.speed
        for index, frame in enumerate(self._recording.frames):
            if speed > 0:
                due = began + (frame.at_s - first) / speed
                if due - loop.time() > SLEEP_FROM_S:
                    await asyncio.sleep(due - loop.time())
            self._play(index, frame)
            self._position = index + 1
            if self._position % FRAMES_A_TURN == 0:
                await self._hub.drained()
                await asyncio.sleep(0)

    async def _wait_for_start(self) -> None:
        match self._settings.start:
            case "now":
                self._started.set()
            case "subscribed":
                waiting = asyncio.create_task(self._hub.wait_for(self._recording.streams))
                waiting.add_done_callback(lambda _task: self._started.set())
                try:
                    await self._started.wait()
                finally:
                    waiting.cancel()
            case _:
                await self._started.wait()

    def _play(self, index: int, frame: Frame) -> None:
        name, _, kind = frame.stream.partition("@")
        symbol = name.upper()
        book = self._books[symbol]
        if kind.startswith("depth"):
            diff = self._diffs.decode(frame.payload)
            self._book(symbol, book.apply_diff(diff.u, diff.b, diff.a))
            if index not in self._last_diffs and self._rng.random() < self._settings.drop_probability:
                self.dropped.append(Dropped(symbol, index, diff.U, diff.u))
                return
        elif kind == "bookTicker":
            top = self._tops.decode(frame.payload)
            self._book(symbol, book.apply_top(top.u, (top.b, top.B), (top.a, top.A)))
        elif kind == self._trade_kind:
            self._play_trade(symbol, book, self._trades.decode(frame.payload))
        self._hub.send_recorded(frame, symbol=symbol, kind="depth" if kind.startswith("depth") else kind)

    def _play_trade(self, symbol: str, book: OverlayBook, trade: _Trade) -> None:
        taker: Side = "SELL" if trade.m else "BUY"
        trade_id = trade.t if trade.t >= 0 else trade.a
        public = PublicTrade(trade_id, -trade_id, trade.p, trade.q, trade.T, trade.m)
        self._exchange.listings[symbol].tape.record([public])
        self._book(symbol, book.apply_trade(trade.p, trade.q, taker))

    def _book(self, symbol: str, events: list[MatchEvent]) -> None:
        if events:
            self._exchange.apply_market(symbol, events)
            self._flush()
