"""What a guardian starts before it knows its settings: when, and that it ends if they want something else."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from veloz_tui.config.lock import holder_pid
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.domain.errors import ConfigError
from veloz_tui.runtime import sim_child
from veloz_tui.runtime.engine_child import EngineChild
from veloz_tui.runtime.guardian_main import Early
from veloz_tui.runtime.launch import ensure_running


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProfilePaths]:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    mask = os.umask(0o077)
    found = ProfilePaths.of("demo")
    found.create()
    yield found
    os.umask(mask)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("mode", "has_settings", "expects"),
    [(None, False, True), (None, True, False), ("DEMO", True, True), ("LIVE", False, False)],
)
def test_a_demo_is_expected_of_what_ran_as_one_and_of_what_is_new(
    paths: ProfilePaths, *, mode: str | None, has_settings: bool, expects: bool
) -> None:
    if mode is not None:
        write(paths.mode_file, f"{mode}\n")
    if has_settings:
        write(paths.config_file, '[profile]\nmode = "LIVE"\n')
    assert sim_child.expects_demo(paths) is expects


async def test_nothing_starts_early_where_money_may_be_real(paths: ProfilePaths) -> None:
    write(paths.mode_file, "LIVE\n")
    early = await Early.begin(paths)
    assert early.take() == (None, None)


async def test_what_nobody_takes_ends_and_leaves_nothing(paths: ProfilePaths) -> None:
    early = await Early.begin(paths)
    engine = early.engine
    assert engine is not None and early.sim is not None
    early.give_up()
    await ends(engine)
    assert not paths.sim_database.exists() and not paths.journal.exists()
    assert holder_pid(paths.engine_lock) is None


async def ends(engine: EngineChild) -> None:
    try:
        async with asyncio.timeout(20):
            while engine.is_alive:
                await asyncio.sleep(0.01)
    finally:
        await engine.fence()
    assert engine.exit_code == 2  # its start order never came


def test_guardian_without_a_start_line_starts_nothing(paths: ProfilePaths) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "veloz_tui.runtime.guardian_main"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "nobody said what to start" in done.stderr
    assert not paths.mode_file.exists()
    assert holder_pid(paths.guardian_lock) is None


def test_settings_that_are_refused_end_the_guardian_that_waits_for_them(paths: ProfilePaths) -> None:
    write(paths.config_file, "[risk]\nmax_order_sise = 5\n")
    said: list[str] = []
    with pytest.raises(ConfigError, match="max_order_size"):
        ensure_running("demo", say=said.append)
    assert said == ["starting "]
    assert holder_pid(paths.guardian_lock) is None
    assert not paths.mode_file.exists()


def test_settings_are_asked_of_whoever_starts_it(paths: ProfilePaths) -> None:
    class Enough(Exception):
        pass

    def read() -> Settings:
        raise Enough

    with pytest.raises(Enough):
        ensure_running("demo", say=lambda _: None, read_settings=read)
    assert holder_pid(paths.guardian_lock) is None
