"""How many orders left in the last second."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.risk.factories import MAKER
from veloz_tui.domain.types import MANUAL, SECOND, Nanos, StrategyId
from veloz_tui.engine.risk.limits import MAX_RATE
from veloz_tui.engine.risk.rate import OrderRate, SlidingSecond


def test_an_order_counts_for_exactly_one_second() -> None:
    counter = SlidingSecond()
    counter.record(Nanos(5))
    assert counter.count(Nanos(5)) == 1
    assert counter.count(Nanos(SECOND + 4)) == 1
    assert counter.count(Nanos(SECOND + 5)) == 0


@given(gaps=st.lists(st.integers(0, SECOND), max_size=60))
def test_the_count_is_that_of_the_second_before_now(gaps: list[int]) -> None:
    times = list(accumulate(gaps))
    counter = SlidingSecond()
    for position, now in enumerate(times):
        counter.record(Nanos(now))
        expected = sum(1 for at in times[: position + 1] if at > now - SECOND)
        assert counter.count(Nanos(now)) == expected


@given(gaps=st.lists(st.integers(0, SECOND // 2), max_size=60), limit=st.integers(1, 8))
def test_no_second_ever_holds_more_than_the_limit_lets_out(gaps: list[int], limit: int) -> None:
    counter = SlidingSecond()
    sent = []
    for now in accumulate(gaps):
        if counter.count(Nanos(now)) < limit:
            counter.record(Nanos(now))
            sent.append(now)
    for end in sent:
        assert sum(1 for at in sent if end - SECOND < at <= end) <= limit


def test_memory_is_bounded_and_still_reaches_the_largest_limit() -> None:
    counter = SlidingSecond()
    for now in range(MAX_RATE * 3):
        counter.record(Nanos(now))
    assert counter.count(Nanos(MAX_RATE * 3)) == MAX_RATE


def test_each_strategy_is_counted_apart_and_the_account_as_a_whole() -> None:
    rate = OrderRate()
    rate.record(MAKER, Nanos(1))
    rate.record(MAKER, Nanos(2))
    rate.record(MANUAL, Nanos(3))
    now = Nanos(4)
    assert rate.of_account(now) == 3
    assert rate.of_strategy(MAKER, now) == 2
    assert rate.of_strategy(MANUAL, now) == 1
    assert rate.of_strategy(StrategyId("grid-1"), now) == 0


def test_names_of_idle_strategies_are_forgotten() -> None:
    rate = OrderRate()
    for number in range(50):
        rate.record(StrategyId(f"s-{number}"), Nanos(number * 2 * SECOND))
    assert len(rate._strategies) == 1
