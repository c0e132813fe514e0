"""Whole screens as text. After an intended change run with VELOZ_GOLDENS=write and read the diff."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui import factories as f
from tests.tui.headless import headless
from veloz_tui.domain.types import Mode
from veloz_tui.domain.views import View
from veloz_tui.tui import glyphs, table
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose
from veloz_tui.tui.session import Session

FOLDER = Path(__file__).parent / "goldens"
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x55": (200, 55)}


def live() -> View:
    return f.view(status=f.status(mode=Mode.LIVE))


def stale() -> View:
    return f.view(books=(f.ladder(stale_reason="gap at u=88213, fetching snapshot", age_ms=3100),))


def nothing(session: Session) -> None:
    pass


def pressed(*keys: str) -> Callable[[Session], None]:
    def press(session: Session) -> None:
        for key in keys:
            session.router.press(key, key if len(key) == 1 else None)

    return press


CASES = {
    "demo": (f.view, nothing),
    "live": (live, nothing),
    "halted": (f.halted, nothing),
    "stale": (stale, nothing),
    "kill-armed": (f.view, pressed("ctrl+k")),
    "ticket": (f.view, pressed("b")),
    "review": (f.view, pressed("b", "enter")),
    "command": (f.view, pressed("colon", *"buy")),
    "help": (f.view, pressed("question_mark")),
}


def picture(session: Session, width: int, height: int, signs: glyphs.Glyphs = glyphs.UNICODE) -> str:
    frame = compose(session, width=width, height=height, glyphs=signs, terminal=Terminal(rtt_ms=28.0))
    canvas = [[" "] * width for _ in range(height)]
    for name, box in frame.plan.items():
        for y, line in enumerate(frame.lines[name][: box.height]):
            for x, char in enumerate(table.plain(line)[: box.width]):
                canvas[box.y + y][box.x + x] = char
    return "\n".join("".join(line).rstrip() for line in canvas) + "\n"


def compare(name: str, shown: str) -> None:
    path = FOLDER / f"{name}.txt"
    if os.environ.get("VELOZ_GOLDENS") == "write":
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", CASES)
def test_screens_are_as_agreed(case: str, size: str) -> None:
    view, act = CASES[case]
    session, _ = headless(view())
    width, height = SIZES[size]
    picture(session, width, height)  # keys act on a screen that was seen
    act(session)
    compare(f"{case}-{size}", picture(session, width, height))


def test_the_ascii_screen_is_ascii() -> None:
    session, _ = headless(f.view())
    shown = picture(session, 80, 24, glyphs.ASCII)
    compare("ascii-80x24", shown)
    assert shown.isascii()
