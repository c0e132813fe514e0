"""The orders pane: in doubt first, then stops, then by age; and what an order's codes mean."""

from collections.abc import Sequence, Set
from decimal import Decimal
from typing import Final

from veloz_tui.domain.order import TERMINAL
from veloz_tui.domain.types import EXTERNAL, MANUAL, SECOND, ZERO, InstrumentId, Nanos, OrderStatus, Side
from veloz_tui.domain.views import OrderView, View
from veloz_tui.tui import fmt, table, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes.rows import empty
from veloz_tui.tui.table import Column, Row, Span

NARROW: Final = 60

_COLUMNS: Final = {
    "side": Column(" side", priority=0),
    "type": Column("type", priority=3),
    "price": Column("price", is_number=True, priority=0),
    "left": Column("left", is_number=True, priority=1),
    "filled": Column("fi%", is_number=True, priority=9),
    "status": Column("st", priority=0, min_width=4),
    "age": Column("age", is_number=True, priority=4, min_width=3),
    "ahead": Column("ahead", is_number=True, priority=6),
    "by": Column("by", priority=5, max_width=12),
    "inst": Column("inst", priority=2, max_width=14),
    "ven": Column("ven", priority=8),
    "tif": Column("TIF", priority=10),
    "distance": Column("bp", is_number=True, priority=11),
    "id": Column("id", priority=7, max_width=10),
}
_WIDE: Final = (
    "side", "ven", "inst", "type", "price", "left", "filled", "status", "age", "ahead", "by", "tif",
    "distance", "id",
)  # fmt: skip
_SLIM_NAMES: Final[dict[str, str]] = {MANUAL: "man", EXTERNAL: "ext"}
_SLIM: Final = ("side", "type", "price", "left", "status", "age", "by")


def is_open(order: OrderView) -> bool:
    """True while the order can still trade, as far as anyone knows."""
    return order.status not in TERMINAL or order.in_doubt_since is not None


def is_stop(order: OrderView) -> bool:
    """True for a protective order: it rests until its trigger."""
    return order.stop_price is not None


def shown_price(order: OrderView) -> Decimal | None:
    """Where the order acts: a stop at its trigger, the others at their limit."""
    return order.stop_price if order.stop_price is not None else order.price


def status(order: OrderView, now: Nanos) -> Span:
    """The code of an order's state and its tone: `DBT 12s`, `CXLing`, `PART`, `OPEN`."""
    if order.in_doubt_since is not None:
        return f"{texts.names.IN_DOUBT} {fmt.age((now - order.in_doubt_since) / SECOND)}", "warn"
    if order.cancel_requested_at is not None and order.status not in TERMINAL:
        return texts.names.CANCELING, "muted"
    if order.status is OrderStatus.ACCEPTED and order.filled > ZERO:
        return texts.names.PARTIAL, "good"
    bad = order.status in {OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.NEVER_ARRIVED}
    return texts.names.STATUSES[order.status], "warn" if bad else "base"


def flag(order: OrderView) -> Span:
    """`?` in doubt, `!` stop, `x` external, `>` the operator's own."""
    if order.in_doubt_since is not None:
        return "?", "warn"
    if is_stop(order):
        return "!", "warn"
    if order.is_external or order.strategy_id == EXTERNAL:
        return "x", "muted"
    return (">", "mine") if order.strategy_id == MANUAL else (" ", "base")


def sort(orders: Sequence[OrderView]) -> list[OrderView]:
    """In doubt on top, then stops, then the oldest."""
    return sorted(
        orders,
        key=lambda order: (
            order.in_doubt_since is None,
            not is_stop(order),
            order.created_at,
            order.short_id,
        ),
    )


def content(
    view: View,
    *,
    width: int,
    names: Names,
    followed: InstrumentId | None = None,
    marked: Set[str] = frozenset(),
) -> PaneContent:
    """The pane; in a narrow one it follows the ladder's instrument and counts the rest."""
    slim = width < NARROW
    every = [order for order in view.orders if is_open(order)]
    shown = [order for order in every if not slim or followed is None or order.instrument_id == followed]
    keys = _SLIM if slim else _WIDE
    columns = [_COLUMNS[key] for key in keys]
    rows = [_row(order, keys, view=view, names=names, slim=slim, marked=marked) for order in sort(shown)]
    fitted = table.widths(columns, rows, width)
    lines = [GridRow(row.key, table.render(columns, row, fitted)) for row in rows]
    others = len(every) - len(shown)
    if others:
        lines.append(GridRow("", ((f"+{others} on other instruments", "muted"),)))
    if not lines:
        lines.append(empty("orders", width))
    return PaneContent(
        title=f"{texts.names.TITLES['orders']}  {len(shown)} of {len(every)}"
        if not slim
        else f"Orders {len(every)}",
        note=((names.pair(followed) if slim and followed is not None else _authors(every), "base"),),
        header=table.header(columns, fitted) if rows else (),
        rows=tuple(lines),
        wants_header=True,
    )


def _row(
    order: OrderView, keys: Sequence[str], *, view: View, names: Names, slim: bool, marked: Set[str]
) -> Row:
    now = view.status.at
    tone = "marked" if order.client_order_id in marked else "base"
    mark, mark_tone = flag(order)
    side_tone = "up" if order.side is Side.BUY else "down"
    kind = texts.names.POST if order.post_only else texts.names.TYPES[order.order_type]
    by = fmt.clean(order.strategy_id)
    cells: dict[str, Span] = {
        "side": (f"{mark}{order.side}", f"{side_tone}/{tone}" if tone != "base" else side_tone),
        "type": (kind, tone),
        "price": (names.price(order.instrument_id, shown_price(order)), tone),
        "left": (names.quantity(order.instrument_id, order.leaves), tone),
        "filled": (_filled(order), tone),
        "status": status(order, now),
        "age": (fmt.age((now - order.created_at) / SECOND), "muted"),
        "ahead": (names.quantity(order.instrument_id, order.ahead), "muted"),
        "by": (_SLIM_NAMES.get(by, by[:6]) if slim else by, "muted"),
        "inst": (names.pair(order.instrument_id), tone),
        "ven": (names.venue_code(order.instrument_id), "muted"),
        "tif": (order.time_in_force.value, "muted"),
        "distance": (_distance(order, names), "muted"),
        "id": (fmt.clean(order.short_id), "muted"),
    }
    if mark_tone == "warn":
        cells["side"] = (cells["side"][0], f"{cells['side'][1]}/warn" if mark == "?" else cells["side"][1])
    return Row(order.client_order_id, tuple(cells[key] for key in keys))


def _filled(order: OrderView) -> str:
    return f"{order.filled / order.quantity * 100:.0f}" if order.quantity else fmt.UNKNOWN


def _distance(order: OrderView, names: Names) -> str:
    instrument = names.instrument(order.instrument_id)
    touch = None if instrument is None else instrument.bid if order.side is Side.BUY else instrument.ask
    if touch is None or order.price is None or touch == 0:
        return fmt.UNKNOWN
    return fmt.basis_points((order.price - touch) / touch * Decimal(10_000))


def _authors(orders: Sequence[OrderView]) -> str:
    mine = sum(1 for order in orders if order.strategy_id == MANUAL)
    external = sum(1 for order in orders if order.is_external or order.strategy_id == EXTERNAL)
    counts = (("mine", mine), ("strat", len(orders) - mine - external), ("ext", external))
    return "old>new  " + " ".join(f"{name} {count}" for name, count in counts if count)
