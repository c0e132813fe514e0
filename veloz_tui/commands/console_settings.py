"""`veloz console-settings` (hidden): a profile's console settings as JSON, for a console that stays light.

pydantic costs a process 10 MB and 50 ms, so a console asks this short-lived process instead.
"""

import click
import msgspec

from veloz_tui.commands.console_start import ConsoleStart
from veloz_tui.commands.parts import load_settings
from veloz_tui.commands.profile import Profile, emit


@click.command("console-settings", hidden=True)
@click.pass_obj
def console_settings(profile: Profile) -> int:
    """Print the console's settings as JSON."""
    settings = load_settings(profile.name, profile.config_path)
    start = ConsoleStart(settings.console, settings.venues.binance.instruments)
    emit(msgspec.json.encode(start).decode())
    return 0
