"""`veloz demo`: the demo profile, and beginning it afresh."""

import asyncio
import os
import signal

import click

from veloz_tui.commands.console import start_and_attach
from veloz_tui.commands.profile import Profile, emit, is_interactive
from veloz_tui.commands.trade import BadWords
from veloz_tui.config.filesystem import read_private
from veloz_tui.config.lock import holder_pid
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain.errors import ConfigError, OperatorError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime.sim_child import address_file, find

ENDED_WITHIN_S = 30.0
POLL_S = 0.1


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
    asyncio.run(_end_sim(profile.paths))
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


async def _end_sim(paths: ProfilePaths) -> None:
    # The simulated venue outlives its engine; what it holds open must not be deleted under it.
    known = await find(paths)
    if known is not None:
        os.kill(known.pid, signal.SIGTERM)
        async with asyncio.timeout(ENDED_WITHIN_S):
            while await find(paths) is not None:
                await asyncio.sleep(POLL_S)
    address_file(paths).unlink(missing_ok=True)


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
