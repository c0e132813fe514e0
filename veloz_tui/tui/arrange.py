"""A pane's rows as the operator wants them: filtered, sorted, and at rest while somebody works there."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from veloz_tui.tui import fmt, texts
from veloz_tui.tui.filters import Facts, Filter, Rank
from veloz_tui.tui.grid import GridRow, PaneContent

REST_S: Final = 2.0
"""No row changes its place while the pane was touched within this time."""
_SHOWN_FILTER: Final = 24
_UNKNOWN: Final = Rank(is_unknown=True)


class Arrangement:
    """One pane's filter and sort, and the order in which its rows were last shown."""

    def __init__(self) -> None:
        self.filter: Filter | None = None
        self.sort = ""
        """The column; empty: the pane's own order."""
        self.is_reversed = False
        self._touched_at = float("-inf")
        self._order: list[str] = []

    @property
    def needs_facts(self) -> bool:
        """True if the rows' facts are asked for."""
        return self.filter is not None or bool(self.sort)

    def touch(self, now: float) -> None:
        """The operator works here: rows keep their places."""
        self._touched_at = now

    def release(self) -> None:
        """The operator asked for another order: it is due now."""
        self._touched_at = float("-inf")

    def next_sort(self, columns: Sequence[str]) -> None:
        """Sort by the next column; after the last one, the pane's own order."""
        order = ("", *columns)
        at = order.index(self.sort) if self.sort in order else 0
        self.sort, self.is_reversed = order[(at + 1) % len(order)], False
        self.release()

    def reverse(self) -> None:
        """The other way round."""
        self.is_reversed = not self.is_reversed
        self.release()

    def apply(self, content: PaneContent, facts: Mapping[str, Facts], now: float) -> PaneContent:
        """The content with its rows filtered and in order."""
        rows = [row for row in content.rows if row.key]
        tail = [row for row in content.rows if not row.key]
        shown = [row for row in rows if self.fits(row.key, facts)]
        shown = self._at_rest(shown) if now - self._touched_at < REST_S else self._sorted(shown, facts)
        self._order = [row.key for row in shown]
        if rows and not shown:
            tail = [GridRow("", ((f" {texts.filters.nothing_matches(len(rows))}", "muted"),)), *tail]
        title = content.title + self._suffix(len(shown), len(rows))
        return msgspec.structs.replace(content, title=title, rows=(*shown, *tail))

    def fits(self, key: str, facts: Mapping[str, Facts]) -> bool:
        """True if the filter shows the row; what nobody knows anything about is shown."""
        row = facts.get(key)
        return self.filter is None or row is None or self.filter.fits(row)

    def _at_rest(self, rows: list[GridRow]) -> list[GridRow]:
        places = {key: at for at, key in enumerate(self._order)}
        return sorted(rows, key=lambda row: places.get(row.key, len(places)))

    def _sorted(self, rows: list[GridRow], facts: Mapping[str, Facts]) -> list[GridRow]:
        if not self.sort:
            return rows[::-1] if self.is_reversed else rows

        def rank(row: GridRow) -> Rank:
            found = facts.get(row.key)
            return _UNKNOWN if found is None else found.ranks.get(self.sort, _UNKNOWN)

        def is_urgent(row: GridRow) -> bool:
            return row.key in facts and facts[row.key].is_urgent

        known = [row for row in rows if not rank(row).is_unknown]
        unknown = [row for row in rows if rank(row).is_unknown]
        ordered = [*sorted(known, key=rank, reverse=self.is_reversed), *unknown]
        return sorted(ordered, key=lambda row: not is_urgent(row))

    def _suffix(self, shown: int, every: int) -> str:
        parts = []
        if self.filter is not None:
            parts.append(f"{shown}/{every} /{fmt.fit_words(self.filter.text, _SHOWN_FILTER).rstrip()}")
        if self.sort or self.is_reversed:
            parts.append(f"{'v' if self.is_reversed else '^'}{self.sort or texts.filters.SORT_REVERSED}")
        return "".join(f"  {part}" for part in parts)
