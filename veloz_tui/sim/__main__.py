"""A simulated venue as a process of its own: settings come in through a pipe, one ready line goes out."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

import msgspec

from veloz_tui.sim.recording import RecordingError
from veloz_tui.sim.server import RunningSim, start_sim
from veloz_tui.sim.settings import SimSettings
from veloz_tui.sim.store import StoreError

EXIT_CONFIG = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m veloz_tui.sim", description=__doc__)
    parser.add_argument("--settings-fd", type=int, default=0, help="descriptor of the one JSON settings line")
    options = parser.parse_args(arguments)
    return run_sim(options.settings_fd)


def run_sim(settings_fd: int = 0) -> int:
    """Read SimSettings as one JSON line from `settings_fd`, print the ready line, serve."""
    try:
        settings = msgspec.json.decode(_read_line(settings_fd), type=SimSettings)
    except msgspec.DecodeError as error:
        return _refuse(f"the simulated venue's settings can't be read: {error}")
    try:
        asyncio.run(_serve(settings, settings_fd))
    except OSError as error:
        return _refuse(
            f"the simulated venue can't listen on {settings.host}:{settings.port}: {error.strerror}"
        )
    except (StoreError, RecordingError, ValueError) as error:
        return _refuse(str(error))
    return 0


async def _serve(settings: SimSettings, settings_fd: int) -> None:
    running = await start_sim(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if settings.stop_with_parent:
        loop.add_reader(settings_fd, _on_parent, settings_fd, stop)
    _print_ready(running)
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(running.wait())]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await running.stop()
    for task in done:
        task.result()


def _print_ready(running: RunningSim) -> None:
    ready = {"port": running.port, "sim_id": running.sim_id, "account_uid": running.account_uid}
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()


def _on_parent(descriptor: int, stop: asyncio.Event) -> None:
    # Readable means more input, which nobody sends, or its end: the parent is gone.
    if not os.read(descriptor, 4096):
        stop.set()


def _read_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(descriptor, 65_536)
        if not chunk:
            break
        line += chunk
    return line


def _refuse(message: str) -> int:
    sys.stderr.write(message + "\n")
    return EXIT_CONFIG


if __name__ == "__main__":
    raise SystemExit(main())
