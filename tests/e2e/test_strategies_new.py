"""`veloz strategy new`: what it writes passes its own test and loads; it never overwrites."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.profile import ROOT, running_profile, until
from veloz_tui.cli import run
from veloz_tui.sim.settings import LimitSettings
from veloz_tui.strategy.loader import load

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, place in (("CONFIG", "c"), ("STATE", "s"), ("RUNTIME", "none")):
        monkeypatch.setenv(f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}", str(tmp_path / place))
    return tmp_path / "c/veloz/strategies"


def test_the_written_test_passes_as_it_stands(folder: Path, capsys: Capture) -> None:
    assert run(["strategy", "new", "dip_buyer"]) == 0
    said = capsys.readouterr().out
    assert str(folder / "dip_buyer.py") in said
    assert f"python -m pytest {folder / 'test_dip_buyer.py'}" in said
    assert "[strategies.dip_buyer]" in said
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "test_dip_buyer.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_what_it_wrote_loads_with_and_without_parameters(folder: Path) -> None:
    assert run(["strategy", "new", "mine"]) == 0
    assert type(load("mine.py", folder=folder, params_json=b"{}")).__name__ == "Mine"
    load("mine.py:Mine", folder=folder, params_json=b'{"size": "0.001"}')


@pytest.mark.parametrize("there", ["mine.py", "test_mine.py"])
def test_it_never_overwrites(folder: Path, capsys: Capture, there: str) -> None:
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    (folder / there).write_text("my work")
    assert run(["strategy", "new", "mine"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == [there]
    assert (folder / there).read_text() == "my work"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../evil", "can't name"),
        ("Mine", "can't name"),
        ("mm-1", "use a-z 0-9 _"),
        ("class", "can't name"),
        ("a" * 17, "at most 16"),
        ("json", "name of a Python module"),
        ("msgspec", "take another"),
    ],
)
def test_names_that_make_no_module_are_refused(folder: Path, capsys: Capture, name: str, says: str) -> None:
    assert run(["strategy", "new", name]) == 2
    assert says in capsys.readouterr().err
    assert not folder.exists() or not list(folder.iterdir())


def test_without_words_it_says_what_there_is(folder: Path, capsys: Capture) -> None:
    assert run(["strategy"]) == 2
    assert "strategy new NAME" in capsys.readouterr().err


@pytest.mark.slow
def test_the_written_strategy_trades_in_the_demo_as_the_answer_says(tmp_path: Path) -> None:
    with running_profile(starts=False, sim=LimitSettings()) as profile:
        done = profile.veloz("strategy", "new", "mine")
        assert done.code == 0, done.text
        settings = done.out[done.out.index("[strategies.mine]") : done.out.index("Run it:")]
        profile.write_settings(settings)
        assert profile.veloz("engine").code == 0
        profile.until_ready()
        assert profile.veloz("strategy", "start", "mine").code == 0
        until(lambda: profile.strategy("mine").open_orders, what="a bid")
        assert "holding" in profile.strategy("mine").doing
        assert profile.veloz("strategy", "stop", "--json", "mine").code == 0
        until(lambda: profile.strategy("mine").open_orders == 0, what="its orders pulled")
