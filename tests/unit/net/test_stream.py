"""The reconnecting WebSocket against small servers that misbehave."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from veloz_tui.net.connect_budget import ConnectBudget
from veloz_tui.net.connection import Connection, NotWritten, OpeningRefused, StreamSettings
from veloz_tui.net.stream import Stream, StreamState

Behavior = Callable[[ServerConnection], Awaitable[None]]
FAST = StreamSettings(
    open_timeout_s=1.0,
    close_timeout_s=0.2,
    overlap_s=0.05,
    drain_s=1.0,
    backoff_base_s=0.01,
    backoff_cap_s=0.05,
    stable_s=10.0,
)


class Recorder:
    """A StreamHandler that notes everything."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.ready: list[tuple[int, bool]] = []
        self.lost: list[tuple[int, str]] = []
        self.states: list[StreamState] = []
        self.reasons: list[str] = []
        self.refused: list[tuple[int, float | None]] = []
        self.opening: Callable[[Connection], Awaitable[None]] | None = None

    async def on_open(self, connection: Connection) -> None:
        if self.opening is not None:
            await self.opening(connection)

    def on_ready(self, connection: Connection, *, continuous: bool) -> None:
        self.ready.append((connection.number, continuous))

    def on_frame(self, connection: Connection, frame: bytes) -> None:
        self.frames.append((connection.number, frame))

    def on_lost(self, connection: Connection, reason: str) -> None:
        self.lost.append((connection.number, reason))

    def on_state(self, state: StreamState, reason: str) -> None:
        self.states.append(state)
        self.reasons.append(reason)

    def on_refused(self, status: int, retry_after_s: float | None) -> None:
        self.refused.append((status, retry_after_s))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


class Rig:
    """A stream running against one server."""

    def __init__(self, stream: Stream, seen: Recorder, sockets: list[ServerConnection]) -> None:
        self.stream = stream
        self.seen = seen
        self.sockets = sockets

    @property
    def current(self) -> Connection:
        assert self.stream.current is not None
        return self.stream.current

    async def ready(self, count: int = 1) -> None:
        await until(lambda: len(self.seen.ready) >= count)


@asynccontextmanager
async def rig(
    behavior: Behavior = echo,
    *,
    seen: Recorder | None = None,
    budget: ConnectBudget | None = None,
    process_request: Callable[[ServerConnection, Request], Response | None] | None = None,
    **settings: float,
) -> AsyncIterator[Rig]:
    seen, sockets = seen or Recorder(), list[ServerConnection]()

    async def handle(socket: ServerConnection) -> None:
        sockets.append(socket)
        with suppress(ConnectionClosed):
            await behavior(socket)

    async with serve(handle, "127.0.0.1", 0, process_request=process_request, close_timeout=0.1) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        stream = Stream(
            lambda: f"ws://127.0.0.1:{port}",
            seen,
            settings=msgspec.structs.replace(FAST, **settings),
            budget=budget or ConnectBudget(limit=1000, window_s=1),
            jitter=random.Random(3).random,
        )
        running = asyncio.create_task(stream.run())
        try:
            yield Rig(stream, seen, sockets)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_frames_are_handed_over_in_order() -> None:
    async with rig() as r:
        await r.ready()
        for number in range(100):
            r.current.write(str(number))
        await until(lambda: len(r.seen.frames) == 100)
        assert [frame for _, frame in r.seen.frames] == [str(number).encode() for number in range(100)]


async def test_a_burst_of_many_frames_loses_none() -> None:
    async def burst(socket: ServerConnection) -> None:
        for number in range(5_000):
            await socket.send(str(number))
        await socket.wait_closed()

    async with rig(burst) as r:
        await until(lambda: len(r.seen.frames) == 5_000)
        assert r.seen.frames[-1][1] == b"4999"


async def test_messages_come_whole_and_in_order_however_the_bytes_are_cut() -> None:
    """Short and long ones, fragments and pings between them, cut anywhere: what was sent is what is told."""
    chance = random.Random(5)
    sizes = [chance.choice((0, 1, 125, 126, 127, 1_300, 65_535, 65_536, 200_000)) for _ in range(150)]
    messages = [bytes(chance.choices(b"abcdef", k=size)) for size in sizes]

    async def cut(socket: ServerConnection) -> None:
        wire = bytearray()
        for message in messages:
            wire += _frames(message, chance)
        while wire:
            size = chance.choice((1, 2, 3, 5, 1_000, 70_000, 500_000))
            socket.transport.write(bytes(wire[:size]))
            del wire[:size]
            await asyncio.sleep(0)
        await socket.wait_closed()

    async with rig(cut) as r:
        await until(lambda: len(r.seen.frames) == len(messages))
        assert [frame for _, frame in r.seen.frames] == messages
        assert r.seen.lost == []


def _frames(message: bytes, chance: random.Random) -> bytes:
    """A message as a server may send it: whole or in fragments, with a ping before or between them."""
    cuts = sorted(chance.choices(range(len(message) + 1), k=chance.choice((0, 0, 0, 1, 3))))
    parts = [message[a:b] for a, b in zip([0, *cuts], [*cuts, len(message)], strict=True)]
    frames = b""
    for number, part in enumerate(parts):
        opcode = Opcode.CONT if number else chance.choice((Opcode.TEXT, Opcode.BINARY))
        if chance.random() < 0.3:
            frames += Frame(Opcode.PING, b"there?").serialize(mask=False)
        frames += Frame(opcode, part, fin=number == len(parts) - 1).serialize(mask=False)
    return frames


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"\x81\x85\x00\x00\x00\x00hello", id="masked"),
        pytest.param(b"\xc1\x05hello", id="reserved bit"),
        pytest.param(b"\x01\x02he\x81\x05hello", id="a message within a message"),
        pytest.param(b"\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00", id="four gigabytes"),
    ],
)
async def test_a_server_that_breaks_the_protocol_is_left(broken: bytes) -> None:
    async def breaks(socket: ServerConnection) -> None:
        await socket.send("first")
        socket.transport.write(broken)
        await socket.wait_closed()

    async with rig(breaks) as r:
        await until(lambda: len(r.seen.lost) >= 1)
        assert r.seen.frames[0][1] == b"first"
        assert all(frame != b"hello" for _, frame in r.seen.frames)


async def test_the_states_of_a_first_connection_are_told_in_order() -> None:
    async with rig() as r:
        await r.ready()
        await until(lambda: r.stream.state is StreamState.READY)
        assert r.seen.states == [StreamState.CONNECTING, StreamState.OPENING, StreamState.READY]
        assert r.seen.ready == [(1, False)]


async def test_a_lost_connection_is_told_and_opened_again_as_a_break() -> None:
    async with rig() as r:
        await r.ready()
        r.sockets[0].transport.abort()
        await r.ready(2)
        assert r.seen.ready == [(1, False), (2, False)]
        assert r.seen.lost == [(1, "lost")]
        assert StreamState.DISCONNECTED in r.seen.states


async def test_a_replacement_is_ready_before_the_old_one_goes() -> None:
    async with rig() as r:
        await r.ready()
        r.stream.replace("shutdown notice")
        await r.ready(2)
        assert r.seen.ready == [(1, False), (2, True)]
        await until(lambda: bool(r.seen.lost))
        assert r.seen.lost[0][0] == 1
        assert StreamState.DISCONNECTED not in r.seen.states


async def test_the_old_connection_stays_until_its_answer_has_come() -> None:
    answers = asyncio.Event()

    async def answer_later(socket: ServerConnection) -> None:
        async for message in socket:
            await answers.wait()
            await socket.send(message)

    async with rig(answer_later) as r:
        await r.ready()
        old = r.current
        old.write("order")
        old.hold()
        r.stream.replace("end of life")
        await r.ready(2)
        await asyncio.wait_for(asyncio.shield(_overlap_over(r)), 5)
        assert old.is_open
        answers.set()
        await until(lambda: (1, b"order") in r.seen.frames)
        old.release()
        await until(lambda: not old.is_open)


async def _overlap_over(r: Rig) -> None:
    await asyncio.sleep(r.stream._settings.overlap_s * 3)


async def test_a_connection_is_replaced_at_the_end_of_its_life() -> None:
    async with rig(lifetime_s=0.2) as r:
        await r.ready(2)
        assert r.seen.ready[1] == (2, True)


async def test_a_replacement_that_fails_leaves_the_old_connection_in_use() -> None:
    seen = Recorder()

    async def refuse_the_second(connection: Connection) -> None:
        if connection.number == 2:
            raise OpeningRefused("not now")

    seen.opening = refuse_the_second
    async with rig(seen=seen) as r:
        await r.ready()
        r.stream.replace("shutdown notice")
        await until(lambda: any(number == 2 for number, _ in seen.lost))
        assert r.current.number == 1
        assert r.current.is_open
        await r.ready(2)
        assert seen.ready[1] == (3, True)


async def test_an_opening_that_hangs_is_given_up() -> None:
    seen = Recorder()

    async def hang_once(connection: Connection) -> None:
        if connection.number == 1:
            await asyncio.Event().wait()

    seen.opening = hang_once
    async with rig(seen=seen, open_timeout_s=0.2) as r:
        await r.ready()
        assert seen.ready == [(2, False)]
        assert "no answer while it was opened" in seen.reasons


async def test_a_frame_over_the_size_limit_breaks_the_connection_and_it_comes_back() -> None:
    async def flood_once(socket: ServerConnection) -> None:
        if len(r.sockets) == 1:
            await socket.send("x" * 3000)
        await socket.wait_closed()

    async with rig(flood_once, max_size=1000) as r:
        await until(lambda: r.stream.current is not None and r.current.number > 1)
        assert r.seen.lost[0][0] == 1
        assert r.seen.frames == []


async def test_garbage_instead_of_frames_breaks_the_connection_and_it_comes_back() -> None:
    async def babble_once(socket: ServerConnection) -> None:
        if len(r.sockets) == 1:
            socket.transport.write(b"\xff\xff\xff\xff garbage")
        await socket.wait_closed()

    async with rig(babble_once) as r:
        await until(lambda: r.stream.current is not None and r.current.number > 1)
        assert r.seen.lost[0][0] == 1
        assert r.seen.frames == []


async def test_a_server_that_answers_no_ping_is_dropped() -> None:
    async def stop_reading(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with rig(stop_reading, ping_interval_s=0.05, ping_timeout_s=0.1) as r:
        await until(lambda: len(r.seen.lost) >= 1)
        await r.ready(2)


async def test_drop_breaks_a_silent_connection() -> None:
    async with rig() as r:
        await r.ready()
        r.stream.drop("silent")
        await r.ready(2)
        assert r.seen.ready[1] == (2, False)
        assert r.seen.lost == [(1, "silent")]


async def test_a_refused_handshake_is_told_with_its_waiting_time_and_waited_for() -> None:
    loop = asyncio.get_running_loop()
    refused_at: list[float] = []

    def refuse_once(connection: ServerConnection, _request: Request) -> Response | None:
        if refused_at:
            return None
        refused_at.append(loop.time())
        response = connection.respond(429, "slow down\n")
        response.headers["Retry-After"] = "1"
        return response

    async with rig(process_request=refuse_once) as r:
        await r.ready()
        assert r.seen.refused == [(429, 1.0)]
        assert loop.time() - refused_at[0] >= 0.9


async def test_a_reconnect_storm_stays_inside_the_connect_budget() -> None:
    attempts: list[float] = []
    loop = asyncio.get_running_loop()

    async def slam(socket: ServerConnection) -> None:
        attempts.append(loop.time())
        socket.transport.abort()

    async with rig(slam, budget=ConnectBudget(limit=5, window_s=0.6), backoff_cap_s=0.02):
        await until(lambda: len(attempts) >= 12)
    gaps = [later - first for first, later in zip(attempts, attempts[5:], strict=False)]
    assert min(gaps) >= 0.55


async def test_nothing_is_written_to_a_lost_connection() -> None:
    async with rig() as r:
        await r.ready()
        old = r.current
        r.stream.drop("test")
        await until(lambda: not old.is_open)
        with pytest.raises(NotWritten):
            old.write("order")


async def test_a_socket_that_does_not_drain_takes_no_more() -> None:
    async def stop_reading(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with rig(stop_reading, max_unsent=100_000) as r:
        await r.ready()
        with pytest.raises(NotWritten, match="draining"):
            for _ in range(1_000):
                r.current.write("x" * 50_000)


async def test_a_bug_in_a_handler_ends_the_run_instead_of_being_swallowed() -> None:
    class Broken(Recorder):
        def on_frame(self, connection: Connection, frame: bytes) -> None:
            raise ZeroDivisionError

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        handler = Broken()
        stream = Stream(
            lambda: f"ws://127.0.0.1:{port}",
            handler,
            settings=FAST,
            budget=ConnectBudget(limit=10, window_s=1),
            jitter=lambda: 0.5,
        )
        running = asyncio.create_task(stream.run())
        await until(lambda: stream.current is not None)
        assert stream.current is not None
        stream.current.write("hello")
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(running, 5)
        assert caught.group_contains(ZeroDivisionError)
        assert handler.states[-1] is StreamState.STOPPED


async def test_stopping_closes_the_socket() -> None:
    async with rig() as r:
        await r.ready()
    await until(lambda: r.sockets[0].state.name == "CLOSED")
    assert r.seen.states[-1] is StreamState.STOPPED
