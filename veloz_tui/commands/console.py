"""`veloz` and `veloz attach`: the console on a terminal, one plain block of text elsewhere."""

import os
import subprocess
import sys
import time
from typing import NoReturn

import click
import msgspec

from veloz_tui.commands.console_start import ConsoleStart
from veloz_tui.commands.parts import open_screen
from veloz_tui.commands.profile import Profile, emit
from veloz_tui.commands.start import start
from veloz_tui.control.client import fetch_view
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.views import View
from veloz_tui.tui.plain import render

BOOK_WITHIN_S = 5.0
SETTINGS_WITHIN_S = 20.0


def start_and_attach(profile: Profile) -> int:
    """Start what isn't running, then attach; without a terminal print the plain view and end."""
    start(profile)
    if _has_screen():
        _become_console(profile)
    return _show_plain(_view_with_book(profile))


def _become_console(profile: Profile) -> NoReturn:
    # A fresh process: what starting needed (pydantic, httpx) would stay in the console's memory.
    sys.stderr.flush()
    command = [sys.executable, "-m", "veloz_tui", *profile.arguments, "attach"]
    os.execv(sys.executable, command)  # noqa: S606 - ourselves again


@click.command(epilog="Detach with q; the engine goes on.")
@click.option("--read-only", is_flag=True, help="Observe; only the kill key works.")
@click.pass_obj
def attach(profile: Profile, *, read_only: bool) -> int:
    """Open the console on a running engine.

    \b
    veloz attach --read-only
    veloz --profile live attach
    """
    view = fetch_view(profile.paths)  # says what is missing before the screen is taken over
    if not _has_screen():
        return _show_plain(view)
    start, problem = _settings(profile)
    return open_screen()(profile, start, since=problem, is_read_only=read_only)


def _has_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}


def _show_plain(view: View) -> int:
    emit(render(view).rstrip("\n"))
    return 0


def _view_with_book(profile: Profile) -> View:
    # An engine that has just started has no book for a moment.
    deadline = time.monotonic() + BOOK_WITHIN_S
    while True:
        view = fetch_view(profile.paths)
        if any(book.bids for book in view.books) or time.monotonic() > deadline:
            return view
        time.sleep(0.1)


def _settings(profile: Profile) -> tuple[ConsoleStart | None, str]:
    # A broken settings file must not keep anybody from the console of a running engine.
    try:
        done = subprocess.run(
            [sys.executable, "-m", "veloz_tui", *profile.arguments, "console-settings"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SETTINGS_WITHIN_S,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=ConsoleStart), ""
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[0] if lines else f"exit {error.returncode}"
    except (OSError, subprocess.TimeoutExpired, msgspec.MsgspecError, ConfigError) as error:
        reason = str(error)
    return None, f"settings can't be used, so the console has its defaults: {reason}"
