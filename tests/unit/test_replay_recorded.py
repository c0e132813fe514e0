"""Recorded Binance spot markets through venue process, sockets, adapter, engine and journal."""

from pathlib import Path

import pytest

from tests.replay.oracle import cut
from tests.replay.run import replay
from tests.venues import recorded

LARGE = "binance_spot/hft_spot_btcusdt_20240808.gz"
SMALL = "binance_spot/cryptofeed_BINANCE_20211012.jsonl.zst"


async def test_four_instruments_equal_their_recorded_best_prices(tmp_path: Path) -> None:
    pytest.importorskip("zstandard")
    result = await replay(recorded.path(SMALL), tmp_path / "journal")
    assert result.is_good, result
    assert result.compared > 20


async def test_the_book_equals_the_recorded_best_prices_at_every_exact_point(tmp_path: Path) -> None:
    path = cut(recorded.path(LARGE), tmp_path / "cut.gz", seconds=40)
    result = await replay(path, tmp_path / "journal")
    assert result.is_good, result
    assert result.compared > 50
    (verdict,) = result.verdicts.values()
    assert (verdict.syncing, verdict.gaps) == (0, 0)


async def test_every_diff_that_the_venue_drops_is_noticed(tmp_path: Path) -> None:
    path = cut(recorded.path(LARGE), tmp_path / "cut.gz", seconds=40)
    result = await replay(path, tmp_path / "journal", drop=0.02, seed=7, speed=15)
    assert result.is_good, result
    (verdict,) = result.verdicts.values()
    assert verdict.dropped > 3
    assert verdict.noticed > 1
    assert verdict.resyncs > 1
    assert verdict.noticed + verdict.covered == verdict.dropped
