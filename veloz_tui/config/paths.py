"""Where a profile keeps its things, by the XDG base directory rules.

| what | where |
|---|---|
| settings | `$XDG_CONFIG_HOME/veloz/<profile>.toml`, and `strategies/` beside it |
| state | `$XDG_STATE_HOME/veloz/<profile>/`: journal, locks, logs, the vault, the kill flag |
| sockets | `$XDG_RUNTIME_DIR/veloz/<profile>/` if it outlives a log-out, else `run/` in the state directory |

A systemd login removes /run/user/<uid> with the user's last session unless lingering is on: the
engine would go on after a lost SSH link with a socket nobody can find. So that directory counts
only with lingering. A path too long for a socket moves to a directory in the temporary directory.
"""

import hashlib
import os
import pwd
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from veloz_tui.config.filesystem import (
    OTHERS_CAN_WRITE,
    check_private_file,
    ensure_private_directory,
    read_private,
    refuse_network_filesystem,
    write_atomically,
)
from veloz_tui.domain.errors import ConfigError

DEFAULT_PROFILE = "demo"
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")

# sun_path holds 108 bytes on Linux and 104 on macOS; websockets and ssh add suffixes while they bind.
SOCKET_PATH_BYTES = 100
LONGEST_SOCKET_NAME = "guardian.sock"

LOGIN_RUNTIME = Path("/run/user")
LINGERING = Path("/var/lib/systemd/linger")
SHORT_TEMPORARY = Path("/tmp")  # noqa: S108 - short enough for a socket; what is made in it is checked to be ours


class ProfilePaths(msgspec.Struct, frozen=True):
    """Every path of one profile. Nothing exists on the disk until `create` was called."""

    profile: str
    config_directory: Path
    state_directory: Path
    runtime_directory: Path

    @classmethod
    def of(
        cls, profile: str = DEFAULT_PROFILE, *, environ: Mapping[str, str] | None = None
    ) -> "ProfilePaths":
        """Work out the paths of a profile from the environment (os.environ if not given)."""
        environ = os.environ if environ is None else environ
        if not PROFILE_NAME.fullmatch(profile):
            raise ConfigError(
                f"{profile!r} can't be a profile's name – profile – "
                "use 1 to 32 of a-z 0-9 _ -, a letter or digit first"
            )
        state = _xdg(environ, "XDG_STATE_HOME", ".local/state") / "veloz" / profile
        return cls(
            profile=profile,
            config_directory=_xdg(environ, "XDG_CONFIG_HOME", ".config") / "veloz",
            state_directory=state,
            runtime_directory=_runtime_directory(environ, profile=profile, state=state),
        )

    @property
    def config_file(self) -> Path:
        return self.config_directory / f"{self.profile}.toml"

    @property
    def strategies(self) -> Path:
        """The directory of the user's own strategy files, shared by all profiles."""
        return self.config_directory / "strategies"

    @property
    def engine_socket(self) -> Path:
        return self.runtime_directory / "engine.sock"

    @property
    def guardian_socket(self) -> Path:
        return self.runtime_directory / "guardian.sock"

    @property
    def session_token(self) -> Path:
        """The token that mutating commands must carry."""
        return self.runtime_directory / "session.token"

    @property
    def kill_flag(self) -> Path:
        return self.state_directory / "kill.flag"

    @property
    def journal(self) -> Path:
        return self.state_directory / "journal.db"

    @property
    def journal_anchor(self) -> Path:
        """The high-water mark that shows a lost tail of the journal."""
        return self.state_directory / "journal.hwm"

    @property
    def engine_lock(self) -> Path:
        return self.state_directory / "engine.lock"

    @property
    def guardian_lock(self) -> Path:
        return self.state_directory / "guardian.lock"

    @property
    def logs(self) -> Path:
        return self.state_directory / "logs"

    @property
    def sim_database(self) -> Path:
        return self.state_directory / "sim.db"

    @property
    def vault(self) -> Path:
        return self.state_directory / "keys.vault"

    @property
    def mode_file(self) -> Path:
        return self.state_directory / "mode"

    def create(self) -> None:
        """Make the directories, or check them; ConfigError on wide modes, links, owners, network disks."""
        for directory in (self.state_directory.parent, self.state_directory, self.logs):
            ensure_private_directory(directory)
        refuse_network_filesystem(self.state_directory)
        for directory in (self.config_directory, self.strategies):  # no secrets in here, but code that runs
            ensure_private_directory(directory, refused_mode=OTHERS_CAN_WRITE)
        ensure_private_directory(self.runtime_directory.parent)
        ensure_private_directory(self.runtime_directory)
        for file in (self.journal, self.journal_anchor, self.sim_database, self.kill_flag, self.vault):
            check_private_file(file)

    def bind_mode(self, mode: str) -> None:
        """Tie the profile's state to its first mode, so that a demo journal never meets a live account."""
        try:
            bound = read_private(self.mode_file, limit=16).decode("ascii", "replace").strip()
        except FileNotFoundError:
            write_atomically(self.mode_file, f"{mode}\n".encode())
            return
        if bound != mode:
            raise ConfigError(
                f"profile {self.profile} has run in mode {bound}, and now its settings say {mode} – "
                f"{self.mode_file} – use another profile (veloz --profile NAME), or set mode back to {bound}"
            )


def private_umask() -> None:
    """Make every file this process creates 0600 and every directory 0700."""
    os.umask(0o077)


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> Path:
    value = environ.get(variable, "")
    if value.startswith("/"):  # the XDG rules: a relative path is ignored
        return Path(value)
    return _home(environ) / default


def _home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME", "")
    return Path(home) if home.startswith("/") else Path(pwd.getpwuid(os.geteuid()).pw_dir)


def _runtime_directory(environ: Mapping[str, str], *, profile: str, state: Path) -> Path:
    own = hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    # Two state homes of one user may share a runtime directory: their sockets must not.
    usual = state == _home(environ) / ".local/state/veloz" / profile
    name = profile if usual else f"{profile}-{own}"
    shared = _lasting_runtime_home(environ)
    candidates = [state / "run"] if shared is None else [shared / "veloz" / name, state / "run"]
    for candidate in candidates:
        if len(os.fsencode(candidate / LONGEST_SOCKET_NAME)) < SOCKET_PATH_BYTES:
            return candidate
    # Not $TMPDIR: it differs between a user's shells, and they must find the same socket.
    return SHORT_TEMPORARY / f"veloz-{os.geteuid()}" / own


def _lasting_runtime_home(environ: Mapping[str, str]) -> Path | None:
    # The directory for sockets, if it is ours and is not removed when the user logs out.
    value = environ.get("XDG_RUNTIME_DIR", "")
    home = Path(value) if value.startswith("/") else LOGIN_RUNTIME / str(os.geteuid())
    try:
        found = home.stat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        return None
    if home.is_relative_to(LOGIN_RUNTIME) and not _is_lingering():
        return None
    return home


def _is_lingering() -> bool:
    try:
        return (LINGERING / pwd.getpwuid(os.geteuid()).pw_name).exists()
    except (KeyError, OSError):
        return False
