"""The real engine, loop, journal and Binance adapter in this process, against a venue on loopback."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.replay.venue import API_KEY, SECRET
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Halted, OrderDenied, Rearmed, Recorded
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import ChannelState, CommandId, InstrumentId, Mode, StrategyId
from veloz_tui.domain.views import Ack
from veloz_tui.engine.core import Engine
from veloz_tui.engine.risk.limits import Limits
from veloz_tui.engine.settings import EngineSettings
from veloz_tui.journal.connections import Durability
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.opening import open_writer
from veloz_tui.journal.store import Hook
from veloz_tui.runtime.clock import EngineClock
from veloz_tui.runtime.compose import BINANCE
from veloz_tui.runtime.loop import EngineLoop
from veloz_tui.runtime.recovery import recover
from veloz_tui.venues.base import VenueReport
from veloz_tui.venues.binance.adapter import BinanceSpotAdapter
from veloz_tui.venues.binance.requests import HmacSigner
from veloz_tui.venues.binance.settings import BinanceSettings, loopback


class Nobody:
    """Implements loop.Watchers; only a broken core is of interest."""

    def __init__(self) -> None:
        self.broken: InvariantBroken | None = None

    def on_records(self, records: Sequence[Recorded]) -> None: ...

    def on_ack(self, ack: Ack) -> None: ...

    def on_book(self, instrument_id: InstrumentId, *, filled_seq: int) -> None: ...

    def on_trade(self, trade: TradePrinted) -> None: ...

    def start_host(self, strategy_id: StrategyId, run: int) -> None: ...

    def stop_host(self, strategy_id: StrategyId, run: int, reason: str) -> None: ...

    def check_parameters(self, strategy_id: StrategyId, check_id: CommandId, params_json: bytes) -> None: ...

    def give_parameters(self, strategy_id: StrategyId, run: int, params_json: bytes) -> None: ...

    def on_denied(self, strategy_id: StrategyId, run: int, denied: OrderDenied) -> None: ...

    def on_halted(self, halted: Halted) -> None: ...

    def on_rearmed(self, rearmed: Rearmed) -> None: ...

    def stop(self, reason: str) -> None: ...

    def on_broken(self, error: InvariantBroken) -> None:
        self.broken = error


class Desk:
    """`on_report` hears every report right after the engine handled it."""

    def __init__(self, engine: Engine, watcher: Nobody) -> None:
        self.engine = engine
        self.watcher = watcher
        self.on_report: Callable[[VenueReport], None] = _ignore
        self.loop: EngineLoop

    def take(self, report: VenueReport) -> None:
        self.loop.dispatch(report)
        self.on_report(report)

    def is_ready(self) -> bool:
        """Reconciled: orders may leave."""
        return self.engine.state.venues.get(BINANCE) is ChannelState.READY

    def are_books_fresh(self) -> bool:
        return all(self.engine.live.book(one).is_fresh for one in self.engine.settings.instruments)


@asynccontextmanager
async def desk(
    folder: Path, *, port: int, symbols: Sequence[str], hook: Hook | None = None
) -> AsyncIterator[Desk]:
    """Started as the engine process starts: journal (`hook`: a disk that misbehaves), core, adapter."""
    clock = EngineClock()
    folder.mkdir(mode=0o700, exist_ok=True)
    recovered = await recover(JournalFiles(folder), now=clock.now())
    found = Desk(Engine(_settings(symbols), recovered.state), Nobody())
    journal = await open_writer(
        recovered.loaded,
        durability=Durability.PROCESS,
        on_durable=lambda seq: found.loop.on_durable(seq),
        on_state=lambda state, reason: found.loop.on_journal_state(state, reason),
        on_overflow=_overflowed,
        ballast_bytes=1 << 16,
        hook=hook,
    )
    adapter = BinanceSpotAdapter(
        BinanceSettings(hosts=loopback(port=port), symbols=tuple(symbols)),
        HmacSigner(api_key=API_KEY, secret=SECRET),
        found.take,
        now=clock.now,
        jitter=random.Random(1).random,
    )
    found.loop = EngineLoop(found.engine, journal, {BINANCE: adapter}, found.watcher, now=clock.now)
    writing = asyncio.create_task(journal.run())
    found.loop.begin(found.engine.start(clock.now(), account_tag="00"))
    running = asyncio.create_task(adapter.run())
    try:
        yield found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        found.loop.close()
        await journal.close()
        await asyncio.gather(writing, return_exceptions=True)


def _settings(symbols: Sequence[str]) -> EngineSettings:
    return EngineSettings(
        mode=Mode.DEMO,
        profile="replay",
        venues=(BINANCE,),
        instruments=tuple(instrument_id(symbol=symbol, venue=BINANCE) for symbol in symbols),
        limits=Limits(),
        durability=Durability.PROCESS,
        version="test",
    )


def _overflowed() -> None:
    raise RuntimeError("the journal's queue overflowed")


def _ignore(_report: VenueReport) -> None: ...
