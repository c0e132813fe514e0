"""Storing the state now and then, so that a start needn't fold everything. Not the truth: one may be lost."""

import asyncio
from collections import deque

import msgspec

from veloz_tui.domain.errors import JournalError
from veloz_tui.journal import schema
from veloz_tui.journal.codec import snapshot_digest
from veloz_tui.journal.store import Store, corrupt


class _Request(msgspec.Struct, frozen=True):
    seq: int
    blob: bytes
    written: asyncio.Future[None]


class Snapshots:
    """The snapshot that waits to be written (one at a time) and how it is written."""

    def __init__(self) -> None:
        self._requests: deque[_Request] = deque()

    def __len__(self) -> int:
        return len(self._requests)

    def request(self, seq: int, blob: bytes) -> asyncio.Future[None]:
        """Queue the state after event `seq`. Raises JournalError while another one waits."""
        if self._requests:
            raise JournalError("a snapshot is being written already; take the next one after it")
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests.append(_Request(seq, blob, written))
        return written

    async def write(self, store: Store) -> int:
        """Write the one that waits, tied to its event by the hash; return its size. Raises sqlite3.Error."""
        request = self._requests[0]
        found = await store.execute(schema.SELECT_HASH, (request.seq,))
        if not found:
            raise corrupt(f"event {request.seq} was durable and is gone")
        chain_hash = found[0][0]
        assert isinstance(chain_hash, bytes)
        digest = snapshot_digest(chain_hash, request.blob)
        await store.execute(schema.INSERT_SNAPSHOT, (request.seq, request.blob, digest))
        await store.execute(schema.DELETE_OLD_SNAPSHOTS)
        self._requests.popleft()
        if not request.written.done():
            request.written.set_result(None)
        return len(request.blob)

    def fail(self, error: JournalError) -> None:
        """Tell who waits that it was not written."""
        while self._requests:
            written = self._requests.popleft().written
            if not written.done():
                written.set_exception(error)
