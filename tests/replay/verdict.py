"""Compares what the engine held, change by change, with what the recording says. Pure."""

from enum import StrEnum
from itertools import takewhile

import msgspec

from tests.replay.oracle import Level, Market

SHOWN = 5


class Kind(StrEnum):
    SNAPSHOT = "snapshot"
    DELTA = "delta"
    STALE = "stale"


class Applied(msgspec.Struct, frozen=True):
    """The engine's book right after it handled one report of it."""

    kind: Kind
    update_id: int = 0
    bid: Level | None = None
    ask: Level | None = None
    is_fresh: bool = False
    reason: str = ""


class Verdict(msgspec.Struct):
    """Of one symbol. `missed` and `mismatches` are failures, in words."""

    compared: int = 0
    syncing: int = 0
    gaps: int = 0
    resyncs: int = 0
    dropped: int = 0
    noticed: int = 0
    """Dropped diffs at which the book was called stale before the next one was applied."""
    covered: int = 0
    """Dropped while the book was not in step anyway: a snapshot covered them."""
    mismatches: list[str] = []
    missed: list[str] = []

    @property
    def is_good(self) -> bool:
        return not self.mismatches and not self.missed


def judge(market: Market, log: list[Applied], dropped: set[int]) -> Verdict:
    """`dropped`: the last ids of the diffs that the venue left out."""
    verdict = Verdict(dropped=len(dropped))
    judge_prices(verdict, market, log, dropped)
    judge_continuity(verdict, market, log, dropped)
    return verdict


def judge_prices(verdict: Verdict, market: Market, log: list[Applied], dropped: set[int]) -> None:
    """At each id that a ticker knows the book must have had the ticker's best bid and ask."""
    seen: set[int] = set()
    for one in log:
        if one.kind is Kind.STALE or one.update_id not in market.tops:
            continue
        seen.add(one.update_id)
        verdict.compared += 1
        if (one.bid, one.ask) != market.tops[one.update_id]:
            verdict.mismatches.append(
                f"u={one.update_id}: book {one.bid} {one.ask}, venue {market.tops[one.update_id]}"
            )
        elif not one.is_fresh:
            verdict.mismatches.append(f"u={one.update_id}: right, and called stale")
    verdict.syncing = len(market.exact - seen - dropped)


def judge_continuity(verdict: Verdict, market: Market, log: list[Applied], dropped: set[int]) -> None:
    """Between two changes of one synchronised stretch no diff may be left out, dropped or not."""
    ends = [diff.last for diff in market.diffs]
    place = {last: index for index, last in enumerate(ends)}
    following = 0  # index of the diff that must come next
    in_step = False
    snapshots = 0
    noticed: set[int] = set()
    for one in log:
        match one.kind:
            case Kind.STALE:
                if one.reason.startswith("gap"):
                    verdict.gaps += 1
                    noticed.update(takewhile(dropped.__contains__, ends[following:]))
                in_step = False
            case Kind.SNAPSHOT:
                snapshots += 1
                in_step = True
                while following < len(ends) and ends[following] <= one.update_id:
                    verdict.covered += ends[following] in dropped - noticed
                    following += 1
            case Kind.DELTA:
                index = place.get(one.update_id, -1)
                if not in_step:
                    verdict.missed.append(f"u={one.update_id}: applied without a snapshot")
                elif index != following:
                    verdict.missed.append(f"u={one.update_id}: applied after u={_before(ends, following)}")
                following = index + 1
    verdict.resyncs = max(0, snapshots - 1)
    verdict.noticed = len(noticed)
    if in_step and following < len(ends):
        verdict.missed.append(f"{len(ends) - following} diffs never came, and the book is called fresh")


def _before(ends: list[int], following: int) -> int:
    return ends[following - 1] if following else 0
