"""The mark of the newest run of order ids: it outlives the journal, and an unreadable one is refused."""

import os
from pathlib import Path

import pytest

from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import SECOND, Nanos
from veloz_tui.runtime.epoch_mark import EpochMark

MINUTE = 1_431_000
NOW = Nanos((1_704_067_200 + MINUTE * 60) * SECOND)


@pytest.fixture
def mark(tmp_path: Path) -> EpochMark:
    tmp_path.chmod(0o700)
    return EpochMark(tmp_path / "ids-7K.epoch")


def test_without_a_mark_there_was_no_run(mark: EpochMark) -> None:
    assert mark.read() == 0


def test_it_remembers_the_newest_run(mark: EpochMark) -> None:
    mark.write(1_400_000)
    assert EpochMark(mark.path).read() == 1_400_000
    mark.write(1_400_001)
    assert mark.read() == 1_400_001
    assert mark.path.stat().st_mode & 0o777 == 0o600


def test_a_mark_is_written_over_and_takes_no_new_room(mark: EpochMark) -> None:
    mark.write(7)
    before = mark.path.stat()
    mark.write(33_554_431)
    after = mark.path.stat()
    assert (before.st_ino, before.st_size) == (after.st_ino, after.st_size)


def test_a_journal_that_knows_less_than_was_sent_gets_a_new_epoch_all_the_same(mark: EpochMark) -> None:
    used = [mark.claim(last=0, now=NOW)]
    for _ in range(4):  # starts in quick succession run ahead of the clock
        used.append(mark.claim(last=used[-1], now=NOW))
    assert used == list(range(MINUTE, MINUTE + 5))
    a_restored_journal, later = used[1], Nanos(NOW + 2 * 60 * SECOND)
    assert mark.claim(last=a_restored_journal, now=later) == used[-1] + 1
    assert mark.claim(last=0, now=NOW) == used[-1] + 2  # set aside, and the clock put back


def test_the_journal_counts_where_it_knows_more_than_the_mark(mark: EpochMark) -> None:
    mark.write(5)
    assert mark.claim(last=MINUTE + 9, now=NOW) == MINUTE + 10
    assert mark.read() == MINUTE + 10


@pytest.mark.parametrize(
    "content", [b"", b"12", b"-000000001\n", b"nonsense!!\n", b"9999999999\n", b"1" * 60]
)
def test_a_mark_that_says_nothing_is_refused_with_what_to_do(mark: EpochMark, content: bytes) -> None:
    mark.path.write_bytes(content)
    mark.path.chmod(0o600)
    with pytest.raises(ConfigError, match="an hour"):
        mark.read()


def test_a_mark_that_cannot_be_written_is_refused(mark: EpochMark) -> None:
    os.mkfifo(mark.path)
    with pytest.raises(ConfigError):
        mark.write(5)
