"""The compositions that commands start, found when needed: importing all of them takes half a second."""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from veloz_tui.commands.console_start import ConsoleStart
from veloz_tui.commands.profile import Profile
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings

if TYPE_CHECKING:
    from veloz_tui.runtime.launch import RunningProfile


class EnsureRunning(Protocol):
    """Start what of sim, guardian and engine isn't running; return when consoles can attach."""

    def __call__(
        self,
        profile: str,
        config_path: Path | None,
        *,
        say: Callable[[str], None],
        ask_password: Callable[[], str] | None,
        read_settings: Callable[[], Settings] | None,
        meanwhile: Callable[[], object] | None,
    ) -> "RunningProfile": ...


class OpenScreen(Protocol):
    """commands.screen.open_screen: the only way to what imports the terminal framework."""

    def __call__(
        self, profile: Profile, start: ConsoleStart | None, *, since: str, is_read_only: bool
    ) -> int: ...


class Start(Protocol):
    """commands.start.start: start what isn't running, and say so."""

    def __call__(
        self,
        profile: Profile,
        *,
        read_settings: Callable[[], Settings],
        meanwhile: Callable[[], object],
    ) -> None: ...


class ShowPlain(Protocol):
    """commands.plain.show_plain: print the view once; return the exit code."""

    def __call__(self, profile: Profile, *, starts: bool) -> int: ...


class OneShotKill(Protocol):
    """Kill without guardian and engine, in this process. Blocks; returns the exit code."""

    def __call__(self, paths: ProfilePaths, settings: Settings) -> int: ...


class LoadSettings(Protocol):
    """config.settings.load_settings."""

    def __call__(self, profile: str, *, config_file: Path | None) -> Settings: ...


class Finding(Protocol):
    """One line of `veloz check`: `state` is `ok`, `warn` or `fail`."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def text(self) -> str: ...


class RunChecks(Protocol):
    """Look at everything that can be wrong before money is at stake."""

    def __call__(self, profile: str, config_path: Path | None) -> Sequence[Finding]: ...


def ensure_running() -> EnsureRunning:
    return cast(EnsureRunning, _part("veloz_tui.runtime.launch", "ensure_running"))


def open_screen() -> OpenScreen:
    return cast(OpenScreen, _part("veloz_tui.commands.screen", "open_screen"))


def start() -> Start:
    return cast(Start, _part("veloz_tui.commands.start", "start"))


def show_plain() -> ShowPlain:
    return cast(ShowPlain, _part("veloz_tui.commands.plain", "show_plain"))


def reach() -> Callable[[ProfilePaths], None]:
    """commands.reach.reach: raise what keeps a console out."""
    return cast(Callable[[ProfilePaths], None], _part("veloz_tui.commands.reach", "reach"))


def one_shot_kill() -> OneShotKill:
    return cast(OneShotKill, _part("veloz_tui.runtime.one_shot", "one_shot_kill"))


def guardian_main() -> Callable[[Sequence[str]], int]:
    return cast(Callable[[Sequence[str]], int], _part("veloz_tui.runtime.guardian_main", "main"))


def engine_main() -> Callable[[Sequence[str]], int]:
    return cast(Callable[[Sequence[str]], int], _part("veloz_tui.runtime.engine_main", "main"))


def run_checks() -> RunChecks:
    return cast(RunChecks, _part("veloz_tui.runtime.checks", "run_checks"))


def load_settings(profile: str, config_path: Path | None) -> Settings:
    """Read a profile's settings; imports pydantic, so consoles don't do it themselves."""
    load = cast(LoadSettings, _part("veloz_tui.config.settings", "load_settings"))
    return load(profile, config_file=config_path)


def _part(module: str, name: str) -> object:
    found: object = getattr(importlib.import_module(module), name)
    return found
