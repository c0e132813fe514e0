"""The simulated venue shares no code with the rest of the program, so no misreading can hide in both."""

from __future__ import annotations

import ast
from pathlib import Path

import veloz_tui.sim


def test_nothing_of_ours_is_imported() -> None:
    folder = Path(str(veloz_tui.sim.__file__)).parent
    imported = {
        name
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _names(node)
    }
    ours = {name for name in imported if name.split(".")[0] == "veloz_tui"}
    assert ours
    assert all(name.startswith("veloz_tui.sim") for name in ours)


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names):
            return [f"{module}.{alias.name}" for alias in names]
        case _:
            return []
