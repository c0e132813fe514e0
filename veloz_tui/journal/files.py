"""The journal's files on disk: their names, who may read them, how a new journal is made.

`journal.db` (with SQLite's -wal and -shm), `journal.hwm` the anchor, `journal.ballast` the reserve. The
directory is 0700 and the files 0600: orders and positions are nobody else's business.
"""

import os
import secrets
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import msgspec

from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.types import Nanos
from veloz_tui.journal import schema
from veloz_tui.journal.anchor import Anchor, read_anchor, write_anchor
from veloz_tui.journal.codec import genesis
from veloz_tui.journal.connections import open_readonly, unreadable


class JournalFiles(msgspec.Struct, frozen=True):
    """Where one profile's journal lives."""

    directory: Path

    @property
    def database(self) -> Path:
        return self.directory / "journal.db"

    @property
    def wal(self) -> Path:
        return self.directory / "journal.db-wal"

    @property
    def anchor(self) -> Path:
        return self.directory / "journal.hwm"

    @property
    def ballast(self) -> Path:
        return self.directory / "journal.ballast"

    def present(self) -> list[Path]:
        return sorted(self.directory.glob("journal.*")) if self.directory.exists() else []


def prepare(files: JournalFiles, *, now: Nanos, journal_id: str | None = None) -> bool:
    """Make the journal if there never was one, and say whether it is new. Blocks.

    Raises JournalError where a journal has existed and is gone, and where others could read it. Chosen ids
    (`journal_id`) are for simulations, which must repeat to the bit.
    """
    files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_modes(files)
    if _holds_something(files):
        return False
    _refuse_if_one_existed(files)
    journal_id = journal_id or secrets.token_hex(8)
    try:
        _create(files.database, journal_id=journal_id, now=now)
        write_anchor(files.anchor, Anchor(journal_id=journal_id, seq=0, hash=genesis(journal_id).hash.hex()))
    except sqlite3.Error as error:
        raise unreadable(files.database, error) from error
    except OSError as error:
        raise JournalError(f"journal can't be made: {files.directory} ({error})") from error
    return True


def check_modes(files: JournalFiles) -> None:
    """Raise JournalError if anyone but the owner could read or write the journal."""
    for path in (files.directory, *files.present()):
        try:
            found = path.stat()
        except FileNotFoundError:  # the anchor's new version took its place meanwhile
            continue
        if found.st_uid != os.getuid():
            raise JournalError(f"journal belongs to another user: {path}; run as its owner")
        wanted = 0o700 if stat.S_ISDIR(found.st_mode) else 0o600
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o077:
            raise JournalError(
                f"journal is open to others: {path} has mode {mode:04o}; run: chmod {wanted:o} {path}"
            )


def set_aside(files: JournalFiles, *, label: str) -> Path:
    """Move a damaged journal into its own directory and return that; the next `prepare` makes a new one."""
    target = files.directory / f"damaged-{label}"
    target.mkdir(mode=0o700)
    for path in files.present():
        if path != files.ballast:
            path.rename(target / path.name)
    return target


def _holds_something(files: JournalFiles) -> bool:
    if not _size(files.database):
        return False
    try:
        with closing(open_readonly(files.database)) as connection:
            return not schema.is_blank(connection)
    except sqlite3.Error as error:
        raise unreadable(files.database, error) from error


def _refuse_if_one_existed(files: JournalFiles) -> None:
    anchor = read_anchor(files.anchor)
    if anchor is not None:
        raise JournalError(
            f"journal is gone: {files.database} is missing or empty, but it had {anchor.seq} events"
            f" ({files.anchor}); put it back, or set the rest aside (veloz journal set-aside): positions are"
            " then rebuilt from the venues"
        )
    if _size(files.wal) and not _size(files.database):
        raise JournalError(
            f"journal is gone: {files.database} is missing or empty, but {files.wal.name} is there;"
            " put it back, or set the rest aside (veloz journal set-aside): positions are then rebuilt from"
            " the venues"
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _create(path: Path, *, journal_id: str, now: Nanos) -> None:
    # Made by us and not by SQLite, so that it is private from its first byte; -wal and -shm copy its mode.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.create(connection, journal_id=journal_id, now=now)
