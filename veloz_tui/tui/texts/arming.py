"""The armed ladder: keys and clicks that trade at once."""


def armed(size: str, instrument: str) -> str:
    """t, or :arm."""
    return f"ARMED {size} {instrument}: B buys, S sells at the cursor; a click is a limit there. t disarms"


def title(size: str, left_s: int) -> str:
    """In the ladder's title, while it is armed."""
    return f">>ARMED {size} {left_s}s<<"


def disarmed(why: str) -> str:
    """It is over."""
    return f"DISARMED: {why}"


BY_KEY = "t again arms"
BOOK = "the book is stale"
INSTRUMENT = "another instrument"
LINK = "the link to the engine changed"
HALTED = "trading is halted"
CONTROL = "another console has control"
IDLE = "nothing was done for a while"
UNFOCUSED = "the terminal lost the focus"
BURST = "a burst of keys or a paste"
KILL = "kill"
NOT_ARMED = "NOT ARMED, nothing sent: t arms the ladder"
NO_SIZE = "Not armed: no size. :size 0.05 sets one"
STALE = "Not armed: the book is stale"
NO_CURSOR = "No price chosen, nothing sent: j/k moves the cursor"
NOT_SEEN = "Too fast, nothing sent: that picture hadn't been drawn yet"
TWICE = "The same again within 0.3 s: one was meant, one is sent"


def type_it(instrument: str) -> str:
    """t in LIVE, before it was typed."""
    return f"LIVE: type :arm {instrument} once; then t arms again within 10 min"
