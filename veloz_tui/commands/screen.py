"""The screen itself: everything that imports the terminal framework."""

import os
import sys

import msgspec

from veloz_tui.commands.console_start import ConsoleStart
from veloz_tui.commands.profile import Profile
from veloz_tui.tui.app import run_console
from veloz_tui.tui.glyphs import has_colors
from veloz_tui.tui.options import ConsoleOptions


def open_screen(profile: Profile, start: ConsoleStart | None, *, since: str, is_read_only: bool) -> int:
    """Run the console until it is left; return its exit code."""
    options = console_options(profile, start, since=since, is_read_only=is_read_only)
    return run_console(profile.paths, options)


def console_options(
    profile: Profile, start: ConsoleStart | None, *, since: str, is_read_only: bool = False
) -> ConsoleOptions:
    """Translate the settings; None: defaults."""
    paths = profile.paths
    options = ConsoleOptions(
        no_color=bool(os.environ.get("NO_COLOR")) or not has_colors(),
        themes_dir=paths.config_directory / "themes",
        report_command=(sys.executable, "-m", "veloz_tui", "--profile", profile.name, "report"),
        reports_dir=paths.state_directory / "reports",
        history_file=paths.state_directory / "history",
        tour_file=paths.state_directory / "tour",
        seen_file=paths.state_directory / "console-seen",
        has_tour=not is_read_only,
        is_observer=is_read_only,
        since=since,
    )
    return options if start is None else _with_settings(options, start)


def _with_settings(options: ConsoleOptions, start: ConsoleStart) -> ConsoleOptions:
    settings, first = start.console, start.instruments[0] if start.instruments else None
    return msgspec.structs.replace(
        options,
        theme=settings.theme,
        colors=settings.colors,
        keymap=settings.keymap,
        refresh_hz=settings.refresh_hz,
        sizes=settings.sizes,
        instrument=first,
        has_mouse=settings.mouse,
        has_bell=settings.bell,
    )
