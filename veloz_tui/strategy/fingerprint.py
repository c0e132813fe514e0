"""Which code a strategy runs: a short hash of the files of the strategies folder that are loaded for it."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Final

from veloz_tui.domain.errors import StrategyError

DIGITS: Final = 12


def fingerprint(modules: Iterable[ModuleType], *, folder: Path | None) -> str:
    """Return 12 hex digits of SHA-256 over the modules' files in `folder`; empty if none lies there.

    A strategy of the library has none: the program's version says what it is. What a strategy imports later,
    inside a callback, isn't seen. Raises StrategyError for files that can't be read any more.
    """
    if folder is None:
        return ""
    try:
        return _of_files(modules, folder)
    except (OSError, TypeError, ValueError) as error:  # gone meanwhile; or its __file__ is anything
        raise StrategyError(f"its files can't be read: {error}") from None


def _of_files(modules: Iterable[ModuleType], folder: Path) -> str:
    root = folder.resolve()
    files = {Path(file).resolve() for module in modules if (file := getattr(module, "__file__", None))}
    own = sorted(path for path in files if path.is_relative_to(root) and path.is_file())
    if not own:
        return ""
    digest = sha256()
    for path in own:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:DIGITS]
