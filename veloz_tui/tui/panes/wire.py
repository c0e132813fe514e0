"""The wire log: what was sent and received on the private side, newest first, a line each."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from veloz_tui.domain.queries import WireEntry
from veloz_tui.domain.types import Nanos
from veloz_tui.tui import fmt
from veloz_tui.tui.filters import Facts, number_rank
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row

_COLUMNS: Final = (
    Column("time", priority=1),
    Column("", priority=0),
    Column("ven", priority=6),
    Column("by", priority=5),
    Column("what", priority=0, max_width=22),
    Column("id", priority=2),
    Column("ms", is_number=True, priority=3),
    Column("outcome", priority=2, max_width=28, least=8),
    Column("payload", priority=7, max_width=400, least=12),
)
_ID: Final = 4


def content(entries: Sequence[WireEntry], *, width: int, title: str, note: str) -> PaneContent:
    """The screen."""
    lines = [_row(each) for each in reversed(entries)]
    return rows.content("wire", _COLUMNS, lines, width=width, title=title, note=(note, "muted"))


def _row(entry: WireEntry) -> Row:
    tone = "base" if entry.is_sent or _is_good(entry) else "warn"
    return Row(
        str(entry.number),
        (
            (f"{fmt.clock(entry.at)[:-1]}.{entry.at // 1_000_000 % 1000:03d}", "muted"),
            ("->" if entry.is_sent else "<-", "muted"),
            (fmt.clean(entry.venue), "muted"),
            (fmt.clean(entry.channel), "muted"),
            (fmt.clean(entry.topic), tone),
            (fmt.clean(entry.client_order_id[-_ID:]), "muted"),
            ("" if entry.ms is None else f"{entry.ms:,.1f}", "muted"),
            (fmt.clean(entry.outcome), tone),
            (fmt.clean(entry.payload), "muted"),
        ),
    )


def _is_good(entry: WireEntry) -> bool:
    return entry.reply_to is None or entry.outcome.startswith("200")


def facts(entries: Iterable[WireEntry], now: Nanos) -> dict[str, Facts]:
    """What a filter may ask of each row."""
    return {str(each.number): _facts(each, now) for each in entries}


def _facts(entry: WireEntry, now: Nanos) -> Facts:
    fields = {
        "dir": frozenset({"sent", "out"} if entry.is_sent else {"received", "in"}),
        "ven": frozenset({entry.venue.lower()}),
        "by": frozenset({entry.channel.lower()}),
        "id": frozenset({entry.client_order_id.lower(), entry.client_order_id[-_ID:].lower()}),
    }
    said = f"{entry.topic} {entry.outcome} {entry.client_order_id} {entry.payload}"
    ranks = {
        "time": number_rank(Decimal(entry.number)),
        "ms": number_rank(None if entry.ms is None else Decimal(str(round(entry.ms, 3)))),
    }
    return Facts(said.lower(), fields, ranks, (now - entry.at) / 1e9)
