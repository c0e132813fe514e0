"""Which price stands in which row of the ladder, and when the rows may move."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from veloz_tui.domain.types import InstrumentId, Side
from veloz_tui.domain.views import InstrumentView, LadderView, LevelView

UNTOUCHED_S: Final = 1.0
IDLE_S: Final = 60.0
_NICE: Final = (1, 2, 5)
_POWERS: Final = 7
_FILLED: Final = Decimal("0.9")
_THIN: Final = Decimal("0.6")
_RESIZED: Final = 8
"""More lines than a ticket and a long message take from the ladder."""


class Scroll:
    """Which price stands in which row, kept between frames."""

    def __init__(self) -> None:
        self.instrument_id: InstrumentId | None = None
        self.step: Decimal | None = None
        self._top: int | None = None
        self._touched_at = float("-inf")
        self._wants_centre = True
        self._wants_step = True
        self._is_chosen = False
        """True once the operator chose a grouping."""
        self._height = 0

    def touch(self, now: float) -> None:
        """The operator is looking at a row: it stays where it is."""
        self._touched_at = now

    def recentre(self) -> None:
        """With the next frame: the best prices in the middle, in rows that suit the book as it is."""
        self._wants_centre = self._wants_step = True

    def regroup(self, direction: int, tick: Decimal) -> None:
        """Coarser (+1) or finer (-1) rows."""
        steps = _steps(tick)
        at = steps.index(self.step) if self.step in steps else 0
        self.step = steps[min(max(at + direction, 0), len(steps) - 1)]
        self._top, self._is_chosen = None, True

    def settle(self, book: LadderView, instrument: InstrumentView, *, height: int, now: float) -> None:
        """Keep the rows, or move them if the rule allows it."""
        if self.instrument_id != book.instrument_id:
            self.instrument_id, self._is_chosen, self.step = book.instrument_id, False, None
        if self.step is None or self._wants_step or abs(height - self._height) > _RESIZED:
            self._choose_step(book, instrument.tick_size, height)
        assert self.step is not None
        centre = _centre(book)
        if centre is None:
            return
        row_of_centre = int((centre / self.step).to_integral_value(ROUND_FLOOR))
        if self._top is None or self._wants_centre or self._may_recentre(row_of_centre, height, now):
            if self._is_unsuitable(book, height, now):
                self._choose_step(book, instrument.tick_size, height)
                row_of_centre = int((centre / self.step).to_integral_value(ROUND_FLOOR))
            self._top = row_of_centre + height // 2
            self._wants_centre = False

    def _is_unsuitable(self, book: LadderView, height: int, now: float) -> bool:
        # Rows that move anyway may as well become those the book fills now, unless somebody works there.
        assert self.step is not None
        return now - self._touched_at >= IDLE_S and _share(book, self.step, height) < _THIN

    def _choose_step(self, book: LadderView, tick: Decimal, height: int) -> None:
        # A grouping which the operator chose stays, whatever the size; so does one that fits again.
        self._height, self._wants_step = height, False
        if self._is_chosen:
            return
        step = fitting_step(book, tick, height)
        if step != self.step:
            self.step, self._top = step, None

    def price(self, row: int) -> Decimal | None:
        """The price of a row, counted from the top."""
        return None if self._top is None or self.step is None else (self._top - row) * self.step

    def row(self, price: Decimal, *, side: Side) -> int | None:
        """The row of a price: bids belong to the row below them, asks to the row above."""
        if self._top is None or self.step is None:
            return None
        rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
        return self._top - int((price / self.step).to_integral_value(rounding))

    def _may_recentre(self, row_of_centre: int, height: int, now: float) -> bool:
        assert self._top is not None
        at = self._top - row_of_centre
        is_in_middle = height / 3 <= at <= 2 * height / 3
        return not is_in_middle and now - self._touched_at >= UNTOUCHED_S


def _centre(book: LadderView) -> Decimal | None:
    bid = book.bids[0].price if book.bids else None
    ask = book.asks[0].price if book.asks else None
    if bid is not None and ask is not None:
        return (bid + ask) / 2
    return bid if bid is not None else ask if ask is not None else book.last_price


def fitting_step(book: LadderView, tick: Decimal, height: int) -> Decimal:
    """The finest rows that this book fills: nine of ten have a size, on both sides, for a pane's height.

    A book which no step fills so far is shown with the rows it fills best.
    """
    best, best_share = tick, Decimal(-1)
    for step in _steps(tick):
        share = _share(book, step, height)
        if share > best_share:
            best, best_share = step, share
        if share >= _FILLED:
            break
    return best


def _share(book: LadderView, step: Decimal, height: int) -> Decimal:
    rows = max(1, height // 2)
    return min(_filled_share(levels, step, rows) for levels in (book.bids, book.asks))


def _filled_share(levels: Sequence[LevelView], step: Decimal, rows: int) -> Decimal:
    # Rows are counted from the touch on, so that a wide spread doesn't count as gaps.
    if not levels:
        return Decimal(1)
    touch = levels[0].price
    filled = {int(abs(level.price - touch) / step) for level in levels}
    return Decimal(sum(1 for row in range(rows) if row in filled)) / rows


def _steps(tick: Decimal) -> list[Decimal]:
    return [tick * nice * Decimal(10) ** power for power in range(_POWERS) for nice in _NICE]
