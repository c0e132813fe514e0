"""Files torn by a power cut: a torn -wal opens to a prefix of what was written, and the anchor sees the rest.

Each image is the database and a -wal that ends at every frame's edge, or anywhere; the -shm never survives.
"""

import asyncio
import random
import shutil
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.journal.journals import desk, make, records
from veloz_tui.domain.errors import JournalError
from veloz_tui.journal.anchor import read_anchor
from veloz_tui.journal.errors import TailLost
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.verify import verify

HEADER, FRAME = 32, 24 + 4096
BATCHES = [1, 1, 3, 1, 12, 1, 1, 40, 2, 1, 5, 1]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> JournalFiles:
    """A copy of a journal's files in the midst of a run: 20 events in the database, 69 in the -wal."""
    files = make(tmp_path_factory.mktemp("running"))
    image = JournalFiles(files.directory.with_name("image"))

    async def run() -> None:
        async with desk(files, inline=True) as made:
            made.writer.append(records(1, 20))
        async with desk(files, inline=True) as made:
            seq = 20
            for size in BATCHES:
                made.writer.append(records(seq + 1, seq + size))
                seq += size
                await made.writer.wait_durable(seq)
            await made.writer.write_snapshot(seq, b"state")
            while (read_anchor(files.anchor) or pytest.fail("no anchor")).seq < seq:
                await asyncio.sleep(0.001)
            shutil.copytree(files.directory, image.directory)

    asyncio.run(run())
    (image.directory / "journal.db-shm").unlink()
    return image


def torn(running: JournalFiles, directory: Path, wal: bytes) -> JournalFiles:
    image = JournalFiles(directory / "image")
    shutil.rmtree(image.directory, ignore_errors=True)
    shutil.copytree(running.directory, image.directory)
    image.wal.write_bytes(wal)
    return image


def commit_ends(wal: bytes) -> list[int]:
    """Where each transaction ends in the -wal (sqlite.org/fileformat2.html, 4.1: size of the database after a
    commit, 0 in other frames)."""
    return [
        start + FRAME
        for start in range(HEADER, len(wal) - FRAME + 1, FRAME)
        if struct.unpack_from(">I", wal, start + 4)[0]
    ]


def last_seq(image: JournalFiles) -> int:
    """What an accepting start would fold, after checking that it is a prefix of what was written."""
    loaded = load(image, accept_tail_loss=True)
    if loaded.snapshot is None:
        found = [one for part in loaded.slices() for one in part]
        assert found == records(1, len(found))
        return len(found)
    assert loaded.end.seq == loaded.snapshot_end.seq
    return loaded.end.seq


def cuts(running: JournalFiles) -> list[int]:
    size = running.wal.stat().st_size
    edges = range(HEADER, size, FRAME)
    near = [edge + step for edge in edges for step in (-1, 1, 24)]
    rng = random.Random(1)
    return sorted({0, 1, HEADER - 1, *edges, *near, *(rng.randrange(size) for _ in range(60))})


def test_a_wal_torn_anywhere_opens_to_all_whole_transactions_before_the_tear(
    running: JournalFiles, tmp_path: Path
) -> None:
    wal = running.wal.read_bytes()
    ends = commit_ends(wal)
    assert len(ends) >= len(BATCHES) + 2, "each batch was one transaction"
    seen = {}
    for cut in cuts(running):
        image = torn(running, tmp_path, wal[:cut])
        seen[cut] = last_seq(image)
        written = sum(end <= cut for end in ends)
        # The first transaction of the run is the probe, the last ones are the snapshot's.
        assert seen[cut] == 20 + sum(BATCHES[: max(written - 1, 0)]), f"cut at {cut}"
    assert all(earlier <= later for earlier, later in pairwise(seen.values()))
    assert {20, 20 + sum(BATCHES)} <= set(seen.values())


def test_the_anchor_sees_each_lost_tail(running: JournalFiles, tmp_path: Path) -> None:
    wal = running.wal.read_bytes()
    total = 20 + sum(BATCHES)
    lost = 0
    for cut in commit_ends(wal):
        image = torn(running, tmp_path, wal[:cut])
        if last_seq(image) == total:
            load(image)
            continue
        with pytest.raises(TailLost) as caught:
            load(image)
        assert (caught.value.anchor_seq, caught.value.journal_seq) == (total, last_seq(image))
        assert not verify(image).is_ok
        lost += 1
    assert lost >= len(BATCHES) - 1


def test_a_wal_with_a_flipped_bit_anywhere_opens_to_a_prefix(running: JournalFiles, tmp_path: Path) -> None:
    wal = running.wal.read_bytes()
    rng = random.Random(2)
    outcomes = set()
    for _ in range(60):
        at = rng.randrange(len(wal))
        damaged = bytearray(wal)
        damaged[at] ^= 1 << rng.randrange(8)
        outcomes.add(last_seq(torn(running, tmp_path, bytes(damaged))))
    assert len(outcomes) > 3


def test_a_torn_database_is_refused_or_whole(running: JournalFiles, tmp_path: Path) -> None:
    database = running.database.read_bytes()
    rng = random.Random(3)
    refused = 0
    for cut in [0, 1, 100, 4096, *(rng.randrange(len(database)) for _ in range(20))]:
        image = torn(running, tmp_path, b"")
        image.database.write_bytes(database[:cut])
        with pytest.raises(JournalError) as caught:
            prepare(image, now=records(1, 1)[0].event.at)
            load(image)
        assert str(image.database) in str(caught.value)
        refused += 1
    assert refused == 24


def test_a_restart_after_a_tear_goes_on_and_stays_sound(running: JournalFiles, tmp_path: Path) -> None:
    wal = running.wal.read_bytes()
    image = torn(running, tmp_path, wal[: commit_ends(wal)[4] + 999])
    first = last_seq(image) + 1

    async def go_on() -> None:
        async with desk(image) as made:
            made.writer.append(records(first, first + 9))

    asyncio.run(go_on())
    report = verify(image)
    assert report.is_ok, report.text()
    assert report.last_seq == first + 9
