"""Who may come in: the first frame within two seconds, our protocol, the right token."""

import asyncio
import hmac
import logging
import re

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from veloz_tui.control.codec import decode_from_console, encode
from veloz_tui.control.identity import PeerIdentity
from veloz_tui.control.messages import PROTOCOL, FromEngine, Hello, Refused
from veloz_tui.domain.errors import OperatorError

HELLO_DEADLINE_S = 2.0
MAX_NAME = 40
_CLAIMED_PID = re.compile(r"^\s*pid\s+[0-9]+\s*")

_logger = logging.getLogger("veloz.control")


async def read_hello(connection: ServerConnection) -> Hello:
    """Wait for the first frame, two seconds at most. OperatorError if it is no hello."""
    try:
        async with asyncio.timeout(HELLO_DEADLINE_S):
            message = decode_from_console(await connection.recv())
    except TimeoutError as error:
        raise OperatorError(f"no hello in {HELLO_DEADLINE_S:.0f} s") from error
    if not isinstance(message, Hello):
        raise OperatorError("the first frame must be a hello")
    return message


def check_hello(hello: Hello, *, token: bytes, version: str) -> None:
    """Let in who speaks our protocol and has read the session token. OperatorError otherwise."""
    if hello.protocol != PROTOCOL:
        raise OperatorError(
            f"console speaks protocol {hello.protocol}, engine {PROTOCOL} (version {version}): "
            "use one version of veloz, or shut the engine down and start it again"
        )
    if not hmac.compare_digest(hello.token.encode(errors="replace"), token):
        raise OperatorError("wrong session token: read it again from the profile's runtime directory")


async def refuse(connection: ServerConnection, text: str) -> None:
    """Say why somebody can't come in or stay."""
    _logger.warning("a console was refused: %s", text)
    message: FromEngine = Refused(text)
    try:
        async with asyncio.timeout(HELLO_DEADLINE_S):
            await connection.send(encode(message))
    except (ConnectionClosed, TimeoutError):
        pass


def describe(identity: PeerIdentity, name: str) -> str:
    """`pid 812 pts/3`"""
    # The pid is the kernel's word; what the console calls itself only adds to it.
    own = "".join(letter for letter in name[:MAX_NAME] if letter.isprintable())
    return f"pid {identity.pid} {_CLAIMED_PID.sub('', own)}".rstrip()
