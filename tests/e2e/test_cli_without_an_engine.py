"""The veloz command with nothing running: help, mistakes, files, and what it says about it all."""

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from veloz_tui.cli import COMMANDS, hoisted, run


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment of its own for each test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "VELOZ_"))}
    runtime = tmp_path / "r"
    runtime.mkdir(mode=0o700)
    return {
        **kept,
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "s"),
        "XDG_CONFIG_HOME": str(tmp_path / "c"),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }


def in_a_shell(home: dict[str, str], *words: str) -> Done:
    """As a process of its own."""
    command = [sys.executable, "-m", "veloz_tui", *words]
    done = subprocess.run(
        command, env=home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def veloz(home: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The same in this process, ten times as fast."""
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def call(*words: str) -> Done:
        code = run(hoisted(list(words)))
        return Done(code, *capfd.readouterr())

    return call


def assert_one_clear_line(done: Done, code: int) -> str:
    lines = done.err.strip().splitlines()
    assert done.code == code, done.err
    assert len(lines) == 1, done.err
    assert lines[0].startswith("veloz: ")
    assert "Traceback" not in done.err
    return lines[0]


def test_help_names_every_command_and_loads_none(home: dict[str, str], veloz: Run) -> None:
    done = in_a_shell(home, "--help")
    assert done.code == 0
    hidden = {"guardian", "console-settings"}
    assert all(f"  {name} " in done.out for name in COMMANDS if name not in hidden)
    assert not any(f"  {name} " in done.out for name in hidden)
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "veloz_tui", "--help"],
        env=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stderr
    for heavy in ("textual", "pydantic", "httpx", "aiohttp", "websockets", "asyncio", "msgspec", "keyring"):
        assert f" {heavy}\n" not in loaded


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "guardian"])
def test_every_command_explains_itself(veloz: Run, name: str) -> None:
    done = veloz(name, "--help")
    assert done.code == 0, done.err
    assert done.out.startswith(f"Usage: veloz {name}")
    if name not in {"keys", "journal", "console-settings"}:
        assert "\n  veloz " in done.out  # an example


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "orders",
        "positions",
        "watch",
        "attach",
        "buy 1 btc market",
        "cancel all",
        "rearm full",
        "pause",
    ],
)
def test_without_an_engine_it_says_what_to_start_and_ends_with_4(veloz: Run, words: str) -> None:
    line = assert_one_clear_line(veloz(*words.split()), 4)
    assert "no engine is running" in line
    assert line.endswith("start it: veloz")


def test_shutdown_of_nothing_ends_with_4(home: dict[str, str], veloz: Run) -> None:
    assert "nothing of profile demo is running" in assert_one_clear_line(veloz("shutdown"), 4)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("frob", "no command 'frob'"),
        ("stop", "stop what? strategy stop mm-1 | sell 0.45 btc stop 63800"),
        ("arm", "'arm' works inside the console only: veloz, then :arm"),
        ("statsu", "did you mean status"),
        ("status --frob", "No such option"),
        ("rearm", "Missing argument"),
        ("keys", "keys what? add, check, list, password, remove"),
        ("journal", "journal what? accept-loss, backup, set-aside, verify"),
        ("keys unlock", "No such command 'unlock'"),  # starting asks for the password, nothing else needs it
        ("rearm sideways", "not one of 'exits', 'full'"),
        ("watch --every soon", "Invalid value for '--every'"),
        ("--profile ../x status", "can't be a profile's name"),
        ("keys list", "DEMO needs no keys"),
        ("--profile live keys list", "there is no profile live"),
        ("demo --reset", "add --yes if you mean it"),
    ],
)
def test_mistakes_are_one_line_and_end_with_2(veloz: Run, words: str, says: str) -> None:
    assert says in assert_one_clear_line(veloz(*words.split()), 2)


def test_init_writes_a_private_file_once_and_keeps_the_old_one(home: dict[str, str], veloz: Run) -> None:
    assert veloz("init").code == 0
    path = Path(home["XDG_CONFIG_HOME"]) / "veloz" / "demo.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "there are settings already" in assert_one_clear_line(veloz("init"), 2)
    path.write_text("# mine\n")
    assert veloz("init", "--force").code == 0
    assert path.with_name("demo.toml.old").read_text() == "# mine\n"


def test_broken_settings_name_file_and_line_and_end_with_2(home: dict[str, str], veloz: Run) -> None:
    veloz("init")
    path = Path(home["XDG_CONFIG_HOME"]) / "veloz" / "demo.toml"
    path.write_text("[risk]\nmax_order_sise = 5\n")
    line = assert_one_clear_line(veloz("console-settings"), 2)
    assert f"{path}:2" in line
    assert "max_order_size" in line


def test_profile_may_stand_anywhere(home: dict[str, str], veloz: Run) -> None:
    assert "nix" in assert_one_clear_line(veloz("status", "--profile", "nix"), 4)
    assert hoisted(["buy", "1", "--config=x", "btc", "--profile", "p"]) == [
        "--config=x",
        "--profile",
        "p",
        "buy",
        "1",
        "btc",
    ]
    assert hoisted(["buy", "--", "--profile", "p"]) == ["buy", "--", "--profile", "p"]
    assert hoisted(["status", "--profile"]) == ["--profile", "status"]


def test_console_settings_are_json(home: dict[str, str], veloz: Run) -> None:
    done = veloz("console-settings")
    assert json.loads(done.out)["console"]["theme"]


def test_journal_before_the_first_start_ends_with_3(home: dict[str, str], veloz: Run) -> None:
    assert "there is no journal yet" in assert_one_clear_line(veloz("journal", "verify"), 3)


def test_reset_of_a_profile_that_is_no_demo_deletes_nothing(home: dict[str, str], veloz: Run) -> None:
    state = Path(home["XDG_STATE_HOME"]) / "veloz" / "live"
    state.mkdir(parents=True, mode=0o700)
    (state / "mode").write_text("LIVE\n")
    (state / "mode").chmod(0o600)
    (state / "journal.db").write_text("money")
    line = assert_one_clear_line(veloz("--profile", "live", "demo", "--reset", "--yes"), 2)
    assert "only a DEMO can be reset" in line
    assert (state / "journal.db").read_text() == "money"


def test_bug_is_one_line_with_the_log_and_ends_with_70(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import veloz_tui.commands.profile as profile\n"
        "def fail(*_): raise ZeroDivisionError('secret words')\n"
        "profile.Profile.named = fail\n"
    )
    broken = {**home, "PYTHONPATH": f"{tmp_path}:{home['PYTHONPATH']}"}
    line = assert_one_clear_line(in_a_shell(broken, "status"), 70)
    log = Path(home["XDG_STATE_HOME"]) / "veloz" / "demo" / "logs" / "cli.log"
    assert str(log) in line
    assert "ZeroDivisionError" in log.read_text()
    assert "secret words" not in line
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_closed_output_is_no_bug(home: dict[str, str]) -> None:
    command = [sys.executable, "-m", "veloz_tui", "init"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        env=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (Path(home["XDG_CONFIG_HOME"]) / "veloz" / "demo.toml").stat().st_size > 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_that_cannot_be_written_is_one_line(home: dict[str, str]) -> None:
    home.pop("PYTHONUNBUFFERED", None)  # what stays in the buffer is tried again at exit
    command = [sys.executable, "-m", "veloz_tui", "init"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, env=home, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    line = assert_one_clear_line(Done(done.returncode, "", done.stderr), 1)
    assert "the result can't be printed: No space left on device" in line


def test_closed_pipe_is_no_error(home: dict[str, str], veloz: Run) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m veloz_tui --help | head -1"],
        env=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="attaching is forbidden on Linux only")
def test_check_says_how_far_memory_is_guarded(home: dict[str, str]) -> None:
    found = json.loads(in_a_shell(home, "check", "--json").out)
    guarded = [one["text"] for one in found if one["name"] == "memory"]
    assert guarded[0] == "writes no core files, and programs of yours can't attach"
    assert "swap" in guarded[1]
