"""Semantic tones and the theme files that give them colors. Widgets name tones, never colors."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from rich.errors import StyleSyntaxError
from rich.style import Style

ColorsOfUp = Literal["western", "chinese"]

# tone -> what it means; a theme file must give each one a style
TONES: Final[Mapping[str, str]] = {
    "base": "plain text on the background",
    "muted": "less important text",
    "bar": "status, message line and footer",
    "bar_muted": "less important text there",
    "title": "title of a pane",
    "title_focus": "title of the pane with the focus",
    "header": "column titles",
    "gutter": "lines between panes",
    "cursor": "row under the cursor",
    "marked": "marked row",
    "up": "gains, rising, buy",
    "down": "losses, falling, sell",
    "bid": "background of bid sizes",
    "ask": "background of ask sizes",
    "mine": "own orders",
    "good": "works as it should",
    "warn": "needs a look",
    "crit": "needs action now: a full reversed line",
    "stale": "old data",
    "key": "a key in the footer and in help",
    "input": "text being typed",
    "mode_demo": "badge",
    "mode_paper": "badge",
    "mode_test": "badge",
    "mode_live": "badge",
    "mode_replay": "badge",
}
# What `colors = "chinese"` exchanges; alerts keep their colors.
_SWAPPED: Final = (("up", "down"), ("bid", "ask"))
# Without color every tone still differs by weight or by the sign beside it.
_NO_COLOR: Final[Mapping[str, str]] = {
    "muted": "dim", "bar_muted": "dim", "title": "bold", "title_focus": "bold reverse",
    "header": "dim underline", "gutter": "dim", "cursor": "reverse",
    "marked": "underline", "mine": "bold", "warn": "bold",
    "crit": "bold reverse", "stale": "dim", "key": "bold", "input": "underline", "mode_demo": "reverse",
    "mode_paper": "reverse", "mode_test": "reverse", "mode_live": "bold reverse", "mode_replay": "reverse",
}  # fmt: skip


class ThemeError(ValueError):
    """A theme can't be used: unknown name, missing or unknown tone, bad color."""


class Palette:
    """Tone to style. `a/b` puts the colors of `b` over those of `a` (a bar under a number)."""

    __slots__ = ("_base", "_cache", "_styles", "name")

    def __init__(self, name: str, styles: Mapping[str, Style]) -> None:
        self.name = name
        self._styles = dict(styles)
        self._base = self._styles["base"]
        self._cache: dict[tuple[str, bool], Style] = {}

    def style(self, tone: str, *, dimmed: bool = False) -> Style:
        """The full style of a tone on the base; `dimmed` for old data."""
        key = (tone, dimmed)
        found = self._cache.get(key)
        if found is None:
            found = self._base
            for part in tone.split("/"):
                found += self._styles[part]
            if dimmed:
                found += Style(dim=True, bold=False)
            self._cache[key] = found
        return found


def directory() -> Path:
    """The theme files: in the wheel beside the package, in a checkout at its top."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "data" / "themes"
    return installed if installed.is_dir() else package.parent / "themes"


def available(extra: Path | None = None) -> list[str]:
    """Names of the themes, those of the user's directory included."""
    folders = [directory()] + ([extra] if extra is not None else [])
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.toml")})


def load(
    name: str, *, colors: ColorsOfUp = "western", no_color: bool = False, extra: Path | None = None
) -> Palette:
    """Read a theme; the user's directory wins over the shipped ones. ThemeError says what is wrong."""
    if no_color:
        return Palette("no-color", {tone: Style.parse(_NO_COLOR.get(tone, "none")) for tone in TONES})
    if name not in available(extra):
        raise ThemeError(f"no theme {name!r}; there are: {', '.join(available(extra))}")
    own = extra / f"{name}.toml" if extra is not None else None
    path = own if own is not None and own.is_file() else directory() / f"{name}.toml"
    styles = parse(_text(path, name), name)
    if colors == "chinese":
        for one, other in _SWAPPED:
            styles[one], styles[other] = styles[other], styles[one]
    return Palette(name, styles)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ThemeError(f"theme {name} can't be read: {error}") from error


def parse(text: str, name: str) -> dict[str, Style]:
    """A theme file's tones; every tone once, none unknown."""
    try:
        tones = tomllib.loads(text).get("tones", {})
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(f"theme {name}: {error}") from error
    if not isinstance(tones, dict):
        raise ThemeError(f"theme {name}: [tones] must be a table")
    missing, unknown = TONES.keys() - tones.keys(), tones.keys() - TONES.keys()
    if missing or unknown:
        raise ThemeError(f"theme {name}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    try:
        return {tone: Style.parse(str(value)) for tone, value in tones.items()}
    except StyleSyntaxError as error:
        raise ThemeError(f"theme {name}: {error}") from error
