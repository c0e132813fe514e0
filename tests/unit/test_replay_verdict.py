"""The replay's judge: it must find what it is there for."""

import gzip
import json
from pathlib import Path

import pytest

from tests.replay.oracle import Diff, Market, NotSpot, cut, read
from tests.replay.verdict import Applied, Kind, judge

TOP = ((10.0, 5.0), (11.0, 4.0))


def market() -> Market:
    return Market([Diff(n, n) for n in range(1, 7)], {4: TOP})


def snapshot(update_id: int) -> Applied:
    return Applied(Kind.SNAPSHOT, update_id, *TOP, is_fresh=True)


def delta(update_id: int) -> Applied:
    return Applied(Kind.DELTA, update_id, *TOP, is_fresh=True)


GAP = Applied(Kind.STALE, reason="gap: 3 to 5")


def test_a_run_in_step_is_good() -> None:
    verdict = judge(market(), [snapshot(2), *map(delta, (3, 4, 5, 6))], set())
    assert verdict.is_good
    assert (verdict.compared, verdict.syncing, verdict.resyncs) == (1, 0, 0)


def test_a_wrong_size_at_an_exact_point_is_a_mismatch() -> None:
    wrong = Applied(Kind.DELTA, 4, (10.0, 5.1), TOP[1], is_fresh=True)
    assert len(judge(market(), [snapshot(2), delta(3), wrong, delta(5), delta(6)], set()).mismatches) == 1


def test_a_right_book_that_is_called_stale_is_a_mismatch() -> None:
    stale = Applied(Kind.DELTA, 4, *TOP, is_fresh=False)
    assert len(judge(market(), [snapshot(2), delta(3), stale, delta(5), delta(6)], set()).mismatches) == 1


def test_a_change_applied_over_a_dropped_one_is_missed() -> None:
    assert judge(market(), [snapshot(2), delta(3), delta(5), delta(6)], {4}).missed == [
        "u=5: applied after u=3"
    ]


def test_a_noticed_drop_is_no_failure_and_its_point_counts_as_syncing_no_more() -> None:
    verdict = judge(market(), [snapshot(2), delta(3), GAP, snapshot(5), delta(6)], {4})
    assert verdict.is_good
    assert (verdict.noticed, verdict.covered, verdict.gaps, verdict.resyncs) == (1, 0, 1, 1)


def test_a_drop_while_out_of_step_is_covered_by_the_snapshot() -> None:
    verdict = judge(market(), [snapshot(2), GAP, snapshot(5), delta(6)], {5})
    assert verdict.is_good
    assert (verdict.covered, verdict.noticed, verdict.syncing) == (1, 0, 1)


def test_a_change_without_a_snapshot_after_stale_is_missed() -> None:
    log = [snapshot(2), delta(3), GAP, delta(4), delta(5), delta(6)]
    assert "applied without a snapshot" in judge(market(), log, set()).missed[0]


def test_a_book_that_stops_and_is_called_fresh_is_missed() -> None:
    assert "never came" in judge(market(), [snapshot(2), delta(3)], set()).missed[0]


def write(path: Path, data: dict[str, object], stream: str) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for second in range(3):
            out.write(f"{second * 1_000_000_000} {json.dumps({'stream': stream, 'data': data})}\n")
    return path


def test_futures_recordings_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "f.gz", {"U": 1, "u": 2, "pu": 0, "b": [], "a": []}, "btcusdt@depth@0ms")
    with pytest.raises(NotSpot, match="futures"):
        read(path)


def test_a_cut_keeps_the_first_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "f.gz", {"U": 1, "u": 2, "b": [], "a": []}, "btcusdt@depth@100ms")
    assert read(cut(path, tmp_path / "cut.gz", seconds=1.5)).frames == 2
