"""The guardian's socket: a line in, a line out, whatever else happens."""

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from tests.unit.control.factories import Console, EngineStub, until
from veloz_tui.control import guardian as wire
from veloz_tui.control.client import ControlClient
from veloz_tui.control.errors import GuardianNotRunning, LinkLost
from veloz_tui.control.guardian import (
    GuardianDone,
    GuardianKill,
    GuardianPrepare,
    GuardianRefused,
    GuardianReply,
    GuardianRequest,
    GuardianShutdown,
    GuardianStatus,
    GuardianStatusRequest,
    KillProgress,
    ask_guardian,
    ask_guardian_async,
    serve_guardian,
)
from veloz_tui.control.identity import PeerIdentity
from veloz_tui.domain import commands
from veloz_tui.domain.views import Ack, KillView


class GuardianStub:
    """Remembers requests; a kill is under way at once."""

    def __init__(self) -> None:
        self.requests: list[GuardianRequest] = []
        self.pids: list[int] = []

    async def answer(self, request: GuardianRequest, peer: PeerIdentity) -> GuardianReply:
        self.requests.append(request)
        self.pids.append(peer.pid)
        match request:
            case GuardianKill():
                return KillProgress(KillView(is_halted=True, kill_id=request.kill_id), text="gate closed")
            case GuardianStatusRequest():
                return GuardianStatus(
                    pid=1,
                    profile="demo",
                    mode="DEMO",
                    version="0",
                    engine_pid=None,
                    engine_phase="STOPPED",
                    is_engine_alive=False,
                    beat_age_ms=None,
                    sim_port=None,
                    kill=KillView(is_halted=False),
                )
            case GuardianShutdown():
                raise ZeroDivisionError("a bug")
            case _:
                return GuardianDone("ok")


async def test_kill_is_answered_with_its_progress(tmp_path: Path) -> None:
    stub, path = GuardianStub(), tmp_path / "guardian.sock"
    async with serve_guardian(path, stub.answer):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reply = await ask_guardian_async(path, GuardianKill(kill_id="k1", by="pid 1"))
    assert isinstance(reply, KillProgress)
    assert reply.kill.kill_id == "k1"
    assert not path.exists()


async def test_blocking_client_needs_no_event_loop(tmp_path: Path) -> None:
    stub, path = GuardianStub(), tmp_path / "guardian.sock"
    async with serve_guardian(path, stub.answer):
        reply = await asyncio.to_thread(ask_guardian, path, GuardianStatusRequest())
    assert isinstance(reply, GuardianStatus)
    assert reply.engine_phase == "STOPPED"


async def test_failing_request_is_answered_and_the_next_one_works(tmp_path: Path) -> None:
    stub, path = GuardianStub(), tmp_path / "guardian.sock"
    async with serve_guardian(path, stub.answer):
        broken = await ask_guardian_async(path, GuardianShutdown(by="secret"))
        assert isinstance(broken, GuardianRefused)
        assert "ZeroDivisionError" in broken.text
        assert "secret" not in broken.text
        assert isinstance(await ask_guardian_async(path, GuardianPrepare()), GuardianDone)


@pytest.mark.parametrize("line", [b"garbage\n", b"{}\n", b'{"type":"GuardianKill"}\n', b"[" * 4000 + b"\n"])
async def test_garbage_is_refused_and_the_line_stays_open(tmp_path: Path, line: bytes) -> None:
    stub, path = GuardianStub(), tmp_path / "guardian.sock"
    async with serve_guardian(path, stub.answer):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(line)
        assert b"GuardianRefused" in await asyncio.wait_for(reader.readline(), 5)
        writer.write(wire.encode_line(GuardianPrepare()))
        assert b"GuardianDone" in await asyncio.wait_for(reader.readline(), 5)
        writer.close()


async def test_endless_line_is_cut_off(tmp_path: Path) -> None:
    stub, path = GuardianStub(), tmp_path / "guardian.sock"
    async with serve_guardian(path, stub.answer):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"x" * 20_000)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert stub.requests == []


async def test_hung_askers_do_not_lock_a_kill_out(tmp_path: Path) -> None:
    stub, path = GuardianStub(), tmp_path / "guardian.sock"
    async with serve_guardian(path, stub.answer):
        hung = [await asyncio.open_unix_connection(str(path)) for _ in range(wire.MAX_ASKERS + 4)]
        reply = await ask_guardian_async(path, GuardianKill(kill_id="k", by=""))
        assert isinstance(reply, KillProgress)
        for _, writer in hung:
            writer.close()


async def test_nobody_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(GuardianNotRunning, match="no guardian is running"):
        ask_guardian(tmp_path / "guardian.sock", GuardianPrepare())
    with pytest.raises(GuardianNotRunning):
        await ask_guardian_async(tmp_path / "guardian.sock", GuardianPrepare())


async def test_silent_guardian_is_given_up_in_time(tmp_path: Path) -> None:
    path = tmp_path / "guardian.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(LinkLost, match="did not answer in time"):
            await asyncio.to_thread(ask_guardian, path, GuardianPrepare(), timeout_s=0.05)
        with pytest.raises(LinkLost, match="did not answer in time"):
            await ask_guardian_async(path, GuardianPrepare(), timeout_s=0.05)


async def test_kill_goes_to_guardian_and_engine_with_one_id(tmp_path: Path) -> None:
    stub, engine = GuardianStub(), EngineStub(tmp_path)

    def act(command: commands.AnyCommand) -> None:
        engine.commands.append(command)
        engine.server.reply(Ack(command.command_id, is_ok=True, text="gate closed"))

    engine.server._on_command = act
    async with (
        engine.server,
        serve_guardian(engine.guardian_socket, stub.answer),
        Console(engine, "pid 7 pts/7") as console,
    ):
        outcome = await console.client.kill(reason="panic")
    assert outcome.is_taken_up
    assert outcome.failures == ()
    assert isinstance(outcome.guardian, KillProgress)
    (to_engine,), (to_guardian,) = engine.commands, stub.requests
    assert isinstance(to_engine, commands.Kill) and isinstance(to_guardian, GuardianKill)
    assert to_engine.kill_id == to_guardian.kill_id == outcome.kill_id
    assert (to_engine.reason, to_guardian.reason, to_guardian.by) == ("panic", "panic", "pid 7 pts/7")


async def test_kill_works_with_the_engine_dead(tmp_path: Path) -> None:
    stub, engine = GuardianStub(), EngineStub(tmp_path)
    client = ControlClient(engine.engine_socket, engine.session_token, engine.guardian_socket, name="a")
    async with serve_guardian(engine.guardian_socket, stub.answer):
        outcome = await client.kill()
    assert outcome.is_taken_up
    assert outcome.engine is None
    assert "nothing was sent" in outcome.failures[0]


async def test_kill_works_with_the_guardian_dead(tmp_path: Path) -> None:
    engine = EngineStub(tmp_path)
    async with engine.server, Console(engine, "a") as console:
        killing = asyncio.create_task(console.client.kill())
        await until(lambda: engine.commands)
        engine.server.reply(Ack(engine.commands[0].command_id, is_ok=True, text="gate closed"))
        outcome = await killing
    assert outcome.is_taken_up
    assert outcome.guardian is None
    assert "no guardian" in outcome.failures[0]


async def test_kill_with_nobody_alive_is_not_taken_up(tmp_path: Path) -> None:
    engine = EngineStub(tmp_path)
    client = ControlClient(engine.engine_socket, engine.session_token, engine.guardian_socket, name="a")
    outcome = await client.kill()
    assert not outcome.is_taken_up
    assert len(outcome.failures) == 2
