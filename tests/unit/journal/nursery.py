"""Processes that write a journal until they are killed: `python -m tests.unit.journal.nursery`.

Reads lines "DIRECTORY SEED" and forks a writer for each, so that only the first one pays for the imports. On
stdout, each line whole: `born PID`, `open SEQ` (where its journal ends at the start), `ack SEQ` (durable),
then `dead PID`.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from tests.unit.journal.journals import created, filled, said
from veloz_tui.domain.events import AnyEvent, Recorded
from veloz_tui.domain.types import Nanos
from veloz_tui.journal.connections import Durability
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.journal.load import load
from veloz_tui.journal.opening import open_writer
from veloz_tui.journal.writer import JournalWriter


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def main() -> None:
    for line in sys.stdin:
        directory, seed = line.rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            asyncio.run(live(Path(directory), random.Random(int(seed))))
            os._exit(1)
        say(f"born {child}")
        os.waitpid(child, 0)
        say(f"dead {child}")


async def live(directory: Path, rng: random.Random) -> None:
    """Write for ever: bursts and pauses, small and large events, a snapshot now and then."""
    files = JournalFiles(directory)
    prepare(files, now=Nanos(1), journal_id="test")
    loaded = load(files)
    say(f"open {loaded.end.seq}")
    writer = await open_writer(
        loaded,
        durability=Durability.PROCESS,
        on_durable=lambda seq: say(f"ack {seq}"),
        on_state=lambda state, reason: say(f"state {state} {reason}"),
        on_overflow=lambda: say("overflow"),
        ballast_bytes=1000,
        wal_bytes=rng.choice([0, 200_000]),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        await pour(writer, rng, seq=loaded.end.seq)


async def pour(writer: JournalWriter, rng: random.Random, *, seq: int) -> None:
    while True:
        count = rng.choice([1, 1, 3, 10, 100])
        events = [Recorded(seq + number, event(seq + number, rng)) for number in range(1, count + 1)]
        seq += count
        writer.append(events)
        if rng.random() < 0.05:
            await writer.write_snapshot(seq, rng.randbytes(rng.choice([10, 20_000])))
        await asyncio.sleep(rng.choice([0.0, 0.0005, 0.002]))


def event(seq: int, rng: random.Random) -> AnyEvent:
    match rng.randrange(3):
        case 0:
            return created(seq)
        case 1:
            return filled(seq)
        case _:
            return said(seq, "x" * rng.choice([10, 300, 2000]))


if __name__ == "__main__":
    main()
