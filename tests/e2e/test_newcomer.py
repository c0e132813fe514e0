"""The first hour, key by key as the README and the tour say, in real terminals on the real program."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.runtime.sim_child import SimAddress, address_file

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "veloz_tui"]
TMUX = shutil.which("tmux")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.terminal,
    pytest.mark.skipif(TMUX is None, reason="tmux isn't installed"),
]


class Newcomer:
    """Somebody with an empty home, a tmux of their own and a README."""

    def __init__(self, home: Path, width: int, height: int) -> None:
        self._socket = home / "tmux"
        self.environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "TERM": "tmux-256color",
        }
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "bash --norc")
        self._tmux("send-keys", "PS1='$ '; clear", "Enter")
        self.sees(r"^\$")

    def _tmux(self, *words: str) -> str:
        assert TMUX is not None
        command = [TMUX, "-S", str(self._socket), *words]
        done = subprocess.run(
            command, env=self.environ, cwd=ROOT, capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Keys by tmux's names, or text; at a person's pace, which the console trusts."""
        time.sleep(0.25)
        self._tmux("send-keys", *keys)

    def run(self, *words: str) -> None:
        """Type a command into the shell."""
        self.press(" ".join([*PROGRAM, *words]), "Enter")

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def sees(self, pattern: str, timeout_s: float = 20.0) -> str:
        """Wait until the screen shows it; returns the screen."""
        deadline = time.monotonic() + timeout_s
        wanted = re.compile(pattern, re.MULTILINE)
        while not wanted.search(shown := self.screen):
            assert time.monotonic() < deadline, f"never saw {pattern!r}:\n{shown}"
            time.sleep(0.05)
        return shown

    def confirms(self, question: str) -> None:
        """Enter until the question is gone: a market that moved over the price wants one more."""
        deadline = time.monotonic() + 20
        while question in (shown := self.screen):
            assert time.monotonic() < deadline, shown
            time.sleep(0.5)  # somebody reads it
            self.press("Enter")

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command without a terminal."""
        return subprocess.run(
            [*PROGRAM, *words],
            env=self.environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=40,
        )

    def leave(self) -> None:
        """End what was started: the program by its own command, the simulated venue, then the terminal."""
        sim = address_file(ProfilePaths.of("demo", environ=self.environ))
        try:
            self.command("shutdown")
            if sim.exists():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(msgspec.json.decode(sim.read_bytes(), type=SimAddress).pid, signal.SIGTERM)
        finally:
            self._tmux("kill-server")


@pytest.fixture(params=[(80, 24), (120, 40), (200, 55)], ids=lambda size: f"{size[0]}x{size[1]}")
def newcomer(request: pytest.FixtureRequest) -> Iterator[Newcomer]:
    # Not pytest's own folder: its path is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="veloz-", ignore_cleanup_errors=True) as home:
        somebody = Newcomer(Path(home), *request.param)
        try:
            yield somebody
        finally:
            somebody.leave()


@pytest.mark.timeout(240)
def test_the_first_hour_is_as_the_readme_and_the_tour_say(newcomer: Newcomer) -> None:
    _starts_and_moves(newcomer)
    _looks_at_the_kill_key(newcomer)
    _buys(newcomer)
    _cancels(newcomer)
    _closes(newcomer)
    _runs_a_strategy(newcomer)
    _kills_and_rearms(newcomer)
    _detaches_and_attaches(newcomer)
    _reports(newcomer)
    _ends(newcomer)


def _starts_and_moves(newcomer: Newcomer) -> None:
    newcomer.run()
    shown = newcomer.sees(r"^ DEMO  trading OK ?│ ?BTC-USDT(\.BIN)? \d", timeout_s=60)
    deadline = time.monotonic() + 10
    while newcomer.screen == shown:
        assert time.monotonic() < deadline, "nothing moves"
        time.sleep(0.05)
    newcomer.sees("Tour 1/6: press .K once")
    newcomer.sees(r"BTC(-USDT)? +LONG +0\.\d+ +6\d,", timeout_s=30)


def _looks_at_the_kill_key(newcomer: Newcomer) -> None:
    newcomer.press("C-k")
    newcomer.sees(r"KILL\? \^K again: stop 0 strategies, cancel \d orders? on 1 venue")
    newcomer.press("Escape")
    newcomer.sees("Kill stood down; nothing was done")
    newcomer.sees(r"kill \^K\^K ok")


def _buys(newcomer: Newcomer) -> None:
    newcomer.press("b")
    newcomer.sees(r"BUY BTC-USDT\.BIN price \d+\.\d\d qty 0\.05 ")
    newcomer.sees(r"OK = 3,\d{3}\.\d\d USDT \| fee")
    newcomer.press("Enter")
    newcomer.sees(r"SEND\? BUY 0\.05 BTC-USDT\.BIN 6\d,\d{3}\.\d\d LMT GTC POST DEMO")
    newcomer.confirms("SEND?")
    newcomer.sees(r"(OPEN|FILL) .*BUY 0\.05|FILL BUY|REJECTED by BIN: \S+ BUY 0\.05")


def _cancels(newcomer: Newcomer) -> None:
    newcomer.press("5")
    newcomer.press("j")
    newcomer.press("x")
    # A fill of the order just bought may take the message line meanwhile; the tour saw the cancel.
    newcomer.sees(r"CANCELED \w{4} (BUY|SELL) |Tour 5/6")


def _closes(newcomer: Newcomer) -> None:
    newcomer.press("6")
    newcomer.press("j")
    position = r"BTC\S* +LONG +(\S+)"
    held = re.search(position, newcomer.sees(position))
    assert held is not None
    newcomer.press("C")
    newcomer.sees(r"CLOSE: SELL 0\.\d+ BTC-USDT\.BIN LIMIT IOC")
    newcomer.confirms("CLOSE:")
    # Other news may take the message line; what is held changes.
    newcomer.sees(rf"FILL SELL 0\.|BTC\S* +LONG +(?!{re.escape(held[1])} )|flat: b or s")


def _runs_a_strategy(newcomer: Newcomer) -> None:
    newcomer.press("2")
    newcomer.press("j")
    newcomer.press("Space")
    newcomer.sees(r"mm-btc +► RUN +quoting")
    newcomer.press("Space")
    newcomer.sees(r"mm-btc stopped, \d canceled, position \S+ stays")


def _kills_and_rearms(newcomer: Newcomer) -> None:
    newcomer.press("C-k")
    newcomer.sees(r"KILL\? \^K again")
    newcomer.press("C-k")
    newcomer.sees(r"■ HALTED \d\d:\d\d:\d\dZ by ")
    newcomer.sees("certified zero")
    newcomer.press(":rearm full demo")
    newcomer.sees("REARM full on demo")
    time.sleep(0.2)  # a hand rests before Enter
    newcomer.press("Enter")
    newcomer.sees("RE-ARMED full: trading OK; strategies stay stopped")
    newcomer.sees("^ DEMO  trading OK")


def _detaches_and_attaches(newcomer: Newcomer) -> None:
    newcomer.press("q")
    shown = newcomer.sees(r"^\$ *$")
    words = " ".join(shown.split())
    assert re.search(r"Detached\. Engine goes on \(DEMO\): \d orders?, 1 position, 0 strategies\.", words)
    assert "veloz attach | veloz kill" in words
    plain = newcomer.command()
    assert plain.returncode == 0
    assert plain.stdout.startswith("VeloZ DEMO ") and "\x1b" not in plain.stdout
    assert "BOOK BTC-USDT.BIN bid " in plain.stdout and "No terminal: showing this once." in plain.stdout
    assert newcomer.command("buy", "0.01", "btc", "market").returncode == 0
    newcomer.press("clear", "Enter")
    newcomer.run("attach")
    newcomer.sees("^ DEMO  trading OK")
    newcomer.sees(r"Since \d\d:\d\d \(\S+\): 1 fill")
    newcomer.press("q")
    newcomer.sees("Detached")


def _reports(newcomer: Newcomer) -> None:
    report = newcomer.command("report", "daily", "--format", "json")
    assert report.returncode == 0, report.stderr
    assert json.loads(report.stdout)


def _ends(newcomer: Newcomer) -> None:
    newcomer.run("shutdown")
    newcomer.sees(r"engine stops; .*orders? stay")
