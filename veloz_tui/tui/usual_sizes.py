"""What quantities somebody usually orders by hand, each instrument by itself: a slip is far above them."""

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from veloz_tui.domain.types import MANUAL, ClientOrderId, InstrumentId
from veloz_tui.domain.views import OrderView

RECENT: Final = 20


class UsualSizes:
    """Fed with the orders of each View, so that every way of ordering counts, and what was before us too."""

    def __init__(self) -> None:
        self._recent: dict[InstrumentId, deque[Decimal]] = {}
        self._known: set[ClientOrderId] = set()

    def see(self, orders: Iterable[OrderView]) -> None:
        """Count the manual orders that weren't there before; an amendment's successor is none of its own."""
        manual = [order for order in orders if order.strategy_id == MANUAL]
        new = [order for order in manual if order.client_order_id not in self._known]
        self._known = {order.client_order_id for order in manual}
        for order in sorted(new, key=lambda each: each.created_at):
            if order.replaces is None:
                self._recent.setdefault(order.instrument_id, deque(maxlen=RECENT)).append(order.quantity)

    def of(self, instrument_id: InstrumentId) -> Sequence[Decimal]:
        """The last quantities in an instrument: one asset's lots say nothing about another's."""
        return self._recent.get(instrument_id, ())
