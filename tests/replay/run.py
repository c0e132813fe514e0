"""One recording through the whole engine: venue process, real sockets, adapter, core, journal."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.replay.desk import Desk, desk
from tests.replay.oracle import Oracle, read
from tests.replay.venue import ACCOUNT, RAISED, VenueProcess, venue_process
from tests.replay.verdict import Applied, Kind, Verdict, judge
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.reports import BookDelta, BookSnapshot, BookStale, TopOfBook, TradePrinted
from veloz_tui.runtime.compose import BINANCE
from veloz_tui.sim.settings import MarketSettings, ReplaySettings, SimSettings
from veloz_tui.venues.base import VenueReport

SYNC_S = 20.0
STALLED_S = 15.0
_LOG_KINDS = (BookDelta, BookSnapshot, BookStale)


class ReplayFailed(Exception):
    """The run did not come to its end; the message says how far it got."""


class Result(msgspec.Struct):
    """One file. Counts of all symbols together; failures in words."""

    file: str
    messages: int
    """Frames that the adapter received and handed on."""
    took_s: float
    lost: int
    verdicts: dict[str, Verdict]

    @property
    def is_good(self) -> bool:
        return not self.lost and self.compared > 0 and all(one.is_good for one in self.verdicts.values())

    @property
    def compared(self) -> int:
        return sum(one.compared for one in self.verdicts.values())


class _Dropped(msgspec.Struct):
    symbol: str
    u: int


class _Status(msgspec.Struct):
    finished: bool
    played: int


class Recorder:
    """Notes each symbol's book as the engine holds it, right after it handled a report."""

    def __init__(self, found: Desk, symbols: list[str]) -> None:
        self.logs: dict[str, list[Applied]] = {symbol: [] for symbol in symbols}
        self.tops = dict.fromkeys(symbols, 0)
        self.trades = dict.fromkeys(symbols, 0)
        self._desk = found
        self._symbols = {instrument_id(symbol=symbol, venue=BINANCE): symbol for symbol in symbols}

    def note(self, report: VenueReport) -> None:
        match report:
            case BookDelta() | BookSnapshot() | BookStale():
                self._book(report)
            case TopOfBook():
                self.tops[self._symbols[report.instrument_id]] += 1
            case TradePrinted():
                self.trades[self._symbols[report.instrument_id]] += 1

    def _book(self, report: BookDelta | BookSnapshot | BookStale) -> None:
        log = self.logs[self._symbols[report.instrument_id]]
        if isinstance(report, BookStale):
            log.append(Applied(Kind.STALE, reason=report.reason))
            return
        market = self._desk.engine.live.book(report.instrument_id)
        book, kind = market.book, Kind.DELTA if isinstance(report, BookDelta) else Kind.SNAPSHOT
        # What the book says, not what the report says: a delta that was not applied shows as a wrong id.
        log.append(
            Applied(kind, book.update_id, book.best_bid, book.best_ask, is_fresh=market.is_fresh)
        )  # fmt: skip


async def replay(path: Path, folder: Path, *, drop: float = 0.0, seed: int = 0, speed: float = 0.0) -> Result:
    """Play `path`; `folder` takes the journal. Raises NotSpot or ReplayFailed."""
    oracle = read(path)
    symbols = list(oracle.markets)
    settings = ReplaySettings(
        path=str(path.resolve()), speed=speed, start="admin", drop_probability=drop, drop_seed=seed
    )
    sim = SimSettings(accounts=(ACCOUNT,), limits=RAISED, market=MarketSettings(replay=settings))
    async with venue_process(sim) as venue, desk(folder, port=venue.port, symbols=symbols) as found:
        recorder = Recorder(found, symbols)
        found.on_report = recorder.note
        await _until(found.are_books_fresh, within_s=SYNC_S, what="the first synchronisation")
        began = time.monotonic()
        await venue.ask("POST", "/sim/replay/start", {})
        dropped = await _finish(venue, found, recorder, oracle)
        took_s = time.monotonic() - began
    return _result(path, oracle, recorder, dropped, took_s=took_s)


async def _finish(
    venue: VenueProcess, found: Desk, recorder: Recorder, oracle: Oracle
) -> dict[str, set[int]]:
    """Wait until everything was played, arrived and all books are in step again."""
    played, since = -1, time.monotonic()
    while True:
        status = msgspec.json.decode(await venue.ask("GET", "/sim/replay/status"), type=_Status)
        if status.finished:
            break
        if status.played != played:
            played, since = status.played, time.monotonic()
        if time.monotonic() - since > STALLED_S:
            raise ReplayFailed(f"the venue stopped after {played} of {oracle.frames} frames")
        await asyncio.sleep(0.05)
    raw = msgspec.json.decode(await venue.ask("GET", "/sim/replay/dropped"), type=list[_Dropped])
    dropped: dict[str, set[int]] = {symbol: set() for symbol in oracle.markets}
    for one in raw:
        dropped[one.symbol].add(one.u)
    await _settle(found, recorder, oracle)
    return dropped


async def _settle(found: Desk, recorder: Recorder, oracle: Oracle) -> None:
    """Let what is on its way arrive; a loss is counted later."""
    expected = sum(len(market.tops) + market.trades for market in oracle.markets.values())

    def is_settled() -> bool:
        arrived = sum(recorder.tops.values()) + sum(recorder.trades.values())
        return arrived >= expected and found.are_books_fresh() and _is_at_end(recorder, oracle)

    try:
        await _until(is_settled, within_s=STALLED_S, what="the end")
    except ReplayFailed:
        if found.watcher.broken is not None:
            raise ReplayFailed(f"the core broke: {found.watcher.broken}") from found.watcher.broken


def _is_at_end(recorder: Recorder, oracle: Oracle) -> bool:
    ends = {symbol: market.diffs[-1].last for symbol, market in oracle.markets.items() if market.diffs}
    logs = recorder.logs
    return all(logs[symbol] and logs[symbol][-1].update_id >= end for symbol, end in ends.items())


def _result(
    path: Path, oracle: Oracle, recorder: Recorder, dropped: dict[str, set[int]], *, took_s: float
) -> Result:
    lost = sum(
        len(market.tops) - recorder.tops[symbol] + market.trades - recorder.trades[symbol]
        for symbol, market in oracle.markets.items()
    )
    verdicts = {
        symbol: judge(market, recorder.logs[symbol], dropped[symbol])
        for symbol, market in oracle.markets.items()
    }
    diffs = sum(len(market.diffs) for market in oracle.markets.values()) - sum(map(len, dropped.values()))
    messages = sum(recorder.tops.values()) + sum(recorder.trades.values()) + diffs
    return Result(path.name, messages, took_s, lost, verdicts)


async def _until(condition: Callable[[], bool], *, within_s: float, what: str) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise ReplayFailed(f"{what} did not come within {within_s:.0f} s") from None
