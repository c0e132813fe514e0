"""The writer's pure parts."""

from pathlib import Path

import pytest

from tests.unit.journal.journals import created, record, records
from veloz_tui.domain.reports import JournalState
from veloz_tui.journal.backlog import Backlog
from veloz_tui.journal.ballast import Ballast
from veloz_tui.journal.checkpoints import Checkpoints
from veloz_tui.journal.codec import encode, genesis
from veloz_tui.journal.health import Health, WriterSettings
from veloz_tui.journal.intents import Intents

START = genesis("test")


def dues(checkpoints: Checkpoints) -> tuple[bool, bool]:
    return checkpoints.is_due_when_idle, checkpoints.is_due_now


def test_the_backlogs_head_stays_until_it_is_settled() -> None:
    backlog = Backlog(START)
    rows, _ = encode(records(1, 5), end=START)
    backlog.add(rows[:2], now=1.0)
    backlog.add(rows[2:], now=2.0)
    assert backlog.head(3) == rows[:3] == backlog.head(3)
    assert backlog.oldest_at() == 1.0
    backlog.settle(2)
    assert (backlog.durable.seq, len(backlog), backlog.oldest_at()) == (2, 3, 2.0)
    backlog.settle(1)
    assert backlog.oldest_at() == 2.0, "the rest of that arrival still waits"
    backlog.settle(2)
    assert (backlog.durable.hash, len(backlog), backlog.oldest_at()) == (rows[-1][6], 0, None)


@pytest.mark.parametrize(
    ("fault", "is_late", "backlog", "state"),
    [
        ("", False, 0, JournalState.OK),
        ("", False, 49, JournalState.OK),
        ("", False, 50, JournalState.SLOW),
        ("", True, 0, JournalState.SLOW),
        ("disk full", False, 0, JournalState.FAILED),
        ("disk full", True, 99, JournalState.FAILED),
    ],
)
def test_the_worst_of_fault_lateness_and_backlog_is_the_state(
    fault: str, is_late: bool, backlog: int, state: JournalState
) -> None:
    health = Health(WriterSettings(backlog_bound=100))
    health.fault, health.is_late = fault, is_late
    assert health.review(backlog=backlog) == (state is not JournalState.OK)
    assert health.state is state
    assert not health.review(backlog=backlog), "told once"
    assert bool(health.reason) == (state is not JournalState.OK)


def test_a_new_reason_of_a_failure_is_told() -> None:
    health = Health(WriterSettings(backlog_bound=100))
    health.fault = "disk full"
    health.review(backlog=0)
    health.fault = "disk broken"
    assert health.review(backlog=0)


def test_checkpoints_come_when_idle_after_a_megabyte_and_at_once_after_sixteen() -> None:
    checkpoints = Checkpoints()
    assert dues(checkpoints) == (False, False)
    checkpoints.note_commit(1024 * 1024)
    assert dues(checkpoints) == (True, False)
    checkpoints.note_commit(16 * 1024 * 1024)
    assert dues(checkpoints) == (True, True)
    checkpoints.done(frames=5000, moved=5000)
    assert dues(checkpoints) == (False, False)
    assert not checkpoints.is_pinned


def test_small_commits_count_by_the_pages_they_touch() -> None:
    checkpoints = Checkpoints()
    for _ in range(100):
        checkpoints.note_commit(300)
    assert checkpoints.is_due_when_idle


def test_a_reader_that_keeps_the_wal_is_noticed() -> None:
    checkpoints = Checkpoints()
    checkpoints.done(frames=20_000, moved=100)
    assert checkpoints.is_pinned
    assert checkpoints.left_behind == 19_900


def test_an_intent_is_taken_by_its_own_order_once() -> None:
    intents = Intents()
    event = created(7)
    intents.note([record(1), record(2, event)])
    assert not intents.take(event.client_order_id, 1)
    assert not intents.take(created(8).client_order_id, 2)
    assert intents.take(event.client_order_id, 2)
    assert not intents.take(event.client_order_id, 2)


def test_the_ballast_really_takes_its_room_and_gives_it_back(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", size=3_000_000)
    assert ballast.make()
    found = (tmp_path / "ballast").stat()
    assert found.st_size == 3_000_000
    assert found.st_blocks * 512 >= 3_000_000
    ballast.free()
    ballast.free()
    assert not (tmp_path / "ballast").exists()


def test_no_ballast_where_it_would_take_the_last_room(tmp_path: Path) -> None:
    assert not Ballast(tmp_path / "ballast", size=2**60).make()
    assert list(tmp_path.iterdir()) == []
