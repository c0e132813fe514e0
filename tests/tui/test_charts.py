"""Charts made of text: what is drawn where, in dots and in letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.tui import charts

NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    assert charts.line([0.0, 1.0, 2.0, 3.0], height=4, is_ascii=True) == ["   *", "  * ", " *  ", "*   "]
    assert charts.line([0.0, 1.0, 2.0, 3.0], height=1) == ["⡠⠊"]


def test_a_jump_is_drawn_as_a_line_and_a_flat_one_in_the_middle() -> None:
    assert charts.line([0.0, 3.0], height=4, is_ascii=True) == [" *", " *", " *", "* "]
    assert charts.line([5.0, 5.0], height=3, is_ascii=True) == ["  ", "**", "  "]


def test_what_isnt_known_is_left_empty() -> None:
    assert charts.line([None, None, 1.0], height=1, is_ascii=True) == ["  *"]
    assert charts.line([None, None], height=2) == [" ", " "]
    assert charts.line([], height=1) == [""]


@given(st.lists(st.none() | NUMBERS, max_size=50), st.integers(1, 12), st.booleans())
def test_a_line_fills_its_rectangle_and_each_known_value_shows(
    values: list[float | None], height: int, is_ascii: bool
) -> None:
    drawn = charts.line(values, height=height, is_ascii=is_ascii)
    width = len(values) if is_ascii else -(-len(values) // 2)
    assert [len(row) for row in drawn] == [width] * height
    for at, value in enumerate(values):
        column = "".join(row[at if is_ascii else at // 2] for row in drawn)
        assert column.strip() or value is None
    assert not is_ascii or "".join(drawn).isascii()


def test_samples_are_the_last_value_known_by_then() -> None:
    points = [(10, 1.0), (20, 2.0), (21, 3.0)]
    found = charts.sample(points, begin=0, end=40, count=4)
    assert found == [1.0, 2.0, 3.0, 3.0]
    assert charts.sample(points, begin=0, end=8, count=2) == [None, None]


@pytest.mark.parametrize(
    ("value", "drawn", "letters"),
    [(10.0, "████", "####"), (-5.0, "██", "##"), (0.0, "", ""), (0.001, "▏", "#"), (1.0, "▍", "#")],
)
def test_bars_are_as_long_as_their_part_of_the_largest(value: float, drawn: str, letters: str) -> None:
    assert charts.bar(value, 10.0, 4) == drawn
    assert charts.bar(value, 10.0, 4, is_ascii=True) == letters


@given(NUMBERS, st.floats(0, 1e12), st.integers(0, 60), st.booleans())
def test_no_bar_is_longer_than_its_room(value: float, more: float, width: int, is_ascii: bool) -> None:
    assert len(charts.bar(value, abs(value) + more, width, is_ascii=is_ascii)) <= width
