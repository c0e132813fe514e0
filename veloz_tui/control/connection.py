"""One connection to an engine, from the console's side: Hello, Welcome, then frames."""

import asyncio
import contextlib
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from veloz_tui.control.codec import decode_from_engine, encode
from veloz_tui.control.errors import EngineNotRunning, LinkLost, RefusedByEngine
from veloz_tui.control.messages import PROTOCOL, FromConsole, FromEngine, Hello, Refused, Welcome
from veloz_tui.domain.errors import ConfigError

OPEN_TIMEOUT_S = 3.0
SEND_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 0.5
# A view of hundreds of orders and some deep books stays far below this.
MAX_ENGINE_FRAME_BYTES = 16 * 1024 * 1024
TOKEN_BYTES = 256


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """What a console asks for when it comes in: Hello without protocol and token."""

    name: str
    wants_control: bool = True
    wants_views: bool = True
    views_hz: float = 10.0
    log_since: int | None = None


class EngineConnection:
    """An open connection; `welcome` is what the engine said. One reader and one writer at a time."""

    def __init__(self, socket: ClientConnection, welcome: Welcome) -> None:
        self._socket = socket
        self.welcome = welcome

    async def send(self, message: FromConsole) -> None:
        """Write one frame. LinkLost if the connection is gone or the engine takes nothing for 5 s."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send(encode(message))
        except (ConnectionClosed, OSError) as error:
            raise LinkLost("the connection to the engine is closed") from error
        except TimeoutError as error:
            raise LinkLost(f"the engine took nothing for {SEND_TIMEOUT_S:.0f} s") from error

    async def receive(self, *, timeout_s: float | None = None) -> FromEngine:
        """Return the engine's next frame. TimeoutError, or LinkLost at the end."""
        try:
            async with asyncio.timeout(timeout_s):
                return decode_from_engine(await self._socket.recv())
        except (ConnectionClosed, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise LinkLost(_why_closed(error)) from error

    async def close(self) -> None:
        await self._socket.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def open_connection(*, engine_path: Path, token_path: Path, greeting: Greeting) -> EngineConnection:
    """Connect and be let in. EngineNotRunning, RefusedByEngine, or ConfigError for a token we can't read."""
    token = read_token(token_path, engine_path=engine_path)
    try:
        socket = await unix_connect(
            str(engine_path),
            compression=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,  # the engine's snapshots are the heartbeat
            max_size=MAX_ENGINE_FRAME_BYTES,
            max_queue=8,
            proxy=None,
        )
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise EngineNotRunning.at(engine_path) from error
    except PermissionError as error:
        raise ConfigError(
            f"can't open the control socket – {engine_path} – run veloz as its owner"
        ) from error
    except (TimeoutError, OSError, InvalidHandshake, InvalidMessage) as error:
        raise LinkLost(
            f"the engine's socket is there but does not answer – {engine_path} – veloz kill works"
        ) from error
    try:
        return EngineConnection(socket, await _be_let_in(socket, token=token, greeting=greeting))
    except BaseException:
        await socket.close()
        raise


async def _be_let_in(socket: ClientConnection, *, token: str, greeting: Greeting) -> Welcome:
    hello = Hello(
        protocol=PROTOCOL,
        name=greeting.name,
        token=token,
        wants_control=greeting.wants_control,
        wants_views=greeting.wants_views,
        views_hz=greeting.views_hz,
        log_since=greeting.log_since,
    )
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            with contextlib.suppress(
                ConnectionClosed
            ):  # refused before a word: the reason is still to be read
                await socket.send(encode(hello))
            answer = decode_from_engine(await socket.recv())
    except (ConnectionClosed, TimeoutError) as error:
        raise LinkLost("the engine did not answer our hello") from error
    match answer:
        case Welcome():
            return answer
        case Refused():
            raise RefusedByEngine(answer.text)
        case _:
            raise LinkLost("the engine answered our hello with something else")


def read_token(path: Path, *, engine_path: Path) -> str:
    """Read the session token the engine wrote. EngineNotRunning if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(TOKEN_BYTES).decode("ascii", "replace").strip()
    except FileNotFoundError as error:
        raise EngineNotRunning.at(engine_path) from error
    except OSError as error:
        raise ConfigError(
            f"can't read the session token: {error.strerror} – {path} – run veloz as its owner"
        ) from error


def _why_closed(error: ConnectionClosed | OSError) -> str:
    if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.reason:
        return f"the engine closed the connection: {error.rcvd.reason}"
    return "the engine closed the connection"
