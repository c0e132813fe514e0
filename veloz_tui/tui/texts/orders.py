"""Orders, strategies and positions as keys act on them."""

from veloz_tui.tui.texts.words import counted


def gone(short_id: str, how: str) -> str:
    """x on an order which ended."""
    return f"{short_id} is gone: {how}" if how else f"{short_id} is gone"


def cancel_all(scope: str, count: int, by: str, keeps: str) -> str:
    """`XX: cancel 12 (BTC-USDT.BIN, manual 3 mm-1 9), keeps 1 stop`"""
    kept = f", keeps {keeps}" if keeps else ""
    return f"XX: cancel {count} ({', '.join(part for part in (scope, by) if part)}){kept}"


def nothing_to_cancel(scope: str, keeps: str) -> str:
    """X found nothing it may cancel."""
    return f"Nothing to cancel ({scope})" + (f", keeps {keeps}" if keeps else "")


def quotes_again(strategy: str) -> str:
    """x on a strategy's order."""
    return f"{strategy} will quote again; Space stops it"


RANGE_STARTED = "Range begins here: move, then v marks all between; u unmarks"


def marked(count: int) -> str:
    """The second v."""
    return f"{counted(count, 'order', 'orders')} marked: x cancels them, XX too; u unmarks"


def marks(shown: int, hidden: int) -> str:
    """In the title of Orders."""
    return f"{shown} marked" + (f" +{hidden} hidden" if hidden else "")


PAUSE_MEANS = "pause: strategies pull their quotes, positions stay"
MUTED = "Bell muted for 10 min; CRIT still rings"


def start_live(name: str, limits: str) -> str:
    """Before a strategy starts in LIVE; the focus is on No."""
    return f"START {name} in LIVE? {limits}.   y yes   [any other key: No]"


NOTHING_TO_CLOSE = "No position here: select one in Positions (6)"
CLOSE_DROPPED = "Not closed"
MARKET_MOVED = "The market changed sides: look again, then Enter"


def price_moved(now: str, was: str) -> str:
    """The market came over a reviewed price that nobody had edited."""
    return f"Price now {now} (was {was}): the market came over it. Enter once more"


def close_question(side: str, quantity: str, instrument: str) -> str:
    """C: what one Enter does."""
    return f"CLOSE: {side} {quantity} {instrument} LIMIT IOC through the touch. Enter closes, other keys drop"
