"""An engine's answers to questions of the command line."""

from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.queries import NotKnown, Told


class NoAnswer(OperatorError):
    """Something else than what was asked for; the text says why, and what to write instead."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.text if isinstance(told, NotKnown) else "the engine answered something else")
