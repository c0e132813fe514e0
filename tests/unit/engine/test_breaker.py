"""The circuit breaker: a table of what happens in each state, and its one probe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.domain.types import SECOND, BreakerState, Nanos
from veloz_tui.engine.breaker import CircuitBreaker

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def at(seconds: float) -> Nanos:
    return Nanos(round(seconds * SECOND))


def breaker(state: BreakerState) -> CircuitBreaker:
    """Of 3 failures and 10 s; OPEN since second 0, or HALF_OPEN with a probe out since second 10."""
    made = CircuitBreaker(max_failures=3, reset_timeout_s=10)
    if state is not CLOSED:
        for _ in range(3):
            made.on_failure(at(0), "timeout")
    if state is HALF_OPEN:
        assert made.allows(at(10))
    assert made.state is state
    return made


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [
        (CLOSED, "failure", CLOSED),
        (CLOSED, "success", CLOSED),
        (CLOSED, "ask", CLOSED),
        (OPEN, "failure", OPEN),
        (OPEN, "success", OPEN),
        (OPEN, "ask", OPEN),
        (HALF_OPEN, "failure", OPEN),
        (HALF_OPEN, "success", CLOSED),
        (HALF_OPEN, "ask", HALF_OPEN),
    ],
)
def test_every_state_meets_every_event(state: BreakerState, event: str, after: BreakerState) -> None:
    made = breaker(state)
    now = at(11) if state is HALF_OPEN else at(1)
    if event == "failure":
        changed = made.on_failure(now)
    elif event == "success":
        changed = made.on_success(now)
    else:
        changed = False
        assert made.allows(now) is (state is CLOSED)
    assert made.state is after
    assert changed is (after is not state)


def test_it_opens_at_the_last_failure_in_a_row_and_not_before() -> None:
    made = CircuitBreaker(max_failures=3, reset_timeout_s=10)
    assert [made.on_failure(at(0)) for _ in range(3)] == [False, False, True]


def test_a_success_sets_the_count_back() -> None:
    made = CircuitBreaker(max_failures=3, reset_timeout_s=10)
    for _ in range(5):
        made.on_failure(at(0))
        made.on_failure(at(0))
        made.on_success(at(0))
    assert made.state is CLOSED


def test_one_failure_is_enough_where_one_is_the_limit() -> None:
    made = CircuitBreaker(max_failures=1, reset_timeout_s=10)
    assert made.on_failure(at(0))


def test_after_the_wait_exactly_one_probe_passes() -> None:
    made = breaker(OPEN)
    assert not made.allows(at(9.999))
    assert [made.allows(at(10)) for _ in range(4)] == [True, False, False, False]


def test_looking_takes_no_probe() -> None:
    made = breaker(OPEN)
    assert [made.peek(at(second)) for second in (0, 9.999, 10, 11)] == [OPEN, OPEN, HALF_OPEN, HALF_OPEN]
    assert made.allows(at(11))
    assert made.peek(at(11)) is OPEN


def test_a_failed_probe_starts_the_wait_again() -> None:
    made = breaker(HALF_OPEN)
    assert made.on_failure(at(12))
    assert not made.allows(at(21.999))
    assert made.allows(at(22))


def test_a_probe_that_never_ends_is_given_up() -> None:
    made = breaker(HALF_OPEN)
    assert not made.allows(at(19.999))
    assert made.allows(at(20))
    assert not made.allows(at(20))


def test_late_failures_do_not_make_it_wait_longer() -> None:
    made = breaker(OPEN)
    made.on_failure(at(9))
    assert made.allows(at(10))


def test_the_status_line_says_how_long_and_why() -> None:
    made = CircuitBreaker(max_failures=5, reset_timeout_s=30)
    assert made.text(at(0)) == ""
    for _ in range(5):
        made.on_failure(at(0), "timeout")
    assert made.text(at(12.9)) == "brk OPEN 12s (5 timeouts)"
    made.on_failure(at(13), "error")
    assert made.text(at(13)) == "brk OPEN 13s (6 failures)"
    assert made.allows(at(30))
    assert made.text(at(31)) == "brk HALF-OPEN 31s (6 failures)"
    made.on_success(at(31))
    assert made.text(at(31)) == ""


def test_a_reason_that_is_a_sentence_is_only_counted() -> None:
    made = CircuitBreaker(max_failures=2, reset_timeout_s=30)
    for _ in range(2):
        made.on_failure(at(0), "no answer 2.0 s, may be live")
    assert made.text(at(1)) == "brk OPEN 1s (2 failures)"


def test_one_failure_is_named_in_the_singular() -> None:
    made = CircuitBreaker(max_failures=1, reset_timeout_s=30)
    made.on_failure(at(100), "timeout")
    assert made.text(at(101)) == "brk OPEN 1s (1 timeout)"


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0)])
def test_settings_that_mean_nothing_are_refused(failures: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="breaker"):
        CircuitBreaker(max_failures=failures, reset_timeout_s=seconds)


@given(events=st.lists(st.tuples(st.sampled_from(["fail", "ok", "ask"]), st.integers(0, 15)), max_size=60))
def test_while_not_closed_at_most_one_order_passes_in_each_wait(events: list[tuple[str, int]]) -> None:
    made = CircuitBreaker(max_failures=2, reset_timeout_s=10)
    now, last_probe = 0, -100
    for event, gap in events:
        now += gap
        was_closed = made.state is CLOSED
        if event == "fail":
            made.on_failure(at(now))
        elif event == "ok":
            made.on_success(at(now))
        elif made.allows(at(now)) and not was_closed:
            assert now - last_probe >= 10
            last_probe = now
        if made.state is CLOSED:
            last_probe = -100
