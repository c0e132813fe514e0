"""Puts one strategy's detail together: what the core knows, what its host wrote, what its code declares."""

from collections.abc import Callable
from typing import Final

from veloz_tui.config.plain import Settings, StrategySettings
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.domain.types import SECOND, Nanos, StrategyId
from veloz_tui.engine.core import Engine
from veloz_tui.engine.parameters import params_of
from veloz_tui.engine.strategy_views import FromOutside, strategy_detail
from veloz_tui.engine.turn import Turn
from veloz_tui.runtime.compose import strategy_spec
from veloz_tui.runtime.hosts import StrategyHosts

ASK_AGAIN_AFTER: Final = 30 * SECOND
"""A stopped strategy's code is loaded to be asked; its file may have changed since."""


class Describer:
    """Answers about one strategy at a time; a stopped one may take a moment."""

    def __init__(
        self, engine: Engine, settings: Settings, hosts: StrategyHosts, *, now: Callable[[], Nanos]
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._hosts = hosts
        self._now = now
        self._asked: dict[StrategyId, tuple[Nanos, bytes, str, tuple[Parameter, ...]]] = {}

    async def describe(self, strategy_id: StrategyId) -> StrategyDetail:
        """Return everything about a strategy. OperatorError: there is none of that name."""
        config = next((s for s in self._settings.strategies if s.name == strategy_id), None)
        if config is None:
            known = ", ".join(s.name for s in self._settings.strategies) or "none"
            raise OperatorError(f"no strategy {strategy_id[:20]}: configured are {known}")
        error, parameters = await self._parameters(config)
        engine = self._engine
        turn = Turn(state=engine.state, live=engine.live, settings=engine.settings, now=self._now())
        outside = FromOutside(
            source=config.source,
            parameters=parameters,
            parameters_error=error,
            log=self._hosts.log_lines(strategy_id),
        )
        return strategy_detail(turn, strategy_id, outside)

    async def _parameters(self, config: StrategySettings) -> tuple[str, tuple[Parameter, ...]]:
        if self._hosts.is_running(config.name):
            return "", self._engine.live.strategy(config.name).parameters
        wanted = params_of(self._engine.state, self._engine.settings, config.name)
        at, params_json, error, parameters = self._asked.get(config.name, (Nanos(0), b"", "", ()))
        if params_json != wanted or self._now() - at > ASK_AGAIN_AFTER:
            error, parameters = await self._hosts.describe(config.name, strategy_spec(config, wanted))
            self._asked[config.name] = (self._now(), wanted, error, parameters)
        return error, parameters
