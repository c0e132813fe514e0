"""Which code a strategy runs is known by a hash of its files."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from veloz_tui.domain.errors import StrategyError
from veloz_tui.strategy.fingerprint import DIGITS, fingerprint


def module(path: Path, code: str) -> ModuleType:
    path.write_text(code)
    made = ModuleType(path.stem)
    made.__file__ = str(path)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "strategies").mkdir()
    yield tmp_path / "strategies"


def test_it_is_the_same_for_the_same_files_in_any_order(folder: Path) -> None:
    a, b = module(folder / "a.py", "x = 1"), module(folder / "b.py", "y = 1")
    code = fingerprint([a, b], folder=folder)
    assert len(code) == DIGITS
    assert fingerprint([b, a, a], folder=folder) == code


@pytest.mark.parametrize("change", ["own", "neighbor", "one more"])
def test_it_is_another_one_after_any_change_of_what_is_loaded(folder: Path, change: str) -> None:
    loaded = [module(folder / "mine.py", "x = 1"), module(folder / "helpers.py", "y = 1")]
    before = fingerprint(loaded, folder=folder)
    match change:
        case "own":
            (folder / "mine.py").write_text("x = 2")
        case "neighbor":
            (folder / "helpers.py").write_text("y = 2")
        case _:
            loaded.append(module(folder / "more.py", ""))
    assert fingerprint(loaded, folder=folder) != before


def test_text_that_moves_from_one_file_to_the_next_is_a_change(folder: Path) -> None:
    loaded = [module(folder / "a.py", "x = 1\n"), module(folder / "b.py", "y = 1\n")]
    before = fingerprint(loaded, folder=folder)
    (folder / "a.py").write_text("x = 1\ny = 1\n")
    (folder / "b.py").write_text("")
    assert fingerprint(loaded, folder=folder) != before


def test_the_programs_own_code_and_other_folders_have_none(folder: Path, tmp_path: Path) -> None:
    outside = module(tmp_path / "outside.py", "x = 1")
    assert fingerprint([outside, sys, ModuleType("nowhere")], folder=folder) == ""
    assert fingerprint(list(sys.modules.values()), folder=None) == ""


@pytest.mark.parametrize("file", [5, "\0"])
def test_a_file_that_makes_no_sense_is_the_strategys_fault(folder: Path, file: object) -> None:
    strange = ModuleType("strange")
    strange.__file__ = file  # type: ignore[assignment]
    with pytest.raises(StrategyError, match="its files can't be read"):
        fingerprint([strange], folder=folder)
