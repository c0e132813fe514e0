"""`veloz check`: what can be wrong before money is at stake, looked at and named. It changes nothing."""

import asyncio
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import msgspec

from veloz_tui.config.harden import harden_process
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.plain import Settings
from veloz_tui.config.settings import load_settings
from veloz_tui.control.errors import GuardianNotRunning, LinkLost
from veloz_tui.control.guardian import GuardianStatus, GuardianStatusRequest, ask_guardian
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime import sim_child
from veloz_tui.runtime.flag import read_flag
from veloz_tui.runtime.key_loading import load_keys, needs_password
from veloz_tui.runtime.venue_hosts import binance_hosts

LEAST_FREE_MB: Final = 500
LARGE_OFFSET_MS: Final = 500.0


class Finding(msgspec.Struct, frozen=True):
    """One line: `state` is `ok`, `warn` or `fail`."""

    name: str
    state: str
    text: str


def run_checks(profile: str, config_path: Path | None) -> list[Finding]:
    """Look at settings, directories, disk, processes, keys, venue and clock. Never raises VelozError."""
    paths = ProfilePaths.of(profile)
    try:
        settings = load_settings(profile, config_file=config_path)
    except VelozError as error:
        return [Finding("settings", "fail", str(error))]
    source = config_path or paths.config_file
    where = str(source) if source.exists() else "defaults (no file; veloz init writes one)"
    found = [Finding("settings", "ok", f"{settings.profile.mode} from {where}")]
    for name, look in _LOOKS:
        try:
            found.extend(Finding(name, state, text) for state, text in look(settings, paths))
        except VelozError as error:
            found.append(Finding(name, "fail", str(error)))
    return found


Line = tuple[str, str]


def _directories(_settings: Settings, paths: ProfilePaths) -> Iterator[Line]:
    if not paths.state_directory.exists():
        yield "ok", f"{paths.state_directory} is made at the first start"
        return
    for directory in (paths.state_directory, paths.runtime_directory):
        if not directory.exists():
            continue
        mode = stat.S_IMODE(directory.stat().st_mode)
        if mode & 0o077:
            yield "fail", f"{directory} is open to others ({mode:04o}) - run: chmod 700 {directory}"
        else:
            yield "ok", f"{directory} is yours alone"


def _disk(_settings: Settings, paths: ProfilePaths) -> Iterator[Line]:
    place = paths.state_directory
    while not place.exists():
        place = place.parent
    free_mb = shutil.disk_usage(place).free // 1_000_000
    if not os.access(place, os.W_OK):
        yield "fail", f"{place} can't be written - choose another XDG_STATE_HOME, or mend its mode"
    elif free_mb < LEAST_FREE_MB:
        yield "fail", f"{free_mb} MB free at {place} - the journal needs {LEAST_FREE_MB}: free some"
    else:
        yield "ok", f"{free_mb:,} MB free at {place}"


def _processes(_settings: Settings, paths: ProfilePaths) -> Iterator[Line]:
    try:
        status = ask_guardian(paths.guardian_socket, GuardianStatusRequest(), timeout_s=2.0)
    except GuardianNotRunning:
        yield "ok", "not running; `veloz` starts it"
    except LinkLost as error:
        yield "fail", f"the guardian doesn't answer: {error}"
    else:
        if isinstance(status, GuardianStatus):
            alive = "runs" if status.is_engine_alive else "is NOT running"
            state = "ok" if status.is_engine_alive else "warn"
            yield state, f"guardian pid {status.pid}, engine pid {status.engine_pid} {alive}"
    flag = read_flag(paths.kill_flag)
    if flag:
        yield "warn", f"HALTED by kill {flag}; `veloz rearm exits` or `veloz rearm full` leads out"


def _keys(settings: Settings, paths: ProfilePaths) -> Iterator[Line]:
    if settings.profile.mode is Mode.DEMO:
        yield "ok", "DEMO needs none: a random pair a start"
    elif needs_password(settings, paths):
        yield "ok", f"in the vault {paths.vault}; its password is asked at the start"
    else:
        load_keys(settings, paths, "")
        yield "ok", f"key {settings.venues.binance.key} found"
        if settings.secrets.backend in ("auto", "secretservice"):
            yield "warn", "an unlocked keyring serves every program of yours; the vault is safer"


def _memory(settings: Settings, _paths: ProfilePaths) -> Iterator[Line]:
    # Of this process, hardened as guardian and engine are: what can't be done here can't be done there.
    reached = harden_process()
    holds_keys = settings.profile.mode is not Mode.DEMO
    bad = "warn" if holds_keys else "ok"
    yield (
        ("ok", "writes no core files, and programs of yours can't attach")
        if reached.no_core_files and reached.not_dumpable
        else (bad, "core files or attaching programs of yours can show the keys; run it as a user of its own")
    )
    yield (
        ("ok", "isn't written to swap")
        if reached.memory_locked
        else (bad, "may be written to swap - encrypt it, or raise the limit: ulimit -l unlimited")
    )


def _venue(settings: Settings, paths: ProfilePaths) -> Iterator[Line]:
    port = None
    if settings.profile.mode is Mode.DEMO:
        sim = asyncio.run(sim_child.find(paths))
        if sim is None:
            yield "ok", "the simulated venue is started by `veloz`"
            return
        port = sim.port
    url = binance_hosts(settings.venues.binance, sim_port=port).rest
    try:
        began = time.time()
        answer = httpx.get(f"{url}/api/v3/time", timeout=5.0, trust_env=False)
        ended = time.time()
        offset_ms = float(answer.json()["serverTime"]) - (began + ended) * 500
    except (httpx.HTTPError, ValueError, KeyError) as error:
        yield "fail", f"{url} can't be reached ({error}) - check the network and the proxy"
        return
    yield "ok", f"{url} answers in {(ended - began) * 1000:.0f} ms"
    state = "ok" if abs(offset_ms) < LARGE_OFFSET_MS else "warn"
    remedy = "" if state == "ok" else " - set this host's clock (NTP)"
    yield state, f"clock differs from the venue's by {offset_ms:,.0f} ms{remedy}"


_LOOKS: Final[tuple[tuple[str, Callable[[Settings, ProfilePaths], Iterator[Line]]], ...]] = (
    ("directories", _directories),
    ("disk", _disk),
    ("processes", _processes),
    ("keys", _keys),
    ("memory", _memory),
    ("venue", _venue),
)
