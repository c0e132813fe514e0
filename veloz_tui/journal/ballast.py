"""The reserve: a file that is deleted when the disk is full, so that the last records still fit."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

BALLAST_BYTES: Final = 32 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


class Ballast:
    """Blocks: call it from a thread."""

    def __init__(self, path: Path, *, size: int = BALLAST_BYTES) -> None:
        self._path = path
        self._size = size

    def make(self) -> bool:
        """Make it if it isn't there; False where the disk has no room for twice its size."""
        if self._path.exists() and self._path.stat().st_size >= self._size:
            return True
        try:
            if shutil.disk_usage(self._path.parent).free < 2 * self._size:
                return False
            self._write()
        except OSError:
            self.free()
            return False
        return True

    def free(self) -> None:
        """Give its room back to the disk."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        # Written out, not just sized: a sparse file would reserve nothing, nor would one that can be
        # compressed. File systems compress far smaller pieces than a chunk, so that one will do for all.
        chunk = os.urandom(_CHUNK)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            for start in range(0, self._size, _CHUNK):
                os.write(descriptor, chunk[: self._size - start])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Reserve:
    """The ballast as the writer uses it, off the event loop. Without a ballast there is nothing to spend."""

    def __init__(self, ballast: Ballast | None) -> None:
        self._ballast = ballast
        self.is_spent = False

    async def spend(self) -> bool:
        """Free the ballast; False if there is none, or none any more."""
        if self._ballast is None or self.is_spent:
            return False
        self.is_spent = True
        await asyncio.to_thread(self._ballast.free)
        return True

    async def restore(self) -> bool:
        """Say whether the reserve is in place, after an attempt to make it."""
        if self._ballast is not None and self.is_spent:
            self.is_spent = not await asyncio.to_thread(self._ballast.make)
        return not self.is_spent
