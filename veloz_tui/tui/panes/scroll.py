"""Which price stands in which row of the ladder, and when the rows may move."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from veloz_tui.domain.types import InstrumentId, Side
from veloz_tui.domain.views import InstrumentView, LadderView

UNTOUCHED_S: Final = 1.0
_NICE: Final = (1, 2, 5)


class Scroll:
    """Which price stands in which row, kept between frames."""

    def __init__(self) -> None:
        self.instrument_id: InstrumentId | None = None
        self.step: Decimal | None = None
        self._top: int | None = None
        self._touched_at = float("-inf")
        self._wants_centre = True

    def touch(self, now: float) -> None:
        """The operator is looking at a row: it stays where it is."""
        self._touched_at = now

    def recentre(self) -> None:
        """Put the best prices into the middle with the next frame."""
        self._wants_centre = True

    def regroup(self, direction: int, tick: Decimal) -> None:
        """Coarser (+1) or finer (-1) rows."""
        steps = [tick * nice * Decimal(10) ** power for power in range(7) for nice in _NICE]
        at = steps.index(self.step) if self.step in steps else 0
        self.step = steps[min(max(at + direction, 0), len(steps) - 1)]
        self._top = None

    def settle(self, book: LadderView, instrument: InstrumentView, *, height: int, now: float) -> None:
        """Keep the rows, or move them if the rule allows it."""
        if self.instrument_id != book.instrument_id:
            self.instrument_id, self.step, self._top = book.instrument_id, None, None
        if self.step is None:
            self.step = _first_step(book, instrument.tick_size, height)
        centre = _centre(book)
        if centre is None:
            return
        row_of_centre = int((centre / self.step).to_integral_value(ROUND_FLOOR))
        if self._top is None or self._wants_centre or self._may_recentre(row_of_centre, height, now):
            self._top = row_of_centre + height // 2
            self._wants_centre = False

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


def _first_step(book: LadderView, tick: Decimal, height: int) -> Decimal:
    """Rows fine enough to be one level apart near the touch, for the depth that fits the pane."""
    gaps = []
    for levels in (book.bids, book.asks):
        near = levels[: max(2, height // 2)]
        if len(near) >= 2:
            gaps.append(abs(near[-1].price - near[0].price) / (len(near) - 1))
    wanted = min(gaps) if gaps else tick
    for power in range(7):
        for nice in _NICE:
            step = tick * nice * Decimal(10) ** power
            if step >= wanted:
                return step
    return tick
