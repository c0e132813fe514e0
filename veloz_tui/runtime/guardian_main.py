"""The guardian process's entry: `python -m veloz_tui.runtime.guardian_main --profile NAME`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from veloz_tui.config.harden import harden_process
from veloz_tui.config.lock import ProfileLock
from veloz_tui.config.logs import configure_logging
from veloz_tui.config.paths import DEFAULT_PROFILE, ProfilePaths, private_umask
from veloz_tui.config.plain import Settings
from veloz_tui.config.redact import install_hooks
from veloz_tui.domain.errors import ConfigError, VelozError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime import sim_child
from veloz_tui.runtime.engine_child import EngineChild
from veloz_tui.runtime.guardian import Guardian
from veloz_tui.runtime.guardian_start import GuardianStart
from veloz_tui.runtime.key_loading import load_keys
from veloz_tui.runtime.link import KeyMaterial


async def _main(profile: str, config: Path | None, adopt_fd: int | None) -> int:
    paths = ProfilePaths.of(profile)
    paths.create()
    configure_logging(paths.logs, "guardian")
    install_hooks()
    harden_process()
    if adopt_fd is not None:
        engine, handed = await EngineChild.adopt(adopt_fd)
        settings = handed.settings
    else:
        start = _read_start()
        settings = start.settings or _read_settings(profile, config)
    paths.bind_mode(settings.profile.mode)
    lock = ProfileLock(paths.guardian_lock, purpose=f"the guardian of profile {profile}")
    lock.acquire()
    if adopt_fd is not None:
        sim = None
        if handed.sim_port is not None:
            sim = sim_child.SimAddress(0, handed.sim_port, handed.sim_id)
        guardian = Guardian(settings, paths, handed.keys, sim=sim)
        return await guardian.run(adopted=engine)
    keys: tuple[KeyMaterial, ...] = ()
    if settings.profile.mode is not Mode.DEMO:
        keys = load_keys(settings, paths, start.password)
    return await Guardian(settings, paths, keys).run()


def _read_settings(profile: str, config: Path | None) -> Settings:
    from veloz_tui.config.settings import load_settings  # noqa: PLC0415 - 10 MB that a guardian rarely needs

    return load_settings(profile, config_file=config)


def _read_start() -> GuardianStart:
    line = sys.stdin.buffer.readline()
    try:
        return msgspec.json.decode(line, type=GuardianStart) if line.strip() else GuardianStart()
    except msgspec.DecodeError as error:
        raise ConfigError(f"the start line can't be read: {error}") from error


def main(arguments: Sequence[str]) -> int:
    """`--profile NAME`, the start line on standard input. Returns the exit code."""
    private_umask()
    options = argparse.ArgumentParser(prog="veloz guardian")
    options.add_argument("--profile", default=DEFAULT_PROFILE)
    options.add_argument("--config", type=Path, default=None)
    options.add_argument("--adopt-fd", type=int, default=None)
    chosen = options.parse_args(arguments)
    try:
        return asyncio.run(_main(str(chosen.profile), chosen.config, chosen.adopt_fd))
    except VelozError as error:
        sys.stderr.write(f"veloz guardian: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
