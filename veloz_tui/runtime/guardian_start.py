"""The one line a new guardian reads on its standard input: what its starter knows already."""

import msgspec

from veloz_tui.config.plain import Settings


class GuardianStart(msgspec.Struct, frozen=True):
    """Never in an argument, a file or the environment."""

    settings: Settings
    """As the starter read them, so that not every process has to."""
    password: str = ""
    """Of the vault, typed on the terminal; empty: none was needed."""

    def __repr__(self) -> str:
        return "GuardianStart(***)"
