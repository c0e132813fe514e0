"""`engine` and `shutdown`: starting without a console, and ending."""

import os
import signal
import time

import click

from veloz_tui.commands.parts import engine_main
from veloz_tui.commands.profile import Profile, emit, emit_json, json_option
from veloz_tui.commands.start import first_view, start
from veloz_tui.commands.trade import ANSWER_WITHIN_S, report
from veloz_tui.config.lock import holder_pid
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control.client import new_command_id, run_command
from veloz_tui.control.errors import EngineNotRunning, GuardianNotRunning, RefusedByEngine
from veloz_tui.control.guardian import GuardianRefused, GuardianShutdown, ask_guardian
from veloz_tui.control.identity import own_name
from veloz_tui.domain.commands import Shutdown
from veloz_tui.domain.errors import OperatorError

ENDED_WITHIN_S = 30.0
POLL_S = 0.1


@click.command()
@click.option("--link-fd", type=int, hidden=True, help="The descriptor to the guardian.")
@json_option
@click.pass_obj
def engine(profile: Profile, *, link_fd: int | None, as_json: bool) -> int:
    """Start guardian and engine without a console, and return.

    \b
    veloz --profile live engine
    veloz attach
    """
    if link_fd is not None:
        return engine_main()(["--link-fd", str(link_fd)])
    start(profile)
    view = first_view(profile)
    if as_json:
        emit_json(view.status)
    else:
        emit(f"engine pid {view.status.engine_pid} runs {view.status.mode} – veloz attach | veloz shutdown")
    return 0


@click.command()
@click.argument("word", required=False, type=click.Choice(["cancel"]))
@click.option("--cancel", is_flag=True, help="Cancel every order first, as the word does.")
@json_option
@click.pass_obj
def shutdown(profile: Profile, word: str | None, *, cancel: bool, as_json: bool) -> int:
    """End the engine and its guardian; orders stay as the profile says, or are canceled first.

    \b
    veloz shutdown
    veloz shutdown cancel
    """
    command = Shutdown(command_id=new_command_id(), cancels_orders=cancel or word == "cancel")
    try:
        ack = run_command(profile.paths, command, timeout_s=ANSWER_WITHIN_S)
    except EngineNotRunning:
        _end_lone_guardian(profile)
        return 0
    except RefusedByEngine as error:
        _end_by_signal(profile, error, cancels_orders=command.cancels_orders)
        return 0
    if not ack.is_ok:
        return report(ack, review="SHUTDOWN", as_json=as_json)
    _wait_for_end(profile.paths)
    return report(ack, review="SHUTDOWN", as_json=as_json)


def _end_by_signal(profile: Profile, error: RefusedByEngine, *, cancels_orders: bool) -> None:
    """An engine of another version speaks another protocol; signals are the same in all of them."""
    if cancels_orders:
        raise OperatorError(f"{error} – cancel with veloz kill, then: veloz shutdown")
    pid = holder_pid(profile.paths.guardian_lock) or holder_pid(profile.paths.engine_lock)
    if pid is None:
        raise error
    os.kill(pid, signal.SIGTERM)
    _wait_for_end(profile.paths)
    emit(f"{error} – ended by signal, orders stay at the venue")


def _end_lone_guardian(profile: Profile) -> None:
    # EngineNotRunning again when there is no guardian either.
    try:
        reply = ask_guardian(profile.paths.guardian_socket, GuardianShutdown(by=own_name()))
    except GuardianNotRunning:
        raise EngineNotRunning(f"nothing of profile {profile.name} is running – nothing to end") from None
    if isinstance(reply, GuardianRefused):
        raise OperatorError(f"the guardian goes on: {reply.text}")
    _wait_for_end(profile.paths)
    emit("no engine was running; the guardian has ended")


def _wait_for_end(paths: ProfilePaths) -> None:
    deadline = time.monotonic() + ENDED_WITHIN_S
    while time.monotonic() < deadline:
        if holder_pid(paths.engine_lock) is None and holder_pid(paths.guardian_lock) is None:
            return
        time.sleep(POLL_S)
    raise OperatorError(f"still running after {ENDED_WITHIN_S:.0f} s – {paths.logs} – see: veloz status")
