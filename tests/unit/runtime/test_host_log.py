"""Where a strategy's words go: the log, its own lines, never the terminal. Real processes, no network."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.runtime.host_stage import both, stage
from tests.unit.strategy.factories import MM
from veloz_tui.runtime.host_process import Tail


@both
async def test_prints_and_log_lines_reach_the_log(
    tmp_path: Path, is_inline: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.log("hello from mine")
                    for n in range(1000):
                        ctx.log("flood")
            """,
            is_inline=is_inline,
        )
    assert "mm-1: hello from mine" in caplog.text
    assert caplog.text.count("flood") == 49
    assert "951 more lines of this callback left out" in caplog.text


async def test_what_a_hosted_one_prints_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("INFO")
    async with stage(tmp_path) as s:
        await s.started('print("at import")\nclass Mine(Strategy):\n    pass\n')
    assert "mm-1: at import" in caplog.text
    assert capfd.readouterr().out == ""  # the terminal belongs to the console


async def test_what_it_logs_prints_and_writes_to_standard_error_is_kept_clean_and_over_its_runs(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.log("logged \\x1b[31mred")
                    print("printed")
                    sys.stderr.write("shouted\\n")
                    sys.stderr.flush()
            """
        )
        async with asyncio.timeout(10):
            while len(on.hosts.log_lines(MM)) < 3:
                await asyncio.sleep(0.01)
        on.hosts.stop(MM, 1, "enough")
        assert sorted(line.text for line in on.hosts.log_lines(MM)) == [
            "logged  [31mred",
            "printed",
            "shouted",
        ]
        assert all(line.at == on.engine.now for line in on.hosts.log_lines(MM))


async def test_one_that_only_shouts_is_not_read_all_the_time() -> None:
    lines: list[str] = []
    paused: list[str] = []

    class Pipe(asyncio.ReadTransport):
        def pause_reading(self) -> None:
            paused.append("paused")

        def is_closing(self) -> bool:
            return True

    tail = Tail(lines.extend)
    tail.connection_made(Pipe())
    tail.data_received(b"x" * 60_000 + b"\n")
    assert not paused
    tail.data_received(b"x" * 60_000 + b"\n")
    assert paused == ["paused"]
    assert len(lines) == 2
