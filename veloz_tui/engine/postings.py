"""What a fill did to the position: remembered for a while, for the journal holds the fill alone."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.position import Position
from veloz_tui.domain.types import ClientOrderId, TradeId


class Held(msgspec.Struct, frozen=True):
    """A position at one moment; `cost` and `quantity` are signed."""

    quantity: Decimal
    cost: Decimal
    realized: Decimal

    @property
    def entry(self) -> Decimal | None:
        return self.cost / self.quantity if self.quantity else None


class Posting(msgspec.Struct, frozen=True):
    """One trade and the instrument's position on both sides of it."""

    client_order_id: ClientOrderId
    trade_id: TradeId
    before: Held
    after: Held


def held(position: Position) -> Held:
    """The position as it is now: it changes in place."""
    return Held(position.quantity, position.cost, position.realized)
