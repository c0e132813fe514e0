"""Starting what isn't running: the guardian, which starts sim and engine; then waiting for the engine."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.settings import load_settings
from veloz_tui.control.errors import GuardianNotRunning, LinkLost
from veloz_tui.control.guardian import GuardianStatus, GuardianStatusRequest, ask_guardian
from veloz_tui.domain.errors import ConfigError, OperatorError, VelozError
from veloz_tui.runtime.guardian_start import GuardianStart
from veloz_tui.runtime.key_loading import needs_password

READY_WITHIN_S: Final = 30.0
POLL_S: Final = 0.05
GUARDIAN_STDERR: Final = "guardian.stderr"
ENGINE_STDERR: Final = "engine.stderr"


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
) -> RunningProfile:
    """Start the profile's processes if they aren't there. Raises VelozError with what to do.

    `say` gets short words of progress; `ask_password` is called only if the vault must be opened.
    """
    began = time.monotonic()
    paths = ProfilePaths.of(profile)
    settings = load_settings(profile, config_file=config_path)
    paths.create()
    if _guardian(paths) is not None and paths.engine_socket.exists():
        return RunningProfile(paths, was_running=True, took_s=0.0)
    password = ""
    if needs_password(settings, paths):
        if ask_password is None:
            raise ConfigError(
                f"the vault is locked - {paths.vault} - start veloz on a terminal, it asks there"
            )
        password = ask_password()
    say(f"starting {settings.profile.mode}: ")
    said_before = _size(paths.logs / ENGINE_STDERR)
    child = _spawn_guardian(paths, config_path, GuardianStart(password=password, settings=settings))
    _wait(paths, child, say, said_before=said_before)
    return RunningProfile(paths, was_running=False, took_s=time.monotonic() - began)


def _spawn_guardian(
    paths: ProfilePaths, config_path: Path | None, start: GuardianStart
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "veloz_tui.runtime.guardian_main", "--profile", paths.profile]
    if config_path is not None:
        command += ["--config", str(config_path.resolve())]
    log = paths.logs / GUARDIAN_STDERR
    with log.open("wb") as stderr:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,
            cwd="/",
        )
    assert child.stdin is not None
    child.stdin.write(msgspec.json.encode(start) + b"\n")
    child.stdin.close()
    return child


def _wait(
    paths: ProfilePaths, child: "subprocess.Popen[bytes]", say: Callable[[str], None], *, said_before: int
) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    told: set[str] = set()
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise _why_it_ended(paths, child.returncode, said_before=said_before)
        status = _guardian(paths)
        if status is not None:
            _tell(say, told, "guardian… ")
        if status is not None and status.sim_port is not None:
            _tell(say, told, "sim… ")
        if status is not None and status.is_engine_alive and paths.engine_socket.exists():
            _tell(say, told, "engine… ")
            return
        time.sleep(POLL_S)
    raise OperatorError(
        f"the engine was not ready within {READY_WITHIN_S:.0f} s - {paths.logs} - see engine.log there"
    )


def _tell(say: Callable[[str], None], told: set[str], word: str) -> None:
    if word not in told:
        told.add(word)
        say(word)


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
