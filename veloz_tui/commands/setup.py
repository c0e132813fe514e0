"""`veloz init` and `veloz check`."""

import click

from veloz_tui.commands.parts import Finding, run_checks
from veloz_tui.commands.profile import Profile, emit, emit_json, json_option
from veloz_tui.config.example import render_default_config
from veloz_tui.config.filesystem import write_atomically
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import Mode

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command()
@click.option("--mode", type=click.Choice(["DEMO", "TEST", "LIVE"], case_sensitive=False), help="[DEMO]")
@click.option("--force", is_flag=True, help="Replace a file that is there; the old one is kept as .old.")
@click.pass_obj
def init(profile: Profile, *, mode: str | None, force: bool) -> int:
    """Write a commented settings file for the profile.

    \b
    veloz init
    veloz --profile live init --mode LIVE
    """
    path = profile.config_path or profile.paths.config_file
    profile.paths.create()
    if path.exists():
        if not force:
            raise ConfigError(
                f"there are settings already – {path} – change them, or add --force to replace them"
            )
        path.replace(path.with_name(f"{path.name}.old"))
    write_atomically(path, render_default_config(Mode(mode.upper()) if mode else Mode.DEMO).encode())
    emit(f"wrote {path} – look it through, then: veloz {' '.join(profile.arguments)} check")
    return 0


@click.command()
@json_option
@click.pass_obj
def check(profile: Profile, *, as_json: bool) -> int:
    """Check settings, directories, keys, clock, disk and venues; changes nothing. Ends with 2 if one fails.

    \b
    veloz check
    veloz --profile live check --json
    """
    found = run_checks()(profile.name, profile.config_path)
    if as_json:
        emit_json([{"name": one.name, "state": one.state, "text": one.text} for one in found])
    else:
        emit("\n".join(_line(one) for one in found))
    return 2 if any(one.state == "fail" for one in found) else 0


def _line(finding: Finding) -> str:
    return f"{MARKS.get(finding.state, finding.state)}  {finding.name:12} {finding.text}"
