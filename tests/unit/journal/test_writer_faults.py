"""A slow, full or broken disk: what the writer says, keeps, and comes back from."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.journal.journals import (
    Desk,
    created,
    desk,
    filled,
    make,
    order_id,
    read_all,
    record,
    records,
    said,
    until,
)
from veloz_tui.domain.errors import InvariantBroken, JournalError
from veloz_tui.domain.reports import JournalState
from veloz_tui.journal.health import WriterSettings
from veloz_tui.journal.load import load
from veloz_tui.journal.reader import JournalReader
from veloz_tui.journal.store import disk_full, seeded_disk, sqlite_error
from veloz_tui.journal.verify import verify

OK, SLOW, FAILED = JournalState.OK, JournalState.SLOW, JournalState.FAILED
EIO = sqlite_error(sqlite3.SQLITE_IOERR | 4 << 8, "SQLITE_IOERR_FSYNC", "disk I/O error")


class Disk:
    """A disk whose faults are set by the test."""

    def __init__(self) -> None:
        self.fault: Callable[[str], sqlite3.Error | None] = lambda statement: None
        self.free = asyncio.Event()
        self.free.set()
        self.statements = 0

    async def __call__(self, statement: str) -> None:
        await self.free.wait()
        self.statements += 1
        error = self.fault(statement)
        if error is not None:
            raise error


async def started(made: Desk) -> None:
    """The writer has made its first durable write."""
    made.writer.append([record(1)])
    await made.writer.wait_durable(1)


# --- Slow -------------------------------------------------------------------------------------------------


async def test_an_event_that_waits_too_long_makes_the_journal_slow_until_a_write_is_in_time(
    tmp_path: Path,
) -> None:
    disk = Disk()
    files = make(tmp_path)
    settings = WriterSettings(slow_after_s=0.05, retry_every_s=0.01)
    async with desk(files, hook=disk, settings=settings) as made:
        await started(made)
        disk.free.clear()
        made.writer.append(records(2, 4))
        await until(lambda: made.writer.state is SLOW)
        assert made.writer.durable_seq == 1
        assert made.writer.oldest_wait_s >= 0.05
        disk.free.set()
        await until(lambda: made.writer.state is OK)
        assert made.writer.durable_seq == 4
    assert made.state_names == [SLOW, OK]
    assert "50 ms" in made.states[0][1]


async def test_appending_never_waits_for_a_stuck_disk_and_nothing_is_lost(tmp_path: Path) -> None:
    disk = Disk()
    files = make(tmp_path)
    async with desk(files, hook=disk) as made:
        disk.free.clear()
        for seq in range(1, 3_001):
            made.writer.append([record(seq)])
        assert made.writer.backlog == 3_000
        disk.free.set()
    assert read_all(files) == [record(seq) for seq in range(1, 3_001)]


async def test_a_half_full_backlog_is_slow_a_full_one_calls_for_the_kill_once(tmp_path: Path) -> None:
    disk = Disk()
    files = make(tmp_path)
    settings = WriterSettings(backlog_bound=100, retry_every_s=0.01)
    async with desk(files, hook=disk, settings=settings) as made:
        disk.free.clear()
        made.writer.append(records(1, 49))
        assert made.writer.state is OK
        made.writer.append(records(50, 50))
        assert made.writer.state is SLOW
        assert made.overflows == 0
        made.writer.append(records(51, 99))
        assert made.overflows == 0
        made.writer.append(records(100, 100))
        made.writer.append(records(101, 150))
        assert made.overflows == 1
        with pytest.raises(InvariantBroken, match="no one stopped at the bound"):
            made.writer.append(records(151, 250))
        disk.free.set()
        await until(lambda: made.writer.state is OK)
    assert read_all(files) == records(1, 150), "over the bound too, nothing is dropped"


# --- Full -------------------------------------------------------------------------------------------------


async def test_a_full_disk_fails_the_journal_and_room_brings_it_back_with_everything(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        await started(made)
        await made.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((pages,),) = await made.store.execute("PRAGMA page_count")
        assert isinstance(pages, int)
        await made.store.execute(f"PRAGMA max_page_count = {pages + 2}")
        made.writer.append([record(seq, said(seq, "x" * 2000)) for seq in range(2, 50)])
        await until(lambda: made.writer.state is FAILED)
        assert "full" in made.states[-1][1]
        made.writer.append([record(50)])
        with JournalReader(files.database) as reader:  # reading goes on
            assert reader.end().seq == made.writer.durable_seq
        await made.store.execute(f"PRAGMA max_page_count = {pages + 1000}")
        await until(lambda: made.writer.state is OK)
        assert made.writer.durable_seq == 50
    assert made.state_names == [FAILED, OK]
    assert [one.seq for one in read_all(files)] == list(range(1, 51))
    assert verify(files).is_ok


async def test_small_probes_that_fit_dont_call_a_full_disk_healthy(tmp_path: Path) -> None:
    disk = Disk()
    async with desk(make(tmp_path), hook=disk, close=False) as made:
        await started(made)
        disk.fault = lambda statement: disk_full() if statement.startswith("INSERT INTO event") else None
        made.writer.append(records(2, 4))
        await until(lambda: made.writer.state is FAILED)
        tries = disk.statements
        await until(lambda: disk.statements > tries + 10)
        assert made.state_names == [FAILED]
        disk.fault = lambda statement: None
        await until(lambda: made.writer.state is OK)
        assert made.writer.durable_seq == 4


async def test_the_ballast_makes_room_for_the_last_records_and_trading_waits_for_a_new_one(
    tmp_path: Path,
) -> None:
    files = make(tmp_path)
    disk = Disk()
    async with desk(files, hook=disk, ballast_bytes=100_000) as made:
        await started(made)
        assert files.ballast.stat().st_size == 100_000
        assert files.ballast.stat().st_mode & 0o777 == 0o600
        fulls = 0

        def full_once(statement: str) -> sqlite3.Error | None:
            nonlocal fulls
            fulls += 1
            return disk_full() if fulls == 1 else None

        disk.fault = full_once
        made.writer.append([record(2, created(2))])
        await until(lambda: made.writer.durable_seq == 2)
        await until(lambda: made.writer.state is OK)
        assert files.ballast.stat().st_size == 100_000
    assert made.state_names == [FAILED, OK]
    assert [one.seq for one in read_all(files)] == [1, 2]


async def test_on_the_reserve_records_are_written_but_the_journal_stays_failed(tmp_path: Path) -> None:
    files = make(tmp_path)
    disk = Disk()
    files.ballast.write_bytes(b"x" * 1000)
    files.ballast.chmod(0o600)
    async with desk(files, hook=disk, ballast_bytes=2**62) as made:  # no disk has room for a new one
        await started(made)
        disk.fault = lambda statement: disk_full() if files.ballast.is_file() else None
        for seq in range(2, 20):
            made.writer.append([record(seq)])
            await made.writer.wait_durable(seq)
        assert made.state_names == [FAILED]
    assert not files.ballast.exists()
    assert len(read_all(files)) == 19


async def test_a_snapshot_that_doesnt_fit_is_reported_and_given_up(tmp_path: Path) -> None:
    files = make(tmp_path)
    disk = Disk()
    async with desk(files, hook=disk) as made:
        await started(made)
        disk.fault = lambda statement: disk_full() if "INTO snapshot" in statement else None
        with pytest.raises(JournalError, match="snapshot not written"):
            await made.writer.write_snapshot(1, b"state")
        await until(lambda: made.writer.state is OK)
        assert made.state_names == [FAILED, OK]
    assert load(files).snapshot is None


@pytest.mark.parametrize("refused", ["", "INSERT INTO event"], ids=["everything", "all but small writes"])
async def test_a_disk_that_is_full_at_close_leaves_the_journal_unclean_and_says_so(
    tmp_path: Path, refused: str
) -> None:
    files = make(tmp_path)
    disk = Disk()
    async with desk(files, hook=disk, close=False) as made:
        await started(made)
        disk.fault = lambda statement: disk_full() if statement.startswith(refused) else None
        made.writer.append([record(2)])
        await until(lambda: made.writer.state is FAILED)
        with pytest.raises(JournalError, match="1 events did not reach the journal"):
            await made.writer.close(timeout_s=5.0)
    loaded = load(files)
    assert not loaded.was_clean
    assert loaded.end.seq == 1


# --- Broken -----------------------------------------------------------------------------------------------


async def test_after_an_io_error_nothing_is_tried_again(tmp_path: Path) -> None:
    files = make(tmp_path)
    disk = Disk()
    async with desk(files, hook=disk, close=False) as made:
        await started(made)
        disk.fault = lambda statement: EIO
        made.writer.append([record(2, created(2))])
        waiting = asyncio.create_task(made.writer.wait_durable(2))
        await until(lambda: made.writer.state is FAILED)
        with pytest.raises(JournalError, match="did not reach the journal: disk I/O error"):
            await waiting
        tried = disk.statements
        disk.fault = lambda statement: None  # even a disk that works again is not believed
        made.writer.append([record(3)])
        with pytest.raises(JournalError):
            await made.writer.wait_durable(3)
        with pytest.raises(InvariantBroken):
            made.writer.mint(order_id(2), 2)
        with pytest.raises(JournalError, match="2 events did not reach"):
            await made.writer.close()
        assert disk.statements == tried
    assert made.state_names == [FAILED]
    assert [one.seq for one in read_all(files)] == [1]


async def test_a_fill_that_was_booked_twice_stops_the_writer(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files, close=False) as made:
        await started(made)
        made.writer.append([record(2, filled(7))])
        await made.writer.wait_durable(2)
        made.writer.append([record(3, filled(7))])
        await until(lambda: made.writer.state is FAILED)
        assert "venue_key" in made.states[-1][1]
    assert [one.seq for one in read_all(files)] == [1, 2]


async def test_a_journal_that_someone_else_wrote_meanwhile_is_not_written(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        await started(made)
    async with desk(files, close=False) as first:
        await until(lambda: first.writer.state is OK)
        first.writer.append([record(2)])
        await first.writer.wait_durable(2)
        first.writer._backlog.durable = load(files).end
        late = Desk(files, first.store, WriterSettings(), 0)
        first.writer.append([record(3)])
        await first.writer.wait_durable(3)
        running = asyncio.create_task(late.writer.run())
        await until(lambda: late.writer.state is FAILED)
        assert "ends at event 3, not at 2" in late.states[-1][1]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_commit_that_succeeded_though_it_reported_an_error_is_not_written_twice(
    tmp_path: Path,
) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        await started(made)
        execute = made.store.execute
        lies = [1]

        async def lie(statement: str, values: object = ()) -> list[tuple[int | str | bytes | None, ...]]:
            found = await execute(statement, values)  # type: ignore[arg-type]
            if statement.startswith("INSERT INTO event") and lies:
                lies.clear()
                raise sqlite_error(sqlite3.SQLITE_INTERRUPT, "SQLITE_INTERRUPT", "interrupted")
            return found

        made.store.execute = lie  # type: ignore[method-assign]
        made.writer.append(records(2, 5))
        await until(lambda: made.writer.durable_seq == 5)
        await until(lambda: made.writer.state is OK)
    assert [one.seq for one in read_all(files)] == [1, 2, 3, 4, 5]


async def test_a_journal_that_fails_from_the_start_says_so_and_recovers(tmp_path: Path) -> None:
    disk = Disk()
    disk.fault = lambda statement: disk_full()
    files = make(tmp_path)
    async with desk(files, hook=disk) as made:
        made.writer.append(records(1, 3))
        await until(lambda: made.writer.state is FAILED)
        disk.fault = lambda statement: None
        await until(lambda: made.writer.durable_seq == 3)
    assert read_all(files) == records(1, 3)


# --- Simulation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
async def test_the_inline_store_with_a_seeded_bad_disk_ends_with_everything_written(
    tmp_path: Path, seed: int
) -> None:
    files = make(tmp_path)
    hook = seeded_disk(random.Random(seed), max_delay_s=0.0005, full_rate=0.2)
    settings = WriterSettings(retry_every_s=0.001, batch_rows=7)
    async with desk(files, inline=True, hook=hook, settings=settings) as made:
        for seq in range(1, 121):
            made.writer.append([record(seq)])
            if seq % 5 == 0:
                await asyncio.sleep(0.001)
        await until(lambda: made.writer.durable_seq == 120)
    assert FAILED in made.state_names
    assert read_all(files) == [record(seq) for seq in range(1, 121)]
