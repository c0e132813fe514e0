"""The console against the real control server and guardian socket, on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.tui import factories as f
from tests.tui.harness import Console, RecordingEngine
from tests.tui.terminal import Terminal
from veloz_tui.control.guardian import (
    GuardianKill,
    GuardianPrepare,
    GuardianReply,
    GuardianRequest,
    KillProgress,
    serve_guardian,
)
from veloz_tui.control.identity import PeerIdentity
from veloz_tui.control.server import ControlServer, Identity
from veloz_tui.domain.commands import AnyCommand, Kill, KillPrepare, Reduce
from veloz_tui.domain.types import InstrumentId, Mode
from veloz_tui.domain.views import Ack, View
from veloz_tui.tui.app import VelozApp
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.shell import connector


class Paths(msgspec.Struct, frozen=True):
    """Sockets in a temporary folder."""

    engine_socket: Path
    session_token: Path
    guardian_socket: Path


class Engine:
    """A control server which answers every command with its name, and a guardian which takes up kills."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(folder / "engine.sock", folder / "token", folder / "guardian.sock")
        self.commands: list[AnyCommand] = []
        self.guardian: list[GuardianRequest] = []
        self.server = ControlServer(
            self.paths.engine_socket,
            self.paths.session_token,
            self._command,
            self._view,
            identity=Identity(profile="demo", mode=Mode.DEMO, version="0.1.0"),
        )

    def _view(self, watched: frozenset[InstrumentId], depth: int) -> View:
        return f.view(books=(f.ladder(),) if f.BTC in watched else ())

    def _command(self, command: AnyCommand) -> None:
        self.commands.append(command)
        ack = Ack(command_id=command.command_id, is_ok=True, text=f"{type(command).__name__} done")
        asyncio.get_running_loop().call_soon(self.server.reply, ack)

    async def guard(self, request: GuardianRequest, peer: PeerIdentity) -> GuardianReply:
        self.guardian.append(request)
        return KillProgress(kill=f.kill(is_halted=True))


@contextlib.asynccontextmanager
async def attached(tmp_path: Path) -> AsyncIterator[tuple[Console, Engine]]:
    engine = Engine(tmp_path)
    options = ConsoleOptions(reads_tmux=False)
    app = VelozApp(connector(engine.paths, options), options)
    async with (
        engine.server,
        serve_guardian(engine.paths.guardian_socket, engine.guard),
        app.run_test(size=(80, 24)) as pilot,
    ):
        console = Console(app, RecordingEngine(), pilot)
        await console.until(lambda: app.session.store.book(f.BTC) is not None)
        yield console, engine


async def test_views_arrive_commands_leave_and_answers_are_shown(tmp_path: Path) -> None:
    async with attached(tmp_path) as (console, engine):
        await console.until(lambda: any("64,123.60" in line for line in console.text))
        await console.press("R")
        await console.until(lambda: console.message == "Reduce done")
        assert any(isinstance(command, Reduce) for command in engine.commands)


async def test_the_first_stroke_prepares_engine_and_guardian(tmp_path: Path) -> None:
    async with attached(tmp_path) as (console, engine):
        await console.press("ctrl+k")
        await console.until(lambda: any(isinstance(each, GuardianPrepare) for each in engine.guardian))
        await console.until(lambda: any(isinstance(each, KillPrepare) for each in engine.commands))
        assert not any(isinstance(each, GuardianKill) for each in engine.guardian)


async def test_a_kill_reaches_engine_and_guardian_with_one_id(tmp_path: Path) -> None:
    async with attached(tmp_path) as (console, engine):
        await console.press("ctrl+k", "ctrl+k")
        await console.until(lambda: console.message.startswith("KILL taken up by engine and guardian"))
        kills = [command.kill_id for command in engine.commands if isinstance(command, Kill)]
        asked = [request.kill_id for request in engine.guardian if isinstance(request, GuardianKill)]
        assert len(kills) == 1 and kills == asked


async def test_a_dead_engine_is_seen_and_the_guardian_still_gets_the_kill(tmp_path: Path) -> None:
    async with attached(tmp_path) as (console, engine):
        await engine.server.close()
        await console.until(lambda: any("data OLD" in line for line in console.text))
        await console.press("ctrl+k", "ctrl+k")
        await console.until(lambda: console.message.startswith("KILL taken up by guardian"))
        assert any(isinstance(request, GuardianKill) for request in engine.guardian)


@pytest.mark.terminal
@pytest.mark.slow
async def test_run_console_shows_the_engine_kills_and_says_goodbye(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    async with engine.server, serve_guardian(engine.paths.guardian_socket, engine.guard):
        terminal = Terminal(program=("tests.tui.pty_console", str(tmp_path)))
        try:
            await asyncio.to_thread(terminal.start)
            terminal.type(b"\x0b\x0b")
            await asyncio.to_thread(terminal.wait, lambda: engine.guardian)
            terminal.type(b"q")
            await asyncio.to_thread(terminal.wait, lambda: "returned 0" in terminal.reports)
            await asyncio.to_thread(
                terminal.wait, lambda: b"Detached. Engine goes on (DEMO)" in terminal.output
            )
        finally:
            terminal.close()
    assert any(isinstance(command, Kill) for command in engine.commands)
