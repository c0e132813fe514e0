"""Order safety under seeded faults: lost and late answers, cuts, duplicates, a slow disk, kill -9."""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from tests.scenario.virtual_loop import run_virtual
from tests.scenario.world import World
from veloz_tui.domain.commands import CancelOrders, Rearm
from veloz_tui.domain.types import OrderStatus, RearmLevel

SEEDS = range(int(os.environ.get("VELOZ_TEST_SEEDS", "5")))


@pytest.mark.parametrize("seed", SEEDS)
def test_beliefs_meet_the_venue_after_lost_answers_cuts_and_duplicates(seed: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=seed, trouble=0.3)
        world.start()
        await world.live(120)
        await world.settle()
        world.check_settled()
        await world.journal.wait_durable(world.engine.state.seq)
        world.check_journal()
        assert len(world.ledger.orders) > 50  # it did trade
        await world.crash()

    run_virtual(scenario())


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_nothing_is_lost_or_doubled(seed: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=1000 + seed, trouble=0.2, disk_delay_s=0.05)
        moments = Random(seed)
        world.start()
        for _ in range(8):
            await world.live(moments.uniform(0.5, 12))
            await world.crash()
            world.start()
        await world.live(10)
        await world.settle()
        world.check_settled()
        await world.journal.wait_durable(world.engine.state.seq)
        world.check_journal()
        await world.crash()

    run_virtual(scenario())


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_certified_kill_nothing_is_open_and_nothing_arrives(seed: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=2000 + seed, trouble=0.3)
        world.start()
        await world.live(30)
        world.kill()
        while "certified_zero" not in world.engine.state.kill.stamps:  # type: ignore[union-attr]
            await world.live(0.5)  # people keep pressing keys
        arrived = len(world.ledger.arrivals)
        assert not world.ledger.open
        await world.live(30)
        assert len(world.ledger.arrivals) == arrived
        assert not world.ledger.open
        await world.crash()
        world.start()
        assert world.engine.state.is_halted  # latched over a restart
        await world.live(10)
        assert len(world.ledger.arrivals) == arrived
        await world.settle(30)
        world.send(Rearm(command_id=world.next_id(), level=RearmLevel.FULL, confirmation="demo"))
        await world.live(10)
        assert len(world.ledger.arrivals) > arrived
        await world.crash()

    run_virtual(scenario())


def test_a_cancel_while_parked_or_in_flight_never_leaves_an_order_resting(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path, seed=7, trouble=0.3, disk_delay_s=0.1)
        world.start()
        await world.live(1)
        for _ in range(200):
            world.place()
            await _a_moment(world)
            for client_order_id in list(world.engine.state.open_orders):
                world.engine_loop.dispatch(_cancel(world, client_order_id))
        await world.settle(120)
        assert not world.ledger.open
        world.check_settled()
        statuses = {order.status for order in world.engine.state.orders.values()}
        assert OrderStatus.CANCELED in statuses
        assert OrderStatus.NOT_SENT in statuses  # some were caught while parked
        await world.crash()

    run_virtual(scenario())


async def _a_moment(world: World) -> None:
    await asyncio.sleep(world.random.choice((0.0, 0.001, 0.01, 0.05, 0.12)))


def _cancel(world: World, client_order_id: str) -> object:
    return CancelOrders(command_id=world.next_id(), by="test", client_order_ids=(client_order_id,))  # type: ignore[arg-type]
