"""The wire between guardian and engine: whole lines, nothing that kills it, no secret shown."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from veloz_tui.config.settings import load_settings
from veloz_tui.domain.errors import ConfigError
from veloz_tui.runtime.engine_child import EngineChild
from veloz_tui.runtime.guardian_link import GuardianLink, Word
from veloz_tui.runtime.link import (
    MAX_LINE_BYTES,
    AdoptEngine,
    Beat,
    EngineLeaving,
    EngineRearmed,
    EngineStart,
    FromEngine,
    KeyMaterial,
    KillEngine,
    KillState,
    PrepareKill,
    StopEngineRequest,
    ToEngine,
    decode_from_engine,
    decode_to_engine,
    encode,
)

KEY = KeyMaterial("BINANCE", "the-api-key", "the-secret")


def start_order(folder: Path) -> EngineStart:
    return EngineStart(load_settings("demo", environ={"HOME": str(folder)}), (KEY,), sim_port=7)


@asynccontextmanager
async def line() -> AsyncIterator[tuple[EngineChild, GuardianLink]]:
    """Both ends, with this very process as the engine."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    child = await EngineChild._over(ours, os.getpid(), None)
    link = await GuardianLink.connect(theirs.detach())
    try:
        yield child, link
    finally:
        await link.close()
        child.close()
        await asyncio.sleep(0)


async def until(condition: object) -> None:
    async with asyncio.timeout(10):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    "message",
    [
        KillEngine("k1", "me", "why"),
        PrepareKill(),
        StopEngineRequest("bye"),
    ],
)
def test_orders_come_through_as_they_were(message: ToEngine) -> None:
    assert decode_to_engine(encode(message)) == message
    assert encode(message).count(b"\n") == 1


@pytest.mark.parametrize(
    "message",
    [
        Beat(7, 9, "READY", 12, ("BTCUSDT.BINANCE",)),
        KillState("k1", {"gate_closed": 1.5}, 2, 3, ("BIN 1",)),
        EngineRearmed("full"),
        EngineLeaving("bye\nfor good", is_shutdown=False),
    ],
)
def test_words_come_through_as_they_were(message: FromEngine) -> None:
    assert decode_from_engine(encode(message)) == message
    assert encode(message).count(b"\n") == 1


def test_the_start_order_comes_through_with_settings_and_keys(tmp_path: Path) -> None:
    order = start_order(tmp_path)
    assert decode_to_engine(encode(order)) == order
    adopted = AdoptEngine(7, order.settings, (KEY,), None, "")
    assert decode_from_engine(encode(adopted)) == adopted


def test_no_secret_in_anything_shown(tmp_path: Path) -> None:
    for shown in (
        KEY,
        start_order(tmp_path),
        AdoptEngine(7, start_order(tmp_path).settings, (KEY,), None, ""),
    ):
        assert "the-secret" not in repr(shown)
        assert "the-api-key" not in repr(shown)


@pytest.mark.parametrize(
    "junk", [b"", b"{}", b"[]", b'{"type":"Other"}', b"\xff\xfe", b'{"type":"KillEngine"}']
)
def test_junk_is_refused(junk: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_to_engine(junk)
    with pytest.raises(msgspec.DecodeError):
        decode_from_engine(junk)


async def test_the_first_line_is_the_start_order(tmp_path: Path) -> None:
    async with line() as (child, link):
        child.send(start_order(tmp_path))
        assert (await link.start_order()).keys == (KEY,)


@pytest.mark.parametrize("first", [encode(PrepareKill()), b"nonsense\n", b"\n"])
async def test_anything_else_first_is_an_error_in_words(first: bytes) -> None:
    async with line() as (child, link):
        child._writer.write(first)
        with pytest.raises(ConfigError, match="start"):
            await link.start_order()


async def test_orders_and_beats_survive_junk_and_lines_too_long(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    async with line() as (child, link):
        orders: list[Word] = []
        words: list[FromEngine] = []
        reading = [
            asyncio.create_task(link.run(orders.append)),
            asyncio.create_task(child.listen(words.append)),
        ]
        for junk in (b"junk\n", b"x" * (MAX_LINE_BYTES + 10) + b"\n"):
            child._writer.write(junk)
            link._writer.write(junk)
        child.send(KillEngine("k1", "me", "why"))
        link.send(EngineRearmed("full"))
        link.send(Beat(7, 9, "READY", 12, ("BTCUSDT.BINANCE",)))
        await until(lambda: orders and child.phase == "READY")
        assert orders == [KillEngine("k1", "me", "why")]
        assert words == [EngineRearmed("full")]
        assert child.has_beaten
        assert child.instruments == ("BTCUSDT.BINANCE",)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


async def test_the_end_of_the_line_is_noticed_on_both_sides() -> None:
    async with line() as (child, link):
        child.close()
        await asyncio.wait_for(link.run(lambda word: None), 10)
    async with line() as (child, link):
        await link.close()
        await asyncio.wait_for(child.listen(lambda message: None), 10)
        assert not child.is_heard
        assert child.is_alive  # a lost line is no death


async def test_a_guardian_that_reads_nothing_costs_no_memory_and_no_time() -> None:
    async with line() as (_, link):
        for _ in range(20_000):
            link.send(Beat(7, 9, "READY", 12, ("BTCUSDT.BINANCE",) * 20))
        assert link._writer.transport.get_write_buffer_size() < 1_100_000


async def test_saying_something_into_a_closed_line_is_no_fault() -> None:
    async with line() as (child, link):
        await link.close()
        link.send(EngineRearmed("full"))
        child.close()
        child.send(PrepareKill())
