"""The screen of today's performance."""

from veloz_tui.tui import fmt

WAITING = "asking the engine…"
NO_FILLS = "no fills today"
NO_EQUITY = "no equity noted yet: it is, once a minute"
ONE_POINT = "one value so far: a curve takes two"
BY_STRATEGY = "net by strategy"
BY_HOUR = "net by hour"


def title(since: int, at: int) -> str:
    """The pane's title: the day, and how old the figures are."""
    began = f"since {fmt.timestamp(since)}" if since else "since the engine's start"
    return f"Performance {began}, of {fmt.clock(at)}"


def equity(quote: str) -> str:
    return f"equity {quote}"


def drawdown(quote: str) -> str:
    return f"below the peak {quote}"


def net(quote: str) -> str:
    return f"realized less fees {quote}"
