"""A strategy's process: how it ends, and what it can reach. Real processes, no network."""

import asyncio
import os
import sys
import textwrap
from pathlib import Path

import pytest

from tests.unit.runtime.host_stage import IDLE, IMPORTS, SPINS, both, is_alive, is_zombie, stage
from tests.unit.strategy.factories import MM
from veloz_tui.runtime.hosts import HostBudgets


async def test_stop_lets_it_say_its_last_word_and_drops_its_wishes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_stop(self, ctx):
                    ctx.log("bye")
                    ctx.market("BTCUSDT.BINANCE", side=Side.SELL, quantity=Decimal(1))
            """
        )
        pid = s.hosts.pid(MM)
        assert pid is not None
        s.hosts.stop(MM, 1, "stopped by test")
        s.book()
        await s.hosts.aclose()
        assert not is_alive(pid)
        assert "mm-1: bye" in caplog.text
        assert s.engine.intents == []
        assert s.hosts.dropped_intents == 1
        assert s.engine.is_running  # whoever stops it knows: no report


async def test_a_spinner_is_killed_after_the_grace_time_of_stop(tmp_path: Path) -> None:
    async with stage(tmp_path, HostBudgets(grace_s=0.2)) as s:
        await s.started(SPINS)
        pid = s.hosts.pid(MM)
        assert pid is not None
        s.book()
        s.hosts.stop(MM, 1, "stopped by test")
        await s.hosts.aclose()
        assert not is_alive(pid)


async def test_the_end_of_the_socket_ends_the_process(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(IDLE)
        pid = s.hosts.pid(MM)
        assert pid is not None
        (link,) = s.hosts._links
        assert link._transport is not None
        link._transport.abort()
        await s.engine.until(lambda: s.engine.error)
        assert s.engine.error == "its process ended with exit code 0"


@both
async def test_it_says_which_code_it_runs(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        for run, code in ((1, IDLE), (2, IDLE + "# changed\n"), (3, IDLE)):
            s.start(code, run=run, is_inline=is_inline, name="mine.py")
            await s.engine.until(lambda run=run: s.engine.is_running and len(s.engine.changes) == run)  # type: ignore[misc]
        first, changed, again = (change.code for change in s.engine.changes)
        assert first == again
        assert len(first) == len(changed) == 12 and first != changed


async def test_a_change_of_a_neighbor_is_a_change_of_its_code(tmp_path: Path) -> None:
    codes = []
    for text in ("STEP = 1\n", "STEP = 2\n"):
        (tmp_path / "helpers.py").write_text(text)
        async with stage(tmp_path) as s:
            await s.started(f"from helpers import STEP\n{IDLE}")
            codes.append(s.engine.changes[0].code)
    assert codes[0] != codes[1]
    assert not (tmp_path / "__pycache__").exists()


async def test_intents_of_an_ended_run_are_dropped_when_the_next_one_runs(tmp_path: Path) -> None:
    slow = """
        class Mine(Strategy):
            def on_book(self, ctx, book):
                time.sleep(0.3)
                ctx.cancel_all()
        """
    async with stage(tmp_path, HostBudgets(grace_s=5)) as s:
        await s.started(slow)
        s.book()
        s.start(IDLE, run=2)  # ends run 1 while it is in on_book
        await s.engine.until(lambda: len(s.engine.changes) == 2)
        await s.engine.until(lambda: len(s.engine.reports) == 2)
        await s.hosts.aclose()
        assert s.hosts.dropped_intents == 1
        assert s.engine.intents == []
        assert [change.run for change in s.engine.changes] == [1, 2]


DYING_ENGINE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.strategy.factories import BTC, BTC_ID, MM, order_book
from veloz_tui.runtime.hosts import StrategyHosts, StrategySnapshot, StrategySpec

async def main():
    folder = Path(sys.argv[1])
    hosts = StrategyHosts(lambda r: None, now=lambda: 1, order_of=lambda i: None, folder=folder)
    async with hosts as h:
        spec = StrategySpec(source="spin.py", instrument_ids=(BTC_ID,))
        h.start(MM, 1, spec, StrategySnapshot(seq=0, instruments=(BTC,)))
        while not (folder / "spinning").exists():
            h.on_book(BTC_ID, order_book(), needs=0, at=1)
            await asyncio.sleep(0.01)
        print(h.pid(MM), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends it by PR_SET_PDEATHSIG")
async def test_a_spinner_does_not_outlive_an_engine_that_was_killed(tmp_path: Path) -> None:
    code = """
        class Mine(Strategy):
            def on_book(self, ctx, book):
                open(__file__.replace("spin.py", "spinning"), "w").close()
                while True:
                    pass
        """
    (tmp_path / "spin.py").write_text(IMPORTS + textwrap.dedent(code))
    engine = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DYING_ENGINE, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert engine.stdout is not None
    pid = int(await asyncio.wait_for(engine.stdout.readline(), 20))
    await engine.wait()
    async with asyncio.timeout(5):
        while is_alive(pid) and not is_zombie(pid):
            await asyncio.sleep(0.01)


async def test_stopping_another_run_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(IDLE)
        s.hosts.stop(MM, 7, "an old run")
        assert s.hosts.pid(MM) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_its_process_has_no_secret_no_foreign_descriptor_and_its_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VELOZ_SECRET", "canary-1d3c")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-1d3c")
    leaked = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    async with stage(tmp_path) as s:
        s.start(
            """
            import msgspec
            class Params(msgspec.Struct, frozen=True):
                note: str
            class Mine(Strategy):
                def __init__(self, params: Params) -> None:
                    pass
            """,
            params=b'{"note": "canary-1d3c"}',
        )
        await s.engine.until(lambda: s.engine.changes)
        pid = s.hosts.pid(MM)
        proc = Path(f"/proc/{pid}")
        assert b"canary" not in (proc / "environ").read_bytes()
        assert b"VELOZ" not in (proc / "environ").read_bytes()
        assert b"canary" not in (proc / "cmdline").read_bytes()
        descriptors = {int(fd.name): str(fd.readlink()) for fd in (proc / "fd").iterdir()}
        assert {0, 1, 2} < set(descriptors)
        others = [target for number, target in descriptors.items() if number > 2]
        assert len(others) == 1
        assert others[0].startswith("socket:")
        assert pid is not None
        assert os.getpgid(pid) == pid
    os.close(leaked)
