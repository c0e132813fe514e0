"""kill -9 of the engine at any moment while four strategies trade and the venue lives on.

VELOZ_TEST_KILLS sets how often (default 3). The guardian starts a dead engine again three times in five
minutes and then gives up, as it should: then the test starts the profile again as a person would (`veloz
engine`), so one run shows both ways back. Some deaths come while the engine is still starting.
"""

import os
import random
import signal
import time
from collections import Counter
from decimal import Decimal

import pytest

from tests.chaos.profile import Profile, is_alive, running_profile, send, until
from veloz_tui.config.lock import holder_pid
from veloz_tui.domain.events import OrderCreated, Recorded, RunStopped
from veloz_tui.engine.fold import apply
from veloz_tui.engine.state import State, decode_state
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.reader import JournalReader
from veloz_tui.journal.verify import verify
from veloz_tui.sim.settings import LimitSettings, MarketSettings

KILLS = int(os.environ.get("VELOZ_TEST_KILLS", "3"))
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
STRATEGIES = ("mm-btc", "mm-eth", "twap-sol", "twap-btc")
SETTINGS = """
[risk]
max_orders_per_second = 500
open_orders_max = 1000
max_leverage = "off"
max_position_size = "off"
account_balance_threshold = "off"
[breaker]
max_failures = 1000
[journal]
submit_deadline_ms = 2000
snapshot_every = 1000

[strategies.mm-btc]
class = "market_maker"
instrument = "BTCUSDT.BINANCE"
max_orders_per_second = 50
params = {instrument = "BTCUSDT.BINANCE", half_spread_bps = "0.2", size = "0.01", max_position = "0.5", tolerance_bps = "0"}
[strategies.mm-eth]
class = "market_maker"
instrument = "ETHUSDT.BINANCE"
max_orders_per_second = 50
params = {instrument = "ETHUSDT.BINANCE", half_spread_bps = "0.2", size = "0.2", max_position = "9", tolerance_bps = "0"}
[strategies.twap-sol]
class = "twap"
instrument = "SOLUSDT.BINANCE"
max_orders_per_second = 50
params = {instrument = "SOLUSDT.BINANCE", side = "BUY", quantity = "150", duration_s = 900, interval_s = 1, style = "ioc"}
[strategies.twap-btc]
class = "twap"
instrument = "BTCUSDT.BINANCE"
max_orders_per_second = 50
params = {instrument = "BTCUSDT.BINANCE", side = "SELL", quantity = "0.5", duration_s = 900, interval_s = 1}
"""  # noqa: E501 - inline tables


def kill(pid: int) -> None:
    send(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid), every_s=0.001)


def back_again(profile: Profile, ways: Counter[str]) -> None:
    """Wait for the engine that the guardian starts; if it has given up, start one as a person would."""
    guardian = holder_pid(profile.paths.guardian_lock)

    def is_back() -> str:
        if guardian is None or not is_alive(guardian):
            return "gave up"
        return "ready" if profile.is_ready() else ""

    if until(is_back, within_s=60, what="an engine, or the guardian's end") == "ready":
        ways["guardian"] += 1
    else:
        ways["veloz"] += 1
        profile.start()


def is_settled(profile: Profile) -> bool:
    """Nothing open, nothing in doubt: then venue and journal can be compared to the last digit."""
    status = profile.view().status
    return status.orders_open == 0 and status.orders_in_doubt == 0 and not profile.sim.open_orders()


def created(files: JournalFiles) -> list[str]:
    with JournalReader(files.database) as reader:
        return [
            recorded.event.client_order_id
            for records in reader.events(kinds=["OrderCreated"])
            for recorded in records
            if isinstance(recorded.event, OrderCreated)
        ]


def check(profile: Profile) -> None:
    """No venue order without its intent, none twice, positions exact, chain unbroken."""
    files = JournalFiles(profile.paths.journal.parent)
    made = profile.sim.made()
    intents = created(files)
    assert len(set(intents)) == len(intents)
    assert not set(made) - set(intents), "orders at the venue that the journal doesn't know"
    assert not {order: count for order, count in made.items() if count > 1}
    held = {str(i.instrument_id): i.position for i in profile.view().instruments}
    for symbol in SYMBOLS:
        assert held[f"{symbol}.BINANCE"] == profile.sim.bought(symbol), symbol
    report = verify(files)
    assert report.is_ok, report.text()


def fold_everything(files: JournalFiles) -> tuple[State, list[Recorded]]:
    state, last = State(), []
    with JournalReader(files.database) as reader:
        for records in reader.events():
            for record in records:
                apply(state, record)
            last = records
    return state, last


def check_fold_equals_live(profile: Profile) -> None:
    """The engine's own last snapshot, taken at its clean end, against a fold of all events from the first."""
    files = JournalFiles(profile.paths.journal.parent)
    folded, last = fold_everything(files)
    assert isinstance(last[-1].event, RunStopped)
    with JournalReader(files.database) as reader:
        snapshot = next(iter(reader.snapshots()))
    assert snapshot.is_valid
    assert snapshot.seq == last[-1].seq
    assert decode_state(snapshot.blob) == folded


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * KILLS)
def test_nothing_is_lost_or_doubled_when_the_engine_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(KILLS)
    ways: Counter[str] = Counter()
    with running_profile(
        settings=SETTINGS, sim=LimitSettings(orders_10s=100_000), market=MarketSettings(speed=5)
    ) as profile:
        for number in range(KILLS):
            profile.start_strategies(*STRATEGIES)
            time.sleep(rng.uniform(0.0, 2.5))  # not a wait for anything: the moment of death
            kill(profile.engine_pid)
            if number % 5 == 4:  # the next one dies while it starts
                pid = until(lambda: holder_pid(profile.paths.engine_lock), within_s=40)
                time.sleep(rng.uniform(0.0, 0.5))
                kill(pid)
            back_again(profile, ways)
            until(lambda: is_settled(profile), within_s=40, what="settled")
            check(profile)
        fills = sum(len(profile.sim.trades(symbol)) for symbol in SYMBOLS)
        made = profile.sim.made()
        assert len(made) >= 5 * KILLS, "they hardly traded"
        assert fills >= KILLS
        held = {symbol: profile.sim.bought(symbol) for symbol in SYMBOLS}
        assert any(quantity != Decimal(0) for quantity in held.values())
        done = profile.veloz("shutdown")
        assert done.code == 0, done.err
        check_fold_equals_live(profile)
        done = profile.veloz("journal", "verify")
        assert done.code == 0, done.text
        assert "Traceback" not in profile.everything_said()
    with capsys.disabled():
        print(f"\n{KILLS} kills, back by {dict(ways)}, {len(made)} venue orders, {fills} fills, {done.out}")
