"""Reading the journal at start: the newest good snapshot, then the events after it, their chain verified.

`load` looks and judges; it reads no event and changes nothing. The events come in slices, so that whoever
folds them can yield to its event loop in between.
"""

from collections.abc import Iterator

import msgspec

from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.events import Recorded
from veloz_tui.journal.anchor import Anchor, read_anchor, write_anchor
from veloz_tui.journal.codec import ChainEnd, first_break
from veloz_tui.journal.errors import AnchorMismatch, ChainBroken, TailLost
from veloz_tui.journal.files import JournalFiles, check_modes
from veloz_tui.journal.reader import SLICE_ROWS, JournalReader, Snapshot


class Loaded(msgspec.Struct, frozen=True):
    """What a start begins with. Fold `snapshot` (after event `snapshot_seq`), then `slices()`."""

    files: JournalFiles
    journal_id: str
    snapshot: bytes | None
    snapshot_end: ChainEnd
    """Where the snapshot stands in the chain (the chain's start without one)."""
    end: ChainEnd
    was_clean: bool
    """The last run closed the journal in order."""
    notes: tuple[str, ...] = ()
    """What was found and overcome: a damaged snapshot, a loss that the operator accepted."""

    def slices(self, *, slice_rows: int = SLICE_ROWS) -> Iterator[list[Recorded]]:
        """Yield the events after the snapshot. Raises ChainBroken with the number of a damaged one."""
        here = self.snapshot_end
        with JournalReader(self.files.database) as reader:
            for rows in reader.rows(after_seq=here.seq, slice_rows=slice_rows):
                broken = first_break(rows, end=here)
                if broken is not None:
                    raise ChainBroken(reader.path, seq=broken[0], why=broken[1])
                here = ChainEnd(rows[-1][0], rows[-1][6])
                yield reader.decode(rows)
            if here != self.end:
                raise ChainBroken(
                    reader.path, seq=here.seq + 1, why="it was there when the journal was opened"
                )


def check_every_page(files: JournalFiles) -> None:
    """Let SQLite look at every page. Blocks (0.5 s per million events) without holding Python's lock.

    Raises JournalError.
    """
    with JournalReader(files.database) as reader:
        if damage := reader.quick_check():
            raise JournalError(
                f"journal is damaged: {files.database} ({damage[0]});"
                " restore a backup, or set it aside (veloz journal set-aside): positions are then rebuilt"
                " from the venues"
            )


def load(files: JournalFiles, *, accept_tail_loss: bool = False, check_pages: bool = True) -> Loaded:
    """Look at the journal and say where to begin. Blocks, see `check_every_page`.

    Raises JournalError: TailLost or AnchorMismatch unless the operator has accepted the loss
    (`accept_tail_loss`), others always.
    """
    check_modes(files)
    notes: list[str] = []
    if check_pages:
        check_every_page(files)
    with JournalReader(files.database) as reader:
        lost = anchor_problem(reader, files)
        if lost is not None and not accept_tail_loss:
            raise lost
        if lost is not None:
            notes.append(f"accepted: {lost}")
        snapshot = _newest_valid(reader, notes)
        meta = reader.meta()
        return Loaded(
            files=files,
            journal_id=meta["journal_id"],
            snapshot=None if snapshot is None else snapshot.blob,
            snapshot_end=reader.start() if snapshot is None else ChainEnd(snapshot.seq, snapshot.chain_hash),
            end=reader.end(),
            was_clean=meta.get("clean") == "1",
            notes=tuple(notes),
        )


def accept_loss(files: JournalFiles) -> tuple[int, str]:
    """Let the anchor say what the journal still holds; return its last event and what was accepted.

    The operator's word that events which were durable are gone. Everything else must be sound: pages and
    chain are read whole. Nothing is written where nothing is lost (the text is empty then). Raises
    JournalError.
    """
    check_every_page(files)
    with JournalReader(files.database) as reader:
        lost = anchor_problem(reader, files)
    loaded = load(files, accept_tail_loss=True, check_pages=False)
    for _ in loaded.slices():
        pass
    if lost is None:
        return loaded.end.seq, ""
    anchor = Anchor(journal_id=loaded.journal_id, seq=loaded.end.seq, hash=loaded.end.hash.hex())
    try:
        write_anchor(files.anchor, anchor)
    except OSError as error:
        raise JournalError(f"anchor can't be written: {files.anchor} ({error}); free the disk") from error
    return loaded.end.seq, str(lost)


def anchor_problem(reader: JournalReader, files: JournalFiles) -> JournalError | None:
    """Return what the anchor says against this journal, None if they agree."""
    try:
        anchor = read_anchor(files.anchor)
    except AnchorMismatch as error:
        return error
    end = reader.end()
    if anchor is None:
        # Killed between making the journal and its anchor: nothing can be lost yet.
        return None if end.seq == 0 else AnchorMismatch(reader.path, f"{files.anchor.name} is missing")
    return _compare(anchor, reader=reader, end=end)


def _compare(anchor: Anchor, *, reader: JournalReader, end: ChainEnd) -> JournalError | None:
    if anchor.journal_id != reader.meta().get("journal_id"):
        return AnchorMismatch(reader.path, "the anchor is another journal's")
    if anchor.seq > end.seq:
        return TailLost(reader.path, anchor_seq=anchor.seq, journal_seq=end.seq)
    found = reader.hash_at(anchor.seq)
    if found is None or found.hex() != anchor.hash:
        return AnchorMismatch(reader.path, f"event {anchor.seq} is not the one the anchor has seen")
    return None


def _newest_valid(reader: JournalReader, notes: list[str]) -> Snapshot | None:
    for snapshot in reader.snapshots():
        if snapshot.is_valid:
            return snapshot
        notes.append(f"snapshot after event {snapshot.seq} is damaged: an earlier one is used")
    return None
