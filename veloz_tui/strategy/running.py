"""A loaded strategy, and how it is given other parameters. The same in a host and inline."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import msgspec

from veloz_tui.domain.errors import StrategyError
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.types import Nanos
from veloz_tui.strategy.base import Context
from veloz_tui.strategy.loader import construct, decode_params, find_class
from veloz_tui.strategy.parameters import describe_params, fixed_changes
from veloz_tui.strategy.runner import Runner
from veloz_tui.strategy.wire import Done

FIXED = "can't change while it runs: stop it, set it, start it"


class Running:
    """One loaded strategy. Raises StrategyError where it can't be loaded."""

    def __init__(
        self,
        source: str,
        *,
        folder: Path | None,
        params_json: bytes,
        ctx: Context,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._kind = find_class(source, folder=folder)
        self._params = decode_params(self._kind, source=source, params_json=params_json)
        self.runner = Runner(construct(self._kind, self._params, source=source), ctx, clock=clock)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it runs with."""
        return () if self._params is None else describe_params(self._params)

    @property
    def module(self) -> ModuleType:
        """Where its class is."""
        return sys.modules[self._kind.__module__]

    def check(self, params_json: bytes) -> tuple[Parameter, ...]:
        """Return what the parameters would be; StrategyError says why they won't do. Changes nothing."""
        params = self._decode(params_json)
        fixed = fixed_changes(self._params, params) if self._params is not None else []
        if fixed:
            raise StrategyError(f"{', '.join(fixed)} {FIXED}")
        if self.runner.params is None:
            raise StrategyError(
                f"{self._kind.__name__} keeps no self.params to be replaced; its parameters {FIXED}"
            )
        return describe_params(params)

    def set_params(self, params_json: bytes, now: Nanos) -> Done:
        """Give it parameters that were checked."""
        self._params = self._decode(params_json)
        return self.runner.set_params(self._params, now)

    def _decode(self, params_json: bytes) -> msgspec.Struct:
        params = decode_params(self._kind, source=self._source, params_json=params_json)
        if params is None:
            raise StrategyError(f"{self._kind.__name__} has no parameters")
        return params
