"""Every benchmark runs and gives rows. Times are never asserted: machines differ."""

import json
from itertools import pairwise

import pytest

from tests.bench.__main__ import BENCHES, main
from tests.bench.market import FIRST_LOTS, generate, load, market_file
from tests.bench.rows import Row, show


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_benchmark_runs_and_prints_rows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--quick", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows
    assert not [row["value"] for row in rows if row["what"] == "did not come to its end"]
    assert all(row["what"] and row["value"] and "nan" not in row["value"] for row in rows)


def test_the_generated_market_is_the_load_it_says_it_is() -> None:
    market = generate(400)
    frames = [json.loads(market.frame(number)[4:])["data"] for number in range(400)]
    levels = sum(len(frame["b"]) + len(frame["a"]) for frame in frames) / len(frames)
    assert 33 < levels < 37
    assert 1_100 < len(market.frames) / 400 < 1_350
    assert all(one["u"] + 1 == following["U"] for one, following in pairwise(frames))
    assert market.best_bid[1] == (FIRST_LOTS + 399) / 100_000


def test_a_market_file_is_made_once() -> None:
    path = market_file(100)
    assert load(path).last_ids == load(market_file(100)).last_ids


def test_the_table_shows_misses_as_misses() -> None:
    shown = show([Row("feed", "a", "1 µs", "<= 2 µs", True), Row("feed", "b", "3 µs", "<= 2 µs", False)])
    assert shown.splitlines()[0].endswith("pass")
    assert shown.splitlines()[1].endswith("MISS")
