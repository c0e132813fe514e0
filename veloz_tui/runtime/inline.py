"""A trusted strategy inside the engine's process: the shortest path, without a process's protection.

An exception ends it as it ends a hosted one; a callback that never returns stops the engine itself, which is
why the screen says inline.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final, ParamSpec

from veloz_tui.domain.errors import StrategyError
from veloz_tui.domain.intents import (
    LogIntent,
    ParametersChecked,
    StrategyHostChanged,
    StrategyReported,
    TimerIntent,
)
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import CommandId, InstrumentId, Nanos, Side, StrategyId
from veloz_tui.runtime.feeds import Feed
from veloz_tui.runtime.host_log import StrategyLog
from veloz_tui.strategy.base import Context, Intent
from veloz_tui.strategy.fingerprint import fingerprint
from veloz_tui.strategy.own_orders import update_of
from veloz_tui.strategy.runner import Runner
from veloz_tui.strategy.running import Running
from veloz_tui.strategy.spec import StrategySnapshot, StrategySpec
from veloz_tui.strategy.wire import Done, Own, OwnEvent, Trade

P = ParamSpec("P")
SAMPLE: Final = 16
"""Of so many callbacks in a row that want nothing and say nothing new, one is reported, for its time."""


class InlineStrategy:
    """The same interface as HostLink; every send calls the strategy before it returns."""

    def __init__(
        self,
        strategy_id: StrategyId,
        run: int,
        spec: StrategySpec,
        snapshot: StrategySnapshot,
        *,
        folder: Path | None,
        now: Callable[[], Nanos],
        on_report: Callable[[StrategyReported | StrategyHostChanged | ParametersChecked], None],
        on_ready: Callable[["InlineStrategy", InstrumentId | None], None],
        on_end: Callable[["InlineStrategy"], None],
        log: StrategyLog,
    ) -> None:
        self.strategy_id = strategy_id
        self.run_number = run
        self.spec = spec
        self.from_seq = snapshot.seq
        self.wants: tuple[str, ...] = ()
        self.dropped_intents = 0
        self._snapshot = snapshot
        self._folder = folder
        self._now = now
        self._on_report = on_report
        self._on_ready = on_ready
        self._on_end = on_end
        self._loaded: Running | None = None
        self._seq = snapshot.seq
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._log = log
        self._has_ended = False
        self._doing = ""
        self._silent = SAMPLE  # the first one is told

    def begin(self) -> None:
        """Load it and call `on_start`."""
        try:
            self._loaded = self._load()
            code = fingerprint([self._loaded.module], folder=self._folder)
        except StrategyError as error:
            self._end(str(error))
            return
        self.wants = self._running.wants
        self._on_report(
            StrategyHostChanged(
                self.strategy_id,
                self.run_number,
                is_running=True,
                parameters=self._loaded.parameters,
                code=code,
            )
        )
        self._call(self._running.start, self._now())
        if not self._has_ended:
            self._on_ready(self, None)

    def stop(self, reason: str) -> None:
        """Call `on_stop`, and no more."""
        self._has_ended = True
        self._cancel_timers()
        if self._loaded is not None:
            self._call(self._running.stop, self._now())

    def send_book(self, feed: Feed, *, seq: int) -> None:
        self._seq = max(self._seq, seq)
        book, runner = feed.book, self._running
        assert book is not None
        self._call(runner.live_book, feed.instrument_id, book, at=feed.at, now=self._now())
        if not self._has_ended:
            self._on_ready(self, feed.instrument_id)

    def send_trade(self, trade: TradePrinted) -> None:
        self._call(self._running.trade, Trade(trade, 0), self._now())

    def send_own(self, event: OwnEvent, *, seq: int, side: Side) -> None:
        self._seq = seq
        self._call(self._running.own, Own(side, event), self._now())

    def check(self, check_id: CommandId, params_json: bytes) -> None:
        """Say whether these parameters will do."""
        assert self._loaded is not None
        try:
            found = self._loaded.check(params_json)
        except StrategyError as error:
            self._on_report(ParametersChecked(check_id, self.strategy_id, str(error)))
            return
        self._on_report(ParametersChecked(check_id, self.strategy_id, parameters=found))

    def set_params(self, params_json: bytes) -> None:
        """Give it parameters that were checked."""
        assert self._loaded is not None
        self._call(self._loaded.set_params, params_json, self._now())

    def tick(self, elapsed_s: float) -> None:
        """Nothing to watch: while a callback runs, nobody could."""

    def _load(self) -> Running:
        snapshot = self._snapshot
        ctx = Context(
            instruments=snapshot.instruments,
            positions=snapshot.positions,
            orders=[update_of(order, ref=0) for order in snapshot.orders],
            strategy_id=self.strategy_id,
            now=self._now(),
        )
        return Running(
            self.spec.source,
            folder=self._folder,
            params_json=self.spec.params_json,
            ctx=ctx,
            clock=perf_counter,
        )

    @property
    def _running(self) -> Runner:
        assert self._loaded is not None, "only what has begun is subscribed to anything"
        return self._loaded.runner

    def _call(self, call: Callable[P, Done], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            done = call(*args, **kwargs)
        except StrategyError as error:
            self._end(str(error))
            return
        wishes = self._sort_out(done.intents) if done.intents else ()
        if self._has_ended:
            self.dropped_intents += len(wishes)
            return
        if wishes or self._is_news(done):
            report = StrategyReported(
                self.strategy_id, self.run_number, self._seq, wishes, done.callback_us, done.doing
            )
            self._on_report(report)

    def _is_news(self, done: Done) -> bool:
        # A callback that wanted nothing would cost a turn of the engine, only to be counted.
        self._silent += 1
        if done.doing == self._doing and self._silent < SAMPLE:
            return False
        self._doing, self._silent = done.doing, 0
        return True

    def _sort_out(self, intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
        # Timers and log lines are ours, the rest is the engine's.
        wishes: list[Intent] = []
        for intent in intents:
            match intent:
                case TimerIntent(name, after_s):
                    self._set_timer(name, after_s)
                case LogIntent(text):
                    self._log.write([text], asyncio.get_running_loop().time())
                case _:
                    wishes.append(intent)
        return tuple(wishes)

    def _set_timer(self, name: str, after_s: float) -> None:
        if self._has_ended:
            return
        earlier = self._timers.pop(name, None)
        if earlier is not None:
            earlier.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(after_s, self._on_timer, name)

    def _on_timer(self, name: str) -> None:
        del self._timers[name]
        self._call(self._running.timer, name, self._now())

    def _cancel_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _end(self, error: str) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._cancel_timers()
        self._on_end(self)
        self._on_report(StrategyHostChanged(self.strategy_id, self.run_number, is_running=False, error=error))
