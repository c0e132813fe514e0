"""The pictures in the documentation are what the console draws today."""

import re
from html import unescape

import pyte
import pytest

from tests.pictures.__main__ import path_of, take
from tests.pictures.cases import CASES, SIZES
from tests.pictures.svg import picture

MAX_BYTES = 60_000


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", CASES)
def test_every_picture_is_there_and_small(case: str, size: str) -> None:
    assert 5_000 < path_of(case, size).stat().st_size < MAX_BYTES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "size"),
    [("demo", "80x24"), ("halted", "120x40"), ("no-color", "200x55"), ("chinese", "80x24")],
)
def test_a_picture_taken_now_is_the_one_that_is_kept(case: str, size: str) -> None:
    assert take(case, size) == path_of(case, size).read_text(encoding="utf-8"), "python -m tests.pictures"


def words_of(svg: str) -> list[str]:
    return unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split()


def test_a_picture_has_every_word_and_look_of_the_screen() -> None:
    screen = pyte.Screen(20, 2)
    pyte.Stream(screen).feed("a<b \x1b[1;31mred\x1b[0m  \x1b[7mback\x1b[0m\r\n\x1b[48;2;1;2;3m+1.20")
    shown = picture(screen)
    assert words_of(shown) == ["a<b", "red", "back", "+1.20"]
    assert "fill:#cd3131;font-weight:700" in shown
    assert 'fill="#dddddd"/>' in shown and 'fill="#010203"/>' in shown
    assert 'x="8.4"' not in shown  # one run, not a cell each
