"""`veloz` and `veloz attach`: the console on a terminal, one plain block of text elsewhere."""

import os
import sys
import time

import click

from veloz_tui.commands.console_start import SettingsReader
from veloz_tui.commands.parts import open_screen
from veloz_tui.commands.profile import Profile, emit
from veloz_tui.commands.start import first_view, start
from veloz_tui.control.client import fetch_view
from veloz_tui.domain.views import View
from veloz_tui.tui.plain import render

BOOK_WITHIN_S = 5.0


def start_and_attach(profile: Profile) -> int:
    """Start what isn't running, then attach; without a terminal print the plain view and end."""
    if not _has_screen():
        start(profile)
        return _show_plain(_view_with_book(profile))
    reader = SettingsReader(profile)
    start(profile, read_settings=reader.settings, meanwhile=open_screen)
    return _open(profile, reader, is_read_only=False)


@click.command(epilog="Detach with q; the engine goes on.")
@click.option("--read-only", is_flag=True, help="Observe; only the kill key works.")
@click.pass_obj
def attach(profile: Profile, *, read_only: bool) -> int:
    """Open the console on a running engine.

    \b
    veloz attach --read-only
    veloz --profile live attach
    """
    reader = SettingsReader(profile) if _has_screen() else None
    view = fetch_view(profile.paths)  # says what is missing before the screen is taken over
    if reader is None:
        return _show_plain(view)
    return _open(profile, reader, is_read_only=read_only)


def _open(profile: Profile, reader: SettingsReader, *, is_read_only: bool) -> int:
    show = open_screen()  # imports the framework while the settings are being read
    console_start, problem = reader.console_start()
    return show(profile, console_start, since=problem, is_read_only=is_read_only)


def _has_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}


def _show_plain(view: View) -> int:
    emit(render(view).rstrip("\n"))
    return 0


def _view_with_book(profile: Profile) -> View:
    # An engine that has just started has no book for a moment.
    deadline = time.monotonic() + BOOK_WITHIN_S
    while True:
        view = first_view(profile)
        if any(book.bids for book in view.books) or time.monotonic() > deadline:
            return view
        time.sleep(0.1)
