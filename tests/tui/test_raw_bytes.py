"""Bytes as terminals send them, on a real pty: the kill key from everywhere, and text in the wrong pane."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.tui.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.slow]

KITTY = b"\x1b[57442;5u\x1b[107;5u"
CYRILLIC = b"\x1b[57442;5u\x1b[1083;5u"
LEGACY = b"\x0b"
SHELL = b"sudo rm -rf /tmp/x\rgit commit -am fix && make -j8 | tail\recho done > out.txt\r"
MANY = b"kubectl get pods -n prod\r" * 5
SAID = ("Typing in a pane?", "aster than people type")
OPENINGS = {
    "panes": b"", "command line": b":buy 0", "palette": b"\x0f", "ticket": b"b", "filter": b"5/a",
    "help": b"?", "go": b"g", "frozen": b"f", "paste": MANY,
}  # fmt: skip
SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((20, 5), id="20x5")]


@contextmanager
def started(size: tuple[int, int] = (80, 24), *, is_observer: bool = False) -> Iterator[Terminal]:
    program = ("tests.tui.pty_app", "10", "100000", *(["observer"] if is_observer else []))
    terminal = Terminal(columns=size[0], rows=size[1], program=program)
    try:
        terminal.wait(lambda: "DEMO" in "".join(terminal.screen.display) and terminal.beats > 1)
        yield terminal
    finally:
        terminal.close()


def killed(terminal: Terminal) -> bool:
    return "kill kill key" in terminal.reports


def commands(terminal: Terminal) -> list[str]:
    return [line for line in terminal.reports if line.startswith("command") and "KillPrepare" not in line]


def pass_beats(terminal: Terminal, count: int) -> None:
    seen = terminal.beats
    terminal.wait(lambda: terminal.beats > seen + count)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stroke", [LEGACY, KITTY, CYRILLIC], ids=["legacy", "kitty", "kitty Cyrillic"])
@pytest.mark.parametrize("opening", OPENINGS)
def test_the_kill_key_kills_from_everywhere(size: tuple[int, int], stroke: bytes, opening: str) -> None:
    with started(size) as terminal:
        terminal.type(OPENINGS[opening])
        if opening not in {"panes", "paste"}:
            pass_beats(terminal, 3)
        terminal.type(stroke * 2)
        terminal.wait(lambda: killed(terminal))
        assert not commands(terminal)


@pytest.mark.parametrize(
    "half", [b"\xd0", b"\xf0\x9f", b"\x1b", b"\x1b[", b"\x1b[<0;5;5", b"\x1b]52;c;", b"\x1bP", b"\x1b[200"]
)
def test_half_of_a_letter_or_sequence_does_not_eat_the_kill_key(half: bytes) -> None:
    with started() as terminal:
        terminal.type(half)
        pass_beats(terminal, 3)
        terminal.type(LEGACY * 2)
        terminal.wait(lambda: killed(terminal))


def test_a_paste_whose_end_is_lost_does_not_eat_the_kill_key() -> None:
    with started() as terminal:
        terminal.type(b"\x1b[200~sudo rm -rf /tmp/x\r\n\x1b[31m")
        pass_beats(terminal, 15)
        terminal.type(LEGACY * 2)
        terminal.wait(lambda: killed(terminal))
        assert not commands(terminal)


@pytest.mark.parametrize(
    "report",
    [b"\x1b[48;99999;99999;1;1t", b"\x1b[48;0;0;0;0t\x1b[<0;5;5M\x1b[<0;5;5m", b"\x1b[<0;99999999;99999999M"],
)
def test_a_report_that_no_terminal_makes_changes_nothing(report: bytes) -> None:
    with started() as terminal:
        terminal.type(report)
        pass_beats(terminal, 5)
        assert "^K^K KILL" in terminal.screen.display[-1]
        terminal.type(LEGACY * 2)
        terminal.wait(lambda: killed(terminal))


@pytest.mark.parametrize("size", SIZES)
def test_an_observer_kills_as_well(size: tuple[int, int]) -> None:
    with started(size, is_observer=True) as terminal:
        terminal.type(KITTY * 2)
        terminal.wait(lambda: killed(terminal))


def test_cancel_all_works_at_20x5() -> None:
    with started((20, 5)) as terminal:
        terminal.type(b"X")
        pass_beats(terminal, 5)
        terminal.type(b"X")
        terminal.wait(lambda: "command CancelOrders" in terminal.reports)


@pytest.mark.parametrize("pane", [str(number).encode() for number in range(1, 9)])
@pytest.mark.parametrize("pause_s", [0.0, 0.002, 0.012], ids=["at once", "2 ms", "12 ms"])
def test_lines_of_a_shell_in_a_pane_send_nothing_and_it_says_so(pane: bytes, pause_s: float) -> None:
    chosen = random.Random(f"{pane!r} {pause_s}")
    lines = SHELL.splitlines(keepends=True)
    chosen.shuffle(lines)
    with started((200, 55)) as terminal:
        terminal.type(pane)
        pass_beats(terminal, 3)
        terminal.type(b"j")
        pass_beats(terminal, 3)
        typed(terminal, b"".join(lines), pause_s)
        pass_beats(terminal, 3)
        terminal.wait(lambda: any(sign in "".join(terminal.screen.display) for sign in SAID))
        assert not commands(terminal)


@pytest.mark.parametrize(
    "text", [b"xargs rm\r", b"XDG=1 make\r", b"Reload it\r", b"Close it\r", b"PATH=/ ls\r"]
)
def test_a_paste_that_begins_with_a_key_that_takes_risk_off_cancels_nothing(text: bytes) -> None:
    with started((200, 55)) as terminal:
        terminal.type(b"5")
        pass_beats(terminal, 3)
        terminal.type(b"j")
        pass_beats(terminal, 3)
        terminal.type(text)
        terminal.wait(lambda: any(sign in "".join(terminal.screen.display) for sign in SAID))
        pass_beats(terminal, 3)
        assert not commands(terminal)


def typed(terminal: Terminal, text: bytes, pause_s: float) -> None:
    """At the speed of a program that types; never slower than people."""
    if not pause_s:
        terminal.type(text)
        return
    for byte in text:
        terminal.type(bytes([byte]))
        time.sleep(pause_s)  # this is the speed that is tested, no waiting
