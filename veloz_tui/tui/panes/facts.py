"""What a filter and a sort may ask of each pane's rows: facts by the rows' keys."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from veloz_tui.domain.queries import WireEntry
from veloz_tui.domain.types import MANUAL, SECOND, ZERO, InstrumentId, Nanos, Severity
from veloz_tui.domain.views import (
    AlertView,
    AssetView,
    InstrumentView,
    LogEntry,
    OrderView,
    PositionView,
    StrategyView,
    View,
)
from veloz_tui.tui import texts
from veloz_tui.tui.filters import Facts, Rank, number_rank
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import orders as orders_pane
from veloz_tui.tui.panes.positions import held
from veloz_tui.tui.panes.watch import spread_basis_points
from veloz_tui.tui.panes.wire import facts as wire_facts

FIELDS: Final[dict[str, frozenset[str]]] = {
    "orders": frozenset({"side", "st", "by", "ven", "type", "inst", "id", "age"}),
    "positions": frozenset({"side", "inst", "ven", "stop"}),
    "strategies": frozenset({"st", "inst"}),
    "account": frozenset({"ven", "asset"}),
    "watch": frozenset({"inst", "ven"}),
    "alerts": frozenset({"lvl", "code", "age"}),
    "fills": frozenset({"by", "inst", "side", "age"}),
    "wire": frozenset({"dir", "ven", "by", "id", "age"}),
}
"""The panes which have rows to filter, and what may be asked there."""

SORTS: Final[dict[str, tuple[str, ...]]] = {
    "orders": ("price", "left", "age", "side", "by", "inst"),
    "positions": ("unrl", "qty", "inst", "real"),
    "strategies": ("day", "state", "ord", "name"),
    "account": ("value", "asset", "total"),
    "watch": ("day", "spr", "inst", "pos"),
    "alerts": ("time", "lvl"),
    "fills": ("time",),
    "wire": ("time", "ms"),
}
_LEVELS: Final = {Severity.CRIT: 0, Severity.WARN: 1, Severity.INFO: 2}


def of_pane(
    pane: str, view: View, names: Names, fills: Sequence[LogEntry], wire: Sequence[WireEntry] = ()
) -> dict[str, Facts]:
    """The facts of every row that the pane could show."""
    now = view.status.at
    makers: dict[str, Callable[[], dict[str, Facts]]] = {
        "orders": lambda: {each.client_order_id: _order(each, now, names) for each in view.orders},
        "positions": lambda: {each.instrument_id: _position(each, names) for each in held(view)},
        "strategies": lambda: {each.strategy_id: _strategy(each, names) for each in view.strategies},
        "account": lambda: {
            f"{each.venue}/{each.asset}": _asset(each, names) for each in view.account.assets
        },
        "watch": lambda: {each.instrument_id: _instrument(each, names) for each in view.instruments},
        "alerts": lambda: {each.key: _alert(each, now) for each in view.alerts},
        "wire": lambda: wire_facts(wire, now),
        "fills": lambda: {str(each.seq): _fill(each, now, names) for each in fills},
    }
    return makers[pane]()


def _word(text: str) -> Rank:
    return Rank(is_unknown=not text, word=text)


def _set(*values: str) -> frozenset[str]:
    return frozenset(value.lower() for value in values if value)


def _instrument_words(instrument_id: InstrumentId, names: Names) -> frozenset[str]:
    return _set(
        instrument_id,
        names.display(instrument_id),
        names.pair(instrument_id),
        names.base(instrument_id),
    )


def _facts(
    fields: dict[str, frozenset[str]],
    ranks: dict[str, Rank],
    *,
    more: str = "",
    age_s: float | None = None,
    is_urgent: bool = False,
) -> Facts:
    words = " ".join([*(value for values in fields.values() for value in sorted(values)), more.lower()])
    return Facts(words, fields, ranks, age_s, is_urgent)


def _order(order: OrderView, now: Nanos, names: Names) -> Facts:
    status, _ = orders_pane.status(order, now)
    by = order.strategy_id
    price = orders_pane.shown_price(order)
    kind = texts.names.POST if order.post_only else texts.names.TYPES[order.order_type]
    age_s = (now - order.created_at) / SECOND
    fields = {
        "side": _set(order.side, str(order.side)[:1]),
        "st": _set(status.split()[0]),
        "by": _set(by, "man" if by == MANUAL else "", "ext" if order.is_external else ""),
        "ven": _set(names.venue_code(order.instrument_id)),
        "type": _set(kind, order.order_type),
        "inst": _instrument_words(order.instrument_id, names),
        "id": _set(order.short_id),
    }
    ranks = {
        "price": number_rank(price),
        "left": number_rank(order.leaves),
        "age": number_rank(Decimal(order.created_at)),
        "side": _word(order.side),
        "by": _word(by),
        "inst": _word(names.display(order.instrument_id)),
    }
    more = f"{names.price(order.instrument_id, price)} {order.time_in_force}"
    return _facts(fields, ranks, more=more, age_s=age_s, is_urgent=order.in_doubt_since is not None)


def _position(position: PositionView, names: Names) -> Facts:
    instrument_id = position.instrument_id
    fields = {
        "side": _set("LONG" if position.quantity > ZERO else "SHORT"),
        "inst": _instrument_words(instrument_id, names),
        "ven": _set(names.venue_code(instrument_id)),
        "stop": _set("yes" if position.has_stop else "no"),
    }
    ranks = {
        "unrl": number_rank(position.unrealized),
        "qty": number_rank(position.quantity),
        "inst": _word(names.display(instrument_id)),
        "real": number_rank(position.realized_today),
    }
    return _facts(fields, ranks, more=" ".join(position.by_strategy))


def _strategy(strategy: StrategyView, names: Names) -> Facts:
    state = texts.names.STRATEGY_STATES[strategy.state]
    inst = strategy.instrument_id
    fields = {
        "st": _set(state, strategy.state),
        "inst": frozenset() if inst is None else _instrument_words(inst, names),
    }
    ranks = {
        "day": number_rank(strategy.day_pnl),
        "state": _word(state),
        "ord": number_rank(Decimal(strategy.open_orders)),
        "name": _word(strategy.strategy_id),
    }
    return _facts(fields, ranks, more=f"{strategy.strategy_id} {strategy.doing}")


def _asset(asset: AssetView, names: Names) -> Facts:
    fields = {"ven": _set(names.code(asset.venue)), "asset": _set(asset.asset)}
    ranks = {
        "value": number_rank(asset.value),
        "asset": _word(asset.asset),
        "total": number_rank(asset.total),
    }
    return _facts(fields, ranks)


def _instrument(instrument: InstrumentView, names: Names) -> Facts:
    instrument_id = instrument.instrument_id
    fields = {
        "inst": _instrument_words(instrument_id, names),
        "ven": _set(names.venue_code(instrument_id)),
    }
    ranks = {
        "day": number_rank(instrument.change_fraction),
        "spr": number_rank(spread_basis_points(instrument)),
        "inst": _word(instrument.display),
        "pos": number_rank(instrument.position),
    }
    return _facts(fields, ranks)


def _alert(alert: AlertView, now: int) -> Facts:
    fields = {"lvl": _set(alert.severity), "code": _set(alert.code)}
    ranks = {
        "time": number_rank(Decimal(alert.last_at)),
        "lvl": number_rank(Decimal(_LEVELS[alert.severity])),
    }
    is_urgent = alert.severity is Severity.CRIT and not alert.is_acknowledged
    return _facts(fields, ranks, more=alert.text, age_s=(now - alert.last_at) / SECOND, is_urgent=is_urgent)


def _fill(entry: LogEntry, now: int, names: Names) -> Facts:
    inst = InstrumentId(entry.instrument_id)
    fields = {
        "by": _set(entry.strategy_id, "man" if entry.strategy_id == MANUAL else ""),
        "inst": _instrument_words(inst, names) if entry.instrument_id else frozenset(),
        "side": frozenset() if entry.fill is None else _set(entry.fill.side),
    }
    ranks = {"time": number_rank(Decimal(entry.at))}
    return _facts(fields, ranks, more=entry.text, age_s=(now - entry.at) / SECOND)
