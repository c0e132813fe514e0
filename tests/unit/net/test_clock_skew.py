"""The venue's clock from time queries."""

from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.net.clock_skew import ClockSkew


def query(skew: ClockSkew, *, at: float, offset: float, out: float = 10, back: float = 10) -> bool:
    """One time query sent at local time `at`, with one-way delays `out` and `back`."""
    return skew.add(sent_ms=at, server_ms=at + out + offset, received_ms=at + out + back)


def test_nothing_is_known_before_the_first_sample() -> None:
    assert ClockSkew().error_ms is None
    assert ClockSkew().offset_ms == 0


def test_the_sample_with_the_shortest_round_trip_wins() -> None:
    skew = ClockSkew()
    query(skew, at=0, offset=500, out=90, back=10)
    query(skew, at=1000, offset=500, out=5, back=5)
    query(skew, at=2000, offset=500, out=10, back=70)
    assert skew.offset_ms == 500
    assert skew.error_ms == 5


def test_a_slow_answer_is_not_a_jump() -> None:
    skew = ClockSkew()
    query(skew, at=0, offset=500)
    assert not query(skew, at=1000, offset=500, out=3000, back=10)
    assert skew.offset_ms == 500


def test_a_clock_that_stepped_is_a_jump_and_the_new_offset_is_taken() -> None:
    skew = ClockSkew()
    query(skew, at=0, offset=500)
    assert query(skew, at=1000, offset=-3000)
    assert skew.offset_ms == -3000
    assert skew.jumps == 1


def test_slow_drift_is_followed_without_a_jump() -> None:
    skew = ClockSkew(keep=4)
    jumps = [query(skew, at=minute * 60_000, offset=minute * 3) for minute in range(100)]
    assert not any(jumps)
    assert abs(skew.offset_ms - 99 * 3) <= 9


def test_an_answer_before_its_question_is_ignored() -> None:
    skew = ClockSkew()
    assert not skew.add(sent_ms=100, server_ms=100, received_ms=90)
    assert skew.error_ms is None


def test_forgetting_drops_every_sample() -> None:
    skew = ClockSkew()
    query(skew, at=0, offset=500)
    skew.forget()
    assert skew.error_ms is None


@given(
    offset=st.integers(-10_000, 10_000),
    delays=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=20),
)
def test_the_estimate_is_never_wrong_by_more_than_its_stated_error(
    offset: int, delays: list[tuple[int, int]]
) -> None:
    skew = ClockSkew()
    for number, (out, back) in enumerate(delays):
        query(skew, at=number * 1000, offset=offset, out=out, back=back)
    assert skew.error_ms is not None
    assert abs(skew.offset_ms - offset) <= skew.error_ms
    assert skew.jumps == 0
