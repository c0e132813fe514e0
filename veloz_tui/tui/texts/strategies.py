"""What the console says of one strategy."""

ASKING = "asking the engine"
NOTHING_IN_ITS_WAY = "nothing is in its way"
NO_PARAMETERS = "it has none"
NO_ORDERS = "none open"
NO_FILLS = "none yet"
NO_LOG = "nothing said since the engine started"
NONE_CHOSEN = "no strategy selected: g s, then Enter on one"
KEYS = "(Esc back, j k move, Enter reads a row)"
FIXED = "only at its start"
BY_DEFAULT = "default"
REQUIRED = "must be given"


def title(name: str, state: str, run: int) -> str:
    """Of the screen."""
    return f"Strategy {name}  {state}" + (f"  run {run}" if run else "")


def set_by(who: str, at: str, configured: str | None) -> str:
    """Where a value is from."""
    instead = f", the settings file says {configured}" if configured is not None else ""
    return f"set by {who} {at}{instead}"


def old_answer(age: str) -> str:
    """The detail isn't new any more."""
    return f"as it was {age} ago"
