"""Leaving the console, and the plain view."""

from veloz_tui.domain.types import Mode
from veloz_tui.tui.texts.words import counted


def detached(*, mode: Mode, orders: int, positions: int, strategies: int) -> str:
    """Printed after the console has left the screen."""
    return (
        f"Detached. Engine goes on ({mode}): {counted(orders, 'order', 'orders')}, "
        f"{counted(positions, 'position', 'positions')}, {counted(strategies, 'strategy', 'strategies')}. "
        "veloz attach | veloz kill"
    )


DETACHED_BLIND = "Detached. No view of the engine was seen. veloz attach | veloz status | veloz kill"


def ended(reason: str) -> str:
    """The console was ended from outside."""
    return f"Console ended ({reason}); the engine goes on. veloz attach | veloz kill"


PLAIN_FOOT = (
    "No terminal: showing this once. Live: run `veloz` in a terminal | veloz watch --plain"
    " | veloz status --json | veloz kill"
)
