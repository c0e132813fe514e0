"""What a profile's consoles remember in files of the owner's: typed commands, where the tour stands."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from veloz_tui.domain.types import Nanos
from veloz_tui.tui import fmt

KEPT: Final = 200
_MAX_BYTES: Final = 200_000


def load(path: Path | None) -> list[str]:
    """The last lines; none if there is no file or it can't be read (history is a comfort)."""
    if path is None:
        return []
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    return [fmt.clean(line) for line in text.splitlines() if line.strip()][-KEPT:]


def save(path: Path | None, lines: Iterable[str]) -> bool:
    """Write the last lines, readable by the owner alone; False if that failed."""
    if path is None:
        return True
    text = "".join(f"{line}\n" for line in list(lines)[-KEPT:])
    part = path.with_name(path.name + f".{os.getpid()}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except OSError:
        return False
    return True


def seen_at(path: Path | None) -> Nanos | None:
    """When a file was last written; None if never."""
    try:
        return None if path is None else Nanos(path.stat().st_mtime_ns)
    except OSError:
        return None


def number(path: Path | None) -> int:
    """The number in a file; 0 if there is none."""
    lines = load(path)
    return int(lines[0]) if lines and lines[0].isdecimal() and len(lines[0]) < 4 else 0
