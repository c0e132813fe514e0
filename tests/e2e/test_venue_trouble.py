"""A venue whose clock is off, that shuts down, disconnects, or keeps its streams open and says nothing.

Trading goes on, or the book is shown as stale; no fill is lost: position and ledger agree to the last digit.
"""

import time
from collections.abc import Iterator

import pytest

from tests.chaos.profile import Profile, running_profile, until
from veloz_tui.domain.types import ClientOrderId, OrderStatus
from veloz_tui.sim.settings import LimitSettings, MarketSettings

SYMBOL = "BTCUSDT"
SETTINGS = """
[risk]
max_orders_per_second = 200
max_position_size = "off"
[breaker]
max_failures = 1000
[journal]
submit_deadline_ms = 5000
[strategies.mm]
class = "market_maker"
instrument = "BTCUSDT.BINANCE"
max_orders_per_second = 50
params = {instrument = "BTCUSDT.BINANCE", half_spread_bps = "0.1", size = "0.001", max_position = "1", tolerance_bps = "0"}
"""  # noqa: E501 - an inline table


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    with running_profile(
        settings=SETTINGS, sim=LimitSettings(orders_10s=100_000), market=MarketSettings(speed=5)
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def trading(profile: Profile) -> Iterator[None]:
    """A strategy trades while the venue misbehaves; afterwards everything must agree with the ledger."""
    profile.until_ready()
    engine = profile.engine_pid
    profile.start_strategies("mm")
    until(lambda: profile.strategy("mm").open_orders >= 1, what="quotes")
    yield
    profile.sim.clear_faults()
    profile.sim.fault("unsilence", target="all")
    profile.sim.fault("clock_offset", ms=0)
    profile.until_ready(within_s=40)
    assert profile.veloz("strategy", "stop", "mm").code == 0
    until(lambda: agrees(profile), within_s=40, what="position, orders and ledger agree")
    assert profile.engine_pid == engine
    assert "Traceback" not in profile.everything_said()


def agrees(profile: Profile) -> bool:
    status = profile.view().status
    held = next(i.position for i in profile.view().instruments if i.instrument_id == f"{SYMBOL}.BINANCE")
    ours = {o.client_order_id for o in profile.view().orders if o.status == OrderStatus.ACCEPTED}
    theirs = {o["client_order_id"] for o in profile.sim.open_orders()}
    is_quiet = profile.strategy("mm").open_orders == 0 and status.orders_in_doubt == 0
    return is_quiet and ours == theirs and held == profile.sim.bought(SYMBOL)


def goes_on(profile: Profile, *, within_s: float = 30) -> None:
    """New orders of the strategy get to the venue, and fills are seen."""
    made = len(profile.sim.made())
    until(lambda: len(profile.sim.made()) > made + 5, within_s=within_s, what="new orders at the venue")


def fill_something(profile: Profile) -> None:
    """Somebody takes our quotes, now."""
    for side in ("SELL", "BUY"):
        profile.sim.market("trade", symbol=SYMBOL, side=side, quantity="2")


@pytest.mark.slow
@pytest.mark.parametrize("ms", [3_000, -3_000])
def test_clock_of_the_venue_is_off(profile: Profile, ms: int) -> None:
    profile.sim.fault("clock_offset", ms=ms)
    goes_on(profile)
    fill_something(profile)
    until(lambda: profile.alerts("CLOCK_OFFSET"), within_s=70, what="a word on the clock")
    goes_on(profile)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["streams", "ws-api", "all"])
def test_disconnected(profile: Profile, target: str) -> None:
    for _ in range(3):
        fill_something(profile)
        profile.sim.fault("disconnect", target=target)
        fill_something(profile)  # while nobody hears it
        time.sleep(0.3)
    profile.until_ready()
    goes_on(profile)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["streams", "ws-api", "all"])
def test_venue_shuts_its_connections_down_with_notice(profile: Profile, target: str) -> None:
    profile.sim.fault("server_shutdown", target=target, ms=1500)
    fill_something(profile)
    goes_on(profile)
    time.sleep(2.0)
    fill_something(profile)
    goes_on(profile)


@pytest.mark.slow
def test_silent_market_streams_are_shown_as_stale_and_nothing_is_quoted_on_them(profile: Profile) -> None:
    profile.sim.fault("silence", target="streams")

    def is_stale() -> str:
        found = next(i for i in profile.view().instruments if i.instrument_id == f"{SYMBOL}.BINANCE")
        return found.stale_reason

    until(is_stale, within_s=30, what="stale")
    made = len(profile.sim.made())
    for _ in range(10):
        fill_something(profile)
        time.sleep(0.1)
    assert len(profile.sim.made()) == made  # no new quote on a book that is none
    profile.sim.fault("unsilence", target="streams")
    until(lambda: not is_stale(), within_s=40, what="fresh again")
    goes_on(profile)
    assert profile.veloz("cancel", "all").code == 0


@pytest.mark.slow
def test_silent_user_stream_loses_no_fill(profile: Profile) -> None:
    profile.sim.fault("silence", target="ws-api")
    for _ in range(5):
        fill_something(profile)
        time.sleep(0.4)
    until(lambda: profile.view().venues[0].channels["user"] != "READY", within_s=30, what="noticed")
    profile.sim.fault("unsilence", target="ws-api")
    profile.until_ready(within_s=40)
    goes_on(profile)


@pytest.mark.slow
def test_ban_is_waited_for_and_cancels_go_first(profile: Profile) -> None:
    profile.sim.fault("ban", ms=8_000)
    until(lambda: profile.view().venues[0].door_closed_until, within_s=15, what="the closed door on screen")
    resting = [o for o in profile.view().orders if o.strategy_id == "mm" and o.status == "ACCEPTED"]
    assert profile.veloz("strategy", "stop", "mm").code == 0
    ids = {ClientOrderId(o.client_order_id) for o in resting}
    until(
        lambda: not [o for o in profile.sim.open_orders() if o["client_order_id"] in ids],
        within_s=30,
        what="canceled once the door is open",
    )
    profile.start_strategies("mm")
    goes_on(profile, within_s=60)
