"""Reading while others write: filters, slices, snapshots."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.journal.journals import desk, make, records, write_all
from veloz_tui.domain.types import Nanos
from veloz_tui.journal.reader import JournalReader


def test_filters_by_kind_and_time_combine(tmp_path: Path) -> None:
    files = write_all(tmp_path, 60)
    with JournalReader(files.database) as reader:
        found = [
            one
            for part in reader.events(
                after_seq=3,
                kinds={"OrderFilled", "OrderCreated"},
                since=Nanos(10),
                until=Nanos(40),
                slice_rows=4,
            )
            for one in part
        ]
    expected = [
        one
        for one in records(1, 60)
        if 10 <= one.event.at < 40 and type(one.event).__name__ in ("OrderFilled", "OrderCreated")
    ]
    assert found == expected
    assert len(found) == 20


def test_without_filters_everything_comes_in_slices(tmp_path: Path) -> None:
    files = write_all(tmp_path, 10)
    with JournalReader(files.database) as reader:
        assert [len(part) for part in reader.events(slice_rows=4)] == [4, 4, 2]
        assert list(reader.events(after_seq=10)) == []
        assert list(reader.events(kinds={"Halted"})) == []


def test_meta_says_what_the_file_is(tmp_path: Path) -> None:
    with JournalReader(make(tmp_path).database) as reader:
        assert reader.meta() == {"journal_id": "test", "created_at": "1", "clean": "1"}


async def test_a_slow_reader_sees_what_came_meanwhile_and_keeps_nothing_from_the_checkpoint(
    tmp_path: Path,
) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 4))
        await made.writer.wait_durable(4)
        with JournalReader(files.database) as reader:
            parts = reader.events(slice_rows=4)
            assert [one.seq for one in next(parts)] == [1, 2, 3, 4]
            made.writer.append(records(5, 6))
            await made.writer.wait_durable(6)
            ((busy, frames, moved),) = await made.store.execute("PRAGMA wal_checkpoint(PASSIVE)")
            assert (busy, frames) == (0, moved)
            assert [one.seq for part in parts for one in part] == [5, 6]


def test_a_reader_cant_write(tmp_path: Path) -> None:
    files = write_all(tmp_path, 1)
    with JournalReader(files.database) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM event")


def test_paths_with_special_characters_are_read(tmp_path: Path) -> None:
    files = write_all(tmp_path / "a b?c#d%e", 2)
    with JournalReader(files.database) as reader:
        assert reader.end().seq == 2
    with closing(sqlite3.connect(files.database)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (2,)
