"""The order ticket and its review."""

NO_SIZES = "No sizes here: :size 0.05 sets one"


def size_chosen(quantity: str, instrument: str) -> str:
    """After [ ] or :size."""
    return f"size {quantity} for {instrument}"


NOT_PASTED = "Not pasted: a field takes one number, like 64,123.60"
TYPE_YES = "Over 5x your usual size: type yes, then Enter"
ASKING_RISK = "asking risk…"
TICKET_KEYS = "Tab field  Up/Down step  Enter review  Esc drop"
REVIEW_KEYS = "Enter SENDS   any other key: back"
REVIEW_KEYS_UNUSUAL = "type yes, then Enter SENDS   Esc: back"


def taker(quantity: str, limit: str, side: str) -> str:
    """A crossing order."""
    return f"TAKER: fills {quantity} {'up' if side == 'BUY' else 'down'} to {limit}"


def taker_market(quantity: str) -> str:
    """An order without a limit."""
    return f"TAKER: fills {quantity} at the market, whatever the price"


def send_live(review: str) -> str:
    """A typed order in LIVE."""
    return f"SEND in LIVE: {review}.   y yes   [any other key: No]"
