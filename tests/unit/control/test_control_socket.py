"""Server and client over a real Unix socket: who gets in, who may do what, who is told what."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed

from tests.tui import factories as tui_factories
from tests.unit.control.factories import Console, EngineStub, entry, instrument, order, until, view
from veloz_tui.control import peer as peer_module
from veloz_tui.control.client import (
    ControlClient,
    LinkState,
    ask_engine,
    ask_view,
    new_command_id,
)
from veloz_tui.control.codec import decode_from_engine, encode
from veloz_tui.control.errors import EngineNotRunning, LinkLost, RefusedByEngine, Unconfirmed
from veloz_tui.control.gist import gist
from veloz_tui.control.messages import (
    PROTOCOL,
    Answer,
    FromEngine,
    Hello,
    Question,
    Refused,
    Request,
    Snapshot,
    Welcome,
)
from veloz_tui.domain import commands
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.queries import AskWire, NotKnown, Query, Told
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, Nanos, Side, StrategyId
from veloz_tui.domain.views import Ack

BTC = InstrumentId("BTCUSDT.BINANCE")
ORDER = ClientOrderId("vzAA000010000001")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EngineStub]:
    stub = EngineStub(tmp_path)
    async with stub.server:
        yield stub


def answer_all(engine: EngineStub, *, text: str = "done") -> None:
    """From now on the engine answers each command at once."""

    def act(command: commands.AnyCommand) -> None:
        engine.commands.append(command)
        engine.server.reply(Ack(command.command_id, is_ok=True, text=text))

    engine.server._on_command = act


def pause(command_id: str = "") -> commands.Pause:
    return commands.Pause(command_id=CommandId(command_id) if command_id else new_command_id())


def hello(engine: EngineStub, **changes: object) -> Hello:
    plain = Hello(protocol=PROTOCOL, name="pid 1 pts/9", token=engine.token, wants_views=False)
    return msgspec.structs.replace(plain, **changes)


async def raw(engine: EngineStub) -> ClientConnection:
    return await unix_connect(str(engine.engine_socket), compression=None, proxy=None, close_timeout=0.1)


async def first_of(connection: ClientConnection, kind: type[FromEngine]) -> FromEngine:
    async with asyncio.timeout(5):
        while True:
            message = decode_from_engine(await connection.recv())
            if isinstance(message, kind):
                return message


async def test_socket_and_token_are_for_the_owner_only(engine: EngineStub) -> None:
    for path in (engine.engine_socket, engine.session_token):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(engine.token) == 64


async def test_socket_left_behind_by_a_dead_engine_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "engine.sock"))
    dead.close()
    stub = EngineStub(tmp_path)
    stub.session_token.write_text("of the dead one")
    stub.session_token.chmod(0o600)
    with pytest.raises(EngineNotRunning):
        await ask_view(stub)
    async with stub.server, Console(stub, "a") as console:
        assert console.client.has_control
    assert not stub.engine_socket.exists()
    assert not stub.session_token.exists()


async def test_views_come_and_carry_what_is_watched(engine: EngineStub) -> None:
    engine.view = view(instruments=(instrument(),), orders=(order(),))
    async with Console(engine, "a") as console:
        await until(lambda: console.client.view)
        assert console.client.view == engine.view
        console.client.watch((BTC,), depth=5)
        await until(lambda: (frozenset({BTC}), 5) in engine.views)


async def test_view_is_built_once_for_all_who_watch_the_same(engine: EngineStub) -> None:
    async with Console(engine, "a") as one, Console(engine, "b") as two:
        await until(lambda: one.client.view and two.client.view)
        engine.views.clear()
        for peer in engine.server._peers:
            peer._next_view_at = 0
        engine.server._show(1e9)
        assert len(engine.views) == 1


def test_ages_and_clocks_alone_are_no_news() -> None:
    before = view(instruments=(instrument(),), orders=(order(),))
    later = msgspec.structs.replace(before, status=msgspec.structs.replace(before.status, at=Nanos(7)))
    assert gist(before) == gist(later)
    assert gist(before) != gist(msgspec.structs.replace(later, orders=()))


def test_no_measured_time_is_news() -> None:
    """A new age in a view must not make ten frames a second of a market that stands still."""
    busy = tui_factories.view()
    parts = ("status", "venues", "instruments", "books", "strategies")
    for name in parts:
        part = getattr(busy, name)
        aged = tuple(map(_aged, part)) if isinstance(part, tuple) else _aged(part)
        assert aged != part
        assert gist(msgspec.structs.replace(busy, **{name: aged})) == gist(busy), name


def _aged(part: msgspec.Struct) -> msgspec.Struct:
    times = [name for name in part.__struct_fields__ if name.endswith(("_ms", "_us"))]
    return msgspec.structs.replace(part, **dict.fromkeys(times, 77))


async def test_a_view_without_news_is_sent_once_a_second(engine: EngineStub) -> None:
    engine.view = view(instruments=(instrument(),), orders=(order(),))
    async with Console(engine, "a") as console:
        await until(lambda: console.client.view)
        (peer,) = engine.server._peers
        news = gist(engine.view)
        peer.offer_view(b"", news, now_s=1000.0)
        assert not peer.takes(news, now_s=1000.9)
        assert peer.takes(news, now_s=1001.0)
        assert peer.takes(gist(msgspec.structs.replace(engine.view, orders=())), now_s=1000.1)


async def test_broken_view_does_not_end_the_server(engine: EngineStub) -> None:
    def fail(*_: object) -> object:
        raise ZeroDivisionError("a bug in the views")

    engine.server._build_view, good = fail, engine.server._build_view  # type: ignore[assignment]
    async with Console(engine, "a") as console:
        answer_all(engine)
        assert (await console.client.send(pause())).is_ok
        assert console.client.view is None
        engine.server._build_view = good
        await until(lambda: console.client.view)


async def test_command_carries_its_sender_and_only_he_is_answered(
    engine: EngineStub,
) -> None:
    answer_all(engine)
    async with Console(engine, "pid 99 pts/3") as sender, Console(engine, "b") as other:
        ack = await sender.client.send(pause())
        assert ack.text == "done"
        assert engine.commands[0].by == f"pid {os.getpid()} pts/3"  # the kernel's pid, not the claimed one
        await sender.client.send(pause())
        assert sender.acks == ["done", "done"]
        assert other.acks == []


async def test_repeated_command_acts_once_and_is_answered_twice(engine: EngineStub) -> None:
    answer_all(engine)
    async with Console(engine, "a") as console:
        first, second = await console.client.send(pause("p1")), await console.client.send(pause("p1"))
    assert first == second
    assert len(engine.commands) == 1


async def test_repeat_of_a_command_still_running_acts_once(engine: EngineStub) -> None:
    async with Console(engine, "a") as console:
        console.client.fire(pause("p1"))
        console.client.fire(pause("p1"))
        console.client.fire(pause("p2"))
        await until(lambda: len(engine.commands) == 2)
    assert [one.command_id for one in engine.commands] == ["p1", "p2"]


async def test_first_console_has_control_the_second_observes(engine: EngineStub) -> None:
    answer_all(engine)
    async with Console(engine, "a") as first, Console(engine, "b") as second:
        await until(lambda: second.client.link.holder)
        assert (first.client.has_control, second.client.has_control) == (True, False)
        ack = await second.client.send(pause())
        assert not ack.is_ok
        assert "this console only observes" in ack.text
        assert engine.commands == []


async def test_observer_may_kill_and_ask_what_an_order_would_do(engine: EngineStub) -> None:
    answer_all(engine)
    request = OrderRequest(instrument_id=BTC, side=Side.BUY, quantity=Decimal(1), price=Decimal(1))
    async with Console(engine, "a"), Console(engine, "b") as observer:
        for command in (
            commands.KillPrepare(command_id=new_command_id()),
            commands.Kill(command_id=new_command_id(), kill_id="k1"),
            commands.PlaceOrder(command_id=new_command_id(), request=request, is_dry=True),
            commands.AmendOrder(command_id=new_command_id(), client_order_id=ORDER, is_dry=True),
        ):
            assert (await observer.client.send(command)).is_ok
        for live in (
            commands.PlaceOrder(command_id=new_command_id(), request=request),
            commands.AmendOrder(command_id=new_command_id(), client_order_id=ORDER, price=Decimal(1)),
            commands.SetParameters(
                command_id=new_command_id(), strategy_id=StrategyId("mm"), values={"a": "1"}
            ),
        ):
            assert not (await observer.client.send(live)).is_ok
    taken = [type(command).__name__ for command in engine.commands]
    assert taken == ["KillPrepare", "Kill", "PlaceOrder", "AmendOrder"]


async def test_takeover_tells_the_loser_who_and_when(engine: EngineStub) -> None:
    async with Console(engine, "pid 1 pts/1") as loser:
        async with Console(engine, "pid 2 pts/2") as taker:
            assert (await taker.client.send(commands.TakeControl(command_id=new_command_id()))).is_ok
            await until(lambda: not loser.client.has_control)
            assert loser.client.link.text.startswith("control taken by pid ")
            assert loser.client.link.text.endswith(" pts/2 12:00:04Z")
            assert taker.client.has_control
            assert engine.control[-1][0].endswith("pts/2")
        await until(lambda: loser.client.has_control)
        assert "control is free" in loser.client.link.text


async def test_read_only_console_gets_no_control_by_itself(engine: EngineStub) -> None:
    async with Console(engine, "a", wants_control=False) as console:
        assert not console.client.has_control
        assert engine.server.controller == ""
        assert (await console.client.send(commands.TakeControl(command_id=new_command_id()))).is_ok


async def test_log_is_complete_in_order_and_starts_where_asked(engine: EngineStub) -> None:
    engine.server.publish_entries([entry(seq) for seq in range(1, 2001)])
    async with Console(engine, "a", log_since=500) as late, Console(engine, "b") as fresh:
        engine.server.publish_entries([entry(2001), entry(2002)])
        await until(lambda: late.entries and late.entries[-1].seq == 2002)
        assert [one.seq for one in late.entries] == list(range(501, 2003))
        await until(lambda: fresh.entries and fresh.entries[-1].seq == 2002)
        assert [one.seq for one in fresh.entries] == [2001, 2002]


async def test_reconnecting_console_misses_no_entry_and_keeps_its_books(tmp_path: Path) -> None:
    stub = EngineStub(tmp_path)
    async with stub.server, Console(stub, "a") as console:
        console.client.watch((BTC,), depth=7)
        stub.server.publish_entries([entry(1)])
        await until(lambda: console.entries)
        stub.server._peers[0].abort()
        stub.server.publish_entries([entry(2), entry(3)])
        await until(lambda: len(console.entries) == 3)
        assert [one.seq for one in console.entries] == [1, 2, 3]
        stub.views.clear()
        await until(lambda: (frozenset({BTC}), 7) in stub.views)


async def test_wrong_token_is_refused_with_a_reason(engine: EngineStub) -> None:
    async with await raw(engine) as connection:
        await connection.send(encode(hello(engine, token="é" * 64)))
        refused = await first_of(connection, Refused)
        assert isinstance(refused, Refused)
        assert "wrong session token" in refused.text
        with pytest.raises(ConnectionClosed):
            await connection.recv()


async def test_other_protocol_is_refused_with_what_to_do(engine: EngineStub) -> None:
    async with await raw(engine) as connection:
        await connection.send(encode(hello(engine, protocol=99)))
        refused = await first_of(connection, Refused)
        assert isinstance(refused, Refused)
        assert "use one version of veloz" in refused.text


@pytest.mark.parametrize("frame", [b"\xc1garbage", b"", "text", encode(Request(pause("p")))])
async def test_garbage_instead_of_hello_is_refused(engine: EngineStub, frame: bytes | str) -> None:
    async with await raw(engine) as connection:
        await connection.send(frame)
        assert isinstance(await first_of(connection, Refused), Refused)
    assert engine.commands == []


async def test_garbage_after_hello_ends_that_console_only(engine: EngineStub) -> None:
    answer_all(engine)
    async with Console(engine, "good") as good:
        async with await raw(engine) as connection:
            await connection.send(encode(hello(engine)))
            await first_of(connection, Welcome)
            await connection.send(b"\x93\x01\x02")
            assert isinstance(await first_of(connection, Refused), Refused)
        assert (await good.client.send(pause())).is_ok
        await until(lambda: engine.server.peer_count == 1)


async def test_oversized_frame_ends_that_console_only(engine: EngineStub) -> None:
    answer_all(engine)
    async with Console(engine, "good") as good:
        async with await raw(engine) as connection:
            await connection.send(encode(hello(engine)))
            await first_of(connection, Welcome)
            await connection.send(b"x" * 70_000)
            with pytest.raises(ConnectionClosed) as closed:
                await first_of(connection, Answer)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        assert (await good.client.send(pause())).is_ok


async def test_hostile_number_never_reaches_the_engine(engine: EngineStub) -> None:
    request = OrderRequest(instrument_id=BTC, side=Side.BUY, quantity=Decimal("NaN"), price=Decimal(1))
    async with Console(engine, "a") as console:
        ack = await console.client.send(commands.PlaceOrder(command_id=new_command_id(), request=request))
    assert not ack.is_ok
    assert "quantity" in ack.text
    assert engine.commands == []


async def test_ninth_console_is_told_to_wait_and_gets_in_when_one_leaves(engine: EngineStub) -> None:
    connections = [await raw(engine) for _ in range(8)]
    for connection in connections:
        await connection.send(encode(hello(engine)))
        await first_of(connection, Welcome)
    with pytest.raises(RefusedByEngine, match="8 consoles are attached already"):
        await ask_engine(engine, pause())
    for connection in connections:
        await connection.close()
    await until(lambda: engine.server.peer_count == 0)
    async with Console(engine, "a") as console:
        assert console.client.has_control


async def test_console_that_says_nothing_is_sent_away(
    engine: EngineStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veloz_tui.control.door.HELLO_DEADLINE_S", 0.05)
    async with await raw(engine) as connection:
        refused = await first_of(connection, Refused)
        assert isinstance(refused, Refused)
        assert "no hello" in refused.text


async def test_slow_console_is_skipped_then_sent_away_and_others_do_not_notice(
    engine: EngineStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_module, "STUCK_S", 0.3)
    many = tuple(order(f"vzAA00001{number:07d}") for number in range(2000))
    engine.view = view(instruments=(instrument(),), orders=many)
    async with Console(engine, "good") as good:
        connection = await unix_connect(str(engine.engine_socket), compression=None, proxy=None, max_queue=1)
        await connection.send(encode(hello(engine, wants_views=True)))
        await until(lambda: engine.server.peer_count == 2)
        # It never reads: its views fill the socket's buffers and then stop.
        await until(lambda: engine.server.peer_count == 1, timeout_s=10)
        answer_all(engine)
        assert (await good.client.send(pause())).is_ok
        connection.transport.abort()


async def test_console_that_asks_and_never_reads_is_sent_away_before_its_answers_pile_up(
    engine: EngineStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_module, "STUCK_S", 1_000)

    async def much(_query: Query) -> Told:
        return NotKnown("x" * 1_000_000)

    engine.server._questions._on_query = much
    connection = await unix_connect(str(engine.engine_socket), compression=None, proxy=None, max_queue=1)
    await connection.send(encode(hello(engine, wants_views=False)))
    await until(lambda: engine.server.peer_count == 1)
    with contextlib.suppress(ConnectionClosed):
        for number in range(60):
            await connection.send(encode(Question(number, AskWire())))
            await asyncio.sleep(0.005)  # as it would: one after the other
    await until(lambda: engine.server.peer_count == 0, timeout_s=10)
    connection.transport.abort()


async def test_flood_of_commands_does_not_keep_another_console_waiting(engine: EngineStub) -> None:
    answer_all(engine)
    async with Console(engine, "flood") as flood, Console(engine, "other", wants_control=False) as other:
        for number in range(60):
            assert flood.client.fire(pause(f"p{number}"))
        assert (await other.client.send(commands.Kill(command_id=new_command_id(), kill_id="k"))).is_ok


async def test_engine_error_becomes_the_answer(engine: EngineStub) -> None:
    from veloz_tui.domain.errors import OperatorError

    def refuse(command: commands.AnyCommand) -> None:
        if isinstance(command, commands.Resume):
            raise ZeroDivisionError("a bug")
        raise OperatorError("HALTED: rearm first")

    engine.server._on_command = refuse
    async with Console(engine, "a") as console:
        assert (await console.client.send(pause())).text == "HALTED: rearm first"
        broken = await console.client.send(commands.Resume(command_id=new_command_id()))
        assert (broken.is_ok, broken.text) == (False, "the engine failed at it; see its log")


async def test_no_answer_is_unconfirmed_not_failed(engine: EngineStub) -> None:
    async with Console(engine, "a") as console:
        with pytest.raises(Unconfirmed, match="UNCONFIRMED"):
            await console.client.send(pause(), timeout_s=0.05)
        late = asyncio.create_task(console.client.send(pause()))
        await until(lambda: len(engine.commands) == 2)
        engine.server._peers[0].abort()
        with pytest.raises(Unconfirmed, match="before the answer"):
            await late


async def test_without_a_link_nothing_is_sent_or_kept_for_later(tmp_path: Path) -> None:
    stub = EngineStub(tmp_path)
    client = ControlClient(stub.engine_socket, stub.session_token, stub.guardian_socket, name="a")
    running = asyncio.create_task(client.run())
    await until(lambda: client.link.state is LinkState.DOWN)
    assert "no engine is running" in client.link.text
    assert not client.fire(pause())
    with pytest.raises(LinkLost, match="nothing was sent"):
        await client.send(pause())
    async with stub.server:
        await until(lambda: client.is_up)
        assert stub.commands == []
    running.cancel()


async def test_one_shot_helpers(engine: EngineStub) -> None:
    answer_all(engine)
    engine.view = view(profile="demo")
    assert (await ask_engine(engine, pause())).text == "done"
    assert await ask_view(engine, instrument_ids=(BTC,), depth=3) == engine.view
    assert engine.views[-1] == (frozenset({BTC}), 3)


async def test_one_shot_command_acts_beside_the_console_and_leaves_it_control(engine: EngineStub) -> None:
    answer_all(engine)
    async with Console(engine, "a") as console:
        assert (await ask_engine(engine, pause())).is_ok
        assert console.client.has_control
        assert not (await ask_engine(engine, pause(), wants_control=False)).is_ok  # an observer stays one


async def test_one_shot_commands_do_not_look_like_a_console_leaving(engine: EngineStub) -> None:
    answer_all(engine)
    await ask_engine(engine, pause())
    await until(lambda: engine.server.peer_count == 0)
    assert engine.control == []
    async with Console(engine, "pid 1 pts/1"):
        await ask_engine(engine, pause())
        await until(lambda: engine.server.peer_count == 1)
        assert len(engine.control) == 1
    await until(lambda: len(engine.control) == 2)
    assert engine.control[-1][0] == ""


async def test_one_shot_without_an_engine_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(EngineNotRunning, match="start it: veloz") as caught:
        await ask_view(EngineStub(tmp_path))
    assert caught.value.exit_code == 4


async def test_snapshot_survives_the_wire_exactly(engine: EngineStub) -> None:
    engine.view = view(instruments=(instrument(),), orders=(order(price="0.00000001"),), log_seq=7)
    frame = decode_from_engine(encode(Snapshot(engine.view)))
    assert isinstance(frame, Snapshot)
    assert frame.view == engine.view
