"""Checking everything: what is found, how it reads, and the checked copy."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.unit.journal.journals import desk, make, records, write_all
from veloz_tui.domain.errors import JournalError
from veloz_tui.journal.backup import backup
from veloz_tui.journal.errors import TailLost
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.load import load
from veloz_tui.journal.verify import verify, verify_database


def change(files: JournalFiles, statement: str) -> None:
    with closing(sqlite3.connect(files.database, isolation_level=None)) as connection:
        connection.execute(statement)


async def test_a_sound_journal_reads_ok(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 12))
        await made.writer.write_snapshot(12, b"state")
    report = verify(files)
    assert report.is_ok
    assert (report.events, report.last_seq, report.broken_seq, report.was_clean) == (12, 12, None, True)
    assert "12 in an unbroken chain" in report.text()
    assert report.text().endswith("OK")
    assert msgspec.json.decode(msgspec.json.encode(report))["events"] == 12


@pytest.mark.parametrize(
    ("damage", "broken_seq", "events"),
    [
        ("UPDATE event SET body = replace(body, 'hello', 'hallo') WHERE seq = 5", 5, 4),
        ("UPDATE event SET client_order_id = NULL WHERE seq = 4", 4, 3),
        ("UPDATE event SET at = at + 1 WHERE seq = 12", 12, 11),
        ("DELETE FROM event WHERE seq = 7", 7, 6),
        ("DELETE FROM event WHERE seq = 1", 1, 0),
        ("UPDATE event SET hash = x'00' WHERE seq = 9", 9, 8),
    ],
)
def test_damage_is_reported_with_its_number(
    tmp_path: Path, damage: str, broken_seq: int, events: int
) -> None:
    files = write_all(tmp_path, 12)
    change(files, damage)
    report = verify(files)
    assert (report.broken_seq, report.events) == (broken_seq, events)
    assert f"event {broken_seq}: " in report.text()
    assert "DAMAGED" in report.text()


def test_a_lost_tail_and_a_damaged_snapshot_are_problems_too(tmp_path: Path) -> None:
    files = write_all(tmp_path, 12)
    change(files, "INSERT INTO snapshot VALUES (3, x'01', x'02')")
    change(files, "DELETE FROM event WHERE seq > 10")
    report = verify(files)
    assert report.broken_seq is None
    assert any("event 12" in problem for problem in report.problems)
    assert "snapshot after event 3 is damaged" in report.problems
    assert [check.is_valid for check in report.snapshots] == [False]


def test_an_unreadable_file_is_a_report_and_no_exception(tmp_path: Path) -> None:
    files = make(tmp_path)
    files.database.write_bytes(b"garbage" * 999)
    report = verify(files)
    assert not report.is_ok
    assert "is not a journal" in report.problems[0]
    assert not verify_database(tmp_path / "absent.db").is_ok


async def test_a_running_journal_can_be_verified(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 50))
        await made.writer.wait_durable(50)
        report = verify(files)
        assert report.is_ok
        assert not report.was_clean


# --- Backup -----------------------------------------------------------------------------------------------


async def test_a_backup_of_a_running_journal_is_complete_private_and_checked(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 500))
        await made.writer.write_snapshot(400, b"state")
        await made.writer.wait_durable(500)
        target = tmp_path / "copy.db"
        report = backup(files.database, target)
        made.writer.append(records(501, 510))
    assert report.is_ok
    assert (report.path, report.events, len(report.snapshots)) == (str(target), 500, 1)
    assert target.stat().st_mode & 0o777 == 0o600
    assert verify_database(target).last_hash == report.last_hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "journal"]


def test_a_backup_never_replaces_a_file(tmp_path: Path) -> None:
    files = write_all(tmp_path, 3)
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(JournalError, match="exists already"):
        backup(files.database, target)
    assert target.read_text() == "precious"


def test_a_damaged_journal_gives_no_backup(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    change(files, "DELETE FROM event WHERE seq = 4")
    with pytest.raises(JournalError, match=r"the copy of .* is damaged: event 4"):
        backup(files.database, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]


def test_a_backup_into_nowhere_says_where(tmp_path: Path) -> None:
    files = write_all(tmp_path, 1)
    with pytest.raises(JournalError, match=r"backup not made: .*absent"):
        backup(files.database, tmp_path / "absent" / "copy.db")


def test_a_restored_backup_goes_on_once_the_operator_accepts_what_it_lacks(tmp_path: Path) -> None:
    files = write_all(tmp_path, 6)
    copy = tmp_path / "copy.db"
    backup(files.database, copy)

    asyncio.run(_go_on(files, last=9))
    copy.replace(files.database)
    with pytest.raises(TailLost):
        load(files)
    asyncio.run(_go_on(files, last=7))
    assert load(files).end.seq == 7


async def _go_on(files: JournalFiles, *, last: int) -> None:
    async with desk(files) as made:
        made.writer.append(records(7, last))
