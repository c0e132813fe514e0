"""Every theme can be read: WCAG 2 contrast of each tone on each ground it is drawn on.

Bounds: 4.5 for what one acts upon, 3.0 for what is less important (muted, stale, column titles). The sixteen
colors of ansi-16 are the terminal's own: there 3.0 holds for all with xterm's colors. Lines between panes
carry no text.
"""

import pytest
from rich.color import Color
from rich.terminal_theme import TerminalTheme

from veloz_tui.tui import theme

XTERM = TerminalTheme(
    (0, 0, 0),
    (229, 229, 229),
    [(0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205),
     (229, 229, 229)],
    [(127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
     (255, 255, 255)],
)  # fmt: skip
QUIET = {"muted", "bar_muted", "stale", "header"}
GROUNDED = ("title_focus", "cursor", "crit", "input", "bar_muted", "header")
"""Tones with a ground of their own."""
WORDS = ("base", "muted", "up", "down", "mine", "good", "warn", "stale", "key", "marked")
ON_TITLE = ("base", "muted", "up", "down", "warn", "stale")
MODES = tuple(tone for tone in theme.TONES if tone.startswith("mode_"))


def drawn() -> list[str]:
    """Every combination of tones that the console draws."""
    return [
        *WORDS,
        *(f"bar/{tone}" for tone in WORDS),
        "title",
        *(f"title/{tone}" for tone in ON_TITLE if tone != "base"),
        *(f"{tone}/cursor" for tone in WORDS),
        "base/bid",
        "base/ask",
        *GROUNDED,
        *MODES,
    ]


def luminance(color: Color | None, *, is_front: bool) -> float:
    red, green, blue = (color or Color.default()).get_truecolor(XTERM, foreground=is_front)
    parts = [value / 255 for value in (red, green, blue)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(palette: theme.Palette, tone: str) -> float:
    style = palette.style(tone)
    both = (luminance(style.color, is_front=True), luminance(style.bgcolor, is_front=False))
    return (max(both) + 0.05) / (min(both) + 0.05)


def bound(name: str, tone: str) -> float:
    is_quiet = bool(QUIET & set(tone.split("/"))) and "cursor" not in tone
    return 3.0 if is_quiet or name == "ansi-16" else 4.5


@pytest.mark.parametrize("colors", ["western", "chinese"])
@pytest.mark.parametrize("name", theme.available())
def test_every_tone_can_be_read_on_every_ground(name: str, colors: theme.ColorsOfUp) -> None:
    palette = theme.load(name, colors=colors)
    poor = {tone: round(contrast(palette, tone), 2) for tone in drawn()}
    assert {tone: ratio for tone, ratio in poor.items() if ratio < bound(name, tone)} == {}


def test_black_on_white_is_as_far_apart_as_can_be_and_grey_on_grey_is_not() -> None:
    palette = theme.Palette("x", theme.parse(THEME, "x"))
    assert round(contrast(palette, "base")) == 21
    assert contrast(palette, "muted") < 1.5


THEME = "[tones]\n" + "\n".join(
    f'{tone} = "{"#000000 on #ffffff" if tone == "base" else "#dddddd"}"' for tone in theme.TONES
)


@pytest.mark.parametrize("name", theme.available())
def test_up_and_down_are_swapped_for_chinese_and_alerts_are_not(name: str) -> None:
    western, chinese = theme.load(name), theme.load(name, colors="chinese")
    for one, other in (("up", "down"), ("bid", "ask")):
        assert western.style(one) == chinese.style(other) and western.style(other) == chinese.style(one)
    for tone in theme.TONES.keys() - {"up", "down", "bid", "ask"}:
        assert western.style(tone) == chinese.style(tone)
