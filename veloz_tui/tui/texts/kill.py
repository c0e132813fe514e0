"""The kill switch, and the way out of it."""

from collections.abc import Sequence

from veloz_tui.tui.texts.words import counted


def question(chord: str, consequences: str) -> str:
    """First stroke, status line 1."""
    return f"KILL? {chord} again: {consequences}"


def consequences(*, strategies: int, orders: int, venues: int, stops: int, unprotected: str) -> str:
    """What a second stroke does, in numbers."""
    text = (
        f"stop {counted(strategies, 'strategy', 'strategies')}, cancel {counted(orders, 'order', 'orders')}"
    )
    text += f" on {counted(venues, 'venue', 'venues')}"
    if stops:
        text += f" INCLUDING {counted(stops, 'STOP', 'STOPS')}"
    return text + (f" {unprotected.strip()}" if unprotected.strip() else "")


def second_line(seconds: float) -> str:
    """First stroke, status line 2."""
    return f"{seconds:.0f} s left. Never trades: positions stay open. Any other key stands down"


def unknown() -> str:
    """First stroke while no View was ever seen."""
    return "stop every strategy, cancel every order on every venue (no view: numbers unknown)"


OK = "kill ^K^K ok"
UNTESTED = "kill UNTESTED"
STOOD_DOWN = "Kill stood down; nothing was done"
SENT = "KILL sent to engine and guardian; waiting for the certificate"


def no_guardian(why: str) -> str:
    """The first stroke found no guardian."""
    return f"Guardian not ready: {why}. The engine would kill alone"


def guardian_not_ready(why: str) -> str:
    """The first stroke found one that can't reach the venue."""
    return f"Guardian {why}"


def eaten(chord: str) -> str:
    """tmux takes the key."""
    return f"tmux binds {chord}: kill may not reach us. `tmux unbind -n {chord}`, or use F12 F12"


def halted(at: str, by: str, parts: Sequence[str]) -> str:
    """After a kill, status line 1."""
    who = f" by {by}" if by else ""
    return f"HALTED {at}{who}: " + "; ".join(part for part in parts if part)


REARM_HINT = ":rearm exits"
TYPE_PROFILE = "Type the profile's name, then Enter"


def failed(why: str) -> str:
    """Nobody took the kill up."""
    return f"KILL NOT CONFIRMED by anyone: {why}. Run `veloz kill` in a shell NOW"


def taken_up(who: str, answer: str) -> str:
    """Somebody did."""
    return f"KILL taken up by {who}" + (f": {answer}" if answer else "")
