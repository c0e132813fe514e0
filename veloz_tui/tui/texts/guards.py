"""What stands between a key and what it does."""

BURST = "Typing in a pane? Keys dropped; trading keys locked for 2 s (kill works)"
WORD = "Typing in a pane? Nothing done: press the key again"
LOCKED = "Trading keys locked after a burst of keys; kill works"
OBSERVER = "READ-ONLY: another console has control (:control take)"
PASTED = "Pasted text goes into an input only: nothing done"
UNKNOWN_KEY = "No such key here: ? lists the keys"
NOTHING_SELECTED = "Nothing selected: j/k moves the cursor"
NO_INSTRUMENT = "No instrument: the engine sent none yet"
HINT = "Ctrl+C does nothing here: q detaches (the engine goes on), ^K^K kills"
REPAINTED = "Repainted"


def press_again(key: str, what: str) -> str:
    """A guarded key's first press."""
    return f"{key} again: {what}"


NOT_READ = "Too fast: read the question, then y"
TOO_FAST = "Too fast: look at the review line, then Enter"
RECALLED = "NOT SENT, from the history: change it or press End, then Enter"
TYPED_TOO_FAST = "NOT SENT, faster than people type: if you mean it, Enter once more"


def not_understood(why: str) -> str:
    """Enter on a command line that means nothing."""
    return f"NOT SENT, {why}"
