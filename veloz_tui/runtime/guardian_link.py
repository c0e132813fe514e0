"""The engine's end of the wire to its guardian: beats out, kills in, and the guardian's end noticed."""

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.domain.errors import ConfigError
from veloz_tui.runtime.link import (
    MAX_LINE_BYTES,
    EngineStart,
    FromEngine,
    GuardianWatches,
    KillEngine,
    PrepareKill,
    StopEngineRequest,
    decode_to_engine,
    encode,
)

_LOG = logging.getLogger(__name__)
START_WITHIN_S: Final = 30.0
MAX_UNSENT_BYTES: Final = 1_000_000

Order = KillEngine | PrepareKill | StopEngineRequest
Word = Order | GuardianWatches


class GuardianLink:
    """Made with `connect` on the inherited socket; `run` reads until the guardian is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, descriptor: int) -> "GuardianLink":
        """Take over the descriptor that the guardian handed down."""
        end = socket.socket(fileno=descriptor)
        end.settimeout(0)
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=MAX_LINE_BYTES)
        return cls(reader, writer)

    async def start_order(self) -> EngineStart:
        """Wait for the first line. Raises ConfigError when it doesn't come or is something else."""
        try:
            async with asyncio.timeout(START_WITHIN_S):
                message = decode_to_engine(await self._reader.readline())
        except (TimeoutError, msgspec.DecodeError, ValueError) as error:
            raise ConfigError(f"the guardian gave no start order ({error}) - start with `veloz`") from error
        if not isinstance(message, EngineStart):
            raise ConfigError("the guardian's first word was no start order - start with `veloz`")
        return message

    def send(self, message: FromEngine) -> None:
        """Never waits: a guardian that reads nothing costs its own beats, not our time."""
        transport = self._writer.transport
        if not transport.is_closing() and transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
            self._writer.write(encode(message))

    async def run(self, on_order: Callable[[Word], None]) -> None:
        """Hand on what the guardian says; returns when it is gone."""
        while True:
            try:
                line = await self._reader.readline()
                message = decode_to_engine(line) if line else None
            except ConnectionError as error:
                _LOG.warning("guardian's line broke: %s", error)
                return
            except (msgspec.DecodeError, ValueError) as error:  # a line too long is a ValueError
                _LOG.error("guardian said something unreadable: %s", error)
                continue
            if message is None:
                return
            if not isinstance(message, EngineStart):
                on_order(message)

    async def close(self) -> None:
        """Say what is left to say and close."""
        self._writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            pass


def restart_guardian(profile: str, *, log: Path) -> tuple[int, "subprocess.Popen[bytes]"]:
    """Start a guardian that adopts this engine; returns our end's descriptor and its process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    command = [sys.executable, "-m", "veloz_tui.runtime.guardian_main", "--profile", profile]
    with log.open("ab") as stderr, theirs:
        child = subprocess.Popen(
            [*command, "--adopt-fd", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return ours.detach(), child
