"""Every benchmark runs and gives rows. Times are never asserted: machines differ."""

import json
from itertools import pairwise

import pytest

from tests.bench.__main__ import BENCHES, main
from tests.bench.canned_orders import CannedOrders
from tests.bench.market import FIRST_LOTS, generate, load, market_file
from tests.bench.recording import FILE, busiest_second
from tests.bench.rows import Row, show


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_benchmark_runs_and_prints_rows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--quick", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows
    assert not [row["value"] for row in rows if row["what"] == "did not come to its end"]
    assert all(row["what"] and row["value"] for row in rows)
    assert not [row for row in rows if "nan" in row["value"] or "inf" in row["value"]]


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


@pytest.mark.skipif(not FILE.exists(), reason="the recording isn't there")
def test_the_busiest_second_is_repeated_without_a_gap_and_ends_where_it_began() -> None:
    market = load(busiest_second(2))
    frames = [json.loads(text[text.index(b"{") :]) for text in map(market.frame, range(len(market.ends)))]
    diffs = [frame["data"] for frame in frames if frame["stream"].endswith("@depth@100ms")]
    assert all(one["u"] + 1 == following["U"] for one, following in pairwise(diffs))
    snapshot = json.loads(market.snapshot)
    assert snapshot["lastUpdateId"] + 1 == diffs[0]["U"]
    assert len(market.at_s) == len(market.ends) > 2_000
    for side, changes in (("bids", "b"), ("asks", "a")):
        first = dict(snapshot[side])
        levels = dict(first)
        for diff in diffs:
            levels.update(diff[changes])
        assert {price: size for price, size in levels.items() if float(size)} == first


def test_an_order_rests_until_it_is_canceled_and_its_first_cancel_is_stamped() -> None:
    orders = CannedOrders()
    placed, _ = orders.place(b'{"side":"BUY","timeInForce":"GTC","newClientOrderId":"one","quantity":"1"}')
    number = json.loads(placed)["orderId"]
    answered = orders.cancel(b'{"orderId":%d}' % number, at=7)
    assert answered is not None
    assert json.loads(answered[0])["origClientOrderId"] == "one"
    assert json.loads(answered[1][0])["X"] == "CANCELED"
    assert orders.canceled_at == {"one": 7}
    assert orders.cancel(b'{"orderId":%d}' % number, at=9) is None
    assert orders.listed() == b"[]"


def test_the_table_shows_misses_as_misses() -> None:
    shown = show([Row("feed", "a", "1 µs", "<= 2 µs", True), Row("feed", "b", "3 µs", "<= 2 µs", False)])
    assert shown.splitlines()[0].endswith("pass")
    assert shown.splitlines()[1].endswith("MISS")
