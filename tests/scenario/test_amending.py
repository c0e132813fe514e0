"""Amendments under seeded faults: lost cancels and answers; fills, kills and crashes in between."""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.scenario.virtual_loop import run_virtual
from tests.scenario.world import World
from veloz_tui.domain.events import AmendRequested
from veloz_tui.domain.order import Order

SEEDS = range(int(os.environ.get("VELOZ_TEST_SEEDS", "5")))


def replaced(world: World) -> list[Order]:
    return [order for order in world.engine.state.orders.values() if order.replaces is not None]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_and_its_successor_are_never_both_at_the_venue(seed: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=4000 + seed, trouble=0.3)
        world.start()
        await world.live(90, amends=0.4)
        await world.settle()
        world.check_settled()
        await world.journal.wait_durable(world.engine.state.seq)
        world.check_journal()
        asked = [record for record in world.watcher.records if isinstance(record.event, AmendRequested)]
        assert 10 < len(replaced(world)) <= len(asked)
        assert not [order for order in world.engine.state.orders.values() if order.amendment is not None]
        await world.crash()

    run_virtual(scenario())


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_no_successor_rises_again(seed: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=5000 + seed, trouble=0.2, disk_delay_s=0.05)
        moments = Random(seed)
        world.start()
        for _ in range(8):
            await world.live(moments.uniform(0.5, 8), amends=0.5)
            await world.crash()
            world.start()
            known = set(world.engine.state.orders)
            assert not [order for order in world.engine.state.orders.values() if order.amendment is not None]
            await asyncio.sleep(moments.uniform(0.1, 5))
            assert not [order for order in replaced(world) if order.client_order_id not in known]
            world.check()
        await world.settle()
        world.check_settled()
        await world.crash()

    run_virtual(scenario())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kill_in_between_leaves_nothing_and_nothing_follows(seed: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=6000 + seed, trouble=0.3)
        world.start()
        await world.live(20, amends=0.4)
        world.amend_one()
        world.kill()
        assert not [order for order in world.engine.state.orders.values() if order.amendment is not None]
        successors = len(replaced(world))
        while "certified_zero" not in world.engine.state.kill.stamps:  # type: ignore[union-attr]
            await world.live(0.5, amends=0.4)  # people keep pressing keys
        await world.live(20, amends=0.4)
        assert len(replaced(world)) == successors
        assert not world.ledger.open
        await world.crash()

    run_virtual(scenario())
