"""The screen itself: everything that imports the terminal framework."""

from veloz_tui.commands.console_start import ConsoleStart
from veloz_tui.commands.profile import Profile, emit
from veloz_tui.control.client import ControlClient
from veloz_tui.tui.app import VelozApp, run_console
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.shell import EngineLink, Receiver


def open_screen(profile: Profile, start: ConsoleStart | None, *, since: str, is_read_only: bool) -> int:
    """Run the console until it is left; return its exit code."""
    options = console_options(profile, start, since=since)
    return _run_observer(profile, options) if is_read_only else run_console(profile.paths, options)


def _run_observer(profile: Profile, options: ConsoleOptions) -> int:
    # As run_console, but never asking for control.
    def connect(receiver: Receiver) -> EngineLink:
        return ControlClient(
            profile.paths.engine_socket,
            profile.paths.session_token,
            profile.paths.guardian_socket,
            wants_control=False,
            views_hz=options.refresh_hz,
            on_view=receiver.on_view,
            on_entries=receiver.on_entries,
            on_ack=receiver.on_ack,
            on_link=receiver.on_link,
        )

    app = VelozApp(connect, options)
    farewell = app.run(mouse=options.has_mouse)
    if farewell:
        emit(farewell)
    return app.return_code or 0


def console_options(profile: Profile, start: ConsoleStart | None, *, since: str) -> ConsoleOptions:
    """Translate the settings; None: defaults."""
    history = profile.paths.state_directory / "history"
    if start is None:
        return ConsoleOptions(history_file=history, since=since)
    settings, first = start.console, start.instruments[0] if start.instruments else None
    return ConsoleOptions(
        theme=settings.theme,
        colors=settings.colors,
        keymap=settings.keymap,
        refresh_hz=settings.refresh_hz,
        presets=settings.sizes.get(first, ()) if first is not None else (),
        instrument=first,
        has_mouse=settings.mouse,
        history_file=history,
        since=since,
    )
