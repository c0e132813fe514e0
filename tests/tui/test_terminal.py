"""The console in a real pty: raw key bytes, stalled and vanished terminals, what an emulator shows."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from tests.tui import factories
from tests.tui.harness import RecordingEngine, console
from tests.tui.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.slow]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    started = Terminal()
    try:
        started.start()
        yield started
    finally:
        started.close()


def killed(terminal: Terminal) -> bool:
    return "kill kill key" in terminal.reports


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(b"\x0b\x0b", id="legacy"),
        pytest.param(b"\x1b[57442;5u\x1b[107;5u" * 2, id="kitty with lone Ctrl"),
        pytest.param(b"\x1b[57442;5u\x1b[107;5u\x1b[107;5:3u\x1b[57442;1:3u" * 2, id="kitty with releases"),
        pytest.param(b"\x1b[1083;5u" * 2, id="kitty, Cyrillic layout"),
        pytest.param(b"\x1b[24~\x0b", id="F12 and Ctrl+K"),
    ],
)
def test_raw_bytes_of_the_kill_key_kill(terminal: Terminal, keys: bytes) -> None:
    terminal.type(keys)
    terminal.wait(lambda: killed(terminal))


def test_the_banner_is_on_the_screen_after_the_first_stroke(terminal: Terminal) -> None:
    terminal.type(b"\x0b")
    terminal.wait(lambda: "KILL? ^K again" in terminal.screen.display[0])
    assert not killed(terminal)


def test_cyrillic_letters_are_keys_by_position(terminal: Terminal) -> None:
    terminal.type("К".encode())
    terminal.wait(lambda: "command Reduce" in terminal.reports)


def test_live_typed_text_in_a_pane_sends_nothing(terminal: Terminal) -> None:
    terminal.type(b"buy 0.5 btc now or else, space R X x\r\r")
    terminal.wait(lambda: any("Typing in a pane?" in line for line in terminal.screen.display))
    assert not [line for line in terminal.reports if line.startswith("command") and "Kill" not in line]


def test_a_bracketed_paste_in_a_pane_does_nothing(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~R\x1b[201~")
    seen = terminal.beats
    terminal.wait(lambda: terminal.beats > seen + 3)
    assert "command Reduce" not in terminal.reports


def test_invalid_utf8_does_not_end_the_console(terminal: Terminal) -> None:
    terminal.type(b"\xff")
    seen = terminal.beats
    terminal.wait(lambda: terminal.beats > seen + 2)
    terminal.type(b"R")
    terminal.wait(lambda: "command Reduce" in terminal.reports)


def test_a_stalled_terminal_does_not_stall_the_loop(terminal: Terminal) -> None:
    before = terminal.beats
    terminal.wait(lambda: terminal.beats >= before + 40, reads_screen=False)
    terminal.type(b"\x0b\x0b")
    terminal.wait(lambda: killed(terminal), reads_screen=False)


def test_after_a_stall_the_screen_is_right_again(terminal: Terminal) -> None:
    before = terminal.beats
    terminal.wait(lambda: terminal.beats >= before + 30, reads_screen=False)
    terminal.type(b"\x0b")
    terminal.wait(lambda: "KILL? ^K again" in terminal.screen.display[0])


def test_a_terminal_that_never_answers_still_gets_frames() -> None:
    terminal = Terminal(answers=False)
    try:
        terminal.start()
        terminal.type(b"\x0b")
        terminal.wait(lambda: "KILL? ^K again" in terminal.screen.display[0])
    finally:
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_cleanly(terminal: Terminal, number: signal.Signals) -> None:
    os.kill(terminal.pid, number)
    terminal.wait(lambda: "finally" in terminal.reports)
    terminal.wait(lambda: terminal.status() is not None)
    assert any(line.startswith(f"ended by {number.name}") for line in terminal.reports)
    assert terminal.status() == 0
    terminal.wait(lambda: b"\x1b[?1049l" in terminal.output)


@pytest.mark.parametrize("ignores_hup", [False, True])
def test_a_closed_terminal_ends_cleanly(ignores_hup: bool) -> None:
    terminal = Terminal(ignores_hup=ignores_hup)
    try:
        terminal.start()
        os.close(terminal.master)
        terminal.wait(lambda: "finally" in terminal.reports, reads_screen=False)
        terminal.wait(lambda: terminal.status() is not None, reads_screen=False)
    finally:
        terminal.close()


def test_a_stalled_terminal_can_be_left() -> None:
    terminal = Terminal(hz=20)
    try:
        terminal.start()
        before = terminal.beats
        terminal.wait(lambda: terminal.beats >= before + 20, reads_screen=False)
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.wait(lambda: terminal.status() is not None, reads_screen=False)
    finally:
        terminal.close()


def test_q_restores_the_terminal_and_says_goodbye(terminal: Terminal) -> None:
    terminal.type(b"q")
    terminal.wait(lambda: terminal.status() is not None)
    assert any("Detached. Engine goes on (DEMO)" in line for line in terminal.reports)
    terminal.wait(lambda: b"\x1b[?1049l" in terminal.output and b"\x1b[23;2t" in terminal.output)


def test_kitty_modes_are_never_switched(terminal: Terminal) -> None:
    terminal.type(b"q")
    terminal.wait(lambda: terminal.status() is not None)
    assert not re.search(rb"\x1b\[[<>][0-9]*u", terminal.output)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_an_independent_emulator_shows_what_the_console_meant(size: tuple[int, int]) -> None:
    columns, rows = size
    terminal = Terminal(columns=columns, rows=rows, hz=25, views=32)
    try:
        terminal.start()
        terminal.wait(lambda: terminal.beats == 32)
        terminal.type(b"c")
        async with console(RecordingEngine(factories.moving_view(0)), size=size) as c:
            c.engine.show(factories.moving_view(32))
            await c.press("c")  # a key paints at once, and this one recentres
            expected = _compared(c.text)
        terminal.wait(lambda: expected == _compared([line.rstrip() for line in terminal.screen.display]))
    finally:
        terminal.close()


def _compared(lines: list[str]) -> list[str]:
    # Line 2 has the terminal's own round trip; the last two the tour and the footer.
    return lines[:1] + lines[2:-2]


def test_a_terminal_with_wide_signs_gets_ascii() -> None:
    terminal = Terminal(sign_width=2)
    try:
        terminal.start()
        terminal.wait(lambda: "BIN * md" in terminal.screen.display[1])
        # The frame that follows the answer comes in parts.
        terminal.wait(lambda: all("│" not in line for line in terminal.screen.display))
    finally:
        terminal.close()


def test_frames_that_wait_for_the_terminals_answer_are_painted_and_leave_nothing_behind() -> None:
    """Views come faster than frames: each answer of the terminal sets a timer for the next frame."""
    terminal = Terminal(hz=40.0)
    try:
        terminal.start()
        terminal.wait(lambda: terminal.beats > 60)
        terminal.type(b"q")
        terminal.wait(lambda: terminal.status() is not None)
        terminal.drain()
        assert b"Error" not in terminal.output and b"Traceback" not in terminal.output
        assert terminal.status() == 0
    finally:
        terminal.close()
