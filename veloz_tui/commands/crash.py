"""The report of a bug in a command: to the profile's log, redacted, never to the terminal."""

import logging
from pathlib import Path

from veloz_tui.config.logs import configure_logging
from veloz_tui.config.paths import ProfilePaths


def write_crash(error: Exception, words: list[str]) -> Path:
    """Log the error with its traceback and return the log's path. The command's values are left out."""
    profile = words[words.index("--profile") + 1] if "--profile" in words[:-1] else "demo"
    path = configure_logging(ProfilePaths.of(profile).logs, "cli")
    verbs = [word for word in words if word.isalpha()][:1]
    logging.getLogger("veloz.cli").critical("veloz %s failed", " ".join(verbs), exc_info=error)
    return path
