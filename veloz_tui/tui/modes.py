"""What keys go to."""

from enum import Enum
from typing import Final


class Mode(Enum):
    """What keys go to."""

    PANES = "panes"
    COMMAND = "command"
    TICKET = "ticket"
    CONFIRM = "confirm"
    HELP = "help"
    FILTER = "filter"
    GO = "go"
    PALETTE = "palette"


LINES: Final = frozenset({Mode.COMMAND, Mode.FILTER, Mode.PALETTE})
"""Modes in which keys go into the one line of text."""
