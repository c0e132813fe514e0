"""A strategy's parameters as people see them: name, value and what may be written there."""

import msgspec


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter as its strategy declares it, with its value as text."""

    name: str
    value: str
    default: str | None
    """None: it has to be given."""
    kind: str
    """`number`, `whole number`, `yes or no`, `text`, `BUY | SELL`; `or null` where nothing may be set."""
    bounds: str = ""
    """`above 0, at most 100`; empty: none are declared."""
    unit: str = ""
    meaning: str = ""
    is_fixed: bool = False
    """A running strategy can't take another value: only its start does."""
