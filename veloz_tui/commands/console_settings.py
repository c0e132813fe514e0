"""`veloz console-settings` (hidden): a profile's console settings as JSON, for a console that stays light."""

import click

from veloz_tui.commands.console_start import encode_start
from veloz_tui.commands.parts import load_settings
from veloz_tui.commands.profile import Profile, emit


@click.command("console-settings", hidden=True)
@click.pass_obj
def console_settings(profile: Profile) -> int:
    """Print the console's settings as JSON."""
    emit(encode_start(load_settings(profile.name, profile.config_path)).decode())
    return 0
