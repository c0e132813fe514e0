"""Where a profile keeps its things, and what is refused there."""

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.config import paths as paths_module
from veloz_tui.config.paths import SOCKET_PATH_BYTES, ProfilePaths
from veloz_tui.domain.errors import ConfigError


def environ(root: Path, **more: str) -> dict[str, str]:
    home = {"HOME": str(root), "XDG_STATE_HOME": f"{root}/s", "XDG_CONFIG_HOME": f"{root}/c"}
    return home | {"XDG_RUNTIME_DIR": f"{root}/missing"} | more


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory with a path short enough for sockets in it: pytest's own is too long."""
    with tempfile.TemporaryDirectory(prefix="vz", dir="/tmp") as name:
        yield Path(name)


def test_every_path_lies_in_the_profiles_own_directories(root: Path) -> None:
    paths = ProfilePaths.of("live-1", environ=environ(root))
    assert paths.config_file == root / "c/veloz/live-1.toml"
    assert paths.journal == root / "s/veloz/live-1/journal.db"
    assert paths.kill_flag.parent == paths.state_directory
    assert paths.engine_socket.parent == paths.guardian_socket.parent == paths.runtime_directory


@pytest.mark.parametrize("name", ["", "..", "a/b", "Live", "-x", "a" * 33, "a b", "a\n"])
def test_names_that_could_leave_the_directory_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="can't be a profile's name"):
        ProfilePaths.of(name, environ={"HOME": "/home/x"})


def test_relative_xdg_paths_are_ignored() -> None:
    paths = ProfilePaths.of(environ={"HOME": "/home/x", "XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": ""})
    assert paths.state_directory == Path("/home/x/.local/state/veloz/demo")
    assert paths.config_directory == Path("/home/x/.config/veloz")


def runtime_directory(root: Path, login: Path) -> Path:
    return ProfilePaths.of(environ=environ(root, XDG_RUNTIME_DIR=str(login))).runtime_directory


def test_sockets_use_the_runtime_directory_when_it_is_ours(root: Path) -> None:
    (root / "r").mkdir(mode=0o700)
    usual = {"HOME": str(root), "XDG_RUNTIME_DIR": f"{root}/r"}
    assert ProfilePaths.of(environ=usual).runtime_directory == root / "r/veloz/demo"
    assert runtime_directory(root, root / "r").parent == root / "r/veloz"


def test_a_runtime_directory_open_to_others_is_not_used(root: Path) -> None:
    (root / "r").mkdir()
    (root / "r").chmod(0o755)
    assert runtime_directory(root, root / "r") == root / "s/veloz/demo/run"


def test_a_login_directory_is_used_only_if_it_outlives_the_session(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = root / "u"
    login.mkdir(mode=0o700)
    monkeypatch.setattr(paths_module, "LOGIN_RUNTIME", root)
    monkeypatch.setattr(paths_module, "LINGERING", root / "linger")
    assert runtime_directory(root, login) == root / "s/veloz/demo/run"
    (root / "linger").mkdir()
    (root / "linger" / pwd.getpwuid(os.geteuid()).pw_name).touch()
    assert runtime_directory(root, login).is_relative_to(login)


def test_two_state_homes_never_share_a_socket(root: Path) -> None:
    (root / "r").mkdir(mode=0o700)
    chosen = {
        ProfilePaths.of(
            environ=environ(root, XDG_RUNTIME_DIR=f"{root}/r", XDG_STATE_HOME=f"{root}/{state}")
        ).engine_socket
        for state in ("s1", "s2", "s" * 100, "t" * 100)
    }
    assert len(chosen) == 4


@given(depth=st.integers(0, 12), name=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,31}", fullmatch=True))
def test_socket_paths_always_fit(depth: int, name: str) -> None:
    state = "/" + "/".join(["long-directory-é"] * (depth + 1))
    paths = ProfilePaths.of(name, environ={"HOME": "/home/someone", "XDG_STATE_HOME": state})
    assert len(os.fsencode(paths.guardian_socket)) < SOCKET_PATH_BYTES


def test_created_directories_are_private_whatever_the_umask(root: Path) -> None:
    before = os.umask(0)
    try:
        paths = ProfilePaths.of(environ=environ(root))
        paths.create()
    finally:
        os.umask(before)
    made = [paths.state_directory, paths.logs, paths.runtime_directory, paths.config_directory, root / "s"]
    assert {oct(directory.stat().st_mode & 0o777) for directory in made} == {"0o700"}
    paths.create()  # a second start finds its own


def test_a_wide_state_directory_is_refused_with_the_command_that_mends_it(root: Path) -> None:
    paths = ProfilePaths.of(environ=environ(root))
    paths.create()
    paths.state_directory.chmod(0o750)
    with pytest.raises(ConfigError) as refused:
        paths.create()
    assert f"chmod 700 {paths.state_directory}" in str(refused.value)
    assert "0750" in str(refused.value)


def test_a_readable_settings_directory_is_fine_and_a_writable_one_is_not(root: Path) -> None:
    paths = ProfilePaths.of(environ=environ(root))
    paths.create()
    paths.config_directory.chmod(0o755)
    paths.create()
    paths.config_directory.chmod(0o775)
    with pytest.raises(ConfigError, match="chmod 700"):
        paths.create()


def test_a_symbolic_link_for_a_directory_is_refused(root: Path) -> None:
    paths = ProfilePaths.of(environ=environ(root))
    (root / "elsewhere").mkdir(mode=0o700)
    paths.state_directory.parent.mkdir(mode=0o700, parents=True)
    paths.state_directory.symlink_to(root / "elsewhere")
    with pytest.raises(ConfigError, match="a symbolic link where a directory should be"):
        paths.create()


def test_a_journal_readable_by_others_is_refused(root: Path) -> None:
    paths = ProfilePaths.of(environ=environ(root))
    paths.create()
    paths.journal.touch(mode=0o600)
    paths.journal.chmod(0o640)
    with pytest.raises(ConfigError, match=r"0640.*journal\.db.*chmod 600"):
        paths.create()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_someone_else_is_refused(root: Path) -> None:
    paths = ProfilePaths.of(environ=environ(root))
    paths.create()
    os.chown(paths.state_directory, 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to user 65534"):
        paths.create()


def test_state_of_one_mode_is_never_opened_in_another(root: Path) -> None:
    paths = ProfilePaths.of(environ=environ(root))
    paths.create()
    paths.bind_mode("DEMO")
    paths.bind_mode("DEMO")
    with pytest.raises(ConfigError, match="has run in mode DEMO, and now its settings say LIVE"):
        paths.bind_mode("LIVE")


def test_private_umask_makes_new_files_private(root: Path) -> None:
    code = (
        "import pathlib, sys; from veloz_tui.config.paths import private_umask; private_umask(); "
        "pathlib.Path(sys.argv[1]).write_text('x')"
    )
    subprocess.run([sys.executable, "-c", code, str(root / "new")], check=True, timeout=30)
    assert (root / "new").stat().st_mode & 0o777 == 0o600
