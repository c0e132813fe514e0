"""`veloz guardian` (hidden): what `veloz` starts first; its arguments are its own."""

import click

from veloz_tui.commands.parts import guardian_main
from veloz_tui.commands.profile import Profile


@click.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def guardian(profile: Profile, arguments: tuple[str, ...]) -> int:
    """Run the guardian in this process."""
    return guardian_main()(["--profile", profile.name, *arguments])
