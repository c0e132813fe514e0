"""The why of things, and the wire log."""

ASKING = "asking the engine…"
NOTHING = "no order, fill, alert or line is selected: j k choose one; :why ID asks for any order"
NO_LINK = "no link to the engine: nothing could be asked"
KEYS = "(Esc: back)"
WIRE_KEYS = "Enter or w: whole   (g t: all panes)"


def waiting(subject: str) -> str:
    """While the answer is on its way."""
    return f"why {subject}: {ASKING}"


def wire_title(*, shown: int, numbered: int, lost: int) -> str:
    """How much is listed, of how much there was."""
    forgotten = f", {lost:,} older forgotten" if lost else ""
    return f"Wire  {shown:,} of {numbered:,}{forgotten}"


def public(a_second: float | None) -> str:
    """Market data is counted only."""
    return "public -" if a_second is None else f"public {a_second:,.0f}/s"


def strategy_title(name: str) -> str:
    """Over the why of a strategy."""
    return f"strategy {name}"


STRATEGY_STATES = {
    "STOPPED": "STOPPED: it does nothing until Space (or strategy start) starts it",
    "STARTING": "STARTING: its process comes up; it gets books when it is ready",
    "RUNNING": "RUNNING",
    "PAUSED": "PAUSED: it keeps running, pulls its quotes and may not place; Space or :resume",
    "FAULTED": "FAULTED: it was stopped for what it did; its orders are canceled. Mend it, Space starts it",
}
ALL_PAUSED = "all strategies are PAUSED: :resume lets them go on"
FRESH = "its book is fresh"
NO_BOOK = "its instrument has no book yet: it is told nothing"
NO_DENIAL = "no order of its was denied lately"
SAYS_NOTHING = "it says nothing of what it does"


def trading(state: str, reason: str) -> str:
    """What may leave at all."""
    return f"trading {state}{f': {reason}' if reason else ''}"


def stale(why: str) -> str:
    """It gets no book."""
    return f"its book is STALE ({why}): it is told nothing until it is fresh"


def doing(text: str) -> str:
    """Its own words."""
    return f"it says: {text}"
