"""What can be wrong with a journal that someone must decide about: what, where, and what to do."""

from pathlib import Path

from veloz_tui.domain.errors import JournalError


class TailLost(JournalError):
    """The anchor has seen more events than the journal holds: the newest are gone."""

    def __init__(self, path: Path, *, anchor_seq: int, journal_seq: int) -> None:
        super().__init__(
            f"journal has lost its tail: {path} ends at event {journal_seq}, but event {anchor_seq}"
            " was durable (a lost or damaged -wal file, a restored backup, or a power cut with"
            " durability 'process');"
            " put the missing file back, or accept the loss (veloz journal accept-loss): everything is then"
            " reconciled with the venues"
        )
        self.anchor_seq = anchor_seq
        self.journal_seq = journal_seq


class AnchorMismatch(JournalError):
    """The anchor is missing, unreadable or of another history: nobody can tell whether the tail is there."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"journal and anchor don't belong together: {path}: {why};"
            " put back the files that belong together, or accept the loss (veloz journal accept-loss):"
            " everything is then reconciled with the venues"
        )


class ChainBroken(JournalError):
    """Event `seq` is missing or was changed after it was written: nothing from there on can be trusted."""

    def __init__(self, path: Path, *, seq: int, why: str) -> None:
        super().__init__(
            f"journal is damaged at event {seq}: {path}: {why};"
            " restore a backup, or set it aside (veloz journal set-aside): positions are then rebuilt from"
            " the venues"
        )
        self.seq = seq
