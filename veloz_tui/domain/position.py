"""A position: what our fills on one instrument left us with, and what that cost.

Amounts are in the quote asset. A fee that the venue took in the base asset is gone from the position, as it
is from the wallet.
"""

from decimal import Decimal

import msgspec

from veloz_tui.domain.types import ZERO, Asset


class Position(msgspec.Struct, kw_only=True):
    """Signed quantity; `cost` is what the open quantity cost, so entry and unrealized PnL are derived.

    Realized PnL is gross of fees. `open_fees` belong to the open quantity (they move the break-even price);
    `fees` are all fees ever paid that had a known value; `unvalued_fees` the others, by asset.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    """Signed like the quantity: quantity x entry price."""
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    open_fees: Decimal = ZERO
    unvalued_fees: dict[Asset, Decimal] = msgspec.field(default_factory=dict)
    turnover: Decimal = ZERO
    """What all fills were worth, buys and sells added."""

    def apply_fill(
        self,
        *,
        change: Decimal,
        price: Decimal,
        fee: Decimal,
        fee_asset: Asset,
        value: Decimal | None,
    ) -> None:
        """Book one fill; `value` is the fee's worth in the quote asset, None if unknown.

        `change` is signed, and what the fill moved the wallet's base asset by: a fee taken in it included.
        At the fill's price that fee is a cost like any other, so realized PnL stays gross of it.
        """
        if value is None:
            self.unvalued_fees[fee_asset] = self.unvalued_fees.get(fee_asset, ZERO) + fee
        fee_value = value or ZERO
        self.fees += fee_value
        closing = self._closing_part(change)
        opening = change - closing
        if closing:
            self._close(closing, price)
        if opening:
            self.quantity += opening
            self.cost += opening * price
            self.open_fees += fee_value * opening / change

    def _closing_part(self, change: Decimal) -> Decimal:
        if self.quantity * change >= 0:
            return ZERO
        return max(change, -self.quantity) if change < 0 else min(change, -self.quantity)

    def _close(self, closing: Decimal, price: Decimal) -> None:
        if closing == -self.quantity:  # to the last unit: no rounding rest may stay behind
            self.realized -= closing * price + self.cost
            self.quantity = self.cost = self.open_fees = ZERO
            return
        share = -closing / self.quantity
        cost_part = self.cost * share
        self.realized -= closing * price + cost_part
        self.quantity += closing
        self.cost -= cost_part
        self.open_fees -= self.open_fees * share

    @property
    def entry(self) -> Decimal | None:
        """The average price of the open quantity."""
        return self.cost / self.quantity if self.quantity else None

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.quantity * mark - self.cost

    def break_even(self, exit_fee: Decimal) -> Decimal | None:
        """The price at which leaving pays for both fees; `exit_fee` is the fraction paid on leaving."""
        if not self.quantity:
            return None
        if self.quantity > 0:
            return (self.cost + self.open_fees) / (self.quantity * (1 - exit_fee))
        return (self.cost + self.open_fees) / (self.quantity * (1 + exit_fee))
