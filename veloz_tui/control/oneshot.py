"""Ask an engine once: connect, one command or one view, leave. For scripts and the command line."""

import asyncio
import secrets
from pathlib import Path
from typing import Protocol

from veloz_tui.control.connection import EngineConnection, Greeting, open_connection
from veloz_tui.control.errors import LinkLost, Unconfirmed
from veloz_tui.control.identity import own_name
from veloz_tui.control.messages import Answer, Question, Reply, Request, Snapshot
from veloz_tui.domain.commands import AnyCommand, WatchInstruments
from veloz_tui.domain.queries import Query, Told
from veloz_tui.domain.types import CommandId, InstrumentId
from veloz_tui.domain.views import Ack, View

ANSWER_TIMEOUT_S = 2.0
VIEW_TIMEOUT_S = 3.0
TOLD_TIMEOUT_S = 10.0


class ControlPaths(Protocol):
    """Where a profile's sockets are (config.paths.ProfilePaths is one)."""

    @property
    def engine_socket(self) -> Path: ...
    @property
    def session_token(self) -> Path: ...
    @property
    def guardian_socket(self) -> Path: ...


def new_command_id() -> CommandId:
    """An id no other process makes: consoles have no common counter."""
    return CommandId(secrets.token_hex(8))


async def ask_engine(
    paths: ControlPaths,
    command: AnyCommand,
    *,
    timeout_s: float = ANSWER_TIMEOUT_S,
    wants_control: bool = True,
) -> Ack:
    """Connect, send one command, return its answer. Errors as ControlClient.send, and EngineNotRunning."""
    connection = await _open(paths, Greeting(name=own_name(), wants_control=wants_control, wants_views=False))
    async with connection:
        return await _ask(connection, command, timeout_s=timeout_s)


def run_command(
    paths: ControlPaths,
    command: AnyCommand,
    *,
    timeout_s: float = ANSWER_TIMEOUT_S,
) -> Ack:
    """`ask_engine` for a script without an event loop."""
    return asyncio.run(ask_engine(paths, command, timeout_s=timeout_s))


async def ask_view(
    paths: ControlPaths,
    *,
    instrument_ids: tuple[InstrumentId, ...] = (),
    depth: int = 10,
    timeout_s: float = VIEW_TIMEOUT_S,
) -> View:
    """Connect as an observer and return one view, with the books asked for."""
    connection = await _open(paths, Greeting(name=own_name(), wants_control=False))
    async with connection:
        if instrument_ids:
            watch = WatchInstruments(command_id=new_command_id(), instrument_ids=instrument_ids, depth=depth)
            await _ask(connection, watch, timeout_s=timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    message = await connection.receive()
                    if isinstance(message, Snapshot):
                        return message.view
        except TimeoutError as error:
            raise LinkLost(
                f"the engine sent no view in {timeout_s:.1f} s – veloz kill works all the same"
            ) from error


def fetch_view(
    paths: ControlPaths,
    *,
    instrument_ids: tuple[InstrumentId, ...] = (),
    depth: int = 10,
    timeout_s: float = VIEW_TIMEOUT_S,
) -> View:
    """`ask_view` for a script without an event loop."""
    return asyncio.run(ask_view(paths, instrument_ids=instrument_ids, depth=depth, timeout_s=timeout_s))


async def ask_question(paths: ControlPaths, query: Query, *, timeout_s: float = TOLD_TIMEOUT_S) -> Told:
    """Connect as an observer, ask once, and leave. LinkLost if no answer comes."""
    greeting = Greeting(name=own_name(), wants_control=False, wants_views=False)
    async with await _open(paths, greeting) as connection:
        return await ask_over(connection, query, timeout_s=timeout_s)


async def ask_over(connection: EngineConnection, query: Query, *, timeout_s: float = TOLD_TIMEOUT_S) -> Told:
    """Ask over a connection that nobody else reads. LinkLost if no answer comes."""
    await connection.send(Question(1, query))
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await connection.receive()
                if isinstance(message, Reply):
                    return message.told
    except TimeoutError as error:
        raise LinkLost(f"the engine gave no answer in {timeout_s:.1f} s - ask again") from error


async def _open(paths: ControlPaths, greeting: Greeting) -> EngineConnection:
    return await open_connection(
        engine_path=paths.engine_socket, token_path=paths.session_token, greeting=greeting
    )


async def _ask(connection: EngineConnection, command: AnyCommand, *, timeout_s: float) -> Ack:
    await connection.send(Request(command))
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                message = await connection.receive()
                if isinstance(message, Answer) and message.ack.command_id == command.command_id:
                    return message.ack
    except TimeoutError as error:
        raise Unconfirmed(unconfirmed(timeout_s)) from error
    except LinkLost as error:
        raise Unconfirmed(f"UNCONFIRMED: {error}, before the answer. Look before sending it again") from error


def unconfirmed(timeout_s: float) -> str:
    """What to say when no answer came."""
    return f"UNCONFIRMED: no answer from the engine in {timeout_s:.1f} s. Look before sending it again"
