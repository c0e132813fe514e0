"""Where a setting was written: which line of which file, or which variable."""

import msgspec

from veloz_tui.config.toml_lines import KeyPath, line_of

ENVIRONMENT_PREFIX = "VELOZ_"
NESTED = "__"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What was given, layer by layer; the strongest that has a setting is its origin."""

    file: str
    """The file as the user knows it, whether it exists or not."""
    lines: dict[KeyPath, int]
    environment: dict[str, str]
    """The variables that are settings, by their full name."""

    def where(self, path: KeyPath) -> str:
        """Say where a setting comes from, as precisely as can be known."""
        variable = self._variable(path)
        if variable is not None:
            return f"environment variable {variable}"
        line = line_of(path, self.lines)
        return f"{self.file}:{line}" if line is not None else self.file

    def _variable(self, path: KeyPath) -> str | None:
        names = {name.upper(): name for name in self.environment}
        for depth in range(len(path), 1, -1):
            name = ENVIRONMENT_PREFIX + NESTED.join(path[:depth]).upper()
            if name in names:
                return names[name]
        return None
