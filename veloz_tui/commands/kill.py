"""`veloz kill`: to the guardian and the engine at once; with nobody alive, in this process."""

import asyncio
import secrets
import time

import click

from veloz_tui.commands.parts import load_settings, one_shot_kill
from veloz_tui.commands.profile import Profile, emit, emit_json, json_option, say
from veloz_tui.control.client import KillOutcome, kill_everywhere
from veloz_tui.control.errors import LinkLost
from veloz_tui.control.guardian import (
    GuardianStatus,
    GuardianStatusRequest,
    KillProgress,
    ask_guardian,
)
from veloz_tui.control.oneshot import fetch_view
from veloz_tui.domain.errors import OperatorError, VelozError
from veloz_tui.domain.views import KillView

POLL_S = 0.2
PROBLEM_EXIT = 1


@click.command()
@click.option("--reason", default="veloz kill", help="Goes into the journal.")
@click.option(
    "--wait", default=60.0, show_default=True, type=click.FloatRange(0), help="Seconds, for the proof."
)
@json_option
@click.pass_obj
def kill(profile: Profile, *, reason: str, wait: float, as_json: bool) -> int:
    """Cancel every order everywhere, prove it, stay halted. Never trades; positions stay.

    Asks nothing. Works with the engine hung or dead, and with the guardian dead. Ends with 0 when the venues
    show no open order and still none after the settle time; with 1 when that isn't proven in time.
    Ctrl+C ends only the waiting.

    \b
    veloz kill
    veloz kill --wait 0      don't wait for the proof
    """
    outcome = asyncio.run(kill_everywhere(profile.paths, kill_id=secrets.token_hex(8), reason=reason))
    if not outcome.is_taken_up:
        for failure in outcome.failures:
            say(failure)
        say("nobody is there to do it: doing it here")
        return _here(profile)
    say(f"KILL {outcome.kill_id} taken up by {_who(outcome)}")
    last = _follow(profile, wait_s=wait) or KillView(is_halted=True, kill_id=outcome.kill_id)
    if as_json:
        emit_json(last)
    else:
        emit(halted_text(last))
    return 0 if last.certified_zero_ms is not None or wait == 0 else PROBLEM_EXIT


def _here(profile: Profile) -> int:
    return one_shot_kill()(profile.paths, load_settings(profile.name, profile.config_path))


def _who(outcome: KillOutcome) -> str:
    names = [
        *(["guardian"] if isinstance(outcome.guardian, KillProgress) else []),
        *(["engine"] if outcome.engine is not None and outcome.engine.is_ok else []),
    ]
    return " and ".join(names)


def _follow(profile: Profile, *, wait_s: float) -> KillView | None:
    # Says each stage once; ends at the certificate, or when the time is over.
    deadline = time.monotonic() + wait_s
    said: set[str] = set()
    last: KillView | None = None
    while True:
        last = _progress(profile) or last
        for stage in _stages(last):
            if stage not in said:
                say(stage)
                said.add(stage)
        if (last is not None and last.certified_zero_ms is not None) or time.monotonic() >= deadline:
            return last
        time.sleep(POLL_S)


def _progress(profile: Profile) -> KillView | None:
    try:
        reply = ask_guardian(profile.paths.guardian_socket, GuardianStatusRequest(), timeout_s=1.0)
        if isinstance(reply, KillProgress | GuardianStatus):
            return reply.kill
    except (OperatorError, LinkLost):
        pass
    try:
        return fetch_view(profile.paths, timeout_s=1.0).kill
    except VelozError:
        return None


def _stages(view: KillView | None) -> list[str]:
    if view is None:
        return []
    stamps = (
        ("gate closed", view.gate_closed_ms),
        ("cancels sent", view.cancels_sent_ms),
        ("venues list no open order", view.first_zero_ms),
        ("still none after the settle time: certified", view.certified_zero_ms),
    )
    return [f"{text} {at:,.0f} ms" for text, at in stamps if at is not None]


def halted_text(view: KillView) -> str:
    """What a kill has done so far, in a line."""
    count = f"canceled {view.canceled}/{view.total}" if view.total else f"canceled {view.canceled}"
    unverified = f", UNVERIFIED: {', '.join(view.unverified)}" if view.unverified else ""
    certified = ", not certified yet: veloz status"
    if view.certified_zero_ms is not None:
        certified = f", zero certified after {view.certified_zero_ms / 1000:.1f} s"
    positions = f"; {view.open_positions}" if view.open_positions else ""
    return f"HALTED: {count}{unverified}{certified}{positions}. Out of it: veloz rearm exits"
