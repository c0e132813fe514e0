"""A writer that dies by SIGKILL at any moment: what it called durable is there, and the chain holds.

VELOZ_KILLS sets how often (default 40).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from veloz_tui.journal.files import JournalFiles
from veloz_tui.journal.load import load
from veloz_tui.journal.reader import JournalReader
from veloz_tui.journal.verify import verify

KILLS = int(os.environ.get("VELOZ_KILLS", "40"))


class Nursery:
    """Starts writers and kills them; reads what they have said before and after."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def live_and_die(self, directory: Path, *, seed: int, is_early: bool, life_s: float) -> list[list[str]]:
        """Run one writer, kill it `life_s` after its birth (early) or its first ack; return what it said."""
        assert self._process.stdin is not None
        print(directory, seed, file=self._process.stdin, flush=True)
        born = self._line()
        assert born[0] == "born", born
        said: list[list[str]] = []
        while not is_early and (not said or said[-1][0] != "ack"):
            said.append(self._line())
            assert said[-1][0] != "dead", "it died of itself"
        time.sleep(life_s)  # not a wait for anything: the moment of death
        os.kill(int(born[1]), signal.SIGKILL)
        while (line := self._line())[0] != "dead":
            said.append(line)
        return said

    def _line(self) -> list[str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery has died"
        return line.split()


@contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.unit.journal.nursery"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Nursery(process)


def check_from_the_last_snapshot(files: JournalFiles) -> None:
    loaded = load(files, check_pages=False)
    assert sum(len(part) for part in loaded.slices()) == loaded.end.seq - loaded.snapshot_end.seq


def test_no_acknowledged_event_is_lost_and_no_chain_breaks_over_many_kills(tmp_path: Path) -> None:
    rng = random.Random(20260101)
    files = JournalFiles(tmp_path / "journal")
    acknowledged = ended = acks = 0
    with nursery() as home:
        for seed in range(KILLS):
            is_early = seed % 3 == 0
            life_s = rng.uniform(0.0, 0.05 if is_early else 0.15)
            said = home.live_and_die(files.directory, seed=seed, is_early=is_early, life_s=life_s)
            assert {line[0] for line in said} <= {"open", "ack"}, said[-1]
            opened = [int(line[1]) for line in said if line[0] == "open"]
            assert opened in ([], [ended]), "a start sees exactly what the last death left"
            newest = max((int(line[1]) for line in said if line[0] == "ack"), default=0)
            acknowledged = max(acknowledged, newest)
            acks += newest > 0
            if files.anchor.exists():
                with JournalReader(files.database) as reader:
                    ended = reader.end().seq
                assert ended >= acknowledged
                check_from_the_last_snapshot(files)
    report = verify(files)
    assert report.is_ok, report.text()
    # The test would say nothing if the writers had died before they wrote.
    assert acks >= KILLS // 2
    assert acknowledged > 20 * KILLS
    print(f"{KILLS} kills, {acks} after acknowledgements: {acknowledged} acknowledged, {ended} durable")
