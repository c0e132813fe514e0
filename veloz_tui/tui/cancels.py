"""x and X X: what they are about, what they spare, and how often they must be pressed."""

from collections.abc import Sequence

from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import CancelOrders
from veloz_tui.domain.types import EXTERNAL, MANUAL, InstrumentId
from veloz_tui.domain.views import OrderView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.kill import Stroke
from veloz_tui.tui.panes.ladder import price_key
from veloz_tui.tui.panes.orders import is_open, is_stop, shown_price
from veloz_tui.tui.session import Session


def cancel(session: Session) -> None:
    """x: the marked orders, else the selected one (in the ladder: ours at the cursor's price)."""
    orders = chosen_orders(session)
    if not orders:
        key = session.cursors["orders"].key if session.focus == "orders" else None
        gone = session.store.how_ended(key) if key is not None else ""
        session.say(gone or texts.guards.NOTHING_SELECTED, "warn" if gone else "muted")
        return
    if session.refuses():
        return
    ids = tuple(order.client_order_id for order in orders)
    label = " ".join(fmt.clean(order.short_id) for order in orders[:4])
    guarded = [order for order in orders if is_stop(order) or is_external(order)]
    if guarded and session.guarded("cancel", ids) is not Stroke.SECOND:
        kinds = "stop" if is_stop(guarded[0]) else "EXTERNAL order"
        session.say_again(texts.guards.press_again("x", f"cancel {label}: {len(guarded)} {kinds}"))
        return
    command = CancelOrders(
        command_id=new_command_id(), client_order_ids=ids, includes_stops=True, includes_external=True
    )
    if session.send(command, f"cancel {label}"):
        session.marked.clear()
        session.tour.done("cancel")
        quoting = [order for order in orders if order.strategy_id not in {MANUAL, EXTERNAL}]
        hint = f". {texts.orders.quotes_again(fmt.clean(quoting[0].strategy_id))}" if quoting else ""
        session.say(f"CANCEL {label} sent{hint}")


def chosen_orders(session: Session) -> list[OrderView]:
    """The orders x is about."""
    view = session.store.view
    if view is None:
        return []
    live = [order for order in view.orders if is_open(order)]
    if session.focus == "orders":
        live = _shown(session, live)
    if session.focus == "ladder":
        return _at_ladder_cursor(session, live)
    marked = [order for order in live if order.client_order_id in session.marked]
    if marked and session.focus == "orders":
        return marked
    key = session.cursors["orders"].key if session.focus == "orders" else None
    return [order for order in live if order.client_order_id == key]


def _at_ladder_cursor(session: Session, orders: Sequence[OrderView]) -> list[OrderView]:
    key = session.cursors["ladder"].key
    found = []
    for order in orders:
        price = shown_price(order)
        if order.instrument_id != session.instrument_id or price is None or is_external(order):
            continue
        row = session.scroll.row(price, side=order.side)
        at = None if row is None else session.scroll.price(row)
        if at is not None and price_key(at) == key:
            found.append(order)
    return found


def is_external(order: OrderView) -> bool:
    """True for an order that isn't ours."""
    return order.is_external or order.strategy_id == EXTERNAL


def cancel_all(session: Session) -> None:
    """X X: everything in the focused pane's scope, except stops and external orders."""
    view = session.store.view
    if view is None or session.refuses():
        return
    scope, in_scope = scope_of(session, view)
    orders = [order for order in in_scope if not is_stop(order) and not is_external(order)]
    keeps = _kept(in_scope)
    if not orders:
        session.say(texts.orders.nothing_to_cancel(scope, keeps), "muted")
        return
    if session.guarded("cancel_all", (scope, *_chosen(session))) is not Stroke.SECOND:
        session.say_again(texts.orders.cancel_all(scope, len(orders), _authors(orders), keeps))
        return
    ids = tuple(order.client_order_id for order in orders)
    command = CancelOrders(command_id=new_command_id(), client_order_ids=ids)
    if session.send(command, f"cancel {len(ids)}"):
        session.marked.clear()
        session.say(f"CANCEL {len(ids)} ({scope}) sent")


def _chosen(session: Session) -> tuple[str, frozenset[str]]:
    # Another filter or other marks are another question; an order that came or went meanwhile isn't.
    arrangement = session.arrangements["orders"]
    text = "" if arrangement.filter is None else arrangement.filter.text
    return (text, frozenset(session.marked)) if session.focus == "orders" else ("", frozenset())


def scope_of(session: Session, view: View) -> tuple[str, list[OrderView]]:
    """What X X covers in the focused pane, and its name."""
    live = [order for order in view.orders if is_open(order)]
    if session.focus == "orders":
        shown = _shown(session, live)
        marked = [order for order in shown if order.client_order_id in session.marked]
        return (f"{len(marked)} marked", marked) if marked else ("orders shown", shown)
    if session.focus == "strategies":
        name = session.cursors["strategies"].key or ""
        return fmt.clean(name) or "no strategy", [order for order in live if order.strategy_id == name]
    instrument_id = instrument_in_focus(session)
    here = [order for order in live if order.instrument_id == instrument_id]
    name = session.store.names.display(instrument_id) if session.store.names and instrument_id else "none"
    if session.focus == "positions":
        return name, here
    return name, [order for order in here if order.strategy_id == MANUAL or is_external(order)]


def _shown(session: Session, orders: Sequence[OrderView]) -> list[OrderView]:
    keys = set(session.shown_keys("orders"))
    return [order for order in orders if order.client_order_id in keys]


def instrument_in_focus(session: Session) -> InstrumentId | None:
    """The selected position's or watched instrument, else the ladder's."""
    view = session.store.view
    key = session.cursors[session.focus].key if session.focus in {"positions", "watch"} else None
    known = {each.instrument_id for each in view.instruments} if view is not None else set()
    return InstrumentId(key) if key in known and key is not None else session.instrument_id


def _authors(orders: Sequence[OrderView]) -> str:
    counts: dict[str, int] = {}
    for order in orders:
        counts[order.strategy_id] = counts.get(order.strategy_id, 0) + 1
    return " ".join(f"{fmt.clean(name)} {count}" for name, count in counts.items())


def _kept(orders: Sequence[OrderView]) -> str:
    stops = sum(1 for order in orders if is_stop(order) and not is_external(order))
    external = sum(1 for order in orders if is_external(order))
    parts = [f"{stops} stop" + "s" * (stops > 1) if stops else "", f"{external} external" if external else ""]
    return ", ".join(part for part in parts if part)
