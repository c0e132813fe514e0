"""Whose fills before the period were: each order's strategy and side, asked for when a fill names it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from veloz_tui.domain import events as e
from veloz_tui.domain.types import ClientOrderId, StrategyId
from veloz_tui.reports.source import Source

MAX_KNOWN: Final = 20_000
_BIRTHS: Final = ("OrderCreated", "ExternalOrderSeen")


class Owner(NamedTuple):
    """`side` is 1 or -1."""

    strategy: StrategyId
    side: int


class Owners:
    """Asks the journal for the orders of many fills at once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[ClientOrderId, list[tuple[int, Owner]]] = {}

    def learn(self, fills: Sequence[e.Recorded]) -> None:
        """Find the owners of these fills; they are known until the next call at least."""
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        events = [record.event for record in fills if isinstance(record.event, e.OrderFilled)]
        names = {event.client_order_id for event in events}
        names |= {event.moved_from for event in events if event.moved_from is not None}
        unknown = names - self._known.keys()
        if not unknown:
            return
        for seq, birth in self._births(unknown, before_seq=fills[-1].seq):
            owner = Owner(birth.request.strategy_id, birth.request.side.sign)
            self._known.setdefault(birth.client_order_id, []).append((seq, owner))

    def of(self, client_order_id: ClientOrderId, *, at_seq: int) -> Owner:
        """Return whose an order was at an event: one seen again may have become another's."""
        births = self._known[client_order_id]
        return next((owner for seq, owner in reversed(births) if seq < at_seq), births[0][1])

    def _births(
        self, names: set[ClientOrderId], *, before_seq: int
    ) -> list[tuple[int, e.OrderCreated | e.ExternalOrderSeen]]:
        found = self._source.of_orders(names, before_seq=before_seq, kinds=_BIRTHS)
        return [
            (record.seq, record.event)
            for record in found
            if isinstance(record.event, e.OrderCreated | e.ExternalOrderSeen)
        ]
