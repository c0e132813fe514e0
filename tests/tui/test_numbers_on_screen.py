"""However small the screen and odd the account: a number shown is the engine's, or it is hashes.

The slow sweep takes every 17th size; VELOZ_TEST_SIZES=1 takes all 7,406 of them (about 7 minutes).
"""

import os
import re
from random import Random

import pytest

from tests.tui import factories as f
from tests.tui import number_reader as reader
from tests.tui.drawn import Drawn, draw
from tests.tui.random_views import random_fills, random_view
from veloz_tui.tui.glyphs import ASCII, UNICODE
from veloz_tui.tui.keymap import PANES

FOCUSES = (*PANES, "fills")
WIDTHS, HEIGHTS = range(40, 201), range(10, 56)


def drawn(seed: int, size: tuple[int, int]) -> Drawn:
    random, view = Random(seed), random_view(seed)
    return draw(
        view,
        size,
        fills=random_fills(seed, view),
        focus=random.choice(FOCUSES),
        zoomed=random.random() < 0.4,
        glyphs=random.choice((UNICODE, ASCII)),
    )


def read_all(shown: Drawn) -> int:
    """How many numbers were read; reader.Wrong for the first that isn't the engine's."""
    view = shown.view
    count = reader.check_tables(shown) + reader.check_ladder(shown) + reader.check_venues(shown)
    count += reader.check_words(shown)
    count += reader.check_labelled(shown.text("status"), reader.labelled(view), "status")
    account = [(r" Account +(\S+) USDT", reader.Value(view.account.equity))]
    count += reader.check_labelled(shown.text("account")[:1], account, "account")
    gross = [
        (r" gross (\S+) =", reader.Value(view.account.gross)),
        (r" = (\S+)% eq", reader.Value(reader.times(view.account.gross_fraction, 100))),
    ]
    count += reader.check_labelled(shown.text("positions")[:1], gross, "positions")
    today = [
        (r" fees (\S+)", reader.Value(view.account.day_fees)),
        (r" volume (\S+)", reader.Value(view.account.day_turnover)),
    ]
    return count + reader.check_labelled(shown.text("account")[1:], today, "account")


def size_of(seed: int) -> tuple[int, int]:
    random = Random(seed * 7919)
    return random.choice(WIDTHS), random.choice(HEIGHTS)


@pytest.mark.parametrize("start", range(0, 240, 20))
def test_every_number_on_a_screen_is_the_engines_or_hashes(start: int) -> None:
    counts = [read_all(drawn(seed, size_of(seed))) for seed in range(start, start + 20)]
    assert sum(counts) > 20 * 20


@pytest.mark.parametrize("size", [(200, 55), (120, 40), (80, 24), (60, 20), (40, 10)])
def test_so_it_is_at_the_sizes_people_use(size: tuple[int, int]) -> None:
    for seed in range(300, 320):
        read_all(drawn(seed, size))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_so_it_is_at_sizes_all_over() -> None:
    sizes = [(width, height) for width in WIDTHS for height in HEIGHTS]
    for width, height in sizes[:: int(os.environ.get("VELOZ_TEST_SIZES", "17"))]:
        read_all(drawn(width * 100 + height, (width, height)))


@pytest.mark.parametrize("pane", ["orders", "positions", "account", "watch", "strategies", "fills", "tape"])
def test_the_reader_notices_one_wrong_digit(pane: str) -> None:
    noticed = tried = 0
    for seed in range(400, 430):
        view = random_view(seed)
        shown = draw(view, (160, 40), fills=random_fills(seed, view), focus=pane, zoomed=True)
        numbers = _numbers(shown, pane)
        if not numbers:
            continue
        line, at = Random(seed).choice(numbers)
        _change(shown, pane, line, at)
        tried += 1
        try:
            read_all(shown)
        except reader.Wrong:
            noticed += 1
    assert noticed == tried > 5


def _numbers(shown: Drawn, pane: str) -> list[tuple[int, int]]:
    """Places of the last digits of exact numbers: line of the part, and column."""
    exact = {"orders": "price", "positions": "qty", "account": "total", "watch": "last", "strategies": "ord"}
    title = exact.get(pane, "price")
    found = re.search(rf"(?<!\S){re.escape(title)}(?!\S)", shown.header(pane))
    lines = shown.text(pane)
    body = range(len(lines) - len(shown.body(pane)), len(lines))
    if found is None:
        return []
    at = found.end() - 1
    return [(line, at) for line in body if lines[line][at : at + 1].isdigit()]


def _change(shown: Drawn, pane: str, line: int, at: int) -> None:
    text = shown.text(pane)[line]
    digit = str((int(text[at]) + 1) % 10)
    shown.frame.lines[pane] = [
        *shown.frame.lines[pane][:line],
        ((text[:at] + digit + text[at + 1 :], "base"),),
        *shown.frame.lines[pane][line + 1 :],
    ]


@pytest.mark.parametrize(
    ("text", "value", "is_right"),
    [
        ("64,123.60", "64123.60", True),
        ("64,123.6", "64123.60", True),
        ("4,123.60", "64123.60", False),
        ("64,12", "6412", False),
        ("####", "64123.60", True),
        ("-", "1", False),
        ("12.3k", "12345", True),
        ("12.4k", "12345", False),
        ("1.3", "1.24", False),
    ],
)
def test_what_the_reader_takes_for_right(text: str, value: str, is_right: bool) -> None:
    wanted = reader.Value(f.D(value))
    if is_right:
        reader.check(text, wanted, "here")
    else:
        with pytest.raises(reader.Wrong):
            reader.check(text, wanted, "here")
