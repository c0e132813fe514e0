"""Windows are fixed and aligned; a 429 that is ignored becomes a 418."""

from __future__ import annotations

import pytest

from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.ratelimit import OrderLimiter, RequestLimiter, Window
from veloz_tui.sim.settings import LimitSettings

MINUTE = 60_000
START = 1_790_000_040_000 // MINUTE * MINUTE


def test_a_window_starts_again_at_the_full_minute_not_a_minute_later() -> None:
    window = Window(MINUTE)
    window.add(START + 59_000, 5)
    assert window.count(START + 59_999) == 5
    assert window.count(START + MINUTE) == 0


def test_weight_above_the_limit_is_refused_until_the_window_ends() -> None:
    limiter = RequestLimiter(LimitSettings(request_weight_1m=100))
    limiter.charge(100, START)
    with pytest.raises(VenueError) as caught:
        limiter.charge(1, START + 30_000)
    assert (caught.value.status, caught.value.code) == (429, -1003)
    assert caught.value.retry_after_ms == START + MINUTE
    limiter.charge(1, START + MINUTE)


def test_going_on_after_429_is_banned_for_a_while() -> None:
    limiter = RequestLimiter(LimitSettings(request_weight_1m=1, strikes_before_ban=2, ban_s=120))
    limiter.charge(1, START)
    statuses = []
    for _ in range(4):
        with pytest.raises(VenueError) as caught:
            limiter.charge(1, START)
        statuses.append(caught.value.status)
    assert statuses == [429, 429, 418, 418]
    with pytest.raises(VenueError, match="IP banned until"):
        limiter.charge(1, START + 119_999)
    limiter.charge(1, START + 120_000)


def test_the_first_fill_gives_an_order_back_in_the_windows_that_still_count_it() -> None:
    limiter = OrderLimiter(LimitSettings(orders_10s=2))
    limiter.add(START)
    limiter.add(START + 9_000)
    with pytest.raises(VenueError) as caught:
        limiter.check(START + 9_500)
    assert (caught.value.code, caught.value.status) == (-1015, 429)
    limiter.first_fill(placed_at=START, now=START + 9_600)
    limiter.check(START + 9_600)
    limiter.first_fill(placed_at=START, now=START + 10_000)
    assert (limiter.ten_seconds.count(START + 10_000), limiter.day.count(START + 10_000)) == (0, 0)
