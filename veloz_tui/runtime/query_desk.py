"""Where each question of a console is answered. Nothing changes by it, and nothing of it is journaled."""

from collections.abc import Callable

from veloz_tui.domain.queries import AskPerformance, AskStrategy, AskWhy, AskWire, Query, Told
from veloz_tui.domain.types import Nanos
from veloz_tui.engine.core import Engine
from veloz_tui.engine.performance import performance
from veloz_tui.engine.turn import Turn
from veloz_tui.runtime.describing import Describer
from veloz_tui.runtime.why_desk import WhyDesk


class QueryDesk:
    """One engine's."""

    def __init__(
        self, engine: Engine, why: WhyDesk, describer: Describer, *, now: Callable[[], Nanos]
    ) -> None:
        self._engine = engine
        self._why = why
        self._describer = describer
        self._now = now

    def close(self) -> None:
        """Answer nobody any more."""
        self._why.close()

    async def answer(self, query: Query) -> Told:
        """Answer one question. VelozError: it can't be answered, and why."""
        match query:
            case AskWhy() | AskWire():
                return await self._why.answer(query)
            case AskStrategy():
                return await self._describer.describe(query.strategy_id)
            case AskPerformance():
                engine = self._engine
                return performance(
                    Turn(state=engine.state, live=engine.live, settings=engine.settings, now=self._now())
                )
