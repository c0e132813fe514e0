"""Reading while others write: filters, slices, snapshots."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.journal.journals import desk, make, records, write_all
from veloz_tui.domain.types import Nanos
from veloz_tui.journal import reader as reader_module
from veloz_tui.journal.reader import MAX_ORDERS, JournalReader


def test_kinds_and_ends_combine(tmp_path: Path) -> None:
    files = write_all(tmp_path, 60)
    kinds = {"OrderFilled", "OrderCreated"}
    with JournalReader(files.database) as reader:
        parts = reader.events(after_seq=3, end_seq=40, kinds=kinds, slice_rows=4)
        found = [one for part in parts for one in part]
    expected = [one for one in records(1, 60) if 3 < one.seq <= 40 and type(one.event).__name__ in kinds]
    assert found == expected
    assert len(found) > 20


def test_a_stretch_without_anything_wanted_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "STRETCH_ROWS", 1)
    files = write_all(tmp_path, 12)
    with JournalReader(files.database) as reader:
        found = [one for part in reader.events(kinds={"OrderFilled"}) for one in part]
        assert found == [one for one in records(1, 12) if type(one.event).__name__ == "OrderFilled"]
        assert reader.first_at(records(1, 12)[7].event.at) == (8, records(1, 12)[6].event.at)


def test_the_events_of_some_orders_come_in_order(tmp_path: Path) -> None:
    files = write_all(tmp_path, 60)
    names = {getattr(one.event, "client_order_id", "") for one in records(10, 14)} - {""}
    with JournalReader(files.database) as reader:
        found = reader.events_of_orders(names, before_seq=50)
        created = reader.events_of_orders(names, before_seq=50, kinds={"OrderCreated"})
        with pytest.raises(ValueError, match="at most"):
            reader.events_of_orders([str(n) for n in range(MAX_ORDERS + 1)], before_seq=50)
    expected = [one for one in records(1, 49) if getattr(one.event, "client_order_id", None) in names]
    assert found == expected != []
    assert created == [one for one in expected if type(one.event).__name__ == "OrderCreated"]


def test_a_time_is_found_by_the_first_event_that_is_not_before_it(tmp_path: Path) -> None:
    files = write_all(tmp_path, 20)
    times = [one.event.at for one in records(1, 20)]
    with JournalReader(files.database) as reader:
        assert reader.first_at(times[9]) == (times.index(times[9]) + 1, max(t for t in times if t < times[9]))
        assert reader.first_at(Nanos(max(times) + 1)) == (None, max(times))
        assert reader.first_at(Nanos(0)) == (1, None)


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


def test_an_orders_events_and_their_neighbours_are_found(tmp_path: Path) -> None:
    files = write_all(tmp_path, 60)
    every = records(1, 60)
    name = next(name for one in every[20:] if (name := getattr(one.event, "client_order_id", "")))
    with JournalReader(files.database) as reader:
        own = reader.of_order(name)
        assert own == [one for one in every if getattr(one.event, "client_order_id", None) == name] != []
        assert reader.of_order(name, limit=1) == own[:1]
        assert reader.between(first=10, last=12) == every[9:12]
        assert reader.orders_ending(name[-6:], limit=5)[0] == name
        assert reader.orders_ending("nothing", limit=5) == []


def test_a_turn_is_found_by_its_time(tmp_path: Path) -> None:
    files = write_all(tmp_path, 20)
    times = [one.event.at for one in records(1, 20)]
    with JournalReader(files.database) as reader:
        if times == sorted(times):
            assert reader.seq_at(times[9]) == times.index(times[9]) + 1
        assert reader.seq_at(Nanos(max(times) + 1)) == 0
