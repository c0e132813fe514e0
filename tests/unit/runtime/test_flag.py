"""kill.flag: it stands until it is lowered, and whatever is wrong with it halts."""

import os
from pathlib import Path

import pytest

from veloz_tui.runtime.flag import lower_flag, raise_flag, read_flag


@pytest.fixture
def flag(tmp_path: Path) -> Path:
    return tmp_path / "kill.flag"


def test_no_flag_no_halt(flag: Path) -> None:
    assert read_flag(flag) == ""


def test_it_names_the_kill_and_is_ours_alone(flag: Path) -> None:
    raise_flag(flag, kill_id="k1")
    assert read_flag(flag) == "k1"
    assert flag.stat().st_mode & 0o777 == 0o600


def test_the_first_kill_stands(flag: Path) -> None:
    raise_flag(flag, kill_id="k1")
    raise_flag(flag, kill_id="k2")
    assert read_flag(flag) == "k1"


def test_lowered_it_is_gone_and_lowering_nothing_is_no_fault(flag: Path) -> None:
    raise_flag(flag, kill_id="k1")
    lower_flag(flag)
    lower_flag(flag)
    assert read_flag(flag) == ""


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00"])
def test_a_damaged_flag_halts(flag: Path, content: bytes) -> None:
    flag.write_bytes(content)
    assert read_flag(flag)


def test_a_flag_that_cannot_be_read_halts(flag: Path) -> None:
    flag.mkdir()
    assert read_flag(flag)


def test_a_link_is_not_followed(flag: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep")
    flag.symlink_to(target)
    raise_flag(flag, kill_id="k1")  # something is there: it halts as it is
    assert target.read_text() == "keep"
    assert read_flag(flag)


def test_a_dangling_link_halts_too(flag: Path, tmp_path: Path) -> None:
    flag.symlink_to(tmp_path / "nowhere")
    with_flag = os.path.lexists(flag)
    raise_flag(flag, kill_id="k1")
    assert with_flag
    assert not (tmp_path / "nowhere").exists()
    assert read_flag(flag)


def test_an_endless_flag_is_cut(flag: Path) -> None:
    flag.write_text("x" * 100_000)
    assert len(read_flag(flag)) <= 64
