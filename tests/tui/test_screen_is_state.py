"""The screen is the state: an emulator behind a real pty shows, cell by cell and color by color, what the
view-models say – through random views, keys, sizes, lost links, frozen panes and themes, whoever paints.
"""

import random
import time
from collections.abc import Mapping

import msgspec
import pytest
from rich.console import COLOR_SYSTEMS

from tests.tui.emulator import Cell, Told, differences, expected
from tests.tui.terminal import Terminal
from veloz_tui.tui import theme

pytestmark = [pytest.mark.terminal, pytest.mark.slow]

KEYS = (
    *(b"\t", b"z", b":", b"b", b"g", b"?", b"\x1b", b"j", b"k", b"f", b"5", b"8", b"\x0f", b"/", b"x", b"\r"),
    *(b"\x0b", b"buy", b"\x1b[A", b"gr", b"gs", *(b"gt", b"1", b"4", b"j") * 3),
)
SIZES = (*((20, 5), (39, 9), (40, 10), (60, 20)), *((80, 24), (109, 30), (120, 40), (170, 45), (200, 55)) * 2)
STEPS = 120
LONGEST_S = 120.0
LOOKS: Mapping[str, Mapping[str, str]] = {
    "all colors": {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
    "256 colors": {"TERM": "xterm-256color", "COLORTERM": ""},
    "16 colors": {"TERM": "xterm-16color", "COLORTERM": ""},
    "no color": {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"},
}


class Watch:
    """Compares each frame that the console told of with what the emulator shows."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._read = 0
        self.told: dict[int, Told] = {}
        self.last = 0
        self.compared = 0
        self.wrong: list[str] = []
        terminal.on_mark = self.mark

    def is_right(self) -> bool:
        """The last frame that was told of is on the screen."""
        self.take_reports()
        return self.last > 0 and self.differences(self.told[self.last]) == []

    def take_reports(self) -> None:
        self._terminal.read_reports()
        reports = self._terminal.reports
        for line in reports[self._read :]:
            if line.startswith("frame "):
                told = msgspec.json.decode(line.removeprefix("frame "), type=Told)
                self.told = {
                    told.number: told,
                    **{n: t for n, t in self.told.items() if n > told.number - 20},
                }
                self.last = told.number
        self._read = len(reports)

    def mark(self, number: int) -> None:
        until = time.monotonic() + 5
        while number not in self.told and time.monotonic() < until:
            self.take_reports()
        wrong = self.differences(self.told[number])
        if wrong is not None:
            self.compared += 1
            self.wrong += [f"frame {number} {line}" for line in wrong]

    def differences(self, told: Told) -> list[str] | None:
        """None: the window had another size already."""
        screen = self._terminal.screen
        if (told.width, told.height) != (screen.columns, screen.lines):
            return None
        return differences(screen, wanted(told))


def wanted(told: Told) -> list[list[Cell]]:
    no_color = told.theme == "no-color"
    palette = theme.load("dark" if no_color else told.theme, no_color=no_color)
    system = COLOR_SYSTEMS[told.color_system or "truecolor"]
    return expected((told.width, told.height), told.plan, told.lines, told.dimmed, (palette, system))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("paints", ["cells", "textual"])
def test_an_emulator_shows_cell_by_cell_what_the_view_models_say(paints: str, look: str) -> None:
    seed = f"{paints} {look}"
    chosen = random.Random(seed)
    program = ("tests.tui.pty_state", str(chosen.randrange(10**6)), str(STEPS), paints)
    terminal = Terminal(columns=120, rows=40, program=program, environment=LOOKS[look])
    watch = Watch(terminal)
    try:
        terminal.wait(watch.is_right)
        until = time.monotonic() + LONGEST_S
        while "done" not in terminal.reports and time.monotonic() < until:
            for _ in range(chosen.randrange(6)):
                terminal.drain(0.01)
                watch.take_reports()
            if chosen.random() < 0.1:
                terminal.type(b"\x1b")  # out of what the other keys led into
            elif chosen.random() < 0.15:
                terminal.resize(*chosen.choice(SIZES))
            elif chosen.random() < 0.5:
                terminal.type(chosen.choice(KEYS))
        terminal.wait(watch.is_right)
        assert not watch.wrong
        assert paints == "textual" or watch.compared > STEPS // 3
    finally:
        terminal.close()
