"""The journal's tables, its version and every statement that is run on it.

`event` is append-only and the only truth; `snapshot` saves time; `meta` says what the file is. The unique
index on venue_key is an assertion: state de-duplicates, and a second fill of one trade here is a bug.
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Final

from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.types import Nanos
from veloz_tui.journal.codec import Row

VERSION: Final = 1
APPLICATION_ID: Final = 0x56454C4F
"""`VELO`, in the file's header: it is a journal, not just any database."""

_TABLES: Final = """
CREATE TABLE meta(
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE event(
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  client_order_id TEXT,
  venue_key TEXT,
  body BLOB NOT NULL,
  hash BLOB NOT NULL
);
CREATE UNIQUE INDEX event_venue_key ON event(venue_key) WHERE venue_key IS NOT NULL;
CREATE INDEX event_client_order_id ON event(client_order_id) WHERE client_order_id IS NOT NULL;
CREATE TABLE snapshot(
  seq INTEGER PRIMARY KEY,
  blob BLOB NOT NULL,
  hash BLOB NOT NULL
);
"""

EVENT_COLUMNS: Final = "seq, at, kind, client_order_id, venue_key, body, hash"
SELECT_TAIL: Final = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
SELECT_HASH: Final = "SELECT hash FROM event WHERE seq = ?"
SELECT_META: Final = "SELECT name, value FROM meta"
SET_META: Final = "INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)"
INSERT_SNAPSHOT: Final = "INSERT OR REPLACE INTO snapshot(seq, blob, hash) VALUES (?, ?, ?)"
DELETE_OLD_SNAPSHOTS: Final = (
    "DELETE FROM snapshot WHERE seq NOT IN (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT 3)"
)
CHECKPOINT: Final = "PRAGMA wal_checkpoint(PASSIVE)"


@lru_cache(maxsize=32)
def insert_events(count: int) -> str:
    """Return the one statement that writes `count` events: one transaction, one fsync."""
    values = ",".join(["(?,?,?,?,?,?,?)"] * count)
    # Only question marks go into the text.
    return f"INSERT INTO event({EVENT_COLUMNS}) VALUES {values}"  # noqa: S608


def insertion(rows: Sequence[Row]) -> tuple[str, list[int | str | bytes | None]]:
    """Return that statement for these events, and its values."""
    return insert_events(len(rows)), list(chain.from_iterable(rows))


def create(connection: sqlite3.Connection, *, journal_id: str, now: Nanos) -> None:
    """Make the tables, all or nothing."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES}"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    )
    meta = [("journal_id", journal_id), ("created_at", str(now)), ("clean", "1")]
    connection.executemany(SET_META, meta)
    connection.execute("COMMIT")


def is_blank(connection: sqlite3.Connection) -> bool:
    """Say whether the file holds nothing at all: not yet a journal, or one that has lost everything."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return tables == (0,) and _pragma(connection, "user_version") == 0


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise JournalError unless this is a journal that this program can read."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise JournalError(
            f"not a journal: {path} is a database of something else;"
            " move it away, or point the profile to the right directory"
        )
    version = _pragma(connection, "user_version")
    if version > VERSION:
        raise JournalError(
            f"journal is newer than this program: {path} has version {version}, this program reads"
            f" {VERSION}; install the newer program that wrote it (nothing was changed)"
        )
    if version != VERSION:
        raise JournalError(f"journal has an unknown version {version}: {path}; restore a backup of it")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value = connection.execute(f"PRAGMA {name}").fetchone()[0]
    assert isinstance(value, int)
    return value
