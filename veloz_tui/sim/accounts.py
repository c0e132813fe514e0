"""Balances of one account: free, locked, and what fills do to them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from veloz_tui.sim.numbers import ZERO

# Fees paid in BNB are a quarter cheaper.
BNB_DISCOUNT = Decimal("0.75")


class Balance:
    __slots__ = ("free", "locked")

    def __init__(self, free: Decimal = ZERO, locked: Decimal = ZERO) -> None:
        self.free = free
        self.locked = locked

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


class AccountProfile(msgspec.Struct, kw_only=True):
    """What the store keeps of an account beside its balances."""

    uid: int
    name: str
    maker_rate: Decimal
    taker_rate: Decimal
    pays_fees_in_bnb: bool = False
    can_trade: bool = True
    can_withdraw: bool = False


class Account:
    """Balances by asset. `touched` collects the assets changed since it was last taken."""

    def __init__(self, profile: AccountProfile) -> None:
        self.profile = profile
        self.balances: dict[str, Balance] = {}
        self.updated_at = 0
        self._touched: dict[str, None] = {}

    @property
    def uid(self) -> int:
        return self.profile.uid

    def balance(self, asset: str) -> Balance:
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found

    def free(self, asset: str) -> Decimal:
        found = self.balances.get(asset)
        return ZERO if found is None else found.free

    def credit(self, asset: str, amount: Decimal) -> None:
        self._touch(asset).free += amount

    def debit(self, asset: str, amount: Decimal) -> None:
        balance = self._touch(asset)
        balance.free -= amount
        assert balance.free >= ZERO, f"{asset} overdrawn by {-balance.free}"

    def lock(self, asset: str, amount: Decimal) -> None:
        self.debit(asset, amount)
        self._touch(asset).locked += amount

    def unlock(self, asset: str, amount: Decimal) -> None:
        balance = self._touch(asset)
        balance.locked -= amount
        balance.free += amount
        assert balance.locked >= ZERO, f"{asset} unlocked {-balance.locked} too much"

    def take_touched(self) -> list[str]:
        touched, self._touched = list(self._touched), {}
        return touched

    def _touch(self, asset: str) -> Balance:
        self._touched[asset] = None
        return self.balance(asset)
