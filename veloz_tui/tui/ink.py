"""Tones as terminals understand them: the parameters of SGR sequences, resolved once a tone."""

from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from veloz_tui.tui.theme import Palette

_MARK: Final = "@"


class Ink(NamedTuple):
    """How a cell looks: attributes, foreground and background as SGR parameters, empty for the default."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""


class Inks:
    """The inks of a palette on a terminal with so many colors. Equal inks are one object."""

    def __init__(self, palette: Palette, system: ColorSystem) -> None:
        self._palette = palette
        self._system = system
        self._by_tone: dict[tuple[str, bool], Ink] = {}
        self._known: dict[Ink, Ink] = {}

    def use(self, palette: Palette) -> None:
        """Change the colors."""
        self._palette = palette
        self._by_tone.clear()

    def ink(self, tone: str, *, dimmed: bool) -> Ink:
        """How a tone looks."""
        key = (tone, dimmed)
        found = self._by_tone.get(key)
        if found is None:
            ink = self._resolve(self._palette.style(tone, dimmed=dimmed))
            found = self._by_tone[key] = self._known.setdefault(ink, ink)
        return found

    def _resolve(self, style: Style) -> Ink:
        front, back = style.color, style.bgcolor
        marked = style.without_color.render(_MARK, color_system=self._system)
        return Ink(
            marked.partition(_MARK)[0].removeprefix("\x1b[").removesuffix("m"),
            "" if front is None else ";".join(front.downgrade(self._system).get_ansi_codes()),
            "" if back is None
            else ";".join(back.downgrade(self._system).get_ansi_codes(foreground=False)),
        )  # fmt: skip


def color_system(console: Console) -> ColorSystem:
    """How many colors the terminal has; those which don't tell have all."""
    return COLOR_SYSTEMS.get(console.color_system or "truecolor", ColorSystem.TRUECOLOR)


def change(old: Ink | None, new: Ink) -> str:
    """The sequence that turns one ink into another; from an unknown one it begins anew."""
    if old is not None and old.attributes == new.attributes:
        parts = []
        if old.foreground != new.foreground:
            parts.append(new.foreground or "39")
        if old.background != new.background:
            parts.append(new.background or "49")
    else:
        parts = ["0", *filter(None, new)]
    return f"\x1b[{';'.join(parts)}m" if parts else ""
