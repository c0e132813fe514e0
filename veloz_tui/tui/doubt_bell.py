"""When orders in doubt are worth the bell: once each, after five seconds."""

from typing import Final

from veloz_tui.domain.types import SECOND, ClientOrderId
from veloz_tui.domain.views import View

RING_AFTER_S: Final = 5


class DoubtBell:
    """Remembers which doubts it rang for, as long as they last."""

    def __init__(self) -> None:
        self._rang: frozenset[ClientOrderId] | None = None

    def is_due(self, view: View) -> bool:
        """True if an order has been in doubt for five seconds and nobody was called yet.

        What the first View shows is news to nobody: who attaches looks at the screen.
        """
        long = frozenset(
            order.client_order_id
            for order in view.orders
            if order.in_doubt_since is not None
            and view.status.at - order.in_doubt_since > RING_AFTER_S * SECOND
        )
        is_new = self._rang is not None and bool(long - self._rang)
        self._rang = long
        return is_new
