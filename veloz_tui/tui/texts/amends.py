"""Amending orders as keys do it."""


def several(count: int, short_id: str) -> str:
    """Several orders of ours at the ladder's cursor."""
    return f"{count} orders here: {short_id} is the one. The others: e in Orders (5)"


def external(short_id: str) -> str:
    """e on an order that isn't ours."""
    return f"{short_id} isn't ours: x x cancels it; place your own instead"


def busy(short_id: str) -> str:
    """e on an order that is on its way."""
    return f"{short_id} is on its way at the venue: wait for its answer, then again"


NOTHING_HERE = "No order of yours here: j/k to its price, or e in Orders (5)"
MARKET_ORDER = "It has no price to change: x cancels it"


def question(short_id: str, was: str, becomes: str) -> str:
    """The review line: what it is, and what follows it."""
    return f"AMEND {short_id}? {was} -> {becomes}: canceled first, last in its queue"


GAP = "; no stop until the new one rests"


def sent(short_id: str, becomes: str) -> str:
    """The command is on its way."""
    return f"AMEND {short_id} -> {becomes} sent"


def moves_again(strategy: str) -> str:
    """An order of a running strategy."""
    return f"; {strategy} will move it again; Space stops it"
