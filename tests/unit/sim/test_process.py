"""The venue as a process: its ready line, its memory across kill -9, its refusals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.unit.sim.support import Json, as_rows, limit_buy, now_ms, settings, sign
from veloz_tui.sim.settings import SimSettings

START_S = 20.0


@asynccontextmanager
async def process(sim_settings: SimSettings) -> AsyncIterator[tuple[asyncio.subprocess.Process, Json]]:
    """A running venue and its ready line ({} when it refused to start)."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veloz_tui.sim",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(msgspec.json.encode(sim_settings) + b"\n")
    try:
        async with asyncio.timeout(START_S):
            line = await child.stdout.readline()
        yield child, msgspec.json.decode(line, type=Json) if line else {}
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def call(port: object, method: str, path: str, params: Mapping[str, object]) -> object:
    query = "&".join(f"{name}={value}" for name, value in {**params, "timestamp": now_ms()}.items())
    url = f"http://127.0.0.1:{port}{path}?{query}&signature={sign(query)}"
    async with (
        aiohttp.ClientSession(headers={"X-MBX-APIKEY": "test-key"}) as session,
        session.request(method, url) as got,
    ):
        assert got.status == 200, await got.text()
        return await got.json()


async def test_orders_balances_and_identity_survive_kill_9(tmp_path: Path) -> None:
    kept = settings(db_path=str(tmp_path / "venue.db"))
    async with process(kept) as (child, ready):
        await call(ready["port"], "POST", "/api/v3/order", limit_buy("k1"))
        market = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        await call(ready["port"], "POST", "/api/v3/order", market)
        before = await call(ready["port"], "GET", "/api/v3/account", {})
        child.kill()
        await child.wait()
    async with process(kept) as (child, again):
        assert (again["sim_id"], again["account_uid"]) == (ready["sim_id"], ready["account_uid"])
        after = await call(again["port"], "GET", "/api/v3/account", {})
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert after["balances"] == before["balances"]
        (order,) = as_rows(await call(again["port"], "GET", "/api/v3/openOrders", {}))
        assert order["clientOrderId"] == "k1"
        trades = as_rows(await call(again["port"], "GET", "/api/v3/myTrades", {"symbol": "BTCUSDT"}))
        assert trades


async def test_sigterm_ends_it_cleanly_and_a_closed_pipe_does_not() -> None:
    async with process(settings()) as (child, ready):
        assert child.stdin is not None
        child.stdin.close()
        await call(ready["port"], "GET", "/api/v3/account", {})
        child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(START_S):
            assert await child.wait() == 0


async def test_it_ends_with_its_parent_when_asked() -> None:
    async with process(settings(stop_with_parent=True)) as (child, ready):
        assert ready["port"]
        assert child.stdin is not None
        child.stdin.close()
        async with asyncio.timeout(START_S):
            assert await child.wait() == 0


async def test_settings_may_come_through_another_descriptor() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, msgspec.json.encode(settings()) + b"\n")
    os.close(write_end)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veloz_tui.sim", "--settings-fd", str(read_end),
        stdout=asyncio.subprocess.PIPE, pass_fds=(read_end,),
    )  # fmt: skip
    os.close(read_end)
    assert child.stdout is not None
    async with asyncio.timeout(START_S):
        assert b'"port"' in await child.stdout.readline()
    child.terminate()
    assert await child.wait() == 0


async def _refusal(sim_settings: SimSettings) -> str:
    async with process(sim_settings) as (child, ready):
        assert ready == {}
        assert child.stderr is not None
        text = (await child.stderr.read()).decode()
        assert await child.wait() == 2
    return text


async def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = await _refusal(settings(port=taken.getsockname()[1]))
    assert text.count("\n") == 1
    assert "can't listen on 127.0.0.1" in text


@pytest.mark.parametrize("kind", ["garbage", "future", "directory", "busy"])
async def test_an_unusable_store_is_one_clear_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "venue.db"
    holder: sqlite3.Connection | None = None
    match kind:
        case "garbage":
            path.write_bytes(b"this is no database" * 1000)
        case "directory":
            path.mkdir()
        case _:
            holder = sqlite3.connect(path, isolation_level=None)
            holder.execute("PRAGMA user_version = 99")
            if kind == "busy":
                holder.execute("BEGIN EXCLUSIVE")
    text = await _refusal(settings(db_path=str(path)))
    assert text.count("\n") == 1
    assert "store" in text
    if holder is not None:
        holder.close()


async def test_unreadable_settings_are_one_clear_line() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veloz_tui.sim",
        stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await child.communicate(b'{"prot": 1}\n')
    assert child.returncode == 2
    assert errors.count(b"\n") == 1
