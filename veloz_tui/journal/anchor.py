"""The high-water anchor: a small file beside the journal that remembers how far it got.

A hash chain can't show that its newest links are gone (a deleted -wal, a restored backup, a power cut with
durability "process"). The anchor can: it is written after events are durable, never before, so a journal
that ends below its anchor has lost something.
"""

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from veloz_tui.domain.errors import JournalError
from veloz_tui.journal.codec import ChainEnd
from veloz_tui.journal.errors import AnchorMismatch

_log = logging.getLogger(__name__)


class Anchor(msgspec.Struct, frozen=True):
    """Event `seq` of journal `journal_id` was durable, with this hash (hexadecimal)."""

    journal_id: str
    seq: int
    hash: str


def read_anchor(path: Path) -> Anchor | None:
    """Return the anchor, None where there is none. Raises JournalError if it can't be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Anchor)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise AnchorMismatch(path, f"the anchor can't be read ({error})") from error
    except OSError as error:
        raise JournalError(f"anchor can't be read: {path} ({error}); check its owner and mode") from error


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Replace the anchor, whole or not at all. Blocks for an fsync. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(anchor))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)


class AnchorKeeper:
    """Follows the durable end of the journal: at most one write a second, off the event loop."""

    def __init__(self, path: Path, *, journal_id: str, every_s: float = 1.0) -> None:
        self._path = path
        self._journal_id = journal_id
        self._every_s = every_s
        self._latest: ChainEnd | None = None
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()

    def note(self, end: ChainEnd) -> None:
        """Remember that `end` is durable."""
        self._latest = end
        self._changed.set()

    def stop(self) -> None:
        """Let `run` write what is left and return."""
        self._stopped.set()
        self._changed.set()

    async def run(self) -> None:
        """Write the anchor until stopped; a failed write is logged and tried again with the next one."""
        while not self._stopped.is_set():
            await self._changed.wait()
            self._changed.clear()
            await self._write()
            try:
                async with asyncio.timeout(self._every_s):
                    await self._stopped.wait()
            except TimeoutError:
                continue
        await self._write()

    async def _write(self) -> None:
        end, self._latest = self._latest, None
        if end is None:
            return
        anchor = Anchor(journal_id=self._journal_id, seq=end.seq, hash=end.hash.hex())
        try:
            await asyncio.to_thread(write_anchor, self._path, anchor)
        except OSError as error:
            # An old anchor is safe: it only claims less. The journal itself reports a full disk.
            _log.warning("anchor not written: %s (%s)", self._path, error)
            self._latest = self._latest or end
