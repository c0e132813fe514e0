"""Strategies that raise, spin, eat memory, flood, die or lie, through the real engine.

Each is named on screen within five seconds of its deed, its orders are pulled, and the one that does nothing
wrong goes on quoting.
"""

import time
from collections.abc import Iterator

import pytest

from tests.chaos.profile import Profile, running_profile, until
from veloz_tui.sim.settings import LimitSettings

HEAD = """
import os
import time
from decimal import Decimal

from veloz_tui.strategy.base import Side, Strategy


class S(Strategy):
    def on_start(self, ctx):
        self.began = ctx.now
        ctx.timer("evil", after_s=1.5)

    def on_book(self, ctx, book):
        if not ctx.orders():
            instrument = ctx.instrument(book.instrument_id)
            price = instrument.round_price(book.best_bid * Decimal("0.99"), side=Side.BUY)
            ctx.limit(book.instrument_id, side=Side.BUY, quantity=Decimal("0.01"), price=price)

    def on_timer(self, ctx, name):
"""
DEEDS = {
    "raises": "        raise ValueError('my own fault')",
    "spins": "        while True: pass",
    "sleeps": "        time.sleep(60)",
    "eats": "        self.food = [bytes(10_000_000) for _ in range(1000)]",
    "dies": "        os._exit(3)",
    "segfaults": "        os.kill(os.getpid(), 11)",
    "exits": "        raise SystemExit",
    "floods": """
        for n in range(100_000):
            ctx.log(str(n))
            ctx.quote("ETHUSDT.BINANCE", bid=Decimal(100), ask=None, size=Decimal("0.1"))
""",
    "orders": """
        price = Decimal(3100)
        for n in range(20_000):
            ctx.limit("ETHUSDT.BINANCE", side=Side.BUY, quantity=Decimal("0.01"), price=price)
""",
    "insists": """
        for n in range(150):
            ctx.limit("ETHUSDT.BINANCE", side=Side.BUY, quantity=Decimal("0.01"), price=Decimal(3100))
        ctx.timer("evil", after_s=0.01)
""",
    "shouts": """
        while True:
            os.write(2, b"mine! \\x1b[31m" * 5000 + b"\\n")
""",
    "nan": """
        ctx.limit("ETHUSDT.BINANCE", side=Side.BUY, quantity=Decimal("NaN"), price=Decimal(3100))
""",
    "recurses": "        self.on_timer(ctx, name)",
    "starves": """
        import threading
        for n in range(8):
            threading.Thread(target=lambda: [0 for n in iter(int, 1)], daemon=True).start()
        while True: pass
""",
    "lies": "        os.write(3, b'rubbish' * 100); [os.write(n, b'rubbish' * 100) for n in range(4, 20)"
    " if os.path.exists(f'/proc/self/fd/{n}')]",
}
GOOD = """
[strategies.good]
class = "market_maker"
instrument = "BTCUSDT.BINANCE"
params = {instrument = "BTCUSDT.BINANCE", half_spread_bps = "5", size = "0.001", tolerance_bps = "0.1"}
"""
SETTINGS = (
    """
[risk]
max_orders_per_second = 200
[journal]
submit_deadline_ms = 5000
"""
    + GOOD
    + "".join(
        f'[strategies.{name}]\nclass = "{name}.py"\ninstrument = "ETHUSDT.BINANCE"\nmemory_mb = 256\n'
        for name in DEEDS
    )
)


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    files = {f"{name}.py": f"{HEAD}{deed}\n" for name, deed in DEEDS.items()}
    with running_profile(
        settings=SETTINGS, sim=LimitSettings(orders_10s=100_000), strategies=files
    ) as running:
        running.start_strategies("good")
        until(lambda: running.strategy("good").open_orders == 2)
        yield running


def quotes(profile: Profile) -> set[object]:
    return {o.client_order_id for o in profile.view().orders if o.strategy_id == "good"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name == "raises" else pytest.mark.slow) for name in DEEDS],
)
def test_misdeed_is_named_its_orders_are_pulled_and_the_others_go_on(profile: Profile, name: str) -> None:
    profile.start_strategies(name)
    until(lambda: profile.strategy(name).open_orders >= 1, what="its order")
    engine = profile.engine_pid
    # The deed comes 1.5 s after its start, and five seconds later it must be on screen.
    until(lambda: profile.strategy(name).state == "FAULTED", within_s=6.5 + 1, what="FAULTED")
    alerts = profile.alerts(name)
    assert alerts, [alert.text for alert in profile.view().alerts]
    assert "Traceback" not in alerts[0].text
    assert not any(ord(letter) < 32 for letter in alerts[0].text)

    def are_pulled() -> bool:
        by_strategy = [o for o in profile.view().orders if o.strategy_id == name]
        ids = {o.client_order_id for o in by_strategy}
        return not [o for o in profile.sim.open_orders() if o["client_order_id"] in ids]

    until(are_pulled, what="its orders pulled")
    before = quotes(profile)
    until(lambda: quotes(profile) - before, within_s=10, what="new quotes of the good one")
    assert profile.strategy("good").state == "RUNNING"
    assert profile.engine_pid == engine
    assert "Traceback" not in profile.everything_said()


@pytest.mark.slow
def test_inline_spinner_is_fenced_and_named_by_the_next_engine() -> None:
    """Nobody can stop it from within: the guardian does, and the order it had is gone."""
    settings = (
        SETTINGS + '[strategies.inliner]\nclass = "spins.py"\ninstrument = "ETHUSDT.BINANCE"\ninline = true\n'
    )
    with running_profile(
        settings=settings, sim=LimitSettings(), strategies={"spins.py": f"{HEAD}{DEEDS['spins']}\n"}
    ) as profile:
        engine = profile.engine_pid
        profile.start_strategies("inliner")
        began = time.monotonic()
        until(lambda: (s := profile.guardian_status()) and s.engine_pid != engine, within_s=12)
        assert time.monotonic() - began < 8
        profile.until_ready()
        assert not [o for o in profile.sim.open_orders() if str(o["client_order_id"]).startswith("vz")]
        assert profile.strategy("inliner").state != "RUNNING"
        assert any("inliner" in alert.text for alert in profile.view().alerts)
