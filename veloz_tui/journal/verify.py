"""Looking at every byte of a journal: pages, chain, gaps, anchor, snapshots. Changes nothing."""

from pathlib import Path

import msgspec

from veloz_tui.domain.errors import JournalError
from veloz_tui.journal.codec import ChainEnd, first_break
from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.load import anchor_problem
from veloz_tui.journal.reader import JournalReader

_SLICE_ROWS = 5000


class SnapshotCheck(msgspec.Struct, frozen=True):
    """One snapshot: after which event, how large, and whether it fits the chain."""

    seq: int
    size: int
    is_valid: bool


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found; encodes to JSON as it is."""

    path: str
    events: int
    """How many follow each other from the first on, unbroken."""
    last_seq: int
    last_hash: str
    was_clean: bool
    snapshots: tuple[SnapshotCheck, ...] = ()
    broken_seq: int | None = None
    """The first event that is missing or changed."""
    problems: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        return not self.problems

    def text(self) -> str:
        """Return the report for people."""
        valid = sum(snapshot.is_valid for snapshot in self.snapshots)
        closed = "closed in order" if self.was_clean else "in use, or not closed in order"
        lines = [
            f"journal    {self.path}",
            f"events     {self.events} in an unbroken chain, last {self.last_seq} ({self.last_hash[:16]})",
            f"snapshots  {valid} valid of {len(self.snapshots)}",
            f"last run   {closed}",
        ]
        if self.is_ok:
            return "\n".join([*lines, "result     OK"])
        return "\n".join([*lines, "result     DAMAGED", *(f"  - {problem}" for problem in self.problems)])


def verify(files: JournalFiles) -> VerifyReport:
    """Check a profile's journal, its anchor too. Blocks (3 s per million events). Never raises."""
    return _verify(files.database, files)


def verify_database(path: Path) -> VerifyReport:
    """Check one database file without an anchor, such as a backup."""
    return _verify(path, None)


def _verify(path: Path, files: JournalFiles | None) -> VerifyReport:
    try:
        with JournalReader(path) as reader:
            return _examine(reader, files)
    except JournalError as error:
        return _unreadable(path, error)


def _examine(reader: JournalReader, files: JournalFiles | None) -> VerifyReport:
    problems = [f"pages: {line}" for line in reader.quick_check()]
    end, broken = _walk(reader)
    if broken is not None:
        problems.append(f"event {broken[0]}: {broken[1]}")
    if files is not None and (lost := anchor_problem(reader, files)) is not None:
        problems.append(str(lost))
    snapshots = tuple(SnapshotCheck(s.seq, len(s.blob), s.is_valid) for s in reader.snapshots())
    problems += [f"snapshot after event {s.seq} is damaged" for s in snapshots if not s.is_valid]
    return VerifyReport(
        path=str(reader.path),
        events=end.seq,
        last_seq=reader.end().seq,
        last_hash=reader.end().hash.hex(),
        was_clean=reader.meta().get("clean") == "1",
        snapshots=snapshots,
        broken_seq=None if broken is None else broken[0],
        problems=tuple(problems),
    )


def _walk(reader: JournalReader) -> tuple[ChainEnd, tuple[int, str] | None]:
    here = reader.start()
    try:
        for rows in reader.rows(slice_rows=_SLICE_ROWS):
            broken = first_break(rows, end=here)
            if broken is not None:
                return ChainEnd(broken[0] - 1, b""), broken
            here = ChainEnd(rows[-1][0], rows[-1][6])
    except JournalError as error:
        return here, (here.seq + 1, str(error))
    return here, None


def _unreadable(path: Path, error: JournalError) -> VerifyReport:
    return VerifyReport(
        path=str(path), events=0, last_seq=0, last_hash="", was_clean=False, problems=(str(error),)
    )
