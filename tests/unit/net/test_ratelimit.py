"""The request budget: lanes, windows, the venue's own counts, the closed door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.net.ratelimit import Cost, Kind, Lane, Limit, RateBudget, Refusal, Ticket

MINUTE = 60_000
WEIGHT = (Kind.WEIGHT, MINUTE)
ORDERS = (Kind.ORDERS, 10_000)


def budget(*, weight: int = 100, orders: int = 10) -> RateBudget:
    return RateBudget([Limit(Kind.WEIGHT, MINUTE, weight), Limit(Kind.ORDERS, 10_000, orders)])


def fill(rates: RateBudget, cost: Cost, *, now_ms: int = 0) -> int:
    """Admit until refused; how many passed."""
    count = 0
    while isinstance(rates.admit(cost, now_ms), Ticket):
        count += 1
        assert count < 10_000
    return count


@pytest.mark.parametrize(("lane", "passed"), [(Lane.STRATEGY, 70), (Lane.RECONCILE, 70), (Lane.OPERATOR, 80)])
def test_each_lane_stops_at_its_own_ceiling(lane: Lane, passed: int) -> None:
    assert fill(budget(), Cost(lane)) == passed


def test_a_cancel_passes_even_when_every_window_is_over_its_limit() -> None:
    rates = budget()
    fill(rates, Cost(Lane.OPERATOR))
    assert all(isinstance(rates.admit(Cost(Lane.CANCEL), 0), Ticket) for _ in range(1000))


def test_the_operator_may_use_the_whole_order_count_and_strategies_leave_a_tenth() -> None:
    assert fill(budget(), Cost(Lane.STRATEGY, weight=0, orders=1)) == 9
    assert fill(budget(), Cost(Lane.OPERATOR, weight=0, orders=1)) == 10


def test_a_refusal_names_the_full_window_and_its_aligned_end() -> None:
    rates = budget()
    fill(rates, Cost(Lane.STRATEGY), now_ms=61_000)
    assert rates.admit(Cost(Lane.STRATEGY), 61_500) == Refusal(120_000, "weight per 60 s")


def test_a_new_window_starts_empty() -> None:
    rates = budget()
    for ticket in [rates.admit(Cost(Lane.STRATEGY), 59_000) for _ in range(70)]:
        assert isinstance(ticket, Ticket)
        rates.settle(ticket, 59_500)
    assert isinstance(rates.admit(Cost(Lane.STRATEGY), 59_999), Refusal)
    assert fill(rates, Cost(Lane.STRATEGY), now_ms=60_000) == 70


def test_the_venues_count_replaces_our_estimate() -> None:
    rates = budget()
    ticket = rates.admit(Cost(Lane.STRATEGY), 0)
    assert isinstance(ticket, Ticket)
    rates.settle(ticket, 10, {WEIGHT: 65})
    assert fill(rates, Cost(Lane.STRATEGY), now_ms=20) == 5


def test_an_order_count_may_fall_when_orders_get_filled() -> None:
    rates = budget()
    for count in (9, 2):
        ticket = rates.admit(Cost(Lane.OPERATOR, orders=1), 0)
        assert isinstance(ticket, Ticket)
        rates.settle(ticket, 10, {ORDERS: count})
    assert fill(rates, Cost(Lane.STRATEGY, weight=0, orders=1)) == 7


def test_a_late_answer_of_the_last_window_does_not_fill_the_new_one() -> None:
    rates = budget()
    ticket = rates.admit(Cost(Lane.STRATEGY), 59_990)
    assert isinstance(ticket, Ticket)
    rates.settle(ticket, 60_010, {WEIGHT: 99})
    assert fill(rates, Cost(Lane.STRATEGY), now_ms=60_020) == 69


def test_what_is_in_flight_counts_before_it_is_answered() -> None:
    rates = budget()
    first, second = (
        rates.admit(Cost(Lane.STRATEGY, weight=40), 0),
        rates.admit(Cost(Lane.STRATEGY, weight=30), 0),
    )
    assert isinstance(first, Ticket)
    assert isinstance(second, Ticket)
    rates.settle(first, 1, {WEIGHT: 40})
    assert isinstance(rates.admit(Cost(Lane.STRATEGY), 1), Refusal)


def test_a_closed_door_stops_everything_cancels_too_and_opens_in_time() -> None:
    rates = budget()
    rates.close_door(until_ms=5_000, reason="HTTP 418")
    assert rates.admit(Cost(Lane.CANCEL), 4_999) == Refusal(5_000, "HTTP 418")
    assert rates.closed_until_ms(4_999) == 5_000
    assert isinstance(rates.admit(Cost(Lane.CANCEL), 5_000), Ticket)
    assert rates.closed_until_ms(5_000) is None


def test_a_later_answer_never_opens_the_door_early() -> None:
    rates = budget()
    rates.close_door(until_ms=5_000, reason="HTTP 418")
    rates.close_door(until_ms=2_000, reason="HTTP 429")
    assert rates.closed_until_ms(3_000) == 5_000


def test_too_many_orders_stops_orders_but_not_cancels_until_the_window_ends() -> None:
    rates = budget()
    rates.exhaust(Kind.ORDERS, 3_000)
    assert rates.admit(Cost(Lane.OPERATOR, orders=1), 3_001) == Refusal(10_000, "orders per 10 s")
    assert isinstance(rates.admit(Cost(Lane.CANCEL), 3_001), Ticket)
    assert isinstance(rates.admit(Cost(Lane.OPERATOR, orders=1), 10_000), Ticket)


def test_new_limits_keep_the_counts() -> None:
    rates = budget()
    fill(rates, Cost(Lane.STRATEGY))
    rates.configure([Limit(Kind.WEIGHT, MINUTE, 200)])
    assert fill(rates, Cost(Lane.STRATEGY)) == 70


def test_use_is_shown_by_window() -> None:
    rates = budget()
    rates.admit(Cost(Lane.CANCEL, weight=3), 0)
    assert [(use.limit.kind, use.used) for use in rates.uses(0)] == [(Kind.WEIGHT, 3), (Kind.ORDERS, 0)]


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([Lane.OPERATOR, Lane.STRATEGY, Lane.RECONCILE]),
            st.integers(1, 30),
            st.integers(0, 20_000),
        ),
        max_size=80,
    )
)
def test_no_window_is_ever_filled_past_the_cancel_reserve(steps: list[tuple[Lane, int, int]]) -> None:
    rates, now_ms, spent = budget(), 0, dict[int, int]()
    for lane, weight, wait_ms in steps:
        now_ms += wait_ms
        ticket = rates.admit(Cost(lane, weight=weight), now_ms)
        if isinstance(ticket, Ticket):
            rates.settle(ticket, now_ms)
            spent[now_ms // MINUTE] = spent.get(now_ms // MINUTE, 0) + weight
    assert all(weight <= 80 for weight in spent.values())
