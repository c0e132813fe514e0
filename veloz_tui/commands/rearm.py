"""`veloz rearm`: out of HALTED, with the profile's name typed."""

import click

from veloz_tui.commands.profile import Profile, is_interactive, json_option
from veloz_tui.commands.trade import ANSWER_WITHIN_S, BadWords, report
from veloz_tui.control.client import fetch_view, new_command_id, run_command
from veloz_tui.domain.commands import Rearm
from veloz_tui.domain.types import RearmLevel


@click.command()
@click.argument("level", type=click.Choice([str(level) for level in RearmLevel]))
@click.argument("name", required=False, metavar="[PROFILE]")
@click.option("--confirm", metavar="NAME", help="The profile's name, instead of typing it.")
@json_option
@click.pass_obj
def rearm(profile: Profile, *, level: str, name: str | None, confirm: str | None, as_json: bool) -> int:
    """Leave HALTED. exits: only orders that shrink a position; full: every order.

    The profile's name has to be typed.

    \b
    veloz rearm exits
    veloz rearm full demo
    veloz --profile live rearm full --confirm live
    """
    view = fetch_view(profile.paths)
    wanted = view.status.profile
    said = confirm if confirm is not None else name
    typed = said if said is not None else _ask(level, wanted, mode=view.status.mode)
    if typed != wanted:
        raise BadWords(
            f"{typed!r} is not this profile's name, nothing changed – veloz rearm {level} --confirm {wanted}"
        )
    command = Rearm(command_id=new_command_id(), level=RearmLevel(level), confirmation=typed)
    ack = run_command(profile.paths, command, timeout_s=ANSWER_WITHIN_S)
    return report(ack, review=f"REARM {level} on {wanted} ({view.status.mode})", as_json=as_json)


def _ask(level: str, name: str, *, mode: str) -> str:
    if not is_interactive():
        raise BadWords(f"the profile's name has to be typed – veloz rearm {level} --confirm {name}")
    typed = click.prompt(f"Re-arm {level} in {mode}: type the profile's name ({name})", err=True)
    assert isinstance(typed, str)
    return typed.strip()
