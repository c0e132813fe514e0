"""Which profile a command is about, and how it talks: one line of text, or JSON."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain.errors import OperatorError

F = TypeVar("F", bound=Callable[..., object])


class Profile(msgspec.Struct, frozen=True):
    """A profile's name and, if told, another settings file than its own."""

    name: str
    config_path: Path | None = None

    @classmethod
    def named(cls, name: str, config: str | None) -> "Profile":
        return cls(name, Path(config) if config else None)

    @property
    def paths(self) -> ProfilePaths:
        return ProfilePaths.of(self.name)

    @property
    def arguments(self) -> list[str]:
        """The options that name this profile again to a child process."""
        config = ["--config", str(self.config_path)] if self.config_path is not None else []
        return ["--profile", self.name, *config]


def json_option(command: F) -> F:
    """Give a command `--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)


def say(text: str) -> None:
    """Tell a person something beside the result: to standard error, so that pipes stay clean."""
    click.echo(text, err=True)


def emit(text: str) -> None:
    """Print the result. OperatorError if it can't be written, BrokenPipeError if nobody reads any more."""
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OperatorError(f"the result can't be printed: {error.strerror} – standard output") from error


def emit_json(value: object) -> None:
    """Print the result as JSON; decimals are strings, so nothing is rounded."""
    emit(msgspec.json.format(msgspec.json.encode(value), indent=2 if sys.stdout.isatty() else 0).decode())


def is_interactive() -> bool:
    """Somebody sits there who can answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()
