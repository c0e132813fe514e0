"""Making a journal, and refusing what isn't one: each refusal says what, where and what to do."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.journal.journals import make, read_all, records, write_all
from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.types import Nanos
from veloz_tui.journal.anchor import read_anchor
from veloz_tui.journal.files import JournalFiles, check_modes, prepare, set_aside
from veloz_tui.journal.load import load


def test_a_new_journal_is_empty_private_and_anchored(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path / "deep" / "journal")
    old = os.umask(0o000)
    try:
        assert prepare(files, now=Nanos(5))
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [files.directory, *files.present()]}
    assert modes == {"journal": 0o700, "journal.db": 0o600, "journal.hwm": 0o600}
    anchor = read_anchor(files.anchor)
    assert anchor is not None
    assert anchor.seq == 0
    assert load(files).end.seq == 0


def test_preparing_an_existing_journal_changes_nothing(tmp_path: Path) -> None:
    files = write_all(tmp_path, 5)
    before = files.database.read_bytes()
    assert not prepare(files, now=Nanos(9))
    assert files.database.read_bytes() == before


def test_two_journals_never_share_a_chain(tmp_path: Path) -> None:
    one, other = JournalFiles(tmp_path / "one"), JournalFiles(tmp_path / "other")
    prepare(one, now=Nanos(1))
    prepare(other, now=Nanos(1))
    assert load(one).end.hash != load(other).end.hash


@pytest.mark.parametrize("name", ["journal.db", "journal.hwm", "."])
def test_files_that_others_could_read_are_refused_with_the_command_that_mends_it(
    tmp_path: Path, name: str
) -> None:
    files = write_all(tmp_path, 1)
    path = files.directory / name
    path.chmod(0o755 if path.is_dir() else 0o640)
    for refused in (lambda: prepare(files, now=Nanos(1)), lambda: load(files)):
        with pytest.raises(JournalError, match=r"open to others: .* run: chmod [67]00"):
            refused()
    path.chmod(0o700 if path.is_dir() else 0o600)
    assert len(read_all(files)) == 1


def test_the_wal_is_private_too(tmp_path: Path) -> None:
    files = make(tmp_path)
    old = os.umask(0o000)
    try:
        with closing(sqlite3.connect(files.database)) as connection:
            connection.execute("INSERT INTO meta VALUES ('a', 'b')")
            connection.commit()
            assert files.wal.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(old)


def test_an_empty_database_is_a_new_journal_only_if_none_was_there_before(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path)
    tmp_path.chmod(0o700)
    files.database.touch(mode=0o600)
    assert prepare(files, now=Nanos(1)), "killed while making it: nothing was in it yet"
    files.database.write_bytes(b"")
    with pytest.raises(JournalError, match="journal is gone"):
        prepare(files, now=Nanos(1))


def test_a_start_that_was_killed_at_any_step_of_making_the_journal_makes_it_again(tmp_path: Path) -> None:
    # After the switch to WAL, before the tables; and after the tables, before the anchor.
    blank = JournalFiles(tmp_path / "blank")
    blank.directory.mkdir(mode=0o700)
    with closing(sqlite3.connect(blank.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    blank.database.chmod(0o600)
    assert prepare(blank, now=Nanos(1))
    assert load(blank).end.seq == 0
    unanchored = make(tmp_path / "unanchored")
    unanchored.anchor.unlink()
    assert not prepare(unanchored, now=Nanos(1))
    assert load(unanchored).end.seq == 0


def test_a_deleted_database_is_not_taken_for_a_new_installation(tmp_path: Path) -> None:
    files = write_all(tmp_path, 7)
    files.database.unlink()
    with pytest.raises(JournalError, match=r"missing or empty, but it had 7 events"):
        prepare(files, now=Nanos(1))
    assert not files.database.exists()


def test_a_wal_without_its_database_is_not_thrown_away(tmp_path: Path) -> None:
    files = make(tmp_path)
    files.database.unlink()
    files.anchor.unlink()
    files.wal.write_bytes(b"x" * 4096)
    files.wal.chmod(0o600)
    with pytest.raises(JournalError, match=r"journal\.db-wal is there"):
        prepare(files, now=Nanos(1))
    assert files.wal.stat().st_size == 4096


def test_a_garbage_file_is_named_and_left_alone(tmp_path: Path) -> None:
    files = make(tmp_path)
    files.database.write_bytes(b"not a database at all" * 1000)
    for refused in (lambda: prepare(files, now=Nanos(1)), lambda: load(files)):
        with pytest.raises(JournalError, match=r"is not a journal .*journal\.db"):
            refused()
    assert files.database.read_bytes().startswith(b"not a database")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    files = make(tmp_path)
    with closing(sqlite3.connect(files.database)) as connection:
        connection.execute("PRAGMA application_id = 42")
    with pytest.raises(JournalError, match="database of something else"):
        load(files)


def test_a_journal_of_a_newer_program_is_refused_and_unchanged(tmp_path: Path) -> None:
    files = make(tmp_path)
    with closing(sqlite3.connect(files.database)) as connection:
        connection.execute("PRAGMA user_version = 2")
    before = files.database.read_bytes()
    with pytest.raises(
        JournalError, match=r"newer than this program: .* version 2, this program reads 1; install"
    ):
        load(files)
    assert files.database.read_bytes() == before


def test_a_missing_journal_is_not_made_by_looking_at_it(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path)
    tmp_path.chmod(0o700)
    with pytest.raises(JournalError, match=r"no journal: .*does not exist; start the engine once"):
        load(files)
    assert list(tmp_path.iterdir()) == []


def test_setting_a_damaged_journal_aside_keeps_it_and_makes_room_for_a_new_one(tmp_path: Path) -> None:
    files = write_all(tmp_path, 3)
    kept = set_aside(files, label="2026-01-02")
    assert sorted(path.name for path in kept.iterdir()) == ["journal.db", "journal.hwm"]
    assert prepare(files, now=Nanos(2))
    assert read_all(files) == []
    assert read_all(JournalFiles(kept)) == records(1, 3)


def test_a_file_that_vanishes_while_it_is_looked_at_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = JournalFiles(tmp_path / "journal")
    prepare(files, now=Nanos(1))
    vanished = files.directory / "journal.hwm.new"
    monkeypatch.setattr(JournalFiles, "present", lambda _: [files.database, vanished])
    check_modes(files)
