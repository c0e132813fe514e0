"""`veloz console-settings` (hidden): a profile's settings as JSON, for a console that stays light."""

import click

from veloz_tui.commands.parts import load_settings
from veloz_tui.commands.profile import Profile, emit_json


@click.command("console-settings", hidden=True)
@click.pass_obj
def console_settings(profile: Profile) -> int:
    """Print the settings as JSON; no secret is among them."""
    emit_json(load_settings(profile.name, profile.config_path))
    return 0
