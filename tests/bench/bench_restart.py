"""From the start of the engine's process to READY with a long journal and 200 open orders."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal

from tests.bench.processes import engine_process, profile
from tests.bench.rest_orders import place_all
from tests.bench.rows import Options, Row, median
from tests.replay.venue import ACCOUNT, RAISED, VenueProcess, venue_process
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain import events as e
from veloz_tui.domain.ids import account_tag
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ClientOrderId, Mode, Nanos, Side, VenueId, VenueOrderId
from veloz_tui.engine.fold import apply
from veloz_tui.engine.state import State, encode_state
from veloz_tui.journal.connections import Durability
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.opening import open_writer
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, MarketSettings, SimSettings

GOAL_S = 5.0
OPEN = 200
SNAPSHOT_EVERY = 50_000
_CHUNK = 2_000
_REQUEST = OrderRequest(
    instrument_id(symbol="BTCUSDT", venue=VenueId("BINANCE")),
    Side.BUY,
    Decimal("0.001"),
    price=Decimal("60000.00"),
)


async def run(options: Options) -> list[Row]:
    events = options.size(1_000_000, 5_000)
    sim = SimSettings(
        accounts=(ACCOUNT,),
        limits=RAISED,
        market=MarketSettings(instruments=DEFAULT_INSTRUMENTS[:1], paused=True),
    )
    async with venue_process(sim) as venue:
        with profile('[profile]\nmode = "DEMO"\n[venues.binance]\ninstruments = ["BTCUSDT"]\n') as paths:
            ids = [str(_order_id(number)) for number in range(OPEN)]
            await place_all(venue.port, ids, price="60000.00", quantity="0.001")
            await _write(paths, venue, events)
            took = [await _start(paths, venue) for _ in range(options.size(options.rounds, 1))]
    ready = median(took)
    return [
        Row(
            "restart", f"{events:,} events, {OPEN} open orders, to READY", f"{ready:.2f} s",
            "<= 5 s", ready <= GOAL_S,
        )
    ]  # fmt: skip


async def _start(paths: ProfilePaths, venue: VenueProcess) -> float:
    began = time.perf_counter()
    async with engine_process(paths, sim_port=venue.port, sim_id=venue.sim_id):
        return time.perf_counter() - began


def _order_id(number: int) -> ClientOrderId:
    return ClientOrderId(f"vzX01{number:011d}")


def _facts(venue: VenueProcess, count: int) -> Iterator[e.AnyEvent]:
    """The open orders first, then orders that came and went."""
    at = Nanos(time.time_ns() - 3_600 * 10**9)
    yield e.RunStarted(
        at, epoch=1, account_tag=account_tag("demo"), mode=Mode.DEMO, version="bench", sim_id=venue.sim_id
    )
    made = 1
    for number in range(count):
        if made >= count:
            return
        order_id = _order_id(number)
        life: list[e.AnyEvent] = [
            e.OrderCreated(at, order_id, _REQUEST),
            e.OrderSubmitted(at, order_id),
            e.OrderAccepted(at, order_id, VenueOrderId(str(number + 1)), at),
        ]
        if number >= OPEN:
            life.append(e.OrderCanceled(at, order_id))
        yield from life
        made += len(life)


async def _write(paths: ProfilePaths, venue: VenueProcess, count: int) -> None:
    """As the engine would have: a snapshot every 50,000 events, the last one almost that old."""
    files = JournalFiles(paths.journal.parent)
    prepare(files, now=Nanos(time.time_ns()))
    state = State()
    writer = await open_writer(
        load(files), durability=Durability.PROCESS, on_durable=_ignore, on_state=_ignore, on_overflow=_ignore
    )
    writing = asyncio.create_task(writer.run())
    chunk: list[e.Recorded] = []
    snapshot_at = count - SNAPSHOT_EVERY + 1_000
    for seq, fact in enumerate(_facts(venue, count), start=1):
        record = e.Recorded(seq, fact)
        apply(state, record)
        chunk.append(record)
        if len(chunk) == _CHUNK:
            writer.append(chunk)
            await writer.wait_durable(seq)
            chunk = []
            if snapshot_at <= seq < snapshot_at + _CHUNK:
                await writer.write_snapshot(seq, encode_state(state))
    writer.append(chunk)
    await writer.close()
    await writing


def _ignore(*_: object) -> None: ...
