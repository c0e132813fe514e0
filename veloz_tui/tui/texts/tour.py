"""The tour of the first minutes."""

STEPS = (
    "press ^K once to see the kill banner, Esc stands down",
    "press b, Enter, Enter to buy",
    "the fill becomes a position with its break-even",
    "press 5, select an order with j, x cancels it",
    "press 2, j to a strategy, Space starts it",
    "press ^K ^K: everything stops; then type :rearm full demo",
)
OFF = " (:tour off)"
"""The first to go where room is short."""


def line(step: int) -> str:
    """The tour's line; steps count from 1."""
    return f"Tour {step}/{len(STEPS)}: {STEPS[step - 1]}{OFF}"
