"""What is wrong with the settings, in a form a person can act on: what – where – what to do."""

from collections.abc import Sequence

import msgspec

from veloz_tui.domain.errors import ConfigError


class Problem(msgspec.Struct, frozen=True):
    """One thing to mend."""

    what: str
    where: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what} – {self.where} – {self.remedy}"


class InvalidSettings(ConfigError):
    """The settings can't be used; `problems` holds everything that is wrong, not the first only."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
