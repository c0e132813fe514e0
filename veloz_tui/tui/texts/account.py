"""The account pane."""


def venue(code: str, *, equity: str, free: str) -> str:
    """A venue's part of the account."""
    return f"{code} equity {equity}  free {free}"


def today(*, fees: str, turnover: str) -> str:
    """What today's fills cost and were worth."""
    return f"today: fees {fees}  volume {turnover}"


def gross(value: str, percent: str) -> str:
    """Positions, all added."""
    return f"gross {value} = {percent} eq"
