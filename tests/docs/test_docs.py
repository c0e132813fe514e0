"""What the documentation says is what the program does."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.docs.generated import PAGE, ROOT, page
from veloz_tui.cli import veloz

DOCS = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r'code="([A-Z_]+)"|AlertRaised\([^)]*"([A-Z]+_[A-Z_]+)"\)')
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def _commands() -> Iterator[tuple[str, str]]:
    for file in DOCS:
        for block in _FENCE.findall(file.read_text(encoding="utf-8")):
            for line in block.splitlines():
                words = line.split("#")[0].strip()
                if words.startswith("veloz ") and "─" not in words:  # but for drawings
                    yield file.name, words.split("|")[0].split("<")[0].strip()


@pytest.mark.parametrize(("file", "line"), sorted(set(_commands())))
def test_every_command_in_the_documentation_exists(file: str, line: str) -> None:
    del file
    words = shlex.split(line)[1:]
    context = click.Context(veloz, info_name="veloz")
    _, words, _ = veloz.make_parser(context).parse_args(words)
    command: click.Command | None = veloz
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words[0])
        if found is None:
            break
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    assert command is not veloz or not words, f"no such command: {line}"
    if command is not None and command is not veloz:
        command.make_parser(context).parse_args(words)


def test_the_generated_parts_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run: python -m tests.docs"


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_every_link_leads_to_a_file(file: Path) -> None:
    for target in _LINK.findall(file.read_text(encoding="utf-8")):
        assert (file.parent / target).exists(), f"{file.name} links to {target}"


def test_every_code_of_an_alert_or_a_denial_is_explained() -> None:
    explained = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    sources = [
        *(ROOT / "veloz_tui" / "engine").rglob("*.py"),
        *(ROOT / "veloz_tui" / "runtime").rglob("*.py"),
    ]
    codes = {
        code
        for source in sources
        for groups in _CODE.findall(source.read_text(encoding="utf-8"))
        for code in groups
        if code
    }
    assert len(codes) > 40  # else the pattern finds nothing any more
    assert sorted(code for code in codes if f"`{code}`" not in explained) == []
