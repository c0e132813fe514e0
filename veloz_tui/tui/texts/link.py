"""The link to the engine, and time that passed."""

from veloz_tui.tui import fmt

WAITING = "waiting for the engine…"
CANT_GO_ON = (
    "too small: 40x10 shows panes, 80x24 is comfortable",
    "needs 40x10, better 80x24",
    "needs 40x10",
)
"""The longest that fits is shown."""
STATE_UNKNOWN = "state unknown"
"""In status line 1, while nobody says what may leave."""
NO_LINK = "No link to the engine: nothing sent. ^K^K goes to the guardian"
"""A key that would open a ticket or a question."""
CONTROL_HERE = "You have control now: keys of this console act"
"""An observer got it, because it took it or because the other left."""


def lost(seconds: float) -> str:
    """In status line 2."""
    return f"UI link lost {seconds:.0f} s: data OLD"


def unconfirmed(what: str) -> str:
    """A command without an answer within 250 ms."""
    return f"UNCONFIRMED {what}: no answer from the engine. ^K^K goes to the guardian"


def not_sent(what: str) -> str:
    """A command that found no engine."""
    return f"NOT SENT {what}: no link to the engine. ^K^K goes to the guardian"


def said_ago(text: str, seconds: float) -> str:
    """An old message must not look like a new one."""
    return f"{text}  ({fmt.age(seconds)} ago)"


def since(when: str, ago: str, what: str) -> str:
    """Attaching again."""
    return f"Since {when} ({ago}): {what}. Enter"


def restarted(name: str, times: int) -> str:
    """A strategy that was started again meanwhile."""
    return f"{name} restarted " + {1: "once", 2: "twice"}.get(times, f"{times} times")
