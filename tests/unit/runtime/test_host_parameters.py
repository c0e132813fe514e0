"""Parameters of a running strategy, and of one that is stopped. Real processes, no network."""

import textwrap
from pathlib import Path

from tests.unit.runtime.host_stage import IMPORTS, Stage, both, stage
from tests.unit.strategy.factories import BTC_ID, MM
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import CommandId, Nanos, Side
from veloz_tui.runtime.hosts import StrategySpec

PARAMS = """
    import msgspec
    from typing import Annotated
    class Params(msgspec.Struct, frozen=True):
        size: Annotated[Decimal, Setting(above=0)] = Decimal(1)

    class Mine(Strategy):
        def __init__(self, params: Params) -> None:
            self.params = params
        def on_book(self, ctx, book):
            ctx.doing(f"size {self.params.size}")
        def on_params(self, ctx):
            ctx.doing(f"now {self.params.size}")
"""


def check(on: Stage, check_id: str, params: bytes) -> None:
    spec = StrategySpec(source="mine_1.py", params_json=params, instrument_ids=(BTC_ID,))
    on.hosts.check(MM, CommandId(check_id), spec)


@both
async def test_a_running_strategy_says_whether_it_can_take_parameters_and_takes_them(
    tmp_path: Path, is_inline: bool
) -> None:
    async with stage(tmp_path) as on:
        await on.started(PARAMS, is_inline=is_inline)
        assert [one.name for one in on.engine.changes[0].parameters] == ["size"]
        check(on, "bad", b'{"size": "0"}')
        check(on, "good", b'{"size": "3"}')
        await on.engine.until(lambda: len(on.engine.checks) == 2)
        assert "size must be above 0, not 0" in on.engine.checks[0].error
        assert [one.value for one in on.engine.checks[1].parameters] == ["3"]
        on.book()
        await on.engine.until(lambda: "size 1" in on.engine.doing)
        on.hosts.set_params(MM, 1, b'{"size": "3"}')
        await on.engine.until(lambda: "now 3" in on.engine.doing)
        on.hosts.set_params(MM, 99, b'{"size": "4"}')  # of another run
        on.book(101, 101.02)
        await on.engine.until(lambda: "size 3" in on.engine.doing)
        assert on.engine.is_running


async def test_a_stopped_strategy_is_asked_in_a_process_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        (tmp_path / "mine_1.py").write_text(IMPORTS + textwrap.dedent(PARAMS))
        check(on, "good", b'{"size": "3"}')
        await on.engine.until(lambda: on.engine.checks)
        assert (on.engine.checks[0].error, on.engine.checks[0].parameters[0].value) == ("", "3")
        check(on, "bad", b'{"sise": "3"}')
        await on.engine.until(lambda: len(on.engine.checks) == 2)
        assert "no parameter sise (did you mean size?)" in on.engine.checks[1].error
        (tmp_path / "mine_1.py").write_text(IMPORTS + "os._exit(3)\n")
        check(on, "dies", b"{}")
        await on.engine.until(lambda: len(on.engine.checks) == 3)
        assert on.engine.checks[2].error == "its process ended with exit code 3"
        assert not on.engine.changes


async def test_a_check_is_answered_also_if_the_strategy_ends_before_it_looked(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.started(PARAMS + "        def on_trade(self, ctx, trade):\n            while True: pass\n")
        on.hosts.on_trade(TradePrinted(BTC_ID, 100.02, 0.5, Side.BUY, Nanos(1)))
        check(on, "late", b'{"size": "3"}')
        await on.engine.until(lambda: on.engine.error)
        await on.engine.until(lambda: on.engine.checks)
        assert "ended before" in on.engine.checks[0].error


async def test_a_hook_that_raises_ends_the_strategy(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.started(PARAMS.replace('ctx.doing(f"now {self.params.size}")', "raise ValueError('no')"))
        on.hosts.set_params(MM, 1, b'{"size": "3"}')
        await on.engine.until(lambda: on.engine.error)
        assert "in on_params: ValueError: no" in on.engine.error
