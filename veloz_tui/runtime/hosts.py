"""Runs the strategies: each in a process of its own, or inline; feeds them and hands on what they want."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.events import Recorded
from veloz_tui.domain.order import Order
from veloz_tui.domain.reports import StrategyHostChanged, StrategyReported, TradePrinted
from veloz_tui.domain.types import ClientOrderId, InstrumentId, Nanos, StrategyId
from veloz_tui.strategy.spec import StrategySnapshot, StrategySpec

__all__ = ["StrategyHosts", "StrategySnapshot", "StrategySpec"]


class StrategyHosts:
    """All running strategies. Every method but `aclose` is synchronous and quick, for the engine's loop.

    `on_report` is called from the event loop, for inline strategies from within `on_book`, `on_trade`,
    `on_records` and `start`: call those outside of Engine.handle. `order_of` and `ref_of` look into the
    engine's state: the order by id, and the ref that its PlaceIntent carried in this run (0: none).
    """

    def __init__(
        self,
        on_report: Callable[[StrategyReported | StrategyHostChanged], None],
        *,
        now: Callable[[], Nanos],
        order_of: Callable[[ClientOrderId], Order | None],
        ref_of: Callable[[StrategyId, ClientOrderId], int],
        folder: Path | None = None,
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> "StrategyHosts":
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def start(
        self, strategy_id: StrategyId, run: int, spec: StrategySpec, snapshot: StrategySnapshot
    ) -> None:
        """Begin run `run`; StrategyHostChanged says when it runs, or why it doesn't."""
        raise NotImplementedError

    def stop(self, strategy_id: StrategyId, run: int, reason: str) -> None:
        """End a run: `on_stop`, one second of grace, then SIGKILL. Its intents count no more from now on."""
        raise NotImplementedError

    def on_book(self, instrument_id: InstrumentId, book: OrderBook, *, seq: int, at: Nanos) -> None:
        """A fresh book, as of event `seq`. It is read now or when a strategy is ready for the next one."""
        raise NotImplementedError

    def on_book_stale(self, instrument_id: InstrumentId) -> None:
        """The book must not be read any more, until the next `on_book`."""
        raise NotImplementedError

    def on_trade(self, trade: TradePrinted) -> None:
        """A trade of the tape; left out (and counted) for strategies that are 100 trades behind."""
        raise NotImplementedError

    def on_records(self, records: Sequence[Recorded]) -> None:
        """Durable events, in order and complete: each strategy gets those of its own orders."""
        raise NotImplementedError

    @property
    def dropped_intents(self) -> int:
        """Intents of ended runs and of callbacks that raised."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Stop everything; returns when no process of ours is left."""
        raise NotImplementedError
