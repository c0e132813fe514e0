"""Which strategy is looked at, and what the engine last said of it."""

from typing import Final

from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.domain.types import StrategyId
from veloz_tui.tui import texts
from veloz_tui.tui.asking import Repeated
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.panes import strategy as pane

EVERY_S: Final = 1.0


class Inspection:
    """The screen of one strategy. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.strategy_id: StrategyId | None = None
        self.detail: StrategyDetail | None = None
        self.got_at = 0.0
        self.repeated = Repeated(EVERY_S)

    def take(self, detail: StrategyDetail, now: float) -> None:
        """An answer; one about another strategy comes too late."""
        if detail.strategy.strategy_id == self.strategy_id:
            self.detail, self.got_at = detail, now

    def content(self, width: int, now: float) -> PaneContent:
        """The screen."""
        if self.strategy_id is None:
            return pane.missing(texts.strategies.NONE_CHOSEN, width)
        if self.detail is None:
            return pane.missing(f"{self.strategy_id}: {texts.strategies.ASKING}", width)
        return pane.content(self.detail, width=width, age_s=now - self.got_at)
