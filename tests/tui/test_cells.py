"""The output that turns one picture into the next: an emulator shows the picture, cell by cell."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem

from tests.tui.emulator import Screen, differences, expected
from veloz_tui.tui import theme
from veloz_tui.tui.cells import CellScreen, Shown
from veloz_tui.tui.ink import Inks
from veloz_tui.tui.layout import Box

WIDTH, HEIGHT = 24, 6
PLANS = (
    {
        "status": Box(0, 0, 24, 1), "ladder": Box(0, 1, 10, 5), "gutter1": Box(10, 1, 1, 5),
        "orders": Box(11, 1, 13, 5),
    },
    {"status": Box(0, 0, 24, 2), "ladder": Box(0, 2, 24, 3), "message": Box(0, 5, 24, 1)},
    {"tiny": Box(0, 0, 20, 4)},
)  # fmt: skip
TONES = st.sampled_from([*theme.TONES, "bar/warn", "base/bid", "up/cursor", "muted/stale"])
TEXTS = st.text(st.sampled_from("ab 01.│●▲é漢字"), max_size=9)
LINES = st.lists(st.tuples(TEXTS, TONES), max_size=5).map(tuple)
LOOKS = [
    pytest.param("dark", ColorSystem.TRUECOLOR, id="all colors"),
    pytest.param("light", ColorSystem.EIGHT_BIT, id="256"),
    pytest.param("ansi-16", ColorSystem.STANDARD, id="16"),
    pytest.param("", ColorSystem.TRUECOLOR, id="no color"),
]


def palette(name: str) -> theme.Palette:
    return theme.load(name or "dark", no_color=not name)


@st.composite
def pictures(draw: st.DrawFn) -> Shown:
    plan = draw(st.sampled_from(PLANS))
    lines = {name: draw(st.lists(LINES, max_size=box.height)) for name, box in plan.items()}
    return Shown(WIDTH, HEIGHT, plan, lines, draw(st.sampled_from([(), ("ladder", "orders")])))


@st.composite
def sequences(draw: st.DrawFn) -> list[Shown]:
    """Mostly the same picture with some lines changed, sometimes a wholly other one."""
    found = [draw(pictures())]
    for _ in range(draw(st.integers(1, 5))):
        last = found[-1]
        if draw(st.integers(0, 3)) == 0:
            found.append(draw(pictures()))
            continue
        name = draw(st.sampled_from(sorted(last.plan)))
        lines = [draw(LINES) if draw(st.booleans()) else line for line in last.lines[name]]
        found.append(last._replace(lines={**last.lines, name: lines}))
    return found


@pytest.mark.parametrize(("name", "system"), LOOKS)
@given(shown=sequences(), forgets=st.booleans())
def test_the_terminal_shows_every_picture_cell_by_cell(
    name: str, system: ColorSystem, shown: list[Shown], forgets: bool
) -> None:
    look = (palette(name), system)
    cells = CellScreen(Inks(*look), fills(shown))
    emulator = Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(emulator)
    for at, each in enumerate(shown):
        if forgets and at % 2:
            stream.feed("\x1b[H\x1b[7mgarbage")
            cells.forget()
        stream.feed(cells.show(each))
        wanted = expected((WIDTH, HEIGHT), each.plan, each.lines, each.dimmed, look)
        assert not differences(emulator, wanted)


@given(shown=sequences())
def test_another_theme_reaches_every_cell(shown: list[Shown]) -> None:
    inks = Inks(palette("dark"), ColorSystem.TRUECOLOR)
    cells = CellScreen(inks, fills(shown))
    emulator = Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(emulator)
    for at, each in enumerate(shown):
        chosen = palette("light" if at % 2 else "dark")
        inks.use(chosen)
        cells.restyle()
        stream.feed(cells.show(each))
        look = (chosen, ColorSystem.TRUECOLOR)
        assert not differences(emulator, expected((WIDTH, HEIGHT), each.plan, each.lines, each.dimmed, look))


def fills(shown: list[Shown]) -> dict[str, str]:
    names = {name for each in shown for name in each.plan}
    bars = {"status", "message"}
    return {name: "gutter" if name == "gutter1" else "bar" if name in bars else "base" for name in names}


def test_what_stays_is_not_written_again() -> None:
    cells = CellScreen(Inks(palette("dark"), ColorSystem.TRUECOLOR), {"tiny": "base"})
    first = Shown(20, 4, {"tiny": Box(0, 0, 20, 4)}, {"tiny": [(("price 64,123.40", "base"),)]})
    cells.show(first)
    assert cells.show(first) == ""
    second = first._replace(lines={"tiny": [(("price 64,123.50", "base"),)]})
    written = cells.show(second)
    assert "\x1b[1;14H" in written and "5" in written and "64,123" not in written


def test_two_tones_that_look_alike_are_no_change() -> None:
    cells = CellScreen(Inks(palette(""), ColorSystem.TRUECOLOR), {"tiny": "base"})
    first = Shown(20, 1, {"tiny": Box(0, 0, 20, 1)}, {"tiny": [(("+1.00", "up"),)]})
    cells.show(first)
    assert cells.show(first._replace(lines={"tiny": [(("+1.00", "good"),)]})) == ""
