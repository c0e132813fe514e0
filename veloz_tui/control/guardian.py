"""The wire to the guardian: one JSON line a request, one JSON line a reply, over a Unix stream socket.

It must work when everything else is broken, so it needs the right uid and nothing more: no token, no
handshake, no event loop on the asking side. A request is answered once; progress is asked for again with
GuardianStatusRequest.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

from veloz_tui.control.errors import GuardianNotRunning, LinkLost
from veloz_tui.control.identity import PeerIdentity, bind_private, peer_identity
from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.views import KillView

MAX_REQUEST_BYTES = 4096
MAX_REPLY_BYTES = 262_144
MAX_ASKERS = 16
READ_DEADLINE_S = 2.0
ANSWER_DEADLINE_S = 30.0

_logger = logging.getLogger("veloz.control.guardian")


class GuardianKill(msgspec.Struct, frozen=True, tag=True):
    """Close the gate, cancel everything, verify. Idempotent by `kill_id`."""

    kill_id: str
    by: str
    reason: str = "kill"


class GuardianPrepare(msgspec.Struct, frozen=True, tag=True):
    """The first stroke: warm connections and signatures."""

    by: str = ""


class GuardianStatusRequest(msgspec.Struct, frozen=True, tag=True):
    """Ask how things are, and how far a kill has got."""


class GuardianShutdown(msgspec.Struct, frozen=True, tag=True):
    """End the guardian, after the engine has ended (or was told to)."""

    by: str = ""


class GuardianGiveWay(msgspec.Struct, frozen=True, tag=True):
    """A new guardian, started and given the keys by the engine, asks the old one to leave the engine to it.

    Done only by one whose own line to that engine is lost, and that has no kill to finish.
    """

    engine_pid: int


GuardianRequest = GuardianKill | GuardianPrepare | GuardianStatusRequest | GuardianShutdown | GuardianGiveWay


class KillProgress(msgspec.Struct, frozen=True, tag=True):
    """How far a kill is. `is_done`: zero is certified at every venue."""

    kill: KillView
    is_done: bool = False
    text: str = ""


class GuardianStatus(msgspec.Struct, frozen=True, tag=True):
    """What the guardian knows of itself and its charges."""

    pid: int
    profile: str
    mode: str
    version: str
    engine_pid: int | None
    engine_phase: str
    """`STARTING`, `READY`, `STOPPED`, `FENCED` …"""
    is_engine_alive: bool
    beat_age_ms: int | None
    sim_port: int | None
    kill: KillView
    restarts: int = 0
    text: str = ""


class GuardianDone(msgspec.Struct, frozen=True, tag=True):
    """What was asked is taken up."""

    text: str = ""


class GuardianRefused(msgspec.Struct, frozen=True, tag=True):
    """What was asked can't be done, and why."""

    text: str


GuardianReply = KillProgress | GuardianStatus | GuardianDone | GuardianRefused

_REQUEST: msgspec.json.Decoder[GuardianRequest] = msgspec.json.Decoder(GuardianRequest)
_REPLY: msgspec.json.Decoder[GuardianReply] = msgspec.json.Decoder(GuardianReply)


def encode_line(message: GuardianRequest | GuardianReply) -> bytes:
    return msgspec.json.encode(message) + b"\n"


def decode_request(line: bytes) -> GuardianRequest:
    """Read a request. msgspec.MsgspecError if it isn't one."""
    return _REQUEST.decode(line)


def decode_reply(line: bytes) -> GuardianReply:
    """Read a reply. LinkLost if it isn't one."""
    if not line.endswith(b"\n"):
        raise LinkLost("the guardian closed the connection without an answer")
    try:
        return _REPLY.decode(line)
    except (msgspec.MsgspecError, ValueError) as error:
        raise LinkLost(f"the guardian answered something else: {error}") from error


def ask_guardian(path: Path, request: GuardianRequest, *, timeout_s: float = 2.0) -> GuardianReply:
    """Ask on a blocking socket. GuardianNotRunning, or LinkLost when no answer comes in time."""
    deadline = time.monotonic() + timeout_s
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, _named_failures(path):
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(encode_line(request))
        return decode_reply(_read_line(connection, deadline=deadline))


def _read_line(connection: socket.socket, *, deadline: float) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n") and len(line) <= MAX_REPLY_BYTES:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        piece = connection.recv(65_536)
        if not piece:
            break
        line += piece
    return bytes(line)


async def ask_guardian_async(
    path: Path, request: GuardianRequest, *, timeout_s: float = 2.0
) -> GuardianReply:
    """As `ask_guardian`, for a caller with an event loop."""
    with _named_failures(path):
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=MAX_REPLY_BYTES)
            try:
                writer.write(encode_line(request))
                return decode_reply(await reader.readline())
            finally:
                writer.close()


@contextlib.contextmanager
def _named_failures(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise GuardianNotRunning.at(path) from error
    except PermissionError as error:
        raise ConfigError(f"can't open the guardian's socket – {path} – run veloz as its owner") from error
    except TimeoutError as error:
        raise LinkLost(f"the guardian did not answer in time – {path}") from error
    except (OSError, ValueError) as error:
        raise LinkLost(f"the guardian's socket failed: {error} – {path}") from error


Handler = Callable[[GuardianRequest, PeerIdentity], Awaitable[GuardianReply]]


class GuardianServer:
    """Answers guardian.sock: right uid only, bounded lines, at most 16 askers at once.

    When all 16 places are taken the oldest asker is sent away, not the new one: a kill must always get in.
    """

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._askers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Bind the socket 0600, in place of a dead guardian's (the caller holds the lock)."""
        listener = bind_private(self._path)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=MAX_REQUEST_BYTES)

    async def close(self) -> None:
        """Stop listening, send everybody away and remove the socket."""
        if self._server is not None:
            self._server.close()
        askers = list(self._askers)
        for task in askers:
            task.cancel()
        await asyncio.gather(*askers, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._askers) >= MAX_ASKERS:
            next(iter(self._askers)).cancel()
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="guardian asker")
        self._askers[task] = writer
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._askers.pop(task).close()
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("a guardian's request failed", exc_info=error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_identity(writer.get_extra_info("socket"))
        if not peer.is_us:
            writer.write(encode_line(GuardianRefused(f"user {peer.uid} is not the owner of this guardian")))
            return
        with contextlib.suppress(TimeoutError, ConnectionError):
            while line := await _next_line(reader):
                reply = await self._answer(line, peer)
                writer.write(encode_line(reply))
                async with asyncio.timeout(READ_DEADLINE_S):
                    await writer.drain()

    async def _answer(self, line: bytes, peer: PeerIdentity) -> GuardianReply:
        try:
            request = decode_request(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return GuardianRefused(f"not a request this guardian knows: {error}")
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                return await self._handler(request, peer)
        except TimeoutError:
            return GuardianRefused(f"no result in {ANSWER_DEADLINE_S:.0f} s; it goes on. Ask: veloz status")
        except Exception as error:
            # A request's boundary: the next one may be the kill.
            _logger.exception("a guardian's request failed")
            return GuardianRefused(f"the guardian failed at it: {type(error).__name__}; see its log")


async def _next_line(reader: asyncio.StreamReader) -> bytes:
    # Empty at the end, after an over-long line, or when nothing whole arrives in time.
    async with asyncio.timeout(READ_DEADLINE_S):
        try:
            line = await reader.readline()
        except ValueError:
            return b""
    return line if line.endswith(b"\n") else b""


@contextlib.asynccontextmanager
async def serve_guardian(path: Path, handler: Handler) -> AsyncIterator[GuardianServer]:
    """Serve guardian.sock until the block ends. `handler` gets each request and its sender."""
    server = GuardianServer(path, handler)
    await server.start()
    try:
        yield server
    finally:
        await server.close()
