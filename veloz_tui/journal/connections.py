"""How the journal's database is opened: once for writing, any number of times for reading.

SQLite before 3.51.3 can corrupt a WAL that two connections write or checkpoint at the same instant
("WAL-reset bug", sqlite.org/wal.html): exactly one read-write connection exists, and `mode=ro` ones can't
checkpoint.
"""

import sqlite3
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import quote

from veloz_tui.domain.errors import JournalError

WAL_BYTES: Final = 16 * 1024 * 1024
PAGE_BYTES: Final = 4096


class Durability(StrEnum):
    """What an event that is called durable survives."""

    POWER = "power"
    """A power cut: each commit waits for the disk."""
    PROCESS = "process"
    """The death of the process; a power cut may take the newest events."""


def open_readonly(path: Path) -> sqlite3.Connection:
    """Open for reading only; may be used from any one thread at a time. Raises JournalError."""
    if not path.exists():
        raise JournalError(f"no journal: {path} does not exist; start the engine once, or check the profile")
    try:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            isolation_level=None,
            timeout=1.0,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def open_for_writing(
    path: Path, *, durability: Durability = Durability.POWER, wal_bytes: int = WAL_BYTES
) -> sqlite3.Connection:
    """Open the one connection that writes. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=1.0,
        check_same_thread=False,
        cached_statements=32,  # a statement a batch size; one of 2,000 rows takes about a megabyte
    )
    try:
        _set_pragmas(connection, durability)
        _grow_wal(connection, wal_bytes)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_pragmas(connection: sqlite3.Connection, durability: Durability) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise sqlite3.OperationalError("this file system can't hold a write-ahead log")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability is Durability.POWER else 'NORMAL'}")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: its plain fsync stops at the drive's cache
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("PRAGMA journal_size_limit = -1")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # the writer does them when nobody waits


def _grow_wal(connection: sqlite3.Connection, wal_bytes: int) -> None:
    # A WAL that needn't grow while trading has a quarter of the p99 (measured 4.9 -> 1.1 ms): a large
    # transaction spills into it and is rolled back; the file keeps its size.
    if wal_bytes <= 0:
        return
    try:
        connection.execute("PRAGMA cache_size = -256")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO snapshot(seq, blob, hash) VALUES (-1, zeroblob(?), x'')", (wal_bytes,)
        )
    except sqlite3.OperationalError as error:
        if code_of(error) != sqlite3.SQLITE_FULL:
            raise
    finally:
        if connection.in_transaction:  # a full disk has rolled back by itself
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA cache_size = -8192")


# What time can mend: nothing of the statement was written, and the file is sound.
_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_INTERRUPT,
    }
)


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error, 0 where it has none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def is_passing(error: sqlite3.Error) -> bool:
    """Say whether a later try may succeed. After the others nobody knows what is on the disk."""
    return code_of(error) in _PASSING


def unreadable(path: Path, error: sqlite3.Error) -> JournalError:
    """Say in the operator's words what SQLite found."""
    code = code_of(error)
    what = {
        sqlite3.SQLITE_NOTADB: "is not a journal (its header is something else's)",
        sqlite3.SQLITE_CORRUPT: "is damaged",
        sqlite3.SQLITE_CANTOPEN: "can't be opened (missing, or its directory isn't writable)",
        sqlite3.SQLITE_READONLY: "can't be written",
        sqlite3.SQLITE_FULL: "can't grow: the disk is full",
        sqlite3.SQLITE_BUSY: "is being written by another program",
        sqlite3.SQLITE_IOERR: "can't be read or written: the disk reports an error",
    }.get(code, "can't be read")
    todo = {
        sqlite3.SQLITE_FULL: "free some space and start again",
        sqlite3.SQLITE_BUSY: "stop the other program; one engine writes a journal",
        sqlite3.SQLITE_CANTOPEN: "check the path, its owner and its mode",
        sqlite3.SQLITE_READONLY: "check the path, its owner and its mode",
        sqlite3.SQLITE_IOERR: "check the disk before anything else",
    }.get(
        code,
        "restore a backup, or set it aside (veloz journal set-aside): positions are then rebuilt"
        " from the venues",
    )
    return JournalError(f"journal {what}: {path} ({error}); {todo}")
