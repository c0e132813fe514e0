"""Delays between tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.net.backoff import Backoff, spread


def test_delays_double_up_to_the_cap() -> None:
    backoff = Backoff(base_s=1, cap_s=5, jitter=lambda: 1.0)
    assert [backoff.next_delay_s() for _ in range(5)] == [1, 2, 4, 5, 5]


def test_reset_starts_again_from_the_base() -> None:
    backoff = Backoff(base_s=1, cap_s=5, jitter=lambda: 1.0)
    backoff.next_delay_s()
    backoff.next_delay_s()
    backoff.reset()
    assert backoff.next_delay_s() == 1


def test_jitter_cuts_up_to_half_of_the_delay() -> None:
    assert Backoff(base_s=1, cap_s=5, jitter=lambda: 0.0).next_delay_s() == 0.5


def test_ten_thousand_failures_still_give_a_finite_delay() -> None:
    backoff = Backoff(base_s=0.25, cap_s=30, jitter=lambda: 1.0)
    backoff.attempts = 10_000
    assert backoff.next_delay_s() == 30


def test_a_base_above_the_cap_is_refused() -> None:
    with pytest.raises(ValueError, match="backoff"):
        Backoff(base_s=2, cap_s=1, jitter=lambda: 0.0)


@given(jitter=st.floats(0, 1, exclude_max=True), tries=st.integers(1, 60))
def test_no_delay_leaves_its_bounds(jitter: float, tries: int) -> None:
    backoff = Backoff(base_s=0.25, cap_s=30, jitter=lambda: jitter)
    delays = [backoff.next_delay_s() for _ in range(tries)]
    assert all(0.125 <= delay <= 30 for delay in delays)


def test_spread_takes_off_at_most_its_share() -> None:
    assert spread(100, share=0.04, jitter=lambda: 0.0) == 100
    assert spread(100, share=0.04, jitter=lambda: 0.5) == 98
