"""Rubbish on every socket of a running profile: consoles', the guardian's, the venue's; orders that can't be.

The same engine and guardian must go on, unmoved, and say in a line what was wrong with what they got.
"""

import asyncio
import json
import os
import socket
import time
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.chaos.profile import Profile, running_profile, until
from veloz_tui.control.guardian import GuardianStatus
from veloz_tui.control.oneshot import new_command_id
from veloz_tui.domain.commands import CancelOrders
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.types import ClientOrderId, OrderStatus, Side
from veloz_tui.sim.settings import LimitSettings

SETTINGS = """
[risk]
max_orders_per_second = 100
[journal]
submit_deadline_ms = 5000
"""
RUBBISH = (
    b"",
    b"\n",
    b"\x00" * 64,
    b"GET / HTTP/1.1\r\n\r\n",
    os.urandom(3000),
    b"{" * 4000 + b"\n",
    b"[" * 100_000 + b"\n",
    b'{"type":"GuardianKill"}\n',
    b'{"type":"Nothing"}\n',
    b'{"type":"GuardianPrepare","by":7}\n',
    b"x" * 2_000_000,
)


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    with running_profile(settings=SETTINGS, sim=LimitSettings(orders_10s=10_000)) as running:
        yield running


@pytest.fixture(autouse=True)
def same_processes(profile: Profile) -> Iterator[None]:
    """Whatever a test throws at them: the same two processes live on, and still trade."""
    profile.until_ready()
    before = (profile.engine_pid, profile.guardian_pid)
    yield
    profile.sim.clear_faults()
    profile.until_ready()
    assert (profile.engine_pid, profile.guardian_pid) == before
    ack = profile.place(profile.away("ETHUSDT"))
    assert ack.is_ok, ack.text
    assert profile.command(CancelOrders(command_id=new_command_id(), is_all=True)).is_ok
    assert "Traceback" not in profile.everything_said()
    assert not profile.view().kill.is_halted


def throw(path: os.PathLike[str], data: bytes) -> bytes:
    """Send bytes to a socket, return what it says until it closes or nothing comes for a while."""
    said = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.3)
        connection.connect(str(path))
        try:
            connection.sendall(data)
            while piece := connection.recv(65_536):
                said += piece
                if said.endswith(b"\n"):
                    break
        except (TimeoutError, ConnectionError):
            pass
    return said


def test_rubbish_on_the_guardians_socket(profile: Profile) -> None:
    for data in RUBBISH:
        answer = throw(profile.paths.guardian_socket, data)
        if answer:
            assert json.loads(answer.splitlines()[0])["type"] == "GuardianRefused", data[:50]
        assert isinstance(profile.guardian_status(), GuardianStatus)


def test_askers_who_never_finish_do_not_keep_a_kill_out(profile: Profile) -> None:
    idle = [socket.socket(socket.AF_UNIX) for _ in range(60)]
    try:
        for connection in idle:
            connection.connect(str(profile.paths.guardian_socket))
            connection.send(b'{"type":')
        assert isinstance(profile.guardian_status(), GuardianStatus)
    finally:
        for connection in idle:
            connection.close()


def test_rubbish_on_the_engines_socket(profile: Profile) -> None:
    for data in RUBBISH:
        throw(profile.paths.engine_socket, data)
        assert profile.view().status.engine_pid == profile.engine_pid


async def speak(profile: Profile, frame: bytes | str) -> str:
    """Open a WebSocket as a console would and say something else than a hello; return the answer."""
    try:
        async with (
            asyncio.timeout(5.0),
            unix_connect(str(profile.paths.engine_socket), compression=None, proxy=None) as connection,
        ):
            await connection.send(frame)
            while True:
                answer = await connection.recv()
                if b"Refused" in (answer if isinstance(answer, bytes) else answer.encode()):
                    return repr(answer)
    except (ConnectionClosed, InvalidHandshake, InvalidMessage, TimeoutError) as error:
        return repr(error)


def test_frames_that_are_no_hello_are_refused(profile: Profile) -> None:
    token = profile.paths.session_token.read_text().strip()
    hello = {"type": "Hello", "protocol": 1, "name": "x" * 5000, "token": "wrong"}
    frames: list[bytes | str] = [
        "text",
        b"\xc1",
        os.urandom(200),
        b"\x91" * 3000,
        b"x" * 200_000,
        msgspec.msgpack.encode({"type": "Request"}),
        msgspec.msgpack.encode(hello),
        msgspec.msgpack.encode({**hello, "token": token, "protocol": 99}),
        msgspec.msgpack.encode({**hello, "token": token, "views_hz": "often"}),
    ]
    for frame in frames:
        said = asyncio.run(speak(profile, frame))
        assert "Refused" in said or "ConnectionClosed" in said, (frame[:40], said)
        assert token not in said


def test_commands_with_numbers_that_are_none_change_nothing(profile: Profile) -> None:
    made = profile.sim.placements()
    good = profile.away("BTCUSDT")
    for field in ("quantity", "price"):
        for bad in ("NaN", "sNaN", "Infinity", "-1", "0", "1E+400"):
            request = msgspec.structs.replace(good, **{field: Decimal(bad)})
            try:
                ack = profile.place(request)
            except VelozError:
                continue  # the engine closed on it: refused as well
            assert not ack.is_ok, (field, bad, ack.text)
    assert profile.sim.placements() == made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("buy nan btc @64000", "nan"),
        ("buy 0.01 btc @inf", "inf"),
        ("buy -1 btc market", "-1"),
        ("buy 0.01 btc @64000.001", "tick"),
        ("buy 0.0100001 btc @64000", "0.01"),
        ("buy 1e9 btc @60000", ""),
        ("buy 0.01 btc", "no price"),
        ("buy 0.01 doge market", "doge"),
    ],
)
def test_words_that_are_no_order_send_none_and_say_why(profile: Profile, words: str, says: str) -> None:
    made = profile.sim.placements()
    done = profile.veloz(*words.split())
    assert done.code in (1, 2), done.text
    assert "Traceback" not in done.text
    assert says.lower() in done.err.lower()
    assert profile.sim.placements() == made


def test_order_off_the_tick_is_told_the_nearest_ticks(profile: Profile) -> None:
    good = profile.away("BTCUSDT", side=Side.BUY)
    assert good.price is not None
    ack = profile.place(msgspec.structs.replace(good, price=good.price + Decimal("0.003")))
    assert not ack.is_ok
    assert f"{good.price:,}" in ack.text
    assert f"{good.price + Decimal('0.01'):,}" in ack.text


@pytest.mark.parametrize("action", ["malformed_frame", "oversized_frame"])
@pytest.mark.parametrize("target", ["streams", "ws-api"])
def test_frames_of_the_venue_that_cannot_be_read(profile: Profile, action: str, target: str) -> None:
    profile.sim.fault(action, target=target)
    time.sleep(0.3)
    profile.until_ready()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["depth", "trade"])
@pytest.mark.parametrize("action", ["malformed", "oversized", "gap", "duplicate", "reorder"])
def test_market_frames_that_are_wrong_end_in_a_good_book(profile: Profile, action: str, kind: str) -> None:
    profile.sim.fault(action, transport="streams", kind=kind, count=3)
    time.sleep(0.3)
    until(lambda: book_agrees(profile), within_s=20, what="the venue's book")


def book_agrees(profile: Profile) -> bool:
    """Our best prices are the venue's, seen with the market standing still."""
    profile.sim.market("pause")
    try:
        for _ in range(40):
            time.sleep(0.05)
            markets = profile.sim.status()["markets"]
            assert isinstance(markets, dict)
            view = profile.view()
            ours = {
                str(i.instrument_id).partition(".")[0]: (i.bid, i.ask, i.stale_reason)
                for i in view.instruments
            }
            if all(
                (bid, ask, stale) == (Decimal(markets[s]["bid"][0]), Decimal(markets[s]["ask"][0]), "")
                for s, (bid, ask, stale) in ours.items()
            ):
                return True
        return False
    finally:
        profile.sim.market("resume")


def until_status(profile: Profile, order: ClientOrderId, status: OrderStatus) -> None:
    until(lambda: (o := profile.order(order)) and o.status is status, within_s=20, what=f"{order} {status}")


@pytest.mark.slow
def test_user_events_that_cannot_be_read_lose_no_order(profile: Profile) -> None:
    for action in ("malformed", "gap", "oversized"):
        profile.sim.fault(action, transport="ws-api", kind="user", count=1)
        order = profile.place(profile.away("BTCUSDT")).client_order_ids[0]
        until_status(profile, order, OrderStatus.ACCEPTED)
        assert profile.veloz("cancel", order[-6:]).code == 0
        until_status(profile, order, OrderStatus.CANCELED)
        profile.until_ready()
