"""The one line a new guardian reads on its standard input: what only its starter knows."""

import msgspec


class GuardianStart(msgspec.Struct, frozen=True):
    """Never in an argument, a file or the environment."""

    password: str = ""
    """Of the vault, typed on the terminal; empty: none was needed."""

    def __repr__(self) -> str:
        return "GuardianStart(***)"
