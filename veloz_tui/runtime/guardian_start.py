"""The one line a new guardian reads on its standard input: what its starter knows already."""

import msgspec

from veloz_tui.config.plain import Settings


class GuardianStart(msgspec.Struct, frozen=True):
    """Never in an argument, a file or the environment."""

    password: str = ""
    """Of the vault, typed on the terminal; empty: none was needed."""
    settings: Settings | None = None
    """As the starter read them, so that not every process has to; None: read them again."""

    def __repr__(self) -> str:
        return "GuardianStart(***)"
