"""Starting a profile, with its one line of progress."""

import sys
import time
from collections.abc import Callable

import click

from veloz_tui.commands.parts import ensure_running
from veloz_tui.commands.profile import Profile, is_interactive
from veloz_tui.config.plain import Settings
from veloz_tui.control.client import fetch_view
from veloz_tui.control.errors import EngineNotRunning, LinkLost
from veloz_tui.domain.views import View

ATTACHABLE_WITHIN_S = 30.0
POLL_S = 0.1


def start(
    profile: Profile,
    *,
    read_settings: Callable[[], Settings] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> None:
    """Start what isn't running. Says `starting DEMO: guardian… sim… engine… READY 1.3s`.

    `read_settings` and `meanwhile`: see runtime.launch.ensure_running.
    """
    line = _Line()
    try:
        running = ensure_running()(
            profile.name,
            profile.config_path,
            say=line.add,
            ask_password=line.ask_password if is_interactive() else None,
            read_settings=read_settings,
            meanwhile=meanwhile,
        )
        if not running.was_running:
            line.add(f"READY {running.took_s:.1f}s")
    finally:
        line.end()


def first_view(profile: Profile) -> View:
    """Return a view as soon as the engine gives one."""
    deadline = time.monotonic() + ATTACHABLE_WITHIN_S
    while True:
        try:
            return fetch_view(profile.paths)
        except (EngineNotRunning, LinkLost):
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)


class _Line:
    # Words that come one after the other; the line ends even if a step fails.
    def __init__(self) -> None:
        self._is_open = False

    def add(self, words: str) -> None:
        sys.stderr.write(words)
        sys.stderr.flush()
        self._is_open = not words.endswith("\n")

    def ask_password(self) -> str:
        self.end()
        password = click.prompt("Password of the vault (not shown)", hide_input=True, err=True)
        assert isinstance(password, str)
        return password

    def end(self) -> None:
        if self._is_open:
            self.add("\n")
