"""The result: one row a check, with the client's value, ours, and whether they are equal."""

from __future__ import annotations

import msgspec

WIDTHS = (46, 44, 44)


class Row(msgspec.Struct, frozen=True):
    check: str
    client: str
    ours: str
    is_ok: bool


class Table:
    """Collects rows in the order of the checks."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[Row] = []

    def add(self, check: str, client: object, ours: object, *, is_ok: bool) -> None:
        self.rows.append(Row(check, str(client), str(ours), is_ok))

    def equal(self, check: str, client: object, ours: object) -> None:
        self.add(check, client, ours, is_ok=client == ours)

    @property
    def failures(self) -> list[Row]:
        return [row for row in self.rows if not row.is_ok]

    def text(self) -> str:
        """Long values are cut, unless they differ."""
        lines = [self.title, _line(("check", "client", "ours"), "ok"), "-" * (sum(WIDTHS) + 10)]
        for row in self.rows:
            values = (row.check, row.client, row.ours)
            lines.append(_line(values, "yes") if row.is_ok else "  ".join((*values, "NO")))
        lines.append(f"{len(self.rows)} checks, {len(self.failures)} differ")
        return "\n".join(lines)


def _line(values: tuple[str, str, str], word: str) -> str:
    cells = (_cut(value, width) for value, width in zip(values, WIDTHS, strict=True))
    return "  ".join((*cells, word))


def _cut(value: str, width: int) -> str:
    return (value if len(value) <= width else value[: width - 1] + "…").ljust(width)
