"""Starting what isn't running: the guardian, which starts sim and engine; then waiting for the engine.

The guardian is started before the settings are read, which takes as long as loading its code.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.control.errors import GuardianNotRunning, LinkLost
from veloz_tui.control.guardian import GuardianStatus, GuardianStatusRequest, ask_guardian
from veloz_tui.domain.errors import ConfigError, OperatorError, VelozError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime.engine_child import ENGINE_STDERR
from veloz_tui.runtime.guardian_start import GuardianStart

READY_WITHIN_S: Final = 30.0
POLL_S: Final = 0.02
GUARDIAN_STDERR: Final = "guardian.stderr"


class RunningProfile(msgspec.Struct, frozen=True):
    """A profile whose engine takes consoles."""

    paths: ProfilePaths
    was_running: bool
    took_s: float


def ensure_running(
    profile: str,
    config_path: Path | None = None,
    *,
    say: Callable[[str], None],
    ask_password: Callable[[], str] | None = None,
    read_settings: Callable[[], Settings] | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> RunningProfile:
    """Start the profile's processes if they aren't there. Raises VelozError with what to do.

    `say` gets short words of progress; `ask_password` is called only if the vault must be opened,
    `read_settings` (None: they are read here) only if something must be started, and `meanwhile` while
    that loads its code.
    """
    began = time.monotonic()
    paths = ProfilePaths.of(profile)
    paths.create()
    if _guardian(paths) is not None and paths.engine_socket.exists():
        return RunningProfile(paths, was_running=True, took_s=0.0)
    say("starting ")
    said_before = _size(paths.logs / ENGINE_STDERR)
    child = _spawn_guardian(paths)
    try:
        settings = read_settings() if read_settings is not None else _read_settings(profile, config_path)
        start = GuardianStart(settings, _password(settings, paths, ask_password))
    except BaseException:
        child.kill()  # it waits for its first line
        child.wait()
        raise
    say(f"{settings.profile.mode}: ")
    _hand_over(child, start)
    if meanwhile is not None:
        meanwhile()
    _wait(paths, child, say, said_before=said_before)
    return RunningProfile(paths, was_running=False, took_s=time.monotonic() - began)


def _read_settings(profile: str, config_path: Path | None) -> Settings:
    from veloz_tui.config.settings import load_settings  # noqa: PLC0415 - 10 MB that a console does without

    return load_settings(profile, config_file=config_path)


def _password(settings: Settings, paths: ProfilePaths, ask_password: Callable[[], str] | None) -> str:
    if settings.profile.mode is Mode.DEMO:
        return ""
    from veloz_tui.runtime.key_loading import needs_password  # noqa: PLC0415 - of no use to a DEMO

    if not needs_password(settings, paths):
        return ""
    if ask_password is None:
        raise ConfigError(f"the vault is locked - {paths.vault} - start veloz on a terminal, it asks there")
    return ask_password()


def _spawn_guardian(paths: ProfilePaths) -> "subprocess.Popen[bytes]":
    with (paths.logs / GUARDIAN_STDERR).open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "veloz_tui.runtime.guardian_main", "--profile", paths.profile],
            stdin=subprocess.PIPE,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,
            cwd="/",
        )


def _hand_over(child: "subprocess.Popen[bytes]", start: GuardianStart) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin:  # it has ended: _wait says why
        child.stdin.write(msgspec.json.encode(start) + b"\n")


def _wait(
    paths: ProfilePaths, child: "subprocess.Popen[bytes]", say: Callable[[str], None], *, said_before: int
) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    is_told = False
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise _why_it_ended(paths, child.returncode, said_before=said_before)
        has_socket = paths.engine_socket.exists()
        # What it knows of itself is asked for once: its answers would take the time that a start needs.
        if not is_told or has_socket:
            status = _guardian(paths)
            if status is not None and not is_told:
                is_told = True
                say("guardian… " if status.sim_port is None else "guardian… sim… ")
            if status is not None and status.is_engine_alive and has_socket:
                say("engine… ")
                return
        time.sleep(POLL_S)
    raise OperatorError(
        f"the engine was not ready within {READY_WITHIN_S:.0f} s - {paths.logs} - see engine.log there"
    )


def _guardian(paths: ProfilePaths) -> GuardianStatus | None:
    try:
        reply = ask_guardian(paths.guardian_socket, GuardianStatusRequest(), timeout_s=1.0)
    except (GuardianNotRunning, LinkLost):
        return None
    return reply if isinstance(reply, GuardianStatus) else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _why_it_ended(paths: ProfilePaths, code: int, *, said_before: int) -> VelozError:
    """Its own last words, or the engine's of this start (its file goes on from start to start)."""
    for name, since in ((GUARDIAN_STDERR, 0), (ENGINE_STDERR, said_before)):
        try:
            said_now = (paths.logs / name).read_bytes()[since:].decode(errors="replace")
        except OSError:
            continue
        lines = said_now.strip().splitlines()
        said = [line.partition(": ")[2] for line in lines if line.startswith("veloz ")]
        if said:
            error = ConfigError(said[-1]) if code != 3 else VelozError(said[-1])
            error.exit_code = code or 1
            return error
    return OperatorError(f"veloz could not start (exit {code}) - {paths.logs} - see guardian.log there")
