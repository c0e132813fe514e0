"""Writing a pane into a file."""

from collections.abc import Sequence


def written(pane: str, rows: int, path: str) -> str:
    """After `:export`."""
    return f"EXPORTED {pane}: {rows} rows to {path}"


def no_pane(pane: str, panes: Sequence[str]) -> str:
    """A pane that isn't one."""
    return f"NOT WRITTEN: no pane {pane!r} to export; there is {', '.join(panes)}"


def empty(pane: str) -> str:
    """Nothing to write."""
    return f"NOT WRITTEN: {pane} has no rows"


def exists(path: str) -> str:
    """Nothing is overwritten."""
    return f"NOT WRITTEN {path}: it exists. Nothing changed. Choose another name"


def cannot(path: str, why: str) -> str:
    """The file can't be made."""
    return f"NOT WRITTEN {path}: {why}. Choose another place"
