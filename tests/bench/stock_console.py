"""`python -m tests.bench.stock_console PROFILE`: the trading panes on Textual's own widgets.

The same link, the same views, the same sizes of tables as the console of this project; each cell that changed
is updated, rows come and go by their key. It asks the terminal to answer behind each frame, to be counted.
"""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Static

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control.client import Link
from veloz_tui.control.messages import Reply
from veloz_tui.domain.views import Ack, LevelView, LogEntry, OrderView, View
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.shell import connector

LEVELS: Final = 24
TRADES: Final = 40
QUESTION: Final = "\x1b[1;1H\x1b[6n"
Row = tuple[str, Sequence[str]]


class StockConsole(App[None]):
    """Ladder, orders, positions, tape and two status lines."""

    CSS = "Horizontal {height: 1fr} DataTable {height: 1fr} Static {height: 1}"

    def __init__(self, paths: ProfilePaths) -> None:
        super().__init__()
        self._link = connector(paths, ConsoleOptions(is_observer=True))(self)
        self._tables: dict[str, DataTable[str]] = {}
        self._shown: dict[str, dict[str, Sequence[str]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_watching = False

    def compose(self) -> ComposeResult:
        columns = {
            "ladder": ("bid", "price", "ask"),
            "orders": ("id", "inst", "side", "price", "left", "state", "by"),
            "positions": ("inst", "qty", "entry", "unrl"),
            "tape": ("time", "side", "price", "qty"),
        }
        for name, titles in columns.items():
            table: DataTable[str] = DataTable(id=name, cursor_type="row")
            for title in titles:
                table.add_column(title, key=title)
            self._tables[name], self._shown[name] = table, {}
        yield Static(id="first")
        yield Static(id="second")
        with Horizontal():
            yield self._tables["ladder"]
            with Vertical():
                yield self._tables["orders"]
                yield self._tables["positions"]
            yield self._tables["tape"]

    def on_mount(self) -> None:
        self._task = asyncio.create_task(self._link.run(), name="engine link")

    def on_view(self, view: View) -> None:
        if not self._is_watching and view.instruments:
            self._is_watching = True
            self._link.watch((view.instruments[0].instrument_id,), depth=LEVELS)
        account, status = view.account, view.status
        self.query_one("#first", Static).update(f"{status.mode} {status.trading_state} {account.day_pnl}")
        self.query_one("#second", Static).update(f"equity {account.equity} orders {status.orders_open}")
        for book in view.books[:1]:
            asks = [(f"a{at}", _level(each, is_bid=False)) for at, each in enumerate(book.asks[:LEVELS])]
            bids = [(f"b{at}", _level(each, is_bid=True)) for at, each in enumerate(book.bids[:LEVELS])]
            self._show("ladder", [*reversed(asks), *bids])
            trades = book.trades[:TRADES]
            self._show(
                "tape",
                [
                    (str(at), (str(each.at), each.side, f"{each.price}", f"{each.quantity}"))
                    for at, each in enumerate(trades)
                ],
            )
        self._show("orders", [(each.client_order_id, _order(each)) for each in view.orders])
        self._show(
            "positions",
            [
                (p.instrument_id, (p.instrument_id, f"{p.quantity}", f"{p.entry}", f"{p.unrealized}"))
                for p in view.positions
            ],
        )

    def _show(self, name: str, rows: Iterable[Row]) -> None:
        table, before, now = self._tables[name], self._shown[name], dict(rows)
        for key in before.keys() - now.keys():
            table.remove_row(key)
        for key, cells in now.items():
            if key not in before:
                table.add_row(*cells, key=key)
            elif before[key] != cells:
                for column, old, new in zip(table.columns, before[key], cells, strict=True):
                    if old != new:
                        table.update_cell(key, column, new)
        self._shown[name] = now

    def on_entries(self, entries: tuple[LogEntry, ...]) -> None: ...

    def on_ack(self, ack: Ack) -> None: ...

    def on_link(self, link: Link) -> None: ...

    def on_reply(self, reply: Reply) -> None: ...

    def post_display_hook(self) -> None:
        if self._driver is not None:
            self._driver.write(QUESTION)


def _order(order: OrderView) -> Sequence[str]:
    price, left = f"{order.price}", f"{order.leaves}"
    return (order.short_id, order.instrument_id, order.side, price, left, order.status, order.strategy_id)


def _level(level: LevelView, *, is_bid: bool) -> Sequence[str]:
    price, size = f"{level.price}", f"{level.size}"
    return (size, price, "") if is_bid else ("", price, size)


if __name__ == "__main__":
    StockConsole(ProfilePaths.of(sys.argv[1])).run()
