"""From the journal's files to the State that a run begins with: snapshot, then the events after it."""

import asyncio
from typing import Final

import msgspec

from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.types import Nanos
from veloz_tui.engine.fold import apply
from veloz_tui.engine.state import State, decode_state
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import Loaded, check_every_page, load

SLICE: Final = 2_000
"""Events folded between two chances for the event loop: about 10 ms."""


class Recovered(msgspec.Struct, frozen=True):
    """The state as of the journal's end, and where the writer goes on."""

    state: State
    loaded: Loaded
    is_new: bool


async def recover(files: JournalFiles, *, now: Nanos) -> Recovered:
    """Make or read the journal. Raises JournalError with what to do."""
    is_new = await asyncio.to_thread(prepare, files, now=now)
    # Looking at the pages takes as long as the fold, and does without Python's lock: side by side. What
    # it finds is the reason for all else.
    pages, folded = await asyncio.gather(
        asyncio.to_thread(check_every_page, files),
        _fold(files),
        return_exceptions=True,
    )
    if isinstance(pages, BaseException):
        raise pages
    if isinstance(folded, BaseException):
        raise folded
    loaded, state = folded
    return Recovered(state, loaded, is_new)


async def _fold(files: JournalFiles) -> tuple[Loaded, State]:
    loaded = await asyncio.to_thread(load, files, check_pages=False)
    state = _from_snapshot(loaded)
    for records in loaded.slices(slice_rows=SLICE):
        for record in records:
            apply(state, record)
        await asyncio.sleep(0)
    return loaded, state


def _from_snapshot(loaded: Loaded) -> State:
    if loaded.snapshot is None:
        return State()
    try:
        state = decode_state(loaded.snapshot)
    except msgspec.DecodeError as error:
        raise JournalError(
            f"snapshot after event {loaded.snapshot_end.seq} can't be read by this version ({error}) - "
            f"{loaded.files.database} - use the version of veloz that wrote it"
        ) from error
    if state.seq != loaded.snapshot_end.seq:
        raise JournalError(
            f"snapshot says event {state.seq}, the journal {loaded.snapshot_end.seq} - "
            f"{loaded.files.database} - run veloz journal verify"
        )
    return state
