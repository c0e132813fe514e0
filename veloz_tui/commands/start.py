"""Starting a profile, with its one line of progress."""

import sys
import time

import click

from veloz_tui.commands.parts import ensure_running
from veloz_tui.commands.profile import Profile, is_interactive
from veloz_tui.control.client import fetch_view
from veloz_tui.control.errors import EngineNotRunning, LinkLost
from veloz_tui.domain.views import View

ATTACHABLE_WITHIN_S = 30.0
POLL_S = 0.1


def start(profile: Profile) -> View:
    """Start what isn't running; return a view. Says `starting DEMO: guardian… sim… engine… READY 1.3s`."""
    line = _Line()
    try:
        running = ensure_running()(
            profile.name,
            profile.config_path,
            say=line.add,
            ask_password=_ask_password if is_interactive() else None,
        )
        view = _first_view(profile)
        if not running.was_running:
            line.add(f"READY {running.took_s:.1f}s")
    finally:
        line.end()
    return view


def _first_view(profile: Profile) -> View:
    # A dead engine's socket may still lie there while the new one reads its journal.
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

    def end(self) -> None:
        if self._is_open:
            self.add("\n")


def _ask_password() -> str:
    password = click.prompt("Password of the vault (not shown)", hide_input=True, err=True)
    assert isinstance(password, str)
    return password
