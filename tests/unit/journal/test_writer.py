"""Events in, durable numbers out: order, batches, proofs, snapshots, closing."""

import ast
import asyncio
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.journal.journals import created, desk, make, order_id, read_all, record, records, said, until
from veloz_tui.domain.errors import InvariantBroken, JournalError
from veloz_tui.domain.events import OrderAccepted, OrderSubmitted
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import Nanos, VenueOrderId
from veloz_tui.journal.health import WriterSettings
from veloz_tui.journal.load import load
from veloz_tui.journal.reader import JournalReader
from veloz_tui.journal.store import AiosqliteStore
from veloz_tui.journal.verify import verify


class Gate:
    """A disk that waits to be let through, and remembers what was asked of it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.inserts: list[int] = []

    async def __call__(self, statement: str) -> None:
        await self.open.wait()
        if statement.startswith("INSERT INTO event"):
            self.inserts.append(statement.count("("))


async def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 3))
        made.writer.append(records(4, 10))
        await made.writer.wait_durable(10)
    assert read_all(files) == records(1, 10)


async def test_an_event_is_on_disk_when_it_is_called_durable(tmp_path: Path) -> None:
    files = make(tmp_path)
    seen: list[int] = []
    async with desk(files) as made:
        for seq in range(1, 6):
            made.writer.append([record(seq)])
            await made.writer.wait_durable(seq)
            with JournalReader(files.database) as reader:  # a connection of its own sees committed rows only
                seen.append(reader.end().seq)
    assert seen == [1, 2, 3, 4, 5]


async def test_everything_queued_while_the_disk_was_busy_goes_in_one_statement(tmp_path: Path) -> None:
    gate = Gate()
    async with desk(make(tmp_path), hook=gate) as made:
        await until(lambda: made.writer.durable_seq == 0)
        gate.open.clear()
        for seq in range(1, 501):
            made.writer.append([record(seq)])
        gate.open.set()
        await made.writer.wait_durable(500)
    assert sum(gate.inserts) - len(gate.inserts) == 500  # one bracket a statement is the column list's
    assert len(gate.inserts) <= 2


async def test_a_large_backlog_is_cut_into_statements_that_sqlite_can_hold(tmp_path: Path) -> None:
    gate = Gate()
    files = make(tmp_path)
    async with desk(files, hook=gate) as made:
        made.writer.append(records(1, 4_500))
        await made.writer.wait_durable(4_500)
        assert made.durable[-1] == 4_500
    assert max(gate.inserts) - 1 == 2_000
    assert verify(files).is_ok


async def test_durable_numbers_only_rise_and_never_pass_what_was_written(tmp_path: Path) -> None:
    async with desk(make(tmp_path)) as made:
        for seq in range(1, 200):
            made.writer.append([record(seq)])
            await asyncio.sleep(0)
            assert made.writer.durable_seq <= seq
        await made.writer.wait_durable(199)
    assert made.durable == sorted(set(made.durable))
    assert made.durable[-1] == 199


@given(st.lists(st.integers(1, 7), min_size=1, max_size=12), st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_any_way_of_appending_gives_the_same_journal(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], batch_rows: int
) -> None:
    files = make(tmp_path_factory.mktemp("journal"))

    async def write() -> None:
        async with desk(files, inline=True, settings=WriterSettings(batch_rows=batch_rows)) as made:
            seq = 0
            for size in sizes:
                made.writer.append(records(seq + 1, seq + size))
                seq += size
                if size % 2:
                    await asyncio.sleep(0)

    asyncio.run(write())
    assert read_all(files) == records(1, sum(sizes))


async def test_waiters_wake_in_the_order_of_their_events(tmp_path: Path) -> None:
    woken: list[int] = []

    async with desk(make(tmp_path)) as made:

        async def wait(seq: int) -> None:
            await made.writer.wait_durable(seq)
            woken.append(seq)

        async with asyncio.TaskGroup() as tasks:
            for seq in (3, 1, 2):
                tasks.create_task(wait(seq))
            await asyncio.sleep(0)
            made.writer.append(records(1, 3))
    assert woken == [1, 2, 3]


@pytest.mark.parametrize("wrong", [0, 1, 2, 4])
async def test_a_gap_or_a_repeat_is_refused_and_nothing_of_it_written(tmp_path: Path, wrong: int) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 2))
        with pytest.raises(InvariantBroken, match=f"event {wrong} came where 3 was due"):
            made.writer.append([record(wrong)])
        with pytest.raises(InvariantBroken):
            made.writer.append([record(3), record(5)])
        made.writer.append([record(3)])
    assert read_all(files) == [*records(1, 2), record(3)]


# --- The proof --------------------------------------------------------------------------------------------


async def test_no_order_leaves_before_its_intent_is_durable(tmp_path: Path) -> None:
    gate = Gate()
    async with desk(make(tmp_path), hook=gate) as made:
        gate.open.clear()
        made.writer.append([record(1, created(1))])
        with pytest.raises(InvariantBroken, match="not durable"):
            made.writer.mint(order_id(1), 1)
        gate.open.set()
        await made.writer.wait_durable(1)
        proof = made.writer.mint(order_id(1), 1)
    assert isinstance(proof, DurableIntent)
    assert (proof.client_order_id, proof.seq) == (order_id(1), 1)


async def test_a_proof_can_be_minted_inside_the_durable_callback(tmp_path: Path) -> None:
    proofs: list[DurableIntent] = []
    async with desk(make(tmp_path)) as made:
        made.writer._on_durable = lambda seq: proofs.append(made.writer.mint(order_id(seq), seq))
        made.writer.append([record(1, created(1))])
        await made.writer.wait_durable(1)
    assert [proof.seq for proof in proofs] == [1]


async def test_an_intent_lets_one_order_leave_once(tmp_path: Path) -> None:
    async with desk(make(tmp_path)) as made:
        made.writer.append([record(1, created(1)), record(2, said(2))])
        await made.writer.wait_durable(2)
        with pytest.raises(InvariantBroken, match="not its intent"):
            made.writer.mint(order_id(2), 1)
        with pytest.raises(InvariantBroken, match="not its intent"):
            made.writer.mint(order_id(1), 2)
        made.writer.mint(order_id(1), 1)
        with pytest.raises(InvariantBroken, match="was used"):
            made.writer.mint(order_id(1), 1)


async def test_intents_of_earlier_runs_never_leave(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append([record(1, created(1))])
    async with desk(files) as made:
        assert made.writer.durable_seq == 1
        with pytest.raises(InvariantBroken):
            made.writer.mint(order_id(1), 1)


def test_only_the_writer_mints_proofs() -> None:
    root = Path(__file__).parents[3] / "veloz_tui"
    users = set()
    for path in root.rglob("*.py"):
        names = {
            node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
        }
        if "_mint" in names:
            users.add(path.relative_to(root).as_posix())
    assert users == {"journal/writer.py"}


# --- Snapshots and closing --------------------------------------------------------------------------------


async def test_a_snapshot_is_where_the_next_start_begins(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 5))
        await made.writer.write_snapshot(3, b"state after three")
    loaded = load(files)
    assert (loaded.snapshot, loaded.snapshot_end.seq, loaded.end.seq) == (b"state after three", 3, 5)
    assert [one.seq for part in loaded.slices() for one in part] == [4, 5]


async def test_the_three_newest_snapshots_are_kept(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 5))
        for seq in range(1, 6):
            await made.writer.write_snapshot(seq, bytes([seq]))
    with JournalReader(files.database) as reader:
        assert [(one.seq, one.blob, one.is_valid) for one in reader.snapshots()] == [
            (5, b"\5", True),
            (4, b"\4", True),
            (3, b"\3", True),
        ]


async def test_a_snapshot_waits_for_its_events(tmp_path: Path) -> None:
    gate = Gate()
    async with desk(make(tmp_path), hook=gate) as made:
        gate.open.clear()
        made.writer.append(records(1, 2))
        writing = asyncio.create_task(made.writer.write_snapshot(2, b"state"))
        await asyncio.sleep(0)
        assert not writing.done()
        gate.open.set()
        await writing
        assert made.writer.durable_seq == 2


async def test_closing_writes_what_is_queued_and_marks_the_journal_clean(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 3_000))
    loaded = load(files)
    assert loaded.was_clean
    assert loaded.end.seq == 3_000
    with pytest.raises(JournalError, match="closed"):
        made.writer.append([record(3_001)])
    with pytest.raises(JournalError, match="closed"):
        await made.writer.wait_durable(3_001)


async def test_a_run_that_ends_without_closing_is_not_clean(tmp_path: Path) -> None:
    files = make(tmp_path)
    assert load(files).was_clean
    async with desk(files, close=False) as made:
        made.writer.append(records(1, 2))
        await made.writer.wait_durable(2)
    loaded = load(files)
    assert not loaded.was_clean
    assert loaded.end.seq == 2


async def test_closing_with_a_stuck_disk_says_how_much_is_not_durable(tmp_path: Path) -> None:
    gate = Gate()
    async with desk(make(tmp_path), hook=gate, close=False) as made:
        await until(lambda: made.writer.state is JournalState.OK)
        gate.open.clear()
        made.writer.append(records(1, 7))
        with pytest.raises(JournalError, match="7 events are not durable"):
            await made.writer.close(timeout_s=0.05)


async def test_the_wal_is_moved_into_the_database_while_nobody_waits(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files, close=False) as made:
        await made.writer.wait_durable(0)
        small = files.database.stat().st_size
        for seq in range(1, 101):
            made.writer.append([record(seq, said(seq, "x" * 3000))])
            await made.writer.wait_durable(seq)
        await until(lambda: files.database.stat().st_size > small + 100 * 3000)
        assert made.writer._checkpoints.left_behind == 0


async def test_a_new_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    files = make(tmp_path)
    for first, last in ((1, 4), (5, 6), (7, 20)):
        async with desk(files) as made:
            made.writer.append(records(first, last))
    assert read_all(files) == records(1, 20)
    assert verify(files).is_ok


async def test_without_an_fsync_events_are_durable_before_the_writers_task_runs(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        await until(lambda: made.writer._is_resting)
        made.writer.append(records(1, 2))
        made.writer.append(records(3, 3))
        assert made.writer.durable_seq == 0  # never within the turn that made them
        await asyncio.sleep(0)
        assert made.writer.durable_seq == 3
        assert made.durable == [3]
        with JournalReader(files.database) as reader:
            assert reader.end().seq == 3
        for first in range(4, 2_000, 40):  # more than goes at a stretch, and through checkpoints
            made.writer.append(records(first, first + 39))
            await asyncio.sleep(0)
        await made.writer.wait_durable(2_003)
    assert read_all(files) == records(1, 2_003)
    assert verify(files).is_ok


async def test_a_quick_write_that_fails_is_the_tasks_to_mend(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        await until(lambda: made.writer._is_resting)
        assert isinstance(made.store, AiosqliteStore)
        connection = made.store._quick
        assert connection is not None
        ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        made.writer.append(records(1, 60))
        await until(lambda: bool(made.states))
        assert made.writer.state is JournalState.FAILED
        assert made.writer.durable_seq == 0
        connection.execute("PRAGMA max_page_count = 1000000")
        await made.writer.wait_durable(60)
        await until(lambda: made.writer.state is JournalState.OK)
    assert read_all(files) == records(1, 60)


async def test_what_nobody_waits_for_is_written_with_what_somebody_does(tmp_path: Path) -> None:
    gate = Gate()
    async with desk(make(tmp_path), hook=gate) as made:
        await until(lambda: made.writer._is_resting)
        made.writer.append([record(1, OrderSubmitted(Nanos(1), order_id(1)))])
        made.writer.append([record(2, OrderAccepted(Nanos(1), order_id(1), VenueOrderId("7")))])
        made.writer.append([record(3)])
        await made.writer.wait_durable(3)
        assert gate.inserts == [1 + 3]
        made.writer.append([record(4, OrderSubmitted(Nanos(1), order_id(1)))])
        await made.writer.wait_durable(4)  # by itself, a moment later
    assert made.durable == [3, 4]


async def test_after_a_quick_write_failed_nothing_is_written_past_the_failure(tmp_path: Path) -> None:
    async with desk(make(tmp_path)) as made:
        await until(lambda: made.writer._is_resting)
        made.writer.append([record(1)])
        made.writer._failure = sqlite3.OperationalError("disk I/O error")  # nobody knows what is on the disk
        made.writer._write_now()
        assert made.writer.durable_seq == 0
        made.writer._failure = None
        made.writer._wake.set()
        await made.writer.wait_durable(1)
