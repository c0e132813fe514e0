"""The kill switch with 200 open orders on two symbols: gate closed, and the venue's first empty list."""

import asyncio

import msgspec

from tests.bench.processes import EngineProcess, engine_process, profile
from tests.bench.rows import Options, Row, median
from tests.replay.venue import ACCOUNT, RAISED, VenueProcess, venue_process
from veloz_tui.runtime.link import KillEngine
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, MarketSettings, SimSettings

GOAL_GATE_MS = 10.0
LATENCY_MS = 20.0
"""One way, as to a venue that is not next door."""
ROUND_TRIPS = 3
EXTRA_MS = 100.0
_SPREADER = '''
"""Rests orders far below the market."""

from decimal import Decimal

import msgspec

from veloz_tui.strategy.base import BookView, Context, Side, Strategy


class Params(msgspec.Struct, frozen=True):
    count: int


class Spreader(Strategy):
    def __init__(self, params: Params) -> None:
        self.count = params.count

    def on_book(self, ctx: Context, book: BookView) -> None:
        missing = self.count - len(ctx.orders(book.instrument_id))
        for number in range(min(missing, 20)):
            price = book.instrument.price_from_level(float(book.best_bid) * (0.97 - 0.0001 * number))
            quantity = book.instrument.quantity_from_level(20 / float(price))
            ctx.limit(book.instrument_id, side=Side.BUY, quantity=quantity, price=price, post_only=True)
'''


class _Status(msgspec.Struct):
    open_orders: int


async def run(options: Options) -> list[Row]:
    orders = options.size(200, 20)
    stamps = [await _round(orders) for _ in range(options.size(options.rounds, 1))]
    gate, sent = median(s["gate_closed"] for s in stamps), median(s["cancels_sent"] for s in stamps)
    zero = median(s["first_zero"] for s in stamps)
    goal = ROUND_TRIPS * 2 * LATENCY_MS + EXTRA_MS
    return [
        Row(
            "kill", f"gate closed, {orders} orders on 2 symbols", f"{gate:.2f} ms",
            "<= 10 ms", gate <= GOAL_GATE_MS,
        ),
        Row("kill", "cancels sent", f"{sent:.2f} ms"),
        Row(
            "kill", f"first zero, round trip {2 * LATENCY_MS:.0f} ms", f"{zero:.0f} ms",
            f"<= 3 round trips + 100 ms = {goal:.0f} ms", zero <= goal,
        ),
    ]  # fmt: skip


async def _round(orders: int) -> dict[str, float]:
    sim = SimSettings(
        accounts=(ACCOUNT,),
        limits=RAISED,
        latency_ms=LATENCY_MS,
        market=MarketSettings(instruments=DEFAULT_INSTRUMENTS[:2]),
    )
    text = (
        '[profile]\nmode = "DEMO"\n[venues.binance]\ninstruments = ["BTCUSDT", "ETHUSDT"]\n'
        '[journal]\ndurability = "process"\nsubmit_deadline_ms = 5000\n'
        '[risk]\nmax_orders_per_second = "off"\nopen_orders_max = 1000\nmax_price_deviation = "off"\n'
        '[strategies.spread]\nclass = "spreader.py"\ninstruments = ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE"]\n'
        "inline = true\nautostart = true\nmax_orders_per_second = 1000\n"
        f"params = {{ count = {orders // 2} }}\n"
    )
    async with venue_process(sim) as venue:
        with profile(text, {"spreader.py": _SPREADER}) as paths:
            async with engine_process(paths, sim_port=venue.port, sim_id=venue.sim_id) as engine:
                await _rest(venue, orders)
                return await _kill(engine)


async def _rest(venue: VenueProcess, orders: int) -> None:
    async with asyncio.timeout(30):
        while msgspec.json.decode(await venue.ask("GET", "/sim/status"), type=_Status).open_orders < orders:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)


async def _kill(engine: EngineProcess) -> dict[str, float]:
    engine.child.send(KillEngine("K1", "bench", "bench"))
    wanted = {"gate_closed", "cancels_sent", "first_zero"}
    await engine.until(lambda: any(wanted <= state.stamps.keys() for state in engine.kill_states))
    return engine.kill_states[-1].stamps
