"""`veloz` and `veloz attach`: the console on a terminal, one plain block of text elsewhere."""

import os
import sys
import time
from typing import NoReturn

import click

from veloz_tui.commands.console_start import SettingsReader, encode_start
from veloz_tui.commands.parts import load_settings, open_screen
from veloz_tui.commands.profile import Profile, emit
from veloz_tui.commands.start import start
from veloz_tui.control.client import fetch_view
from veloz_tui.domain.views import View
from veloz_tui.tui.plain import render

BOOK_WITHIN_S = 5.0
PIPE_BYTES = 65_536


def start_and_attach(profile: Profile) -> int:
    """Start what isn't running, then attach; without a terminal print the plain view and end."""
    start(profile)
    if _has_screen():
        _become_console(profile)
    return _show_plain(_view_with_book(profile))


def _become_console(profile: Profile) -> NoReturn:
    # A fresh process: what starting needed (pydantic, httpx) would stay in the console's memory.
    sys.stderr.flush()
    console_start = encode_start(load_settings(profile.name, profile.config_path))
    descriptor = _pipe_holding(console_start)
    words = [*profile.arguments, "attach", "--settings-fd", str(descriptor)]
    os.execv(sys.executable, [sys.executable, "-m", "veloz_tui", *words])  # noqa: S606 - ourselves again


def _pipe_holding(content: bytes) -> int:
    # Small enough for a pipe's buffer, so nobody has to write while the other side reads.
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)  # noqa: FBT003 - its only form
    os.write(writer, content[:PIPE_BYTES])
    os.close(writer)
    return reader


@click.command(epilog="Detach with q; the engine goes on.")
@click.option("--read-only", is_flag=True, help="Observe; only the kill key works.")
@click.option("--settings-fd", type=int, hidden=True, help="A descriptor with the console's settings.")
@click.pass_obj
def attach(profile: Profile, *, read_only: bool, settings_fd: int | None) -> int:
    """Open the console on a running engine.

    \b
    veloz attach --read-only
    veloz --profile live attach
    """
    settings = SettingsReader(profile, settings_fd) if _has_screen() else None
    view = fetch_view(profile.paths)  # says what is missing before the screen is taken over
    if settings is None:
        return _show_plain(view)
    show = open_screen()  # imports the framework while the settings are being read
    start, problem = settings.result()
    return show(profile, start, since=problem, is_read_only=read_only)


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
