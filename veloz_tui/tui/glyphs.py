"""The few non-ASCII signs the console draws, and their ASCII stand-ins."""

import curses
import os
from collections.abc import Mapping
from typing import Final

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One sign each; every one is exactly one cell wide."""

    gutter: str = "│"
    up: str = "▲"
    down: str = "▼"
    ready: str = "●"
    syncing: str = "◐"
    offline: str = "○"
    square: str = "■"
    running: str = "►"
    last: str = "◂"
    zero: str = "·"


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs(
    gutter="|", up="^", down="v", ready="*", syncing="~", offline="o",
    square="#", running=">", last="<", zero=".",
)  # fmt: skip


_PLAIN: Final = str.maketrans({"·": ".", "…": ".", "–": "-", "×": "x"})


def to_ascii(text: str) -> str:
    """The text with as many characters, none of which such a terminal draws wrongly."""
    return text if text.isascii() else text.translate(_PLAIN).encode("ascii", "replace").decode()


def for_terminal(environ: Mapping[str, str] | None = None) -> Glyphs:
    """ASCII for the Linux text console and for locales which aren't UTF-8."""
    env = os.environ if environ is None else environ
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    utf8 = "utf-8" in locale.lower() or "utf8" in locale.lower()
    return UNICODE if utf8 and env.get("TERM") not in {"linux", "dumb"} else ASCII


def has_colors(environ: Mapping[str, str] | None = None) -> bool:
    """False where terminfo knows the terminal and knows of no colors, as a vt100's."""
    env = os.environ if environ is None else environ
    if env.get("COLORTERM"):
        return True
    try:
        curses.setupterm(env.get("TERM", ""), 1)
    except curses.error:
        return True  # an unknown one: most have
    return curses.tigetnum("colors") > 0
