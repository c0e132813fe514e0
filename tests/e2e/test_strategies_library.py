"""Grid and momentum in a real demo: they start, trade, and stop with their orders pulled."""

from collections.abc import Iterator

import pytest

from tests.chaos.profile import Profile, running_profile, until
from veloz_tui.sim.settings import LimitSettings

pytestmark = pytest.mark.slow

SETTINGS = """
[strategies.grid-1]
class = "grid"
instrument = "BTCUSDT.BINANCE"
params = {instrument = "BTCUSDT.BINANCE", budget = "600", cells = 8, step_bps = "1"}
[strategies.mom-1]
class = "momentum"
instrument = "ETHUSDT.BINANCE"
[strategies.mom-1.params]
instrument = "ETHUSDT.BINANCE"
quote_size = "300"
fast_s = 1
slow_s = 3
entry_bps = 0.05
max_hold_s = 5
cooldown_s = 1
"""


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    with running_profile(settings=SETTINGS, sim=LimitSettings()) as running:
        running.until_ready()
        yield running


def orders(profile: Profile, name: str) -> set[str]:
    """Its orders that are open at the venue."""
    own = {o.client_order_id for o in profile.view().orders if o.strategy_id == name}
    at_venue = {str(o["client_order_id"]) for o in profile.sim.open_orders()}
    return {str(one) for one in own} & at_venue


def test_the_grid_starts_trades_and_stops_with_its_orders_pulled(profile: Profile) -> None:
    profile.start_strategies("grid-1")
    until(lambda: len(orders(profile, "grid-1")) >= 2, what="a ladder")
    until(lambda: profile.strategy("grid-1").position, within_s=60, what="a fill")
    until(lambda: profile.strategy("grid-1").orders_sent > 8, within_s=60, what="orders after fills")
    assert "bids" in profile.strategy("grid-1").doing
    assert profile.veloz("strategy", "stop", "grid-1").code == 0
    until(lambda: profile.strategy("grid-1").open_orders == 0, what="its orders pulled")
    assert not orders(profile, "grid-1")
    assert profile.strategy("grid-1").state == "STOPPED"


def test_the_grid_takes_over_the_orders_that_a_stop_kept(profile: Profile) -> None:
    profile.start_strategies("grid-1")
    until(lambda: len(orders(profile, "grid-1")) >= 3, within_s=30, what="a ladder")
    assert profile.veloz("strategy", "stop", "grid-1", "keep").code == 0
    kept = orders(profile, "grid-1")
    sent = profile.strategy("grid-1").orders_sent
    assert kept
    profile.start_strategies("grid-1")
    until(lambda: profile.strategy("grid-1").orders_sent > sent, within_s=60, what="a refill")
    own = [o for o in profile.view().orders if o.strategy_id == "grid-1" and o.status == "ACCEPTED"]
    assert len({(o.side, o.price) for o in own}) == len(own), "two orders on one line"
    assert profile.veloz("strategy", "stop", "grid-1").code == 0
    until(lambda: not orders(profile, "grid-1"), what="its orders pulled")


def test_momentum_starts_trades_leaves_by_time_and_stops(profile: Profile) -> None:
    profile.start_strategies("mom-1")
    until(lambda: profile.strategy("mom-1").orders_sent >= 2, within_s=60, what="an entry and an exit")
    assert profile.strategy("mom-1").state == "RUNNING"
    assert profile.veloz("strategy", "stop", "mom-1").code == 0
    until(lambda: profile.strategy("mom-1").open_orders == 0, what="nothing open")
    assert not orders(profile, "mom-1")
    assert "Traceback" not in profile.everything_said()
