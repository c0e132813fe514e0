"""The port to the database, and its two implementations.

`execute` runs one statement in a transaction of its own: when it returns, the change is durable; when it
raises sqlite3.Error, nothing of it is there (after SQLITE_IOERR nobody knows). AiosqliteStore works on its
own thread, one hop a statement; where no fsync follows a commit, `execute_now` does it on the event loop: a
short insert takes 15-40 us, the hop 300. InlineStore works on the event loop, for simulations, whose virtual
clock can't wait for a thread. The writer has one statement under way at most, so the connection is never used
by two threads at once.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random
from typing import Protocol

import aiosqlite

from veloz_tui.journal.connections import WAL_BYTES, Durability, open_for_writing, unreadable

Value = int | str | bytes | None
Hook = Callable[[str], Awaitable[None]]
"""Called with each statement before it runs: a test's place to be slow or to raise sqlite3.Error."""


class Store(Protocol):
    """Where the writer's statements go."""

    @property
    def is_quick(self) -> bool:
        """Whether `execute_now` may be called."""

    async def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Value, ...]]: ...

    def execute_now(self, statement: str, values: Sequence[Value]) -> None:
        """The same, done when it returns. Never while an `execute` is under way."""

    async def close(self) -> None: ...


class AiosqliteStore:
    """The live store. Make it with `open`."""

    def __init__(
        self, connection: aiosqlite.Connection, *, quick: sqlite3.Connection | None, hook: Hook | None
    ) -> None:
        """`quick`: the same connection, where a commit waits for no disk."""
        self._connection = connection
        self._quick = quick
        self._hook = hook

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        durability: Durability = Durability.POWER,
        wal_bytes: int = WAL_BYTES,
        hook: Hook | None = None,
    ) -> "AiosqliteStore":
        """Open the one connection that writes. Raises JournalError."""
        try:
            # Opened beforehand: a connection that aiosqlite fails to open leaves its thread running.
            opened = await asyncio.to_thread(
                open_for_writing, path, durability=durability, wal_bytes=wal_bytes
            )
        except sqlite3.Error as error:
            raise unreadable(path, error) from error
        quick = opened if durability is Durability.PROCESS else None
        return cls(await aiosqlite.Connection(lambda: opened, iter_chunk_size=64), quick=quick, hook=hook)

    async def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Value, ...]]:
        if self._hook is not None:
            await self._hook(statement)
        # One hop: plain `execute` would leave an open cursor, whose fetch and close are two more.
        return [tuple(row) for row in await self._connection.execute_fetchall(statement, values)]

    @property
    def is_quick(self) -> bool:
        return self._quick is not None and self._hook is None

    def execute_now(self, statement: str, values: Sequence[Value]) -> None:
        assert self._quick is not None
        self._quick.execute(statement, values)

    async def close(self) -> None:
        await self._connection.close()


class InlineStore:
    """The simulation's store: the same statements, on the event loop."""

    def __init__(
        self,
        path: Path,
        *,
        durability: Durability = Durability.PROCESS,
        hook: Hook | None = None,
    ) -> None:
        try:
            self._connection = open_for_writing(path, durability=durability, wal_bytes=0)
        except sqlite3.Error as error:
            raise unreadable(path, error) from error
        self._hook = hook

    async def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Value, ...]]:
        if self._hook is not None:
            await self._hook(statement)
        return self._connection.execute(statement, values).fetchall()

    @property
    def is_quick(self) -> bool:
        return False  # every statement goes past the hook

    def execute_now(self, statement: str, values: Sequence[Value]) -> None:
        self._connection.execute(statement, values)

    async def close(self) -> None:
        self._connection.close()


def seeded_disk(random: Random, *, max_delay_s: float = 0.005, full_rate: float = 0.0) -> Hook:
    """Return a hook that acts like a disk: each statement takes a while, some find it full."""

    async def hook(_statement: str) -> None:
        await asyncio.sleep(random.uniform(0.0, max_delay_s))
        if random.random() < full_rate:
            raise disk_full()

    return hook


def disk_full() -> sqlite3.OperationalError:
    """Return the error that SQLite raises on a full disk."""
    return sqlite_error(sqlite3.SQLITE_FULL, "SQLITE_FULL", "database or disk is full")


def corrupt(text: str) -> sqlite3.OperationalError:
    """Return the error of a file that doesn't hold what was written."""
    return sqlite_error(sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT", text)


def sqlite_error(code: int, name: str, text: str) -> sqlite3.OperationalError:
    """Return an error as SQLite's own, with its code (a plain one carries none)."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    error.sqlite_errorname = name
    return error
