"""Every sentence the console says, by what it speaks of: WHAT, numbers, state now, what to do."""

from veloz_tui.tui.texts import (
    account,
    amends,
    arming,
    filters,
    guards,
    kill,
    leaving,
    link,
    names,
    orders,
    performance,
    screens,
    strategies,
    ticket,
    tour,
    why,
)

__all__ = [
    "account",
    "amends",
    "arming",
    "filters",
    "guards",
    "kill",
    "leaving",
    "link",
    "names",
    "orders",
    "performance",
    "screens",
    "strategies",
    "ticket",
    "tour",
    "why",
]
