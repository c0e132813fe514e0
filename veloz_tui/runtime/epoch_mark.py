"""The newest run of order ids, remembered outside of the journal.

Ids are unique by their run's epoch, which the journal hands on. A journal that was set aside, restored or
begun anew within the minute knows less than what was sent, so the epoch is also kept beside the profiles'
directories, and made durable before a run's first order. With that directory restored as well, the wall
clock in the epoch is what is left.
"""

import os
from pathlib import Path
from typing import Final

from veloz_tui.config.filesystem import open_private, read_private, sync_directory
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.ids import MAX_EPOCH, next_epoch
from veloz_tui.domain.types import Nanos

DIGITS: Final = 10


class EpochMark:
    """One file an account tag; two profiles whose tags are alike share it, and never an epoch."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, *, last: int, now: Nanos) -> int:
        """Return the epoch of a run that starts now, after `last` by its journal; it is this run's alone.

        Blocks. Raises ConfigError.
        """
        epoch = next_epoch(last=max(last, self.read()), now=now)
        self.write(epoch)
        return epoch

    def read(self) -> int:
        """Return the newest epoch of any run, 0 without one. Raises ConfigError where it can't be told."""
        try:
            content = read_private(self.path, limit=64)
        except FileNotFoundError:
            return 0
        is_whole = len(content) == DIGITS + 1 and content[:DIGITS].isdigit() and content.endswith(b"\n")
        if not is_whole or int(content) >= MAX_EPOCH:
            raise ConfigError(
                f"the mark of used order ids can't be read – {self.path} – "
                "remove it once no engine of yours has run for an hour"
            )
        return int(content)

    def write(self, epoch: int) -> None:
        """Make it durable. Blocks for an fsync. In place: a full disk has room for what was there before."""
        descriptor = open_private(self.path, os.O_RDWR)
        try:
            os.pwrite(descriptor, f"{epoch:0{DIGITS}}\n".encode(), 0)
            os.fsync(descriptor)
            sync_directory(self.path.parent)
        except OSError as error:
            raise ConfigError(
                f"the mark of used order ids can't be written: {error.strerror} – {self.path} – "
                "make room on the disk"
            ) from error
        finally:
            os.close(descriptor)
