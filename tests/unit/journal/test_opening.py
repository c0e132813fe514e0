"""The writer as the engine opens it: pragmas, the grown -wal, the reserve, other writers."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.journal.journals import desk, make, read_all, record, records, until
from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.reports import JournalState
from veloz_tui.journal.connections import Durability, open_for_writing
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.load import load
from veloz_tui.journal.opening import open_writer
from veloz_tui.journal.store import AiosqliteStore, InlineStore
from veloz_tui.journal.verify import verify


@pytest.mark.parametrize(("durability", "level"), [(Durability.POWER, 2), (Durability.PROCESS, 1)])
async def test_power_waits_for_the_disk_at_each_commit_process_doesnt(
    tmp_path: Path, durability: Durability, level: int
) -> None:
    store = await AiosqliteStore.open(make(tmp_path).database, durability=durability, wal_bytes=0)
    assert await store.execute("PRAGMA synchronous") == [(level,)]
    assert await store.execute("PRAGMA journal_mode") == [("wal",)]
    assert await store.execute("PRAGMA wal_autocheckpoint") == [(0,)]
    await store.close()


def test_the_wal_has_its_size_before_trading_and_nothing_of_that_stays(tmp_path: Path) -> None:
    files = make(tmp_path)
    with closing(open_for_writing(files.database, wal_bytes=2_000_000)) as connection:
        grown = files.wal.stat().st_size
        assert grown >= 1_700_000
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")
        assert files.wal.stat().st_size == grown
        assert connection.execute("SELECT count(*) FROM snapshot").fetchone() == (0,)
    assert files.database.stat().st_size < 100_000


async def test_the_engines_writer_writes_and_leaves_everything_in_order(tmp_path: Path) -> None:
    files = make(tmp_path)
    durable: list[int] = []
    states: list[JournalState] = []
    writer = await open_writer(
        load(files),
        durability=Durability.POWER,
        on_durable=durable.append,
        on_state=lambda state, reason: states.append(state),
        on_overflow=lambda: states.append(JournalState.FAILED),
        ballast_bytes=50_000,
        wal_bytes=500_000,
    )
    assert files.ballast.stat().st_size == 50_000
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        writer.append(records(1, 30))
        await writer.wait_durable(30)
        await writer.close()
    assert durable[-1] == 30
    assert JournalState.FAILED not in states
    assert not files.wal.exists()
    assert verify(files).is_ok
    assert load(files).was_clean


async def test_a_closed_writer_has_given_the_file_back(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 3))
        await made.writer.close()
        assert not files.wal.exists(), "the last connection to leave removes it"


async def test_another_program_that_holds_the_lock_fails_the_journal_until_it_lets_go(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append([record(1)])
        await made.writer.wait_durable(1)
        await made.store.execute("PRAGMA busy_timeout = 20")
        with closing(sqlite3.connect(files.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            made.writer.append([record(2)])
            await until(lambda: made.writer.state is JournalState.FAILED)
            assert "locked" in made.states[-1][1]
            other.execute("ROLLBACK")
        await until(lambda: made.writer.state is JournalState.OK)
    assert [one.seq for one in read_all(files)] == [1, 2]


async def test_a_missing_database_is_not_made_by_opening_it(tmp_path: Path) -> None:
    files = JournalFiles(tmp_path)
    with pytest.raises(JournalError, match=r"can't be opened .*journal\.db"):
        await AiosqliteStore.open(files.database)
    with pytest.raises(JournalError, match="can't be opened"):
        InlineStore(files.database)
    assert list(tmp_path.iterdir()) == []
