"""The commented settings file that `veloz init` writes."""

import re
from importlib import resources
from pathlib import Path

from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import Mode

NAME = "config.example.toml"


def render_default_config(mode: Mode = Mode.DEMO) -> str:
    """Return the example with its mode set; everything else stays commented out."""
    text, changed = re.subn(
        r'(?m)^#\[profile\]$((?:\n#.*)*?)\n#mode = "DEMO"$', rf'[profile]\1\nmode = "{mode}"', _example()
    )
    assert changed == 1, "the example must have one [profile] with a mode"
    return text


def _example() -> str:
    packaged = resources.files("veloz_tui") / "data" / NAME
    checkout = Path(__file__).resolve().parents[2] / NAME
    for place in (packaged, checkout):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise ConfigError(
        f"{NAME} is missing – {packaged} – the installation is damaged: install veloz-tui again"
    )
