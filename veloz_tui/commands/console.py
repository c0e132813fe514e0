"""`veloz` and `veloz attach`: the console on a terminal, one plain block of text elsewhere.

Imports little, so that the process which reads the settings is under way before ours loads the console.
"""

import gc
import os
import sys

import click

from veloz_tui.commands.console_start import SettingsReader
from veloz_tui.commands.parts import open_screen, reach, show_plain, start
from veloz_tui.commands.profile import Profile


def start_and_attach(profile: Profile) -> int:
    """Start what isn't running, then attach; without a terminal print the plain view and end."""
    if not _has_screen():
        return show_plain()(profile, starts=True)
    gc.disable()  # nothing of what starts is garbage; the console turns it on again
    reader = SettingsReader(profile)
    start()(profile, read_settings=reader.settings, meanwhile=open_screen)
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
    if not _has_screen():
        return show_plain()(profile, starts=False)
    gc.disable()  # nothing of what starts is garbage; the console turns it on again
    reader = SettingsReader(profile)
    reach()(profile.paths)
    return _open(profile, reader, is_read_only=read_only)


def _open(profile: Profile, reader: SettingsReader, *, is_read_only: bool) -> int:
    show = open_screen()
    console_start, problem = reader.console_start()
    return show(profile, console_start, since=problem, is_read_only=is_read_only)


def _has_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}
