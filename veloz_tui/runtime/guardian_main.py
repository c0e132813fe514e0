"""The guardian process's entry: `python -m veloz_tui.runtime.guardian_main --profile NAME`.

A start takes as long as its longest chain of processes that load their code one after the other. So a
guardian starts its children before it loads its own half, and is itself started before the settings are
read: whoever is early waits for its first line and touches nothing.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from veloz_tui.config.harden import harden_process
from veloz_tui.config.lock import LockHeld, ProfileLock, holder_pid
from veloz_tui.config.logs import configure_logging
from veloz_tui.config.paths import DEFAULT_PROFILE, ProfilePaths, private_umask
from veloz_tui.config.redact import install_hooks
from veloz_tui.config.secret import Secret
from veloz_tui.control.errors import GuardianNotRunning, LinkLost
from veloz_tui.control.guardian import GuardianGiveWay, GuardianRefused, ask_guardian_async
from veloz_tui.domain.errors import ConfigError, VelozError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime import sim_child
from veloz_tui.runtime.engine_child import ENGINE_STDERR, EngineChild
from veloz_tui.runtime.garbage import seldom_garbage_collection
from veloz_tui.runtime.guardian_start import GuardianStart

GIVES_WAY_WITHIN_S: Final = 10.0
GIVES_WAY_POLL_S: Final = 0.02


async def _main(profile: str, adopt_fd: int | None) -> int:
    paths = ProfilePaths.of(profile)
    paths.create()
    configure_logging(paths.logs, "guardian")
    install_hooks()
    harden_process()
    if adopt_fd is not None:
        return await _adopt(paths, adopt_fd)
    early = await Early.begin(paths)
    try:
        return await _begin(paths, early)
    finally:
        early.give_up()


class Early:
    """Children started ahead of the settings; `take` those that the settings want."""

    def __init__(self, engine: EngineChild | None = None, sim: sim_child.SimProcess | None = None) -> None:
        self.engine = engine
        self.sim = sim

    @classmethod
    async def begin(cls, paths: ProfilePaths) -> "Early":
        """Only where settings can hardly name another mode than DEMO: elsewhere a password may take long."""
        if not sim_child.expects_demo(paths):
            return cls()
        sim = sim_child.begin(paths)
        return cls(await EngineChild.spawn(log=paths.logs / ENGINE_STDERR), sim)

    def take(self) -> tuple[EngineChild | None, sim_child.SimProcess | None]:
        taken = self.engine, self.sim
        self.engine = self.sim = None
        return taken

    def give_up(self) -> None:
        """End what nobody took: an engine without its start order ends when its line does."""
        if self.engine is not None:
            self.engine.close()
        if self.sim is not None:
            self.sim.give_up()


async def _begin(paths: ProfilePaths, early: Early) -> int:
    from veloz_tui.runtime.guardian import Guardian  # noqa: PLC0415 - loads while its children load theirs

    start = _read_start()
    settings = start.settings
    with _hold(paths, settings.profile.mode):
        if holder_pid(paths.engine_lock) is None:
            paths.engine_socket.unlink(missing_ok=True)  # a dead engine's: nobody shall take it for the new
        if settings.profile.mode is not Mode.DEMO:
            from veloz_tui.runtime.key_loading import load_keys  # noqa: PLC0415 - of no use to a DEMO

            return await Guardian(settings, paths, load_keys(settings, paths, start.password)).run()
        engine, sim = early.take()
        key = sim_child.DemoKey.random()
        Secret(key.private_pem)  # so that no log line can hold it
        address = await sim_child.find_or_start(paths, key, begun=sim)
        return await Guardian(settings, paths, (key.material,), sim=address).run(started=engine)


async def _adopt(paths: ProfilePaths, descriptor: int) -> int:
    """Guard an engine that outlived its guardian."""
    from veloz_tui.runtime.guardian import Guardian  # noqa: PLC0415 - as in _begin

    engine, handed = await EngineChild.adopt(descriptor)
    lock = _hold(paths, handed.settings.profile.mode)
    await _take_over(lock, paths, engine_pid=engine.pid)
    try:
        sim = None
        if handed.sim_port is not None:
            sim = sim_child.SimAddress(0, handed.sim_port, handed.sim_id)
        return await Guardian(handed.settings, paths, handed.keys, sim=sim).run(adopted=engine)
    finally:
        lock.release()


async def _take_over(lock: ProfileLock, paths: ProfilePaths, *, engine_pid: int) -> None:
    """Take the lock; a holder whose line to the engine is lost is asked to give way. Raises ConfigError."""
    try:
        lock.acquire()
    except LockHeld:
        with contextlib.suppress(GuardianNotRunning, LinkLost):  # ending already, perhaps
            reply = await ask_guardian_async(paths.guardian_socket, GuardianGiveWay(engine_pid))
            if isinstance(reply, GuardianRefused):
                raise ConfigError(f"{lock.purpose} stays: {reply.text}") from None
    else:
        return
    deadline = time.monotonic() + GIVES_WAY_WITHIN_S
    while not lock.is_held:
        await asyncio.sleep(GIVES_WAY_POLL_S)
        try:
            lock.acquire()
        except LockHeld:
            if time.monotonic() > deadline:
                raise


def _hold(paths: ProfilePaths, mode: Mode) -> ProfileLock:
    paths.bind_mode(mode)
    return ProfileLock(paths.guardian_lock, purpose=f"the guardian of profile {paths.profile}")


def _read_start() -> GuardianStart:
    line = sys.stdin.buffer.readline()
    if not line.strip():  # its starter has gone, or found the settings wanting
        raise ConfigError("nobody said what to start - start with `veloz`")
    try:
        return msgspec.json.decode(line, type=GuardianStart)
    except msgspec.DecodeError as error:
        raise ConfigError(f"the start line can't be read: {error}") from error


def main(arguments: Sequence[str]) -> int:
    """`--profile NAME`, the start line on standard input. Returns the exit code."""
    private_umask()
    seldom_garbage_collection()
    options = argparse.ArgumentParser(prog="veloz guardian")
    options.add_argument("--profile", default=DEFAULT_PROFILE)
    options.add_argument("--adopt-fd", type=int, default=None)
    chosen = options.parse_args(arguments)
    try:
        return asyncio.run(_main(str(chosen.profile), chosen.adopt_fd))
    except VelozError as error:
        sys.stderr.write(f"veloz guardian: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
