"""From the journal's files back to the state that was lived."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.engine.factories import T0, Core, limit_buy, report
from veloz_tui.domain.errors import JournalError
from veloz_tui.domain.events import Recorded
from veloz_tui.engine.state import State, encode_state
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.store import InlineStore
from veloz_tui.journal.writer import JournalWriter
from veloz_tui.runtime.recovery import SLICE, recover


def lived(orders: int = 5) -> Core:
    core = Core()
    for number in range(orders):
        order = core.working(limit_buy("0.1 @ 90"), venue_order_id=str(number))
        if number % 2:
            core.send(report(order, "CANCELED", venue_order_id=str(number)))
    return core


async def write(
    files: JournalFiles, records: list[Recorded], *, snapshot: tuple[int, bytes] | None = None
) -> None:
    prepare(files, now=T0, journal_id="test")
    writer = JournalWriter(
        InlineStore(files.database),
        end=load(files, check_pages=False).end,
        on_durable=lambda seq: None,
        on_state=lambda state, reason: None,
        on_overflow=lambda: None,
    )
    running = asyncio.create_task(writer.run())
    writer.append(records)
    await writer.wait_durable(records[-1].seq)
    if snapshot is not None:
        await writer.write_snapshot(*snapshot)
    await writer.close()
    await running


@pytest.fixture
def files(tmp_path: Path) -> JournalFiles:
    return JournalFiles(tmp_path / "journal")


async def test_nothing_there_is_a_new_journal(files: JournalFiles) -> None:
    found = await recover(files, now=T0)
    assert found.is_new
    assert found.state == State()
    assert not (await recover(files, now=T0)).is_new


async def test_a_journal_gives_the_state_that_was_lived(files: JournalFiles) -> None:
    core = lived()
    await write(files, core.records)
    found = await recover(files, now=T0)
    assert found.state == core.state
    assert not found.is_new


async def test_so_do_a_snapshot_and_what_came_after_it(files: JournalFiles) -> None:
    core = lived()
    cut = len(core.records) // 2
    middle = Core()
    middle.records = core.records[:cut]
    await write(files, core.records, snapshot=(cut, encode_state(middle.folded())))
    found = await recover(files, now=T0)
    assert found.loaded.snapshot_end.seq == cut
    assert found.state == core.state


async def test_the_loop_lives_while_a_long_journal_is_read(files: JournalFiles) -> None:
    core = lived(orders=SLICE // 3)
    await write(files, core.records)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert (await recover(files, now=T0)).state == core.state
    counting.cancel()
    assert turns >= len(core.records) // SLICE


async def test_a_snapshot_of_another_event_is_refused(files: JournalFiles) -> None:
    core = lived()
    await write(files, core.records, snapshot=(3, encode_state(core.state)))
    with pytest.raises(JournalError, match="snapshot says event"):
        await recover(files, now=T0)


async def test_a_snapshot_of_another_version_is_refused_in_words(files: JournalFiles) -> None:
    core = lived()
    await write(files, core.records, snapshot=(3, b"\x93\x01\x02\x03"))
    with pytest.raises(JournalError, match="version"):
        await recover(files, now=T0)
