"""Lines of a shell that land in the console as live keys: a paste without brackets, or a program that types.

tmux's paste-buffer without -p sends them so. Whatever pane has the focus and whatever is open, nothing may
leave for the engine, and the console says why it did nothing. Keys that take risk off wait only for what
arrives together with them: where a program types key by key, a text that begins with one may cancel.
"""

import heapq
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.tui import factories
from tests.tui.headless import headless
from tests.tui.pasting import SHELL_LINES, keys_of
from veloz_tui.domain.commands import AnyCommand, KillPrepare
from veloz_tui.tui import screen
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.keymap import PANES
from veloz_tui.tui.modes import Mode
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.session import Session

SPEEDS_S = (0.0, 0.0005, 0.001, 0.004, 0.012, 0.02)
"""Between two keys: at once, as a fast link does, as programs that type (xdotool waits 12 ms)."""
PASTED_S = 0.0005
"""Keys of one paste follow each other so closely, or closer."""
FRAME_EVERY = 5
"""So many keys from one frame to the next."""
HEAD = 3
"""Keys before a burst can be told from a person."""
REDUCING = set("xXRCP")
OPENINGS = {"panes": (), "help": ("?",), "zoom": ("z",), "go": ("g",), "frozen": ("f",), "question": ()}


class World:
    """A console on a clock of its own: frames are drawn and seen now and then, timers fire when due."""

    def __init__(self, pane: str) -> None:
        self.now = 1000.0
        self.session, self.shell = headless(factories.view(), lambda: self.now)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = count()
        self.said: list[str] = []
        self.session.shell = self.shell
        self.shell.after = self._after  # type: ignore[method-assign]
        self.session.focus = pane
        self.frame()
        content = self.session.contents.get(pane)
        if content is not None:
            self.session.cursors[pane].move(content.rows, 1)
        self.frame()

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.now + seconds, next(self._count), call))

    def frame(self) -> None:
        screen.compose(self.session, width=80, height=24, glyphs=UNICODE, terminal=Terminal())
        self.session.painted(self.session.frame_no + 1)
        self.session.frame_acknowledged = self.session.frame_no
        if self.session.message is not None:
            self.said.append(self.session.message.text)

    def rest(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, call = heapq.heappop(self._timers)
            call()
            self.frame()
        self.now = until

    def press(self, key: str, character: str | None) -> None:
        self.session.router.press(key, character)
        if next(self._count) % FRAME_EVERY == 0:
            self.frame()
        if self.session.message is not None:
            self.said.append(self.session.message.text)

    @property
    def real(self) -> list[AnyCommand]:
        sent = self.shell.sent
        return [one for one in sent if not getattr(one, "is_dry", False) and not isinstance(one, KillPrepare)]


def opened(pane: str, opening: str) -> World:
    world = World(pane)
    for key, character in keys_of("".join(OPENINGS[opening])):
        world.press(key, character)
        world.rest(1.0)
    if opening == "question":
        world.session.ask("Really?", lambda: None)
        world.rest(1.0)
    return world


@pytest.mark.parametrize("pane", PANES)
@settings(max_examples=15, phases=(Phase.explicit, Phase.generate))
@given(text=SHELL_LINES, speed=st.sampled_from(SPEEDS_S), opening=st.sampled_from(sorted(OPENINGS)))
def test_lines_of_a_shell_send_nothing_and_the_console_says_so(
    pane: str, text: str, speed: float, opening: str
) -> None:
    world = opened(pane, opening)
    before = len(world.said)
    for key, character in keys_of(text):
        world.press(key, character)
        world.rest(speed)
    world.rest(5.0)
    assert not world.shell.kills and not world.shell.farewell
    if speed <= PASTED_S or not REDUCING & set(text[:HEAD]):
        assert world.real == []
    assert {type(one).__name__ for one in world.real} <= {"CancelOrders", "ReduceOnly", "Reduce"}
    assert is_inert(world.session) or told(world.said[before:])


def is_inert(session: Session) -> bool:
    """The text stands in an input, and went no further."""
    return session.mode in {Mode.COMMAND, Mode.FILTER, Mode.PALETTE, Mode.TICKET}


def told(said: list[str]) -> bool:
    return any("Typing in a pane?" in line or "aster than people type" in line for line in said)


def test_the_kill_key_works_behind_and_within_such_a_text() -> None:
    world = World("orders")
    for key, character in keys_of("sudo rm -rf /tmp/x\r"):
        world.press(key, character)
    world.press("ctrl+k", None)
    world.press("ctrl+k", None)
    assert world.shell.kills == ["kill key"]


@pytest.mark.parametrize("opening", sorted(OPENINGS))
@pytest.mark.parametrize("before", ["", "a", "abc def"])
@pytest.mark.parametrize("leave", [[("ctrl+q", None)], [("colon", ":"), ("q", "q"), ("enter", "\r")]])
@pytest.mark.parametrize("speed", [0.0, 0.004, 0.02])
def test_no_text_leaves_the_console_for_a_shell_that_would_get_the_rest(
    opening: str, before: str, leave: list[tuple[str, str | None]], speed: float
) -> None:
    world = opened("orders", opening)
    for key, character in [*keys_of(before), *leave, *keys_of("rm -rf *\r")]:
        world.press(key, character)
        world.rest(speed)
    world.rest(1.0)
    assert not world.shell.farewell


@pytest.mark.parametrize("leave", [[("ctrl+q", None)], [("colon", ":"), ("q", "q"), ("enter", "\r")]])
def test_a_person_leaves_by_the_same_keys(leave: list[tuple[str, str | None]]) -> None:
    world = World("orders")
    for key, character in leave:
        world.press(key, character)
        world.rest(0.2)
    assert world.shell.farewell


def test_a_cancel_behind_a_key_that_means_nothing_is_a_letter_of_a_word() -> None:
    """`export`: e is no key, so x isn't one either."""
    world = World("orders")
    assert world.session.cursors["orders"].key is not None
    for key, character in keys_of("ex"):
        world.press(key, character)
    assert world.real == []
    world.rest(1.0)
    world.press("x", "x")
    assert [type(one).__name__ for one in world.real] == ["CancelOrders"]
