"""What a benchmark gives: rows of a table, each a measured value and, where there is one, its goal."""

import statistics
from collections.abc import Iterable, Sequence

import msgspec


class Options(msgspec.Struct, frozen=True):
    """`is_quick`: show that it runs; the numbers mean nothing then."""

    rounds: int = 5
    is_quick: bool = False

    def size(self, full: int, quick: int) -> int:
        return quick if self.is_quick else full


class Row(msgspec.Struct, frozen=True):
    """`passed` None: no goal of its own (a peer, a floor, or absent)."""

    bench: str
    what: str
    value: str
    goal: str = ""
    passed: bool | None = None


def absent(bench: str, what: str, why: str) -> Row:
    return Row(bench, what, f"absent ({why})")


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def show(rows: Sequence[Row]) -> str:
    """The table as text."""
    lines = []
    for row in rows:
        verdict = {True: "pass", False: "MISS", None: ""}[row.passed]
        lines.append(f"{row.bench:<10} {row.what:<46} {row.value:<44} {row.goal:<30} {verdict}".rstrip())
    return "\n".join(lines)
