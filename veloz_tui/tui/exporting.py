"""`:export PANE FILE`: a pane's rows as CSV, with the engine's own numbers. It overwrites nothing."""

import csv
import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui import fmt, texts

PANES: Final = ("orders", "positions", "account", "strategies", "watch", "alerts", "fills", "book", "tape")
_FORMULA: Final = ("=", "+", "-", "@")


class ExportError(ValueError):
    """Nothing was written; the text says why and what to do."""


def csv_of(
    pane: str, view: View, *, fills: Sequence[LogEntry] = (), instrument_id: InstrumentId | None = None
) -> str:
    """A pane's rows with a header line. ExportError for a pane that has none."""
    rows = _rows(pane, view, fills, instrument_id)
    if rows is None:
        raise ExportError(texts.exports.no_pane(fmt.clean(pane)[:20], PANES))
    if not rows:
        raise ExportError(texts.exports.empty(pane))
    out = StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def write(path: Path, text: str) -> None:
    """Make the file, readable by its owner alone. ExportError if it is there already or can't be made."""
    try:
        descriptor = os.open(path.expanduser(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        raise ExportError(texts.exports.exists(fmt.clean(str(path)))) from error
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~name` of nobody
        why = getattr(error, "strerror", None) or "not a file name"
        raise ExportError(texts.exports.cannot(fmt.clean(str(path)), why)) from error


def _rows(
    pane: str, view: View, fills: Sequence[LogEntry], instrument_id: InstrumentId | None
) -> list[dict[str, object]] | None:
    books = [book for book in view.books if instrument_id in {None, book.instrument_id}][:1]
    makers: dict[str, Iterable[dict[str, object]]] = {
        "orders": map(_fields, view.orders),
        "positions": map(_fields, view.positions),
        "account": map(_fields, view.account.assets),
        "strategies": map(_fields, view.strategies),
        "watch": map(_fields, view.instruments),
        "alerts": map(_fields, view.alerts),
        "fills": (_fill(entry) for entry in fills if entry.fill is not None),
        "book": (
            {"side": side, **_fields(level)}
            for book in books
            for side, levels in (("ask", book.asks[::-1]), ("bid", book.bids))
            for level in levels
        ),
        "tape": (_fields(trade) for book in books for trade in book.trades),
    }
    found = makers.get(pane)
    return None if found is None else list(found)


def _fields(struct: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _fill(entry: LogEntry) -> dict[str, object]:
    assert entry.fill is not None
    about = {"at": entry.at, "instrument_id": entry.instrument_id, "strategy_id": entry.strategy_id}
    return {**about, **_fields(entry.fill), "client_order_id": entry.client_order_id}


def _plain(value: object) -> str:
    """Numbers in digits, unknown as nothing; words that a spreadsheet would compute are kept words."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return " ".join(f"{name}:{_plain(each)}" for name, each in value.items())
    if isinstance(value, bool | int | float):
        return str(value)
    text = fmt.clean(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
