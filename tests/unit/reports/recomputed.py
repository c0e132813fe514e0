"""A report's figures worked out again from a journal's file: SQLite, JSON and fractions.

It shares no code with the program, knows the events by their fields' names only, and makes its sums in
another way: a list of what happened, then sums over it.
"""

import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

Event = dict[str, Any]


class Trade(NamedTuple):
    """One fill and what it earned."""

    at: int
    strategy: str
    instrument: str
    quote: str
    is_maker: bool
    worth: Fraction
    realized: Fraction
    fee: Fraction
    """Valued in quote; 0 where nobody knew."""


class Held:
    """A position by average cost: what it holds and what that cost."""

    def __init__(self) -> None:
        self.amount = Fraction(0)
        self.paid = Fraction(0)

    def trade(self, moved: Fraction, price: Fraction) -> Fraction:
        """Return what was earned."""
        before = self.amount
        self.amount += moved
        if before * moved >= 0:
            self.paid += moved * price
            return Fraction(0)
        average = self.paid / before
        if before * self.amount > 0:
            self.paid = average * self.amount
            return -moved * (price - average)
        self.paid = self.amount * price
        return before * (price - average)


def events_of(database: Path) -> list[Event]:
    """Return the rows' bodies in order, each with its kind."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT kind, at, body FROM event ORDER BY seq").fetchall()
    return [{**json.loads(body), "kind": kind, "at": at} for kind, at, body in rows]


def trades_of(events: list[Event]) -> list[Trade]:
    """Return all fills, each with what it earned its account."""
    orders = {e["client_order_id"]: e["request"] for e in events if "request" in e}
    quotes = {
        e["instrument"]["id"]: e["instrument"]["quote"] for e in events if e["kind"] == "InstrumentDefined"
    }
    held: dict[str, Held] = defaultdict(Held)
    found = []
    for event in events:
        if event["kind"] != "OrderFilled" or event.get("moved_from") is not None:
            continue
        request, price = orders[event["client_order_id"]], Fraction(event["price"])
        amount = Fraction(event["quantity"])
        moved = amount * (1 if request["side"] == "BUY" else -1) - Fraction(event.get("base_fee", "0"))
        found.append(
            Trade(
                event["at"],
                request.get("strategy_id", "manual"),
                event["instrument_id"],
                quotes[event["instrument_id"]],
                event["is_maker"],
                amount * price,
                held[event["instrument_id"]].trade(moved, price),
                Fraction(event.get("fee_value") or "0"),
            )
        )
    return found


def money(
    trades: list[Trade], since: int, until: int, name: str
) -> dict[tuple[str, str], dict[str, Fraction]]:
    """Return the sums of a period by (name, quote); `name` is a field of Trade, `hour` or nothing."""
    sums: dict[tuple[str, str], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for trade in trades:
        if not since <= trade.at < until:
            continue
        key = {"": "all", "hour": str(trade.at // 3_600_000_000_000)}.get(name) or getattr(trade, name)
        row = sums[key, trade.quote]
        row["fills"] += 1
        row["maker_fills"] += trade.is_maker
        row["turnover"] += trade.worth
        row["realized"] += trade.realized
        row["fees"] += trade.fee
        row["net"] += trade.realized - trade.fee
    return {key: dict(row) for key, row in sums.items()}


def drawdown(events: list[Event], since: int, until: int) -> Fraction:
    """Return the deepest fall of noted equity."""
    values = [
        Fraction(event["equity"])
        for event in events
        if event["kind"] in ("DayOpened", "MinuteNoted")
        and event.get("equity") is not None
        and since <= event["at"] < until
    ]
    return max((max(values[: n + 1]) - value for n, value in enumerate(values)), default=Fraction(0))


def counts(events: list[Event], since: int, until: int) -> dict[str, int]:
    """Return how many events of each kind there were."""
    found: dict[str, int] = defaultdict(int)
    for event in events:
        if since <= event["at"] < until:
            found[event["kind"]] += 1
    return dict(found)


def waits(events: list[Event], begin: str, end: str, since: int, until: int) -> list[int]:
    """Return the times from the first `begin` to the first `end` of orders that weren't in doubt by then."""
    doubted = {e["client_order_id"]: e["at"] for e in reversed(events) if e["kind"] == "OrderInDoubt"}
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    for event in events:
        if event["kind"] == begin:
            begun.setdefault(event["client_order_id"], event["at"])
        elif event["kind"] == end:
            ended.setdefault(event["client_order_id"], event["at"])
    return sorted(
        at - begun[name]
        for name, at in ended.items()
        if name in begun and doubted.get(name, at) >= at and since <= at < until
    )
