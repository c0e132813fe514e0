"""From loaded files to a writer that is ready to run: the one call of the composition root."""

import asyncio
import logging
from collections.abc import Callable

from veloz_tui.domain.reports import JournalState
from veloz_tui.journal.anchor import AnchorKeeper
from veloz_tui.journal.ballast import BALLAST_BYTES, Ballast
from veloz_tui.journal.connections import WAL_BYTES, Durability
from veloz_tui.journal.load import Loaded
from veloz_tui.journal.store import AiosqliteStore, Hook
from veloz_tui.journal.writer import JournalWriter

_log = logging.getLogger(__name__)


async def open_writer(
    loaded: Loaded,
    *,
    durability: Durability,
    on_durable: Callable[[int], None],
    on_state: Callable[[JournalState, str], None],
    on_overflow: Callable[[], None],
    ballast_bytes: int = BALLAST_BYTES,
    wal_bytes: int = WAL_BYTES,
    hook: Hook | None = None,
) -> JournalWriter:
    """Open the journal for writing where `loaded` ends.

    Start `run` at once, whatever else fails: only `run` gives the file and its thread back. `hook` is for
    tests of slow and broken disks. Raises JournalError.
    """
    files = loaded.files
    ballast = Ballast(files.ballast, size=ballast_bytes)
    making = asyncio.create_task(asyncio.to_thread(ballast.make))
    try:
        store = await AiosqliteStore.open(
            files.database, durability=durability, wal_bytes=wal_bytes, hook=hook
        )
    finally:
        has_reserve = await making
    if not has_reserve:
        _log.warning("no room for the journal's reserve of %d bytes: %s", ballast_bytes, files.ballast)
    return JournalWriter(
        store,
        end=loaded.end,
        on_durable=on_durable,
        on_state=on_state,
        on_overflow=on_overflow,
        anchor=AnchorKeeper(files.anchor, journal_id=loaded.journal_id),
        ballast=ballast,
    )
