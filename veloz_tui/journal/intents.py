"""Which orders may still leave: an intent's proof is taken once. Pure."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from veloz_tui.domain.events import OrderCreated, Recorded
from veloz_tui.domain.types import ClientOrderId

_KEPT: Final = 100_000


class Intents:
    """The OrderCreated events of this run whose proof was not taken (yet)."""

    def __init__(self) -> None:
        self._ids: OrderedDict[int, ClientOrderId] = OrderedDict()

    def note(self, records: Iterable[Recorded]) -> None:
        for record in records:
            if isinstance(record.event, OrderCreated):
                self._ids[record.seq] = record.event.client_order_id
        while len(self._ids) > _KEPT:  # of orders removed while parked, whose proof nobody asks for
            self._ids.popitem(last=False)

    def take(self, client_order_id: ClientOrderId, seq: int) -> bool:
        """Say whether event `seq` is this order's intent and its proof was never taken; take it."""
        if self._ids.get(seq) != client_order_id:
            return False
        del self._ids[seq]
        return True
