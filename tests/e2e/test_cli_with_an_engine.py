"""The veloz command against an engine's control socket: what it sends, prints and returns."""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.unit.control.factories import Console, EngineStub, instrument, order, position, until, view
from veloz_tui.cli import hoisted, run
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control.guardian import (
    GuardianKill,
    GuardianReply,
    GuardianRequest,
    GuardianStatusRequest,
    KillProgress,
    serve_guardian,
)
from veloz_tui.control.identity import PeerIdentity
from veloz_tui.domain import commands
from veloz_tui.domain.types import Mode, OrderStatus
from veloz_tui.domain.views import Ack, KillView, View


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class World:
    """One profile in a directory of its own, with a stub for its engine."""

    def __init__(self, directory: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.environ = {
            "HOME": str(directory),
            "XDG_STATE_HOME": str(directory / "s"),
            "XDG_CONFIG_HOME": str(directory / "c"),
            "XDG_RUNTIME_DIR": str(directory / "none"),
        }
        self.paths = ProfilePaths.of("demo", environ=self.environ)
        self.paths.create()
        self.engine = EngineStub(self.paths.runtime_directory)
        self.engine.server._on_command = self._act
        self.engine.view = view(
            instruments=(instrument(),),
            orders=(
                order("vzAA00001000017F3K"),
                msgspec.structs.replace(order("vzDONE"), status=OrderStatus.FILLED),
            ),
            positions=(position("0.45"),),
        )
        self.is_refusing = False

    def _act(self, command: commands.AnyCommand) -> None:
        self.engine.commands.append(command)
        answer = "DENIED: too large. Nothing sent" if self.is_refusing else "SENDING 0011"
        self.engine.server.reply(Ack(command.command_id, is_ok=not self.is_refusing, text=answer))

    async def veloz(self, *words: str) -> Done:
        """Run a command in a thread: a process of its own would take ten times as long."""
        self._capture.readouterr()
        async with asyncio.timeout(60):
            code = await asyncio.to_thread(run, hoisted(list(words)))
        return Done(code, *self._capture.readouterr())


@pytest.fixture
def idle_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> World:
    """Nothing runs yet."""
    found = World(tmp_path, capfd)
    for name in [name for name in os.environ if name.startswith(("XDG_", "VELOZ_"))]:
        monkeypatch.delenv(name)
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return found


@pytest.fixture
async def world(idle_world: World) -> AsyncIterator[World]:
    """The engine's stub runs."""
    async with idle_world.engine.server:
        yield idle_world


def in_mode(shown: View, mode: Mode) -> View:
    return msgspec.structs.replace(shown, status=msgspec.structs.replace(shown.status, mode=mode))


async def test_order_is_sent_and_its_answer_printed(world: World) -> None:
    done = await world.veloz("buy", "0.05", "btc", "@bid-1t", "post")
    assert (done.code, done.out) == (0, "SENDING 0011\n")
    assert done.err == "BUY 0.05 BTC-USDT.BIN @64,123.59 LIMIT GTC post = 3,206.18 USDT\n"
    (command,) = world.engine.commands
    assert isinstance(command, commands.PlaceOrder)
    assert command.request.post_only
    assert command.by.startswith("pid ")


async def test_refusal_goes_to_standard_error_and_ends_with_1(world: World) -> None:
    world.is_refusing = True
    done = await world.veloz("order", "sell", "0.05", "btc", "market")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("veloz: DENIED: too large. Nothing sent\n")


async def test_words_that_mean_nothing_send_nothing_and_end_with_2(world: World) -> None:
    done = await world.veloz("buy", "0,5", "btc", "@64000")
    assert (done.code, done.err) == (2, "veloz: quantity 0,5: write 0.5\n")
    assert world.engine.commands == []


async def test_json_answer(world: World) -> None:
    done = await world.veloz("cancel", "7f3k", "--json")
    answer = json.loads(done.out)
    assert (answer["is_ok"], answer["review"]) == (True, "CANCEL 7F3K BUY 0.05 BTC-USDT.BIN @64,120.00")


async def test_dry_run_is_dry(world: World) -> None:
    await world.veloz("buy", "1", "btc", "market", "--dry-run")
    (command,) = world.engine.commands
    assert isinstance(command, commands.PlaceOrder)
    assert command.is_dry
    done = await world.veloz("flatten", "all", "--dry-run")
    assert done.out.startswith("would be: FLATTEN everything")
    assert len(world.engine.commands) == 1


async def test_live_order_without_a_terminal_needs_yes(world: World) -> None:
    world.engine.view = in_mode(world.engine.view, Mode.LIVE)
    done = await world.veloz("buy", "1", "btc", "market")
    assert done.code == 2
    assert "add --yes if you mean it" in done.err
    assert world.engine.commands == []
    assert (await world.veloz("buy", "1", "btc", "market", "--yes")).code == 0
    assert (await world.veloz("close", "btc")).code == 0  # exits ask nothing


async def test_commands_work_beside_an_attached_console_which_keeps_control(world: World) -> None:
    async with Console(world.engine, "a") as console:
        assert (await world.veloz("pause")).code == 0
        assert console.client.has_control


async def test_orders_and_positions(world: World) -> None:
    listed = await world.veloz("orders")
    assert "7F3K" in listed.out
    assert "DONE" not in listed.out
    assert [one["short_id"] for one in json.loads((await world.veloz("orders", "--json")).out)] == ["7F3K"]
    assert "LONG 0.45" in (await world.veloz("positions")).out
    assert json.loads((await world.veloz("positions", "--json")).out)[0]["quantity"] == "0.45"


async def test_status(world: World) -> None:
    done = await world.veloz("status")
    assert done.code == 0
    assert done.out.startswith("VeloZ DEMO ")
    assert "GUARDIAN not running" in done.out
    assert "\x1b" not in done.out
    assert json.loads((await world.veloz("status", "--json")).out)["status"]["trading_state"] == "READY"


async def test_attach_without_a_terminal_is_the_plain_view(world: World) -> None:
    done = await world.veloz("attach")
    assert done.code == 0
    assert done.out.startswith("VeloZ DEMO ")
    assert "No terminal" in done.out
    assert "\x1b" not in done.out


async def test_watch_prints_blocks_and_ends_when_the_engine_does(world: World) -> None:
    done = await world.veloz("watch", "--plain", "--count", "2", "--every", "0.1")
    assert done.code == 0
    assert done.out.count("VeloZ DEMO") == 2
    await until(lambda: world.engine.server.peer_count == 0)  # or the next line sees the first one
    watching = asyncio.create_task(world.veloz("watch"))
    await until(lambda: world.engine.server.peer_count == 1)
    await world.engine.server.close()
    ended = await watching
    assert ended.code == 1
    assert "the engine closed the connection" in ended.err


async def test_rearm_needs_the_profile_name(world: World) -> None:
    wrong = await world.veloz("rearm", "full", "--confirm", "live")
    assert (wrong.code, world.engine.commands) == (2, [])
    assert "type" in (await world.veloz("rearm", "full")).err
    assert (await world.veloz("rearm", "exits", "--confirm", "demo")).code == 0
    (command,) = world.engine.commands
    assert isinstance(command, commands.Rearm)
    assert (command.level, command.confirmation) == ("exits", "demo")


async def test_rearm_takes_the_words_of_the_console(world: World) -> None:
    assert (await world.veloz("rearm", "full", "live")).code == 2
    assert (await world.veloz("rearm", "full", "demo")).code == 0
    (command,) = world.engine.commands
    assert isinstance(command, commands.Rearm)
    assert (command.level, command.confirmation) == ("full", "demo")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("report daily", "that is a command of its own: veloz report daily"),
        ("why 7F3K", "that is a command of its own: veloz why 7F3K"),
        ("rearm exits", "that is a command of its own: veloz rearm exits"),
        (":theme 2", "theme works inside the console only: veloz, then :theme 2"),
    ],
)
async def test_order_says_where_words_work_that_it_cannot_send(world: World, words: str, says: str) -> None:
    done = await world.veloz("order", *words.split())
    assert (done.code, done.err, world.engine.commands) == (2, f"veloz: {says}\n", [])


class GuardianStub:
    """Takes a kill up; certifies it at the second question."""

    def __init__(self) -> None:
        self.kills: list[GuardianKill] = []
        self.questions = 0

    async def answer(self, request: GuardianRequest, _peer: PeerIdentity) -> GuardianReply:
        if isinstance(request, GuardianKill):
            self.kills.append(request)
        self.questions += isinstance(request, GuardianStatusRequest)
        certified = 3032.0 if self.questions > 1 else None
        seen = KillView(is_halted=True, gate_closed_ms=2.0, first_zero_ms=25.0, certified_zero_ms=certified)
        return KillProgress(msgspec.structs.replace(seen, canceled=3, total=3))


@pytest.mark.parametrize("is_engine_alive", [True, False])
async def test_kill_follows_to_the_certificate(idle_world: World, is_engine_alive: bool) -> None:
    world, guardian = idle_world, GuardianStub()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serve_guardian(world.paths.guardian_socket, guardian.answer))
        if is_engine_alive:
            await stack.enter_async_context(world.engine.server)
        done = await world.veloz("kill", "--reason", "drill")
    assert done.code == 0, done.err
    assert done.out.startswith("HALTED: canceled 3/3, zero certified after 3.0 s")
    assert [kill.reason for kill in guardian.kills] == ["drill"]
    assert len(world.engine.commands) == int(is_engine_alive)


async def test_kill_with_the_guardian_dead_goes_through_the_engine(world: World) -> None:
    halted = KillView(is_halted=True, certified_zero_ms=900.0, canceled=1, total=1)
    world.engine.view = msgspec.structs.replace(world.engine.view, kill=halted)
    done = await world.veloz("kill", "--json")
    assert done.code == 0
    assert json.loads(done.out)["certified_zero_ms"] == 900.0
    assert [type(command) for command in world.engine.commands] == [commands.Kill]


async def test_kill_that_is_not_proven_in_time_ends_with_1(world: World) -> None:
    done = await world.veloz("kill", "--wait", "0.3")
    assert done.code == 1
    assert "not certified yet" in done.out
