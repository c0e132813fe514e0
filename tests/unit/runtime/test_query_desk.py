"""Each question finds who can answer it, and asking leaves no trace."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.engine.factories import VENUE, Core
from veloz_tui.config.settings import load_settings
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.performance import PerformanceView
from veloz_tui.domain.queries import AskPerformance, AskStrategy, AskWhy, AskWire, NotKnown, WireLog
from veloz_tui.domain.types import Nanos, StrategyId
from veloz_tui.runtime.describing import Describer
from veloz_tui.runtime.hosts import StrategyHosts
from veloz_tui.runtime.query_desk import QueryDesk
from veloz_tui.runtime.why_desk import WhyDesk
from veloz_tui.runtime.wire_view import WireView
from veloz_tui.venues.wire_tap import WireTap


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
async def desk(core: Core, tmp_path: Path) -> AsyncIterator[QueryDesk]:
    def now() -> Nanos:
        return Nanos(core.now)

    settings = load_settings("demo", environ={"HOME": str(tmp_path)})
    wire = WireView(VENUE, WireTap(now=now), core.engine.state)
    why = WhyDesk(core.engine, tmp_path / "journal.db", wire, now=now, undurable=tuple)
    async with StrategyHosts(lambda _: None, now=now, order_of=lambda _: None, folder=tmp_path) as hosts:
        made = QueryDesk(core.engine, why, Describer(core.engine, settings, hosts, now=now), now=now)
        yield made
        made.close()


async def test_the_days_performance_is_told_as_of_now_and_nothing_is_journaled(
    core: Core, desk: QueryDesk
) -> None:
    before = len(core.records)
    told = await desk.answer(AskPerformance())
    assert isinstance(told, PerformanceView) and told.at == core.now
    assert len(core.records) == before


async def test_a_strategy_that_is_not_configured_is_refused_by_name(desk: QueryDesk) -> None:
    with pytest.raises(OperatorError, match="no strategy nobody: configured are"):
        await desk.answer(AskStrategy(StrategyId("nobody")))


async def test_why_and_wire_are_told_of_an_empty_run(desk: QueryDesk) -> None:
    assert isinstance(await desk.answer(AskWire()), WireLog)
    assert isinstance(await desk.answer(AskWhy("")), NotKnown)
