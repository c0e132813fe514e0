"""What a start finds: snapshots, the tail after them, and what the anchor says."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.unit.journal.journals import desk, make, read_all, records, until, write_all
from veloz_tui.journal.anchor import Anchor, AnchorKeeper, read_anchor, write_anchor
from veloz_tui.journal.codec import ChainEnd, Row
from veloz_tui.journal.errors import AnchorMismatch, ChainBroken, TailLost
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.load import Loaded, accept_loss, load
from veloz_tui.journal.reader import JournalReader
from veloz_tui.journal.verify import verify


def change(files: JournalFiles, statement: str, values: tuple[int | bytes, ...] = ()) -> None:
    with closing(sqlite3.connect(files.database, isolation_level=None)) as connection:
        connection.execute(statement, values)


def seqs(loaded: Loaded, *, slice_rows: int = 1000) -> list[int]:
    return [one.seq for part in loaded.slices(slice_rows=slice_rows) for one in part]


async def with_snapshots(directory: Path, count: int, *after: int) -> JournalFiles:
    files = make(directory)
    async with desk(files) as made:
        made.writer.append(records(1, count))
        for seq in after:
            await made.writer.write_snapshot(seq, f"state {seq}".encode())
    return files


def test_slices_are_as_small_as_asked_and_lose_nothing(tmp_path: Path) -> None:
    loaded = load(write_all(tmp_path, 25))
    parts = list(loaded.slices(slice_rows=10))
    assert [len(part) for part in parts] == [10, 10, 5]
    assert [one for part in parts for one in part] == records(1, 25)


async def test_a_damaged_snapshot_falls_back_to_the_one_before(tmp_path: Path) -> None:
    files = await with_snapshots(tmp_path, 9, 3, 6)
    change(files, "UPDATE snapshot SET blob = ? WHERE seq = 6", (b"state 7",))
    loaded = load(files)
    assert loaded.snapshot == b"state 3"
    assert seqs(loaded) == [4, 5, 6, 7, 8, 9]
    assert loaded.notes == ("snapshot after event 6 is damaged: an earlier one is used",)


async def test_without_a_good_snapshot_the_fold_begins_at_the_beginning(tmp_path: Path) -> None:
    files = await with_snapshots(tmp_path, 4, 2)
    change(files, "UPDATE snapshot SET hash = x''")
    loaded = load(files)
    assert loaded.snapshot is None
    assert seqs(loaded) == [1, 2, 3, 4]


def test_a_snapshot_of_another_history_is_not_used(tmp_path: Path) -> None:
    files = asyncio.run(with_snapshots(tmp_path / "one", 4, 2))
    other = write_all(tmp_path / "other", 4)
    change(other, "UPDATE event SET hash = x'00' WHERE seq = 2")
    with closing(sqlite3.connect(other.database, isolation_level=None)) as connection:
        connection.execute(f"ATTACH '{files.database}' AS one")
        connection.execute("INSERT INTO main.snapshot SELECT * FROM one.snapshot")
    assert load(other).snapshot is None


async def test_damage_before_the_snapshot_is_not_met_at_start(tmp_path: Path) -> None:
    files = await with_snapshots(tmp_path, 9, 6)
    change(files, "UPDATE event SET body = ? WHERE seq = 2", (b"{}",))
    assert seqs(load(files)) == [7, 8, 9]


@pytest.mark.parametrize("slice_rows", [1, 2, 1000])
def test_rot_in_a_body_stops_the_fold_at_its_number(tmp_path: Path, slice_rows: int) -> None:
    files = write_all(tmp_path, 9)
    change(files, "UPDATE event SET body = replace(body, 'hello', 'hallo') WHERE seq = 5")
    with pytest.raises(ChainBroken, match=r"damaged at event 5: .*restore a backup, or set") as caught:
        seqs(load(files), slice_rows=slice_rows)
    assert caught.value.seq == 5


def test_a_missing_event_stops_the_fold_at_its_number(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    change(files, "DELETE FROM event WHERE seq = 4")
    with pytest.raises(ChainBroken) as caught:
        seqs(load(files))
    assert caught.value.seq == 4


def test_events_that_vanish_while_folding_are_noticed(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    loaded = load(files)
    change(files, "DELETE FROM event WHERE seq > 7")
    with pytest.raises(ChainBroken) as caught:
        seqs(loaded)
    assert caught.value.seq == 8


# --- The anchor -------------------------------------------------------------------------------------------


async def test_the_anchor_follows_the_durable_end_and_is_exact_after_closing(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files) as made:
        made.writer.append(records(1, 5))
        await until(lambda: _anchor(files).seq == 5)
        made.writer.append(records(6, 8))
    assert _anchor(files) == Anchor("test", 8, load(files).end.hash.hex())


async def test_the_anchor_is_never_ahead_of_the_disk(tmp_path: Path) -> None:
    files = make(tmp_path)
    async with desk(files, close=False) as made:
        for seq in range(1, 101):
            made.writer.append(records(seq, seq))
            await asyncio.sleep(0)
            assert _anchor(files).seq <= made.writer.durable_seq


def test_a_lost_tail_is_told_with_both_numbers_and_accepted_only_on_purpose(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    change(files, "DELETE FROM event WHERE seq > 6")
    with pytest.raises(TailLost, match="ends at event 6, but event 9 was durable") as caught:
        load(files)
    assert (caught.value.anchor_seq, caught.value.journal_seq) == (9, 6)
    loaded = load(files, accept_tail_loss=True)
    assert seqs(loaded) == [1, 2, 3, 4, 5, 6]
    assert loaded.notes[0].startswith("accepted: journal has lost its tail")


def test_an_accepted_loss_is_asked_once(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    change(files, "DELETE FROM event WHERE seq > 6")

    async def accept() -> None:
        async with desk(files) as made:
            made.writer.append(records(7, 7))

    asyncio.run(accept())
    assert seqs(load(files)) == [1, 2, 3, 4, 5, 6, 7]


def test_a_journal_with_more_events_than_the_anchor_saw_is_fine(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    sixth = next(one for part in _rows(files) for one in part if one[0] == 6)
    write_anchor(files.anchor, Anchor("test", 6, sixth[6].hex()))
    assert seqs(load(files)) == list(range(1, 10))


def test_an_accepted_loss_is_accepted_once_and_for_all(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    assert accept_loss(files) == (9, "")
    change(files, "DELETE FROM event WHERE seq > 6")
    last, accepted = accept_loss(files)
    assert last == 6
    assert "event 9 was durable" in accepted
    assert seqs(load(files)) == list(range(1, 7))
    assert verify(files).is_ok


def test_a_broken_chain_is_no_loss_to_accept(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    change(files, "DELETE FROM event WHERE seq = 5")
    before = files.anchor.read_bytes()
    with pytest.raises(ChainBroken):
        accept_loss(files)
    assert files.anchor.read_bytes() == before


def test_an_anchor_of_another_history_or_journal_is_refused(tmp_path: Path) -> None:
    files = write_all(tmp_path, 9)
    anchor = _anchor(files)
    write_anchor(files.anchor, msgspec.structs.replace(anchor, hash="00" * 32))
    with pytest.raises(AnchorMismatch, match="event 9 is not the one"):
        load(files)
    write_anchor(files.anchor, msgspec.structs.replace(anchor, journal_id="another"))
    with pytest.raises(AnchorMismatch, match="another journal's"):
        load(files)
    assert seqs(load(files, accept_tail_loss=True)) == list(range(1, 10))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"journal_id":"test","seq":"x","hash":""}'])
def test_an_unreadable_anchor_is_a_question_for_the_operator(tmp_path: Path, content: bytes) -> None:
    files = write_all(tmp_path, 3)
    files.anchor.write_bytes(content)
    with pytest.raises(AnchorMismatch, match="can't be read"):
        load(files)
    assert len(seqs(load(files, accept_tail_loss=True))) == 3


def test_a_missing_anchor_of_a_used_journal_is_a_question_too(tmp_path: Path) -> None:
    files = write_all(tmp_path, 3)
    files.anchor.unlink()
    with pytest.raises(AnchorMismatch, match=r"journal\.hwm is missing"):
        load(files)


async def test_an_anchor_that_cant_be_written_stops_nothing(tmp_path: Path) -> None:
    files = make(tmp_path)
    files.anchor.unlink()
    files.anchor.with_name("journal.hwm.new").mkdir(mode=0o700)
    async with desk(files) as made:
        made.writer.append(records(1, 3))
        await made.writer.wait_durable(3)
    files.anchor.with_name("journal.hwm.new").rmdir()
    assert read_all(files) == records(1, 3)


async def test_the_keeper_writes_the_newest_and_not_each_one(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    keeper = AnchorKeeper(path, journal_id="test", every_s=60.0)
    for seq in range(1, 1_000):
        keeper.note(ChainEnd(seq, b"h"))
    running = asyncio.create_task(keeper.run())
    await until(path.exists)
    keeper.note(ChainEnd(1_000, b"h"))
    keeper.stop()
    await running
    assert read_anchor(path) == Anchor("test", 1_000, b"h".hex())


def _anchor(files: JournalFiles) -> Anchor:
    found = read_anchor(files.anchor)
    assert found is not None
    return found


def _rows(files: JournalFiles) -> list[list[Row]]:
    with JournalReader(files.database) as reader:
        return list(reader.rows())
