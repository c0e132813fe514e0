"""`veloz demo`: the demo profile, and beginning it afresh."""

import asyncio

import click

from veloz_tui.commands.console import start_and_attach
from veloz_tui.commands.profile import Profile, emit, is_interactive
from veloz_tui.commands.trade import BadWords
from veloz_tui.config.filesystem import read_private
from veloz_tui.config.lock import holder_pid
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain.errors import ConfigError, OperatorError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime import sim_child


@click.command()
@click.option("--reset", is_flag=True, help="Forget the demo's accounts, orders and journal.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def demo(profile: Profile, *, reset: bool, yes: bool) -> int:
    """Start the demo; with --reset forget its simulated accounts and its journal, both together.

    \b
    veloz demo
    veloz demo --reset
    """
    if not reset:
        return start_and_attach(profile)
    _check_is_demo(profile)
    _check_nothing_runs(profile.paths)
    if not yes:
        if not is_interactive():
            raise BadWords(
                "the demo's orders, accounts and journal would be deleted – add --yes if you mean it"
            )
        click.confirm("Delete the demo's accounts, orders and journal?", abort=True, err=True)
    if not asyncio.run(sim_child.end(profile.paths)):  # what it holds open must not be deleted under it
        raise OperatorError(
            f"the simulated venue doesn't end – {profile.paths.logs / 'sim.stderr'} – nothing was deleted"
        )
    count = _delete(profile.paths)
    emit(f"the demo begins afresh ({count} files deleted) – start it: veloz")
    return 0


def _check_is_demo(profile: Profile) -> None:
    try:
        mode = read_private(profile.paths.mode_file, limit=16).decode("ascii", "replace").strip()
    except FileNotFoundError:
        mode = Mode.DEMO if not profile.paths.journal.exists() else "unknown"
    if mode != Mode.DEMO:
        raise ConfigError(
            f"profile {profile.name} is {mode}, and only a DEMO can be reset – {profile.paths.mode_file} – "
            "nothing was deleted"
        )


def _check_nothing_runs(paths: ProfilePaths) -> None:
    for lock, what in ((paths.engine_lock, "engine"), (paths.guardian_lock, "guardian")):
        pid = holder_pid(lock)
        if pid is not None:
            raise OperatorError(
                f"the {what} is running as process {pid} – {lock} – end it first: veloz shutdown"
            )


def _delete(paths: ProfilePaths) -> int:
    found = [one for pattern in _patterns(paths) for one in sorted(paths.state_directory.glob(pattern))]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _patterns(paths: ProfilePaths) -> tuple[str, ...]:
    return (
        f"{paths.sim_database.name}*",
        "journal.*",
        paths.kill_flag.name,
        "kill-*.json",
        paths.mode_file.name,
    )
