"""Damage of every kind, and what a start and `verify` say about it: nothing passes for a shorter history."""

import asyncio
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.journal.journals import desk, make, records, until
from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.types import Nanos
from veloz_tui.journal.anchor import read_anchor
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.verify import verify

PAGE = 4096
OLD, NEW = 400, 460


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> JournalFiles:
    """What a killed process left: 400 events in the database, 60 more in the -wal."""
    files = make(tmp_path_factory.mktemp("sound"))
    image = JournalFiles(files.directory.with_name("image"))

    async def run() -> None:
        async with desk(files, inline=True) as made:
            made.writer.append(records(1, OLD))
        async with desk(files, inline=True) as made:
            for first in range(OLD + 1, NEW, 10):
                made.writer.append(records(first, first + 9))
                await made.writer.wait_durable(first + 9)
            await until(lambda: (anchor := read_anchor(files.anchor)) is not None and anchor.seq == NEW)
            shutil.copytree(files.directory, image.directory)

    asyncio.run(run())
    (image.directory / "journal.db-shm").unlink()
    return image


@pytest.fixture
def image(sound: JournalFiles, tmp_path: Path) -> JournalFiles:
    shutil.copytree(sound.directory, tmp_path / "image")
    return JournalFiles(tmp_path / "image")


def start(image: JournalFiles) -> int:
    """What the engine does first; return how many events it folds."""
    prepare(image, now=Nanos(1))
    return sum(len(part) for part in load(image).slices())


def overwrite(path: Path, at: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(content)


def body_of(path: Path, seq: int) -> int:
    """Where the client order id in the body of event `seq` stands in the file."""
    return path.read_bytes().index(f'"vzAA00001{seq:06d}X"'.encode()) + 5


def test_the_undamaged_image_starts_with_everything(image: JournalFiles) -> None:
    assert start(image) == NEW
    assert verify(image).is_ok


DAMAGES: list[tuple[str, Callable[[JournalFiles], object], str]] = [
    (
        "wal torn in its last frame",
        lambda f: f.wal.write_bytes(f.wal.read_bytes()[:-100]),
        "ends at event 450",
    ),
    (
        "bit rot in the middle of the wal",
        lambda f: overwrite(f.wal, 12 * PAGE, b"\xff" * 8),
        "ends at event 4",
    ),
    ("wal deleted", lambda f: f.wal.rename(f.wal.with_suffix(".gone")), "ends at event 400, but event 460"),
    (
        "database cut in half",
        lambda f: f.database.write_bytes(f.database.read_bytes()[: f.database.stat().st_size // 2]),
        "is damaged",
    ),
    ("a payload changed", lambda f: overwrite(f.database, body_of(f.database, 120), b"????"), "at event 120"),
    ("a page zeroed", lambda f: overwrite(f.database, 6 * PAGE, bytes(PAGE)), "is damaged"),
    ("database empty, wal there", lambda f: f.database.write_bytes(b""), "is missing or empty"),
    (
        "database and wal empty",
        lambda f: (f.database.write_bytes(b""), f.wal.write_bytes(b"")),
        "is missing or empty, but it had 460 events",
    ),
    ("database deleted", lambda f: f.database.rename(f.database.with_suffix(".gone")), "is missing or empty"),
    (
        "garbage",
        lambda f: f.database.write_bytes(b"\x5a" * 9 * PAGE),
        r"is damaged: .*journal\.db \(Page \d+",
    ),
    (
        "garbage, wal empty",
        lambda f: (f.database.write_bytes(b"\x5a" * 9 * PAGE), f.wal.write_bytes(b"")),
        "is not a journal",
    ),
    ("anchor deleted", lambda f: f.anchor.rename(f.anchor.with_suffix(".gone")), r"journal\.hwm is missing"),
    ("anchor emptied", lambda f: f.anchor.write_bytes(b""), "anchor can't be read"),
]


@pytest.mark.parametrize(("damage", "says"), [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_each_damage_stops_the_start_and_shows_in_verify(
    image: JournalFiles, damage: Callable[[JournalFiles], object], says: str
) -> None:
    damage(image)
    with pytest.raises(JournalError, match=says) as caught:
        start(image)
    assert str(image.directory) in str(caught.value), "where"
    assert ";" in str(caught.value), "what to do"
    assert not verify(image).is_ok


def test_a_zeroed_header_is_mended_by_the_wal_that_holds_its_page(image: JournalFiles) -> None:
    overwrite(image.database, 0, bytes(100))
    assert start(image) == NEW


def test_random_damage_to_the_database_is_never_taken_for_the_truth(
    sound: JournalFiles, tmp_path: Path
) -> None:
    """It is refused, or it hit what no event is kept in (free space, an index) and all events are right."""
    rng = random.Random(4)
    size = sound.database.stat().st_size
    refused = 0
    for number in range(60):
        image = JournalFiles(tmp_path / str(number))
        shutil.copytree(sound.directory, image.directory)
        at = rng.randrange(size)
        overwrite(image.database, at, rng.randbytes(rng.choice([1, 8, 512])))
        try:
            prepare(image, now=Nanos(1))
            found = [one for part in load(image).slices() for one in part]
        except JournalError:
            refused += 1
        else:
            assert found == records(1, NEW), f"damage at {at}"
    assert refused >= 30
