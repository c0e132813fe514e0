"""All orders and fills of the venue, by every key that clients ask with."""

from __future__ import annotations

from collections import Counter, deque

from veloz_tui.sim.orders import Order, Trade

# Closed orders kept in memory; the oldest go first.
CLOSED_ORDERS_MAX = 100_000
FILLS_MAX = 100_000


class OrderTable:
    """`created` counts the orders ever made per client order id: more than one for an intent is a finding."""

    def __init__(self) -> None:
        self.created: Counter[str] = Counter()
        self._orders: dict[tuple[str, int], Order] = {}
        self._open: dict[int, dict[tuple[str, int], Order]] = {}
        self._by_client_id: dict[tuple[int, str, str], Order] = {}
        self._closed: deque[tuple[str, int]] = deque()
        self._fills: deque[Trade] = deque(maxlen=FILLS_MAX)

    def add(self, order: Order) -> None:
        key = (order.symbol, order.order_id)
        self._orders[key] = order
        self._by_client_id[order.uid, order.symbol, order.client_order_id] = order
        self.created[order.client_order_id] += 1
        if order.is_open:
            self._open.setdefault(order.uid, {})[key] = order
        else:
            self._note_closed(key)

    def close(self, order: Order) -> None:
        key = (order.symbol, order.order_id)
        if self._open.get(order.uid, {}).pop(key, None) is not None:
            self._note_closed(key)

    def rename(self, order: Order, client_order_id: str) -> None:
        """An amend gave the order another client id; the old one goes on finding it."""
        order.client_order_id = client_order_id
        self._by_client_id[order.uid, order.symbol, client_order_id] = order

    def add_fill(self, fill: Trade) -> None:
        self._fills.append(fill)

    def get(self, symbol: str, order_id: int) -> Order | None:
        return self._orders.get((symbol, order_id))

    def by_client_id(self, uid: int, symbol: str, client_order_id: str) -> Order | None:
        """The latest order of that id."""
        return self._by_client_id.get((uid, symbol, client_order_id))

    def open_with_client_id(self, uid: int, symbol: str, client_order_id: str) -> bool:
        order = self._by_client_id.get((uid, symbol, client_order_id))
        return order is not None and order.is_open

    def open_orders(self, uid: int, symbol: str | None = None) -> list[Order]:
        orders = self._open.get(uid, {}).values()
        return [order for order in orders if symbol is None or order.symbol == symbol]

    def made_by(self, client_order_id: str) -> list[Order]:
        """Every order still in memory that was made under this client id, whoever made it."""
        return [order for order in self._orders.values() if order.client_order_id == client_order_id]

    def all_open(self) -> list[Order]:
        return [order for orders in self._open.values() for order in orders.values()]

    def all_orders(self, uid: int, symbol: str) -> list[Order]:
        """Every order of a symbol still in memory, by id."""
        found = [order for order in self._orders.values() if order.uid == uid and order.symbol == symbol]
        return sorted(found, key=lambda order: order.order_id)

    def fills(self, uid: int, symbol: str) -> list[Trade]:
        return [fill for fill in self._fills if fill.uid == uid and fill.symbol == symbol]

    def fill_count(self) -> int:
        return len(self._fills)

    def _note_closed(self, key: tuple[str, int]) -> None:
        self._closed.append(key)
        if len(self._closed) > CLOSED_ORDERS_MAX:
            old = self._orders.pop(self._closed.popleft())
            client_key = (old.uid, old.symbol, old.client_order_id)
            if self._by_client_id.get(client_key) is old:
                del self._by_client_id[client_key]
